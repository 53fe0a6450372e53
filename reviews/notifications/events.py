"""What people can hear of, as one closed vocabulary, and how they hear unless they say otherwise (pure).

An event is one entry in EVENTS with its words: nothing else has to be told of a new one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from .. import attention

# How somebody hears of an event, from not at all to at once. Whatever is not NEVER is in the inbox too.
NEVER, INBOX, WEEKLY, DAILY, NOW = "never", "inbox", "weekly", "daily", "now"
LEVELS: dict[str, Promise] = {
    NEVER: _("never"),
    INBOX: _("inbox only"),
    WEEKLY: _("weekly mail"),
    DAILY: _("daily mail"),
    NOW: _("mail at once"),
}
# A request to act can't be told never: whoever doesn't want any gives the role back.
REQUEST_LEVELS = (INBOX, DAILY, NOW)
REQUESTS_BY_DEFAULT = NOW

# Why somebody hears of an event. Each is a column of the matrix of choices; the words follow on "because".
MINE, INVOLVED, WATCHED, SECTOR, MENTIONED, MEMBER, ADMIN = (
    "mine",
    "involved",
    "watched",
    "sector",
    "mentioned",
    "member",
    "admin",
)
SCOPES: dict[str, tuple[Promise, Promise]] = {
    MINE: (_("Mine"), _("the proposal is yours")),
    INVOLVED: (_("I took part"), _("you took part in it")),
    WATCHED: (_("I watch it"), _("you watch %(what)s")),
    SECTOR: (_("A sector I know"), _("you said that you know %(what)s")),
    MENTIONED: (_("I am named"), _("you are named in it")),
    MEMBER: (_("As a member"), _("you are a member")),
    ADMIN: (_("As an admin"), _("you are an admin")),
}
# Not only proposals are somebody's: what is said instead, by what sort of thing a message is about.
MINE_OF_SORT: dict[str, Promise] = {
    "export": _("the export is yours"),
    "account": _("it is about your account"),
    "webhook": _("the webhook is yours"),
}
# These come through although their proposal is muted: somebody speaks to you.
UNMUTABLE = frozenset({MENTIONED})


@dataclass(frozen=True)
class Event:
    """Something to hear of. `title` names it in lists; `verbs` has the activities that bring it about, each with the
    sentence that tells of it; `defaults` has, for each scope in which it is heard of, how."""

    title: Promise
    verbs: Mapping[str, Promise]
    defaults: Mapping[str, str]


EVENTS: dict[str, Event] = {
    "submitted": Event(
        _("A proposal is submitted"),
        {"proposal.opened": _("%(actor)s submitted %(subject)s for review")},
        {MINE: INBOX, WATCHED: DAILY, SECTOR: INBOX},
    ),
    "revised": Event(
        _("A proposal has a new version"),
        {
            "proposal.edited": _("%(actor)s made a new version of %(subject)s"),
            "proposal.suggestion_taken": _("%(actor)s took a suggestion in %(subject)s"),
            "proposal.split": _("%(actor)s split %(subject)s: a part is now a proposal of its own"),
        },
        {MINE: INBOX, INVOLVED: INBOX, WATCHED: NEVER, SECTOR: NEVER},
    ),
    "reviewed": Event(
        _("A review is given or taken back"),
        {
            "proposal.approved": _("%(actor)s approved %(subject)s"),
            "proposal.verdict_undone": _("%(actor)s took a verdict on %(subject)s back"),
            "proposal.request_dismissed": _("%(actor)s dismissed a request for changes to %(subject)s"),
        },
        {MINE: NOW, INVOLVED: INBOX, WATCHED: INBOX, SECTOR: NEVER, MENTIONED: NOW},
    ),
    "suggested": Event(
        _("Another value is suggested, or left aside"),
        {
            "proposal.value_suggested": _("%(actor)s suggested another value in %(subject)s"),
            "proposal.suggestion_declined": _("%(actor)s left a suggestion in %(subject)s aside"),
        },
        {MINE: NOW, INVOLVED: INBOX, WATCHED: NEVER},
    ),
    "changes_requested": Event(
        _("Changes are requested"),
        {"proposal.changes_requested": _("%(actor)s requested changes to %(subject)s")},
        {MINE: NOW, INVOLVED: INBOX, WATCHED: INBOX, SECTOR: NEVER, MENTIONED: NOW},
    ),
    "conflicting": Event(
        _("A proposal meets a conflict"),
        {"proposal.conflicting": _("%(subject)s conflicts with what was published meanwhile")},
        {MINE: NOW, INVOLVED: INBOX, WATCHED: INBOX, SECTOR: NEVER},
    ),
    "published": Event(
        _("Something is published"),
        {
            "proposal.published": _("%(subject)s was published"),
            "changeset.published": _("%(actor)s published %(subject)s"),
        },
        {MINE: NOW, INVOLVED: DAILY, WATCHED: DAILY, SECTOR: INBOX},
    ),
    "rejected": Event(
        _("A proposal is rejected"),
        {"proposal.rejected": _("%(actor)s rejected %(subject)s")},
        {MINE: NOW, INVOLVED: DAILY, WATCHED: INBOX, SECTOR: NEVER, MENTIONED: NOW},
    ),
    "withdrawn": Event(
        _("A proposal is withdrawn"),
        {"proposal.withdrawn": _("%(actor)s withdrew %(subject)s")},
        {MINE: INBOX, INVOLVED: INBOX, WATCHED: INBOX, SECTOR: NEVER},
    ),
    "held": Event(
        _("A proposal is put on hold, or comes back"),
        {
            "proposal.held": _("%(actor)s put %(subject)s on hold"),
            "proposal.resumed": _("%(subject)s came back from hold"),
        },
        {MINE: DAILY, INVOLVED: INBOX, WATCHED: INBOX, SECTOR: NEVER},
    ),
    "commented": Event(
        _("Somebody comments"),
        {"proposal.commented": _("%(actor)s commented on %(subject)s")},
        {MINE: NOW, INVOLVED: DAILY, WATCHED: INBOX, SECTOR: NEVER, MENTIONED: NOW},
    ),
    "author_added": Event(
        _("Somebody becomes an author of a proposal"),
        {"proposal.author_added": _("%(actor)s made somebody an author of %(subject)s too")},
        {MINE: NOW, INVOLVED: NEVER},
    ),
    "export": Event(
        _("An export is ready, or failed"),
        {
            "export.ready": _("Your export is ready to be fetched"),
            "export.failed": _("Your export failed"),
        },
        {MINE: INBOX},
    ),
    "release": Event(
        _("A release is published"),
        {"release.published": _("%(subject)s is published")},
        {MEMBER: WEEKLY},
    ),
    "release_trouble": Event(
        _("A release fails or is held back"),
        {
            "release.failed": _("A release failed to be made"),
            "release.held_back": _("A release was held back"),
        },
        {ADMIN: NOW},
    ),
    "role": Event(
        _("Somebody's role changes"),
        {"role.changed": _("%(actor)s changed the roles of %(subject)s")},
        {MINE: NOW, ADMIN: INBOX},
    ),
    "webhook_off": Event(
        _("A webhook is switched off"),
        {"webhook.switched_off": _("%(actor)s switched off %(subject)s")},
        {MINE: NOW},
    ),
}

# A request to act isn't news and has its own channel; this is what it is called where an event is named.
REQUEST = "request"
# Why it is somebody's turn (attention.py), said to them.
TURNS: dict[str, Promise] = {
    attention.CHANGES_REQUESTED: _("changes were requested"),
    attention.CONFLICTING: _("it conflicts with what was published meanwhile"),
    attention.OBSTRUCTED: _("it can't be published as it stands"),
    attention.ON_IT: _("you are on it"),
    attention.HANDED_OVER: _("it was handed over to you"),
    attention.KNOWS_SECTOR: _("you know the sector"),
    attention.MAY_REVIEW: _("you may review it"),
    attention.TOO_FEW: _("the present reviewers can't give the approvals that it needs"),
    attention.TOO_OLD: _("it waits too long"),
}


def event_of(verb: str, details: Mapping[str, Any]) -> str | None:
    """Return the event that an activity brings about, or None if nobody hears of it.

    A version that came of a suggestion is told once, as the suggestion taken.
    """
    if verb == "proposal.edited" and details.get("how") == "suggested":
        return None
    return _BY_VERB.get(verb)


_BY_VERB = {verb: name for name, event in EVENTS.items() for verb in event.verbs}
