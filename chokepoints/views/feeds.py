"""Feeds: what was published, of the whole register, a sector or a chokepoint; and the releases. Open to everybody.

Only the ledger and releases are read, so nothing is in them that is merely proposed, or was rejected or withdrawn.
"""

import datetime as dt
import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.cache import get_conditional_response
from django.utils.http import http_date, quote_etag
from django.views.decorators.http import require_safe

from .. import following, moments, selectors
from ..feeds import RIGHTS, AtomFeed, permanent_id
from ..following import Followed, Notice
from ..models import Changeset, Chokepoint, Release, Sector
from ..templatetags.register import visible_text
from .pages import by_key

ENTRIES = 50
AUTHOR = "The chokepoint register"
AT_ONCE = "public, no-cache"  # keep it, but ask each time: a text may be taken away


@require_safe
def history_feed(request: HttpRequest) -> HttpResponse:
    """All changesets."""
    first = Changeset.objects.filter(number=1).values_list("digest", flat=True).first()
    return _changesets(request, "history", permanent_id("history", first), reverse("history"))


@require_safe
def chokepoint_feed(request: HttpRequest, key: str) -> HttpResponse:
    """The changesets that touched a chokepoint, its supplies, assessments, or evidence that bears or bore on it."""
    row = by_key(Chokepoint.objects.all(), "chokepoint", key, _feed_address(request, "chokepoint-feed"))
    if isinstance(row, HttpResponse):
        return row
    return _changesets(
        request,
        visible_text(row.name),
        permanent_id("chokepoint", row.pk),
        row.get_absolute_url(),
        lambda: following.of_chokepoint(row),
    )


@require_safe
def sector_feed(request: HttpRequest, key: str) -> HttpResponse:
    """The changesets that touched a sector, the sectors under it, or their chokepoints with what belongs to them."""
    row = by_key(Sector.objects.all(), "sector", key, _feed_address(request, "sector-feed"))
    if isinstance(row, HttpResponse):
        return row
    return _changesets(
        request,
        f"sector {visible_text(row.name)}",
        permanent_id("sector", row.pk),
        row.get_absolute_url(),
        lambda: following.of_sector(row),
    )


@require_safe
def release_feed(request: HttpRequest) -> HttpResponse:
    """The releases."""
    before = _before(request)
    newest = Release.objects.published().first()
    standing = _Standing(
        _own_address(request, before),
        newest.number if newest else 0,
        selectors.today(),
        newest.made if newest else None,
    )
    if answer := standing.held(request):
        return answer
    rows = (
        Release.objects.published()
        if before is None
        else Release.objects.published().filter(number__lt=before)
    )
    releases = list(rows[: ENTRIES + 1])
    first = Release.objects.filter(number=1).values_list("sums", flat=True).first()
    following_page = releases[ENTRIES - 1].number if len(releases) > ENTRIES else None
    feed = _feed(
        request,
        "releases",
        permanent_id("releases", first),
        reverse("release-list"),
        before,
        following_page,
        standing,
    )
    for release in releases[:ENTRIES]:
        feed.add_item(
            f"Release {release.number}",
            request.build_absolute_uri(release.get_absolute_url()),
            None,
            unique_id=permanent_id("release", release.number, release.sums),
            updateddate=release.made,
            authors=[],
            content=render_to_string("chokepoints/feeds/release.html", _release_words(release)),
        )
    return _written(feed, standing)


@require_safe
def release_feed_formerly(request: HttpRequest) -> HttpResponse:
    """Lead on from the address that the feed of releases had at first."""
    return redirect("release-feed", permanent=True)


def _changesets(
    request: HttpRequest, title: str, id: str, page: str, follow: Callable[[], Followed] | None = None
) -> HttpResponse:
    before = _before(request)
    moment = moments.now()
    standing = _Standing(_own_address(request, before), moment.changeset, moment.day, moment.time)
    if answer := standing.held(request):
        return answer
    followed = follow() if follow else None
    numbers = following.newest_changesets(followed, before=before, limit=ENTRIES + 1)
    following_page = numbers[ENTRIES - 1] if len(numbers) > ENTRIES else None
    feed = _feed(request, title, id, page, before, following_page, standing)
    for notice in following.notices(numbers[:ENTRIES], followed):
        _add_notice(feed, request, notice)
    return _written(feed, standing)


def _add_notice(feed: AtomFeed, request: HttpRequest, notice: Notice) -> None:
    changeset = notice.line.changeset
    context = {"notice": notice, "line": notice.line, "site": _site(request)}
    feed.add_item(
        visible_text(notice.line.summary),
        request.build_absolute_uri(changeset.get_absolute_url()),
        None,
        unique_id=permanent_id("changeset", changeset.digest),
        updateddate=changeset.time,
        authors=[visible_text(person.display_name) for person in notice.line.authors],
        content=render_to_string("chokepoints/feeds/changeset.html", context),
    )


def _release_words(release: Release) -> dict[str, Any]:
    names = ("added", "changed", "removed") if release.number > 1 else ()
    sums = [(sum(of[name] for of in release.counts.values()), name) for name in names]
    return {"release": release, "sums": sums}


def _before(request: HttpRequest) -> int | None:
    """Return the number below which a page of a feed begins. Raises Http404 for what is no number."""
    text = request.GET.get("before")
    if text is None:
        return None
    if not moments.is_number(text) or len(text) > moments.LONGEST_NUMBER:
        raise Http404("This page of the feed isn't there: before= takes a number.")
    return int(text)


def _feed_address(request: HttpRequest, name: str) -> Callable[[Any], str]:
    """Return the address of a record's feed at the page that is asked for, as a function of the record."""
    return lambda row: _page(reverse(name, args=[row.key]), _before(request))


def _page(path: str, before: int | None) -> str:
    return path if before is None else f"{path}?before={before}"


def _own_address(request: HttpRequest, before: int | None) -> str:
    return request.build_absolute_uri(_page(request.path, before))


def _site(request: HttpRequest) -> str:
    return request.build_absolute_uri("/").rstrip("/")


def _feed(
    request: HttpRequest,
    title: str,
    id: str,
    page: str,
    before: int | None,
    following_page: int | None,
    standing: "_Standing",
) -> AtomFeed:
    links = {}
    if before is not None:
        links["first"] = request.build_absolute_uri(request.path)
    if following_page is not None:
        links["next"] = request.build_absolute_uri(_page(request.path, following_page))
    return AtomFeed(
        title=f"Chokepoint Register: {title}",
        link=request.build_absolute_uri(page),
        description=None,
        language="en",
        author_name=AUTHOR,
        feed_url=_own_address(request, before),
        feed_copyright=RIGHTS,
        feed_guid=id,
        links=links,
        since=standing.since,
    )


@dataclass(frozen=True)
class _Standing:
    """What a feed hangs on: its address, and the number and time of the newest of what it tells of.

    The day is in the ETag because names of people may change without a changeset, and texts be taken away; a reader
    learns of that within a day.
    """

    address: str
    number: int
    day: dt.date
    time: dt.datetime | None

    @property
    def since(self) -> dt.datetime:
        """Since when a document with nothing in it is as it is: a feed has to say when it changed, and this is as much as is
        known. It is the same as long as the ETag is."""
        return self.time or dt.datetime.combine(self.day, dt.time(), dt.UTC)

    @property
    def etag(self) -> str:
        parts = (settings.CODE_VERSION, self.address, self.number, self.day)
        return quote_etag(hashlib.sha256(repr(parts).encode()).hexdigest()[:32])

    @property
    def modified(self) -> int | None:
        """The second it changed last, rounded up, or None while another changeset may still fall into that second."""
        if not self.time or dt.datetime.now(dt.UTC) - self.time < moments.SETTLED_AFTER:
            return None
        return math.ceil(max(self.time, dt.datetime.combine(self.day, dt.time(), dt.UTC)).timestamp())

    def held(self, request: HttpRequest) -> HttpResponse | None:
        """Return the answer (304) for somebody who holds this document already, or None."""
        answer = get_conditional_response(request, self.etag, self.modified)
        return self.mark(answer) if answer else None

    def mark(self, answer: HttpResponse) -> HttpResponse:
        """Put the headers on an answer."""
        answer["ETag"] = self.etag
        answer["Cache-Control"] = AT_ONCE
        answer["X-Robots-Tag"] = "noindex"
        if self.modified:
            answer["Last-Modified"] = http_date(self.modified)
        return answer


def _written(feed: AtomFeed, standing: _Standing) -> HttpResponse:
    answer = HttpResponse(content_type=feed.content_type)
    feed.write(answer, "utf-8")
    return standing.mark(answer)
