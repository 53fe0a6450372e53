"""Messages: a notification in words, for the inbox, mails, webhooks alike. One source of words for all of them.

They are put together when they are read: what was hidden meanwhile stays hidden, what somebody may not see any more
is not shown, and the language is the reader's (whoever calls activates it).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.db.models import prefetch_related_objects
from django.urls import reverse
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from chokepoints.models import Activity

from ..attention import CHANGES_REQUESTED, CONFLICTING, OBSTRUCTED, TOO_FEW, TOO_OLD
from ..models import Notification, Proposal
from .choosing import GROUND, Reason, shortened
from .events import EVENTS, MINE, MINE_OF_SORT, REQUEST, SCOPES, TURNS
from .reading import Reading
from .recipients import visible_subjects

LONGEST_WORDS = 1000
# Turns of authors, who know why they proposed it.
_TURNS_OF_AUTHORS = (CHANGES_REQUESTED, CONFLICTING, OBSTRUCTED)
# Turns of admins, who are to find somebody. All others are asked to review.
_TURNS_OF_ADMINS = (TOO_FEW, TOO_OLD)
MOST_NAMES = 3
MOST_SAID = 4  # reasons in a sentence


@dataclass(frozen=True)
class Message:
    """A notification in words.

    `heading` is the sentence that says what happened; `title` what it is about, by its own name; `words` what somebody said,
    as plain text that a user typed; `why` why the reader gets it; `address` the path of the page to open; `by` who wrote
    what they are asked to review.
    """

    heading: str
    title: str
    words: str
    why: str
    address: str
    by: str = ""
    reasons: list[dict[str, str]] = field(default_factory=list)


def message_of(notification: Notification) -> Message | None:
    """Return a notification in words, or None if its owner may not see any more what it is about."""
    return messages_of([notification])[0]


def messages_of(notifications: Iterable[Notification]) -> list[Message | None]:
    """Return notifications in words, in their order, None for each of which its owner may not see any more what it is about.

    For those of one person it takes a constant number of queries, however many there are.
    """
    rows = list(notifications)
    prefetch_related_objects(rows, "activity__actor")
    read = Reading.of(
        [row.activity for row in rows if row.activity],
        [row.subject for row in rows],
        requests=[row.subject for row in rows if row.event == REQUEST],
    )
    seen: dict[int, set[str]] = {}
    for row in rows:
        if row.owner_id not in seen:
            own = {other.subject for other in rows if other.owner_id == row.owner_id}
            seen[row.owner_id] = visible_subjects(row.owner, own)
    return [_message(row, read) if row.subject in seen[row.owner_id] else None for row in rows]


def _message(notification: Notification, read: Reading) -> Message:
    activity = notification.activity
    if notification.event == REQUEST:
        by = _authors(read.authors.get(notification.subject, ()))
        return Message(
            _heading_of_request(notification, by),
            read.titles.get(notification.subject, ""),
            _said_to_asked(notification, read),
            why_asked(notification),
            reverse("proposal-detail", args=[notification.proposal_id]),
            by="" if notification.turn in _TURNS_OF_AUTHORS else by,
        )
    return Message(
        heading_of(activity, read),
        title_of_subject(activity, read),
        said_in(activity, read),
        why_heard(notification),
        address_of(activity),
        reasons=notification.reasons,
    )


def _authors(names: Sequence[str]) -> str:
    some = ", ".join(names[:MOST_NAMES])
    return _("%(names)s and others") % {"names": some} if len(names) > MOST_NAMES else some


def _heading_of_request(notification: Notification, authors: str) -> str:
    """Return the sentence that asks somebody to act: to do what, on whose proposal."""
    if notification.turn in _TURNS_OF_AUTHORS:
        heading = _("You are asked to act on your proposal %(number)s")
        again = _("Reminder: you are asked to act on your proposal %(number)s")
    elif notification.turn in _TURNS_OF_ADMINS:
        heading = _("You are asked to act on proposal %(number)s by %(authors)s")
        again = _("Reminder: you are asked to act on proposal %(number)s by %(authors)s")
    else:
        heading = _("You are asked to review proposal %(number)s by %(authors)s")
        again = _("Reminder: you are asked to review proposal %(number)s by %(authors)s")
    return (again if notification.step else heading) % {
        "number": notification.proposal_id,
        "authors": authors,
    }


def heading_of(activity: Activity, read: Reading | None = None) -> str:
    """Return the sentence that says what happened. `read` holds what was read for several at once."""
    for event in EVENTS.values():
        if activity.verb in event.verbs:
            actor = activity.actor.display_name if activity.actor else _("The register itself")
            sentence = str(event.verbs[activity.verb]) % {"actor": actor, "subject": _subject(activity, read)}
            begins_with_name = str(event.verbs[activity.verb]).startswith("%(actor)s")  # which stays as it is
            return sentence if begins_with_name else sentence[:1].upper() + sentence[1:]
    raise KeyError(activity.verb)


def why_heard(notification: Notification) -> str:
    """Return the sentence that says why somebody gets a message: a reason of every sort, as ending mails like it ends all
    of them, and a few more; of many things that they watch not each."""
    reasons = notification.reasons or [{"scope": "member", "subject": "", "label": ""}]
    said = shortened([Reason(**reason) for reason in reasons], MOST_SAID)
    words = [reason_words(reason.as_json(), notification.subject) for reason in said]
    if len(said) < len(reasons):
        words.append(_("and more"))
    return _("You get this because %(reason)s.") % {"reason": "; ".join(words)}


def reason_words(reason: dict[str, str], subject: str) -> str:
    """Return a reason to hear of a subject ("proposal:17") as it follows on "because"."""
    if reason["scope"] == MINE:
        return str(MINE_OF_SORT.get(subject.partition(":")[0], SCOPES[MINE][1]))
    return str(SCOPES[reason["scope"]][1]) % {"what": _what(reason)}


def why_asked(notification: Notification) -> str:
    """Return the sentence that says why somebody is asked to act."""
    return _("You get this because it is your turn: %(why)s.") % {"why": turn_words(notification.turn)}


def turn_words(turn: str) -> str:
    """Return why it is somebody's turn (attention.py) as it is said to themselves."""
    return str(TURNS.get(turn, turn))


def title_of(proposal: Proposal) -> str:
    """Return the title of a proposal's present version."""
    title = proposal.versions.filter(number=proposal.version).values_list("title", flat=True).first()
    return title or ""


def title_of_subject(activity: Activity, read: Reading | None = None) -> str:
    """Return the name of what an activity is about, in its own words."""
    return (read or Reading.of([activity])).titles.get(activity.subject, "")


def said_in(activity: Activity, read: Reading | None = None) -> str:
    """Return what somebody said in an activity: a comment, why they decided or proposed. "" if nothing, or if hidden."""
    if activity.verb == "role.changed":
        return _("Now: %(roles)s.") % {"roles": ", ".join(activity.details["now"]) or _("no role")}
    read = read or Reading.of([activity])
    words = read.said.get(activity.pk, "")
    if activity.verb == "proposal.opened":
        words = read.rationales.get(activity.subject, "")
    return Truncator(words).chars(LONGEST_WORDS)


def _said_to_asked(notification: Notification, read: Reading) -> str:
    """Return what was said when somebody was asked; else, for reviewers, why it was proposed."""
    said = said_in(notification.activity, read) if notification.activity else ""
    if said or notification.turn in _TURNS_OF_AUTHORS:
        return said
    return Truncator(read.rationales.get(notification.subject, "")).chars(LONGEST_WORDS)


def address_of(activity: Activity) -> str:
    """Return the path of the page that an activity leads to."""
    sort, _colon, key = activity.subject.partition(":")
    if sort == "proposal":
        comment = activity.details.get("comment")
        return reverse("proposal-detail", args=[key]) + (f"#comment-{comment}" if comment else "")
    if sort == "changeset":
        return reverse("changeset-detail", args=[key])
    if sort == "export":
        return reverse("export-detail", args=[key])
    if sort == "release":
        return reverse("release-detail", args=[key])
    if sort == "webhook":
        return reverse("webhook-detail", args=[key])
    return reverse("status") if sort == "release-attempt" else reverse("desk")


def _subject(activity: Activity, read: Reading | None) -> str:
    sort, _colon, key = activity.subject.partition(":")
    if sort == "proposal":
        return _("proposal %(number)s") % {"number": key}
    if sort == "changeset":
        return _("changeset %(number)s") % {"number": key}
    if sort == "release":
        return _("release %(number)s") % {"number": key}
    if sort == "webhook":
        name = (read or Reading.of([activity])).titles.get(activity.subject)
        return _("your webhook “%(name)s”") % {"name": name or key}
    if sort == "account":
        return (read or Reading.of([activity])).names.get(key) or _("somebody")
    return key


def _what(reason: dict[str, str]) -> str:
    sort = reason["subject"].partition(":")[0]
    label = reason["label"]
    on_ground = reason.get("through") == GROUND
    words = {
        "chokepoint": _("the chokepoint %(name)s, whose evidence rests on a source that this is about")
        if on_ground
        else _("the chokepoint %(name)s"),
        "sector": _("the sector %(name)s"),
        "source": _("the source %(name)s"),
        "proposal": _("this proposal"),
        "everything": _("everything"),
    }
    return words.get(sort, "%(name)s") % {"name": label}
