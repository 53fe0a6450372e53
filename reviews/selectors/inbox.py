"""Somebody's inbox: what waits for them, and news in groups, one for each thing that it is about.

Every page takes a constant number of queries. Pages are keyset pages over groups: each begins below the newest item of the
last group of the one before.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Count, F, IntegerField, Max, Q, QuerySet, Subquery, Window
from django.db.models.functions import RowNumber
from django.urls import reverse

from ..models import Notification, Proposal, Subscription
from ..models.notification import NEWS
from ..notifications.asking import requests_of
from ..notifications.events import EVENTS, SCOPES, WATCHED
from ..notifications.messages import Message, messages_of, reason_words, turn_words

GROUPS = 20  # on a page
ITEMS = 6  # of a group on such a page; all of them, up to MOST_ITEMS, where one group is shown alone
MOST_ITEMS = 200
MOST_REQUESTS = 200
HIGHEST = 2**62  # no id is above
CAP = 99  # beyond which unread things aren't counted


_NAMES = {
    "changeset": "Changeset {}",
    "release": "Release {}",
    "release-attempt": "Releases in the making",
    "export": "Your export",
    "account": "Roles",
    "webhook": "Your webhook",
}


@dataclass(frozen=True)
class Why:
    """One reason why somebody hears of something: in words, the cell of the matrix that decides it, and what they watch."""

    words: str
    cell: str
    what: str = ""
    target: str = ""


@dataclass(frozen=True)
class Item:
    """One notification, ready for the page. `message` is None where its owner may not see any more what it is about."""

    row: Notification
    message: Message | None
    whys: list[Why] = field(default_factory=list)

    @property
    def turn(self) -> str:
        """Why they are asked to act, where they are."""
        return turn_words(self.row.turn)


@dataclass
class Group:
    """News about one thing: the newest items first, how many there are and how many of them are unread."""

    subject: str
    total: int
    unread: int
    last: int
    title: str = ""
    address: str = ""
    proposal: Proposal | None = None
    is_muted: bool = False
    items: list[Item] = field(default_factory=list)

    @property
    def name(self) -> str:
        """What it is about where that has no title of its own."""
        sort, _colon, key = self.subject.partition(":")
        return _NAMES.get(sort, "{}").format(key)

    @property
    def left_out(self) -> int:
        return self.total - len(self.items)


@dataclass(frozen=True)
class Badge:
    """How much somebody hasn't looked at yet, at most CAP + 1, and how many requests to act are open."""

    count: int
    waiting: int
    cap: int = CAP

    @property
    def state(self) -> str:
        return f"{self.count}.{self.waiting}"


@dataclass(frozen=True)
class InboxPage:
    """One page of groups. `older` and `newer` are where the next and the previous page begin, None where there is none."""

    groups: list[Group]
    older: int | None = None
    newer: int | None = None


class _Count(Subquery):
    """How many rows a query has; one with a limit is counted up to it."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) counted)"
    output_field = IntegerField()


def badge_of(user: Any) -> Badge:
    """Return what the badge in the head of every page shows, with one query over what is unread or open alone."""
    own = Notification.objects.of(user).order_by()
    counts = _Count(own.unread().values("pk")[: CAP + 1]), _Count(own.requests().values("pk"))
    found = get_user_model().objects.filter(pk=user.pk).order_by().values_list(*counts)
    return Badge(*(found.first() or (0, 0)))


def unread_of_proposal(user: Any, proposal: Proposal) -> int | None:
    """Return the id of the latest that somebody was told of a proposal and hasn't looked at, if there is any."""
    rows = Notification.objects.of(user).filter(proposal=proposal, read=None)
    return rows.order_by("-pk").values_list("pk", flat=True).first()


def newest_of(user: Any) -> int:
    """Return the id of the latest that somebody was told, 0 if they never were."""
    return Notification.objects.of(user).order_by("-pk").values_list("pk", flat=True).first() or 0


def requests_to(user: Any) -> list[Item]:
    """Return what somebody is asked to do now, ready for the page, the oldest first. No filter hides any of it."""
    rows = list(requests_of(user).select_related("proposal", "activity__actor")[:MOST_REQUESTS])
    return [Item(row, message) for row, message in zip(rows, messages_of(rows), strict=True) if message]


def news_of(user: Any, *, unread: bool = False, event: str = "") -> QuerySet[Notification]:
    """Return somebody's news, all or only what is unread, of every event or of one."""
    rows = Notification.objects.of(user).filter(sort=NEWS)
    rows = rows.filter(read=None) if unread else rows
    return rows.filter(event=event) if event else rows


def page_of_groups(
    rows: QuerySet[Notification], *, before: int | None = None, after: int | None = None
) -> InboxPage:
    """Return a page of groups of some news: the newest, those below `before`, or those above `after`."""
    groups = rows.order_by().values("subject")
    groups = groups.annotate(last=Max("pk"), total=Count("pk"), unread=Count("pk", filter=Q(read=None)))
    if after is not None:
        found = list(groups.filter(last__gt=after).order_by("last")[: GROUPS + 1])
        more, found = len(found) > GROUPS, found[:GROUPS][::-1]
        older, newer = bool(found), more
    else:
        if before is not None:
            groups = groups.filter(last__lt=before)
        found = list(groups.order_by("-last")[: GROUPS + 1])
        more, found = len(found) > GROUPS, found[:GROUPS]
        older, newer = more, before is not None
    page = [Group(**each) for each in found]
    fill_groups(page, rows, ITEMS)
    return InboxPage(
        page, page[-1].last if page and older else None, page[0].last if page and newer else None
    )


def group_of(rows: QuerySet[Notification], subject: str) -> Group | None:
    """Return one group of some news with all of its items, or None if there is none."""
    page = page_of_groups(rows.filter(subject=subject)).groups
    if page:
        fill_groups(page, rows, MOST_ITEMS)
    return page[0] if page else None


def fill_groups(groups: Iterable[Group], rows: QuerySet[Notification], most: int) -> None:
    """Put the newest items of each group into it, its title, and its proposal where it is about one."""
    by_subject = {group.subject: group for group in groups}
    place = Window(RowNumber(), partition_by=F("subject"), order_by=F("pk").desc())
    found = rows.filter(subject__in=by_subject).annotate(place=place).filter(place__lte=most)
    items = list(found.select_related("activity__actor").order_by("-pk"))
    for group in by_subject.values():
        group.items = []
    for row, message in zip(items, messages_of(items), strict=True):
        by_subject[row.subject].items.append(Item(row, message, whys_of(row)))
    numbers = {row.proposal_id for row in items if row.proposal_id}
    proposals = Proposal.objects.in_bulk(numbers) if numbers else {}
    muted = _muted(items[0].owner_id, numbers) if numbers else set()
    for group in by_subject.values():
        told = next((item for item in group.items if item.message), None)
        if told:
            group.title = told.message.title
            group.address = told.message.address.partition("#")[0]
            group.proposal = proposals.get(told.row.proposal_id)
            group.is_muted = told.row.proposal_id in muted


def _muted(owner: int, numbers: Iterable[int]) -> set[int]:
    """Return which of some proposals somebody has muted."""
    rows = Subscription.objects.mutes(numbers).filter(owner=owner)
    return {int(target) for target in rows.values_list("target", flat=True)}


def whys_of(row: Notification) -> list[Why]:
    """Return why somebody hears of something, each with what changes it."""
    found = []
    for reason in row.reasons:
        if reason.get("scope") not in SCOPES:
            continue
        what, _colon, target = (
            reason["subject"].partition(":") if reason["scope"] == WATCHED else ("", "", "")
        )
        found.append(
            Why(reason_words(reason, row.subject), cell_anchor(row.event, reason["scope"]), what, target)
        )
    return found


def cell_anchor(event: str, scope: str) -> str:
    """Return where a cell of the matrix stands on its page; the page alone for a cell that isn't there any more."""
    is_there = event in EVENTS and scope in EVENTS[event].defaults
    return reverse("notification-choices") + (f"#cell-{event}-{scope}" if is_there else "")
