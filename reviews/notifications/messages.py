"""Messages: a notification in words, for the inbox, mails, webhooks alike. One source of words for all of them.

They are put together when they are read: what was hidden meanwhile stays hidden, what somebody may not see any more
is not shown, and the language is the reader's (whoever calls activates it).
"""

from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth import get_user_model
from django.urls import reverse
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from chokepoints.history import open_commitments
from chokepoints.models import Activity, Changeset, Contributor, Export

from ..models import Comment, Notification, Proposal, Review, Suggestion, Webhook
from .events import EVENTS, REQUEST, SCOPES, TURNS
from .recipients import may_see

LONGEST_WORDS = 1000


@dataclass(frozen=True)
class Message:
    """A notification in words.

    `heading` is the sentence that says what happened; `title` what it is about, by its own name; `words` what somebody said,
    as plain text that a user typed; `why` why the reader gets it; `address` the path of the page to open.
    """

    heading: str
    title: str
    words: str
    why: str
    address: str
    reasons: list[dict[str, str]] = field(default_factory=list)


def message_of(notification: Notification) -> Message | None:
    """Return a notification in words, or None if its owner may not see any more what it is about."""
    if notification.activity is not None and not may_see(notification.owner, notification.activity):
        return None
    proposal = notification.proposal
    if notification.event == REQUEST:
        if proposal is None or not Proposal.objects.visible_to(_contributor(notification.owner)).filter(
            pk=proposal.pk
        ):
            return None
        heading = _("You are asked to act on proposal %(number)s") % {"number": proposal.number}
        if notification.step:
            heading = _("Reminder: you are asked to act on proposal %(number)s") % {"number": proposal.number}
        words = said_in(notification.activity) if notification.activity else ""
        return Message(
            heading, title_of(proposal), words, why_asked(notification), proposal.get_absolute_url()
        )
    activity = notification.activity
    return Message(
        heading_of(activity),
        title_of_subject(activity),
        said_in(activity),
        why_heard(notification),
        address_of(activity),
        notification.reasons,
    )


def heading_of(activity: Activity) -> str:
    """Return the sentence that says what happened."""
    for event in EVENTS.values():
        if activity.verb in event.verbs:
            actor = activity.actor.display_name if activity.actor else _("The register itself")
            sentence = str(event.verbs[activity.verb]) % {"actor": actor, "subject": _subject(activity)}
            return sentence[:1].upper() + sentence[1:]
    raise KeyError(activity.verb)


def why_heard(notification: Notification) -> str:
    """Return the sentence that says why somebody gets a message."""
    reasons = notification.reasons or [{"scope": "member", "subject": "", "label": ""}]
    return _("You get this because %(reason)s.") % {"reason": reason_words(reasons[0])}


def reason_words(reason: dict[str, str]) -> str:
    """Return a reason as it follows on "because"."""
    return str(SCOPES[reason["scope"]][1]) % {"what": _what(reason)}


def why_asked(notification: Notification) -> str:
    """Return the sentence that says why somebody is asked to act."""
    return _("You get this because it is your turn: %(why)s.") % {
        "why": TURNS.get(notification.turn, notification.turn)
    }


def title_of(proposal: Proposal) -> str:
    """Return the title of a proposal's present version."""
    title = proposal.versions.filter(number=proposal.version).values_list("title", flat=True).first()
    return title or ""


def title_of_subject(activity: Activity) -> str:
    """Return the name of what an activity is about, in its own words."""
    sort, _colon, key = activity.subject.partition(":")
    if sort == "proposal":
        proposal = Proposal.objects.filter(pk=key).first()
        return title_of(proposal) if proposal else ""
    if sort == "changeset":
        summary = Changeset.objects.filter(number=key).values_list("summary", flat=True).first()
        return str(open_commitments([summary]).get(summary, "")) if summary else ""
    return ""


def said_in(activity: Activity) -> str:
    """Return what somebody said in an activity: a comment, the reason of a verdict. "" if nothing, or if it was hidden."""
    details = activity.details
    words = ""
    if "comment" in details and activity.verb == "proposal.commented":
        comment = Comment.objects.filter(pk=details["comment"], hidden="").first()
        words = comment.text if comment else ""
    elif "review" in details:
        review = Review.objects.filter(pk=details["review"]).first()
        words = review.comment if review else ""
    elif "suggestion" in details:
        suggestion = Suggestion.objects.filter(pk=details["suggestion"]).first()
        words = suggestion.words if suggestion else ""
    elif activity.verb == "role.changed":
        words = _("Now: %(roles)s.") % {"roles": ", ".join(details["now"]) or _("no role")}
    elif "reason" in details:
        words = str(details["reason"])
    elif activity.verb == "export.failed":
        words = (
            Export.objects.filter(pk=activity.subject.partition(":")[2])
            .values_list("reason", flat=True)
            .first()
            or ""
        )
    return Truncator(words).chars(LONGEST_WORDS)


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


def _subject(activity: Activity) -> str:
    sort, _colon, key = activity.subject.partition(":")
    if sort == "proposal":
        return _("proposal %(number)s") % {"number": key}
    if sort == "changeset":
        return _("changeset %(number)s") % {"number": key}
    if sort == "release":
        return _("release %(number)s") % {"number": key}
    if sort == "webhook":
        name = Webhook.objects.filter(pk=key).values_list("name", flat=True).first()
        return _("your webhook “%(name)s”") % {"name": name or key}
    if sort == "account":
        user = get_user_model().objects.filter(pk=key).first()
        return user.get_full_name() or user.get_username() if user else _("somebody")
    return key


def _what(reason: dict[str, str]) -> str:
    sort = reason["subject"].partition(":")[0]
    label = reason["label"]
    words = {
        "chokepoint": _("the chokepoint %(name)s"),
        "sector": _("the sector %(name)s"),
        "source": _("the source %(name)s"),
        "proposal": _("this proposal"),
        "everything": _("everything"),
    }
    return words.get(sort, "%(name)s") % {"name": label}


def _contributor(user: Any) -> Contributor | None:
    return Contributor.objects.filter(user=user).first()
