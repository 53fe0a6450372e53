"""Reading what activities are about, for many at once: a constant number of queries, however many there are."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import F

from chokepoints.history import open_commitments
from chokepoints.models import Activity, Changeset, Export

from ..models import Authorship, Comment, Review, Suggestion, Version, Webhook


@dataclass(frozen=True)
class Reading:
    """What messages need to put activities into words.

    `titles` are by subject ("proposal:17", "changeset:58", "webhook:3"): what it is about, by its own name. `rationales` are
    by subject too: why proposals were made; `authors` as well: who wrote those that somebody is asked to act on. `names` are
    those of accounts, by id. `said` is what somebody said, by activity; hidden remarks aren't in it.
    """

    titles: Mapping[str, str] = field(default_factory=dict)
    rationales: Mapping[str, str] = field(default_factory=dict)
    authors: Mapping[str, list[str]] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    said: Mapping[int, str] = field(default_factory=dict)

    @classmethod
    def of(
        cls, activities: Iterable[Activity], subjects: Iterable[str] = (), requests: Iterable[str] = ()
    ) -> "Reading":
        """Read what some activities, and further subjects, are about; of `requests` (subjects) who wrote it, too."""
        activities = list(activities)
        keys = _keys_of([*(activity.subject for activity in activities), *subjects])
        versions = _versions(keys.get("proposal", set()))
        return cls(
            titles={subject: title for subject, (title, _why) in versions.items()}
            | _changesets(keys.get("changeset", set()))
            | _webhooks(keys.get("webhook", set())),
            rationales={subject: why for subject, (_title, why) in versions.items()},
            authors=_authors(_keys_of(requests).get("proposal", set())),
            names=_accounts(keys.get("account", set())),
            said=_said(activities),
        )


def _keys_of(subjects: Iterable[str]) -> dict[str, set[str]]:
    """Return the keys of some subjects by their sort; what can't be a key of that sort is left out."""
    keys: dict[str, set[str]] = {}
    for subject in subjects:
        sort, _colon, key = subject.partition(":")
        if sort not in ("proposal", "changeset", "account", "webhook") or (
            key.isascii() and key.isdigit() and len(key) < 19
        ):
            keys.setdefault(sort, set()).add(key)
    return keys


def _versions(numbers: set[str]) -> dict[str, tuple[str, str]]:
    """Return title and rationale of the present version of some proposals."""
    if not numbers:
        return {}
    present = Version.objects.filter(proposal__in=numbers, number=F("proposal__version")).order_by()
    rows = present.values_list("proposal", "title", "rationale")
    return {f"proposal:{number}": (title, why) for number, title, why in rows}


def _authors(numbers: set[str]) -> dict[str, list[str]]:
    """Return the names of those who wrote some proposals, who proposed it first."""
    found: dict[str, list[str]] = {}
    if not numbers:
        return found
    rows = Authorship.objects.filter(proposal__in=numbers).order_by("position", "pk")
    for number, name in rows.values_list("proposal", "contributor__display_name"):
        found.setdefault(f"proposal:{number}", []).append(name)
    return found


def _changesets(numbers: set[str]) -> dict[str, str]:
    if not numbers:
        return {}
    rows = dict(Changeset.objects.filter(number__in=numbers).values_list("number", "summary"))
    words = open_commitments(summary for summary in rows.values() if summary)
    return {f"changeset:{number}": str(words.get(summary, "")) for number, summary in rows.items()}


def _webhooks(numbers: set[str]) -> dict[str, str]:
    names = Webhook.objects.filter(pk__in=numbers).values_list("pk", "name") if numbers else []
    return {f"webhook:{number}": name for number, name in names}


def _accounts(keys: set[str]) -> dict[str, str]:
    users = get_user_model().objects.filter(pk__in=keys) if keys else []
    return {str(user.pk): user.get_full_name() or user.get_username() for user in users}


def _said(activities: Iterable[Activity]) -> dict[int, str]:
    """Return what was said in activities: a comment, the reason of a verdict, why an export failed."""
    asked: dict[str, dict[int, Any]] = {}
    said: dict[int, str] = {}
    for activity in activities:
        details = activity.details
        if "comment" in details and activity.verb == "proposal.commented":
            asked.setdefault("comment", {})[activity.pk] = details["comment"]
        elif "review" in details:
            asked.setdefault("review", {})[activity.pk] = details["review"]
        elif "suggestion" in details:
            asked.setdefault("suggestion", {})[activity.pk] = details["suggestion"]
        elif "reason" in details:
            said[activity.pk] = str(details["reason"])
        elif activity.verb == "export.failed":
            asked.setdefault("export", {})[activity.pk] = activity.subject.partition(":")[2]
    for sort, by_activity in asked.items():
        rows, column = _SAYING[sort]
        found = {
            str(pk): text for pk, text in rows().filter(pk__in=by_activity.values()).values_list("pk", column)
        }
        said |= {activity: found.get(str(pk)) or "" for activity, pk in by_activity.items()}
    return said


_SAYING: dict[str, tuple[Any, str]] = {
    "comment": (lambda: Comment.objects.filter(hidden="").order_by(), "text"),
    "review": (lambda: Review.objects.order_by(), "comment"),
    "suggestion": (lambda: Suggestion.objects.order_by(), "words"),
    "export": (lambda: Export.objects.order_by(), "reason"),
}
