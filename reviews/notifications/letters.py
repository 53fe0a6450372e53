"""Letters: what a mail says, in the reader's language, before it is text or HTML. Both lay out the same words.

A letter is put together when it is sent: what its reader may not see any more, has read meanwhile, or needn't do any more
isn't in it. NotNeeded says that nothing is left to be told.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ..models import Mail, Notification, Proposal, Subscription, Suggestion, Version
from ..models.notification import NEWS
from ..services.subscribing import choices_of
from ..services.unsubscribing import Wish, token_for
from .addresses import absolute
from .asking import asked_now
from .choosing import Reason, level_for
from .differences import Block, Difference, difference_between, difference_of, difference_suggested
from .events import (
    ADMIN,
    EVENTS,
    INBOX,
    INVOLVED,
    MEMBER,
    MENTIONED,
    MINE,
    NEVER,
    NOW,
    REQUEST,
    SECTOR,
    UNMUTABLE,
    WATCHED,
    WEEKLY,
)
from .messages import message_of
from .recipients import may_see

MOST_IN_DIGEST = 20
# What a digest shows first: requests, then by why its reader hears.
_IMPORTANCE = (MENTIONED, MINE, ADMIN, INVOLVED, WATCHED, SECTOR, MEMBER)


class NotNeeded(Exception):
    """There is nothing left to tell; the words say why."""


@dataclass(frozen=True)
class Link:
    label: str
    url: str


@dataclass(frozen=True)
class Item:
    """One notification in a digest."""

    heading: str
    title: str
    words: str
    why: str
    url: str


@dataclass
class Letter:
    """A mail in words. `words`, `title` and the blocks are texts that users typed; everything else is ours.

    `unsubscribe` is the address that ends mails like this one; `foot` says what else its reader can change.
    """

    subject: str
    heading: str
    why: str
    action: Link
    unsubscribe: str
    foot: list[Link]
    title: str = ""
    words: str = ""
    changes: str = ""
    blocks: list[Block] = field(default_factory=list)
    left_out: str = ""
    counts: list[str] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)
    more: Link | None = None
    proposal: Proposal | None = None


def letter_for(mail: Mail, known: dict[Any, Difference] | None = None) -> Letter:
    """Return what a mail says. Whoever calls has activated its reader's language; `known` keeps differences for others.

    Raises NotNeeded.
    """
    return _letter(mail, known if known is not None else {}) if mail.kind == NOW else _digest(mail)


# --- a mail of its own


def _letter(mail: Mail, known: dict[Any, Difference]) -> Letter:
    row = mail.notification
    if row.read:
        raise NotNeeded("It was read in the inbox before.")
    if row.settled or (row.event == REQUEST and not _is_asked_still(row)):
        raise NotNeeded("It wasn't their turn any more.")
    message = message_of(row)
    if message is None:
        raise NotNeeded("They may not see it any more.")
    if row.event != REQUEST and not _is_mailed_still(row):
        raise NotNeeded("They chose meanwhile to have no mail of it.")
    wish = Wish.of_notification(row)
    unsubscribe = _unsubscribe(wish)
    no_more = _("No more mails of requests to you") if row.event == REQUEST else _("No more mails like this")
    foot = [Link(no_more, unsubscribe), _choices()]
    letter = Letter(
        subject=message.heading,
        heading=message.heading,
        title=message.title,
        words=message.words,
        why=message.why,
        action=Link(_("Open it"), absolute(message.address)),
        unsubscribe=unsubscribe,
        foot=foot,
        proposal=row.proposal,
    )
    if row.proposal:
        letter.subject = _subject(row.proposal)
        letter.action = Link(
            _("Open proposal %(number)s") % {"number": row.proposal.number}, letter.action.url
        )
        foot.insert(
            1, Link(_("Mute this proposal"), _unsubscribe(Wish(owner=row.owner_id, mute=row.proposal_id)))
        )
        _add_difference(letter, row, known)
    return letter


def _is_asked_still(row: Notification) -> bool:
    """Tell whether it is its owner's turn now: what happened since may not be told yet, and so the request not be settled."""
    return row.owner_id in {each.person for each in asked_now(row.proposal, timezone.now())}


def _is_mailed_still(row: Notification) -> bool:
    """Tell whether its reader would have a mail of it by what they chose now: a mail may have waited for its server."""
    muted = Subscription.objects.mutes([row.proposal_id] if row.proposal_id else [])
    is_muted = muted.filter(owner=row.owner_id).exists()
    reasons = [Reason(**reason) for reason in row.reasons]
    level, _reasons = level_for(row.event, reasons, choices_of(row.owner), is_muted=is_muted)
    return not reasons or level not in (NEVER, INBOX)


def _subject(proposal: Proposal) -> str:
    """The first title that the proposal had: one subject for all its mails, or readers would see several threads."""
    title = proposal.versions.order_by("number").values_list("title", flat=True).first() or ""
    return _("%(title)s (proposal %(number)s)") % {"title": title, "number": proposal.number}


def _add_difference(letter: Letter, row: Notification, known: dict[Any, Difference]) -> None:
    """Add what the proposal changes, in the version that the notification is about, else the present one. Of a new version
    add what is new in it, of a suggestion what is suggested."""
    details = row.activity.details if row.activity else {}
    suggestion = Suggestion.objects.filter(pk=details.get("suggestion")).first()
    said = details.get("version")
    number = said if isinstance(said, int) else row.proposal.version
    version = Version.objects.filter(proposal=row.proposal_id, number=number).first()
    earlier = Version.objects.filter(proposal=row.proposal_id, number=number - 1).first()
    if suggestion:
        key, find = ("suggestion", suggestion.pk), lambda: difference_suggested(suggestion)
        letter.changes = _("What is suggested")
    elif version and earlier and row.event == "revised" and row.activity.verb == "proposal.edited":
        key, find = ("between", version.pk), lambda: difference_between(earlier, version)
        letter.changes = _("What is new in version %(number)s") % {"number": number}
    elif version:
        key, find = ("version", version.pk), lambda: difference_of(version)
        letter.changes = _("What version %(number)s of the proposal changes") % {"number": number}
    else:
        return
    if key not in known:
        known[key] = find()
    letter.blocks = known[key].blocks
    left_out = known[key].left_out
    if left_out:
        letter.left_out = ngettext(
            "%(number)s more field is on the page of the proposal.",
            "%(number)s more fields are on the page of the proposal.",
            left_out,
        ) % {"number": left_out}
    if not letter.blocks:
        letter.changes = ""


# --- a digest


def _digest(mail: Mail) -> Letter:
    rows = told_in(mail)
    if not rows:
        raise NotNeeded("Everything in it was read, settled or withdrawn before.")
    unsubscribe = _unsubscribe(Wish(owner=mail.owner_id, digest=mail.kind))
    no_more = _("No more weekly mails") if mail.kind == WEEKLY else _("No more daily mails")
    why = (
        _("You get this because you chose a weekly mail for some of what happens.")
        if mail.kind == WEEKLY
        else _("You get this because you chose a daily mail for some of what happens, or paused your mails.")
    )
    heading = ngettext("%(number)s notification", "%(number)s notifications", len(rows)) % {
        "number": len(rows)
    }
    when = _period_words(mail)
    inbox = absolute("/inbox/")
    letter = Letter(
        subject=f"{when}: {heading}",
        heading=f"{when}: {heading}",
        why=why,
        action=Link(_("Open your inbox"), inbox),
        unsubscribe=unsubscribe,
        foot=[Link(no_more, unsubscribe), _choices()],
        counts=_counts(rows),
    )
    shown = sorted(rows, key=_importance)[:MOST_IN_DIGEST]
    letter.items = [item for item in map(_item, _whole(shown)) if item]
    if len(rows) > len(shown):
        words = _("The %(shown)s most important of %(number)s are above; all are in your inbox.")
        letter.more = Link(words % {"shown": len(shown), "number": len(rows)}, inbox)
    return letter


def told_in(mail: Mail) -> list[Notification]:
    """Return what a digest has to tell: what it carries, without what was read or settled, or may not be seen any more."""
    rows = list(
        Notification.objects.filter(mail=mail)
        .unread()
        .select_related("activity")
        .only("id", "sort", "event", "reasons", "proposal", "activity", "subject")
    )
    proposals = {row.proposal_id for row in rows if row.proposal_id}
    contributor = getattr(mail.owner, "contributor", None)
    visible = set()
    for chunk in _chunks(sorted(proposals)):
        visible |= set(
            Proposal.objects.visible_to(contributor).filter(pk__in=chunk).values_list("pk", flat=True)
        )
    silent: set[int] = set()
    for chunk in _chunks(sorted(proposals)):
        muted = Subscription.objects.mutes(chunk).filter(owner=mail.owner)
        silent |= {int(number) for number in muted.values_list("target", flat=True)}
    return [
        row
        for row in rows
        if not (row.proposal_id in silent and _is_only_news(row))
        and (row.proposal_id in visible if row.proposal_id else may_see(mail.owner, row.activity))
    ]


def _is_only_news(row: Notification) -> bool:
    """Tell whether a mute silences it: it asks nothing of its reader, and doesn't name them."""
    return row.sort == NEWS and not any(reason.get("scope") in UNMUTABLE for reason in row.reasons)


def _chunks(numbers: list[int], size: int = 500) -> Iterable[list[int]]:
    for start in range(0, len(numbers), size):
        yield numbers[start : start + size]


def _importance(row: Notification) -> tuple[int, int]:
    if row.sort == REQUEST:
        return 0, -row.pk
    scopes = [reason.get("scope") for reason in row.reasons]
    ranks = [_IMPORTANCE.index(scope) for scope in scopes if scope in _IMPORTANCE]
    return 1 + min(ranks, default=len(_IMPORTANCE)), -row.pk


def _whole(rows: list[Notification]) -> list[Notification]:
    """Return the same rows with all that messages want to know of them, in their order."""
    found = Notification.objects.select_related("owner", "activity__actor", "proposal").in_bulk(
        [row.pk for row in rows]
    )
    return [found[row.pk] for row in rows if row.pk in found]


def _item(row: Notification) -> Item | None:
    message = message_of(row)
    if message is None:
        return None
    return Item(message.heading, message.title, message.words, message.why, absolute(message.address))


def _counts(rows: list[Notification]) -> list[str]:
    """Return how many there are of each event, the most frequent first, requests before all."""
    counted = Counter(row.event for row in rows)
    ordered = sorted(counted, key=lambda event: (event != REQUEST, -counted[event], event))
    return [f"{counted[event]} × {event_title(event)}" for event in ordered]


def event_title(event: str) -> str:
    """Return what an event is called in lists; a request has a name of its own."""
    if event == REQUEST:
        return _("You are asked to act")
    return str(EVENTS[event].title) if event in EVENTS else event


def _period_words(mail: Mail) -> str:
    if mail.kind == WEEKLY:
        year, week = mail.period.split("-W")
        return _("Week %(week)s of %(year)s") % {"week": int(week), "year": year}
    return date_format(dt.date.fromisoformat(mail.period), "DATE_FORMAT")


# --- what its reader can change


def _unsubscribe(wish: Wish) -> str:
    return absolute(reverse("unsubscribe", args=[token_for(wish)]))


def _choices() -> Link:
    return Link(_("Choose what you hear of"), absolute("/accounts/notifications/"))
