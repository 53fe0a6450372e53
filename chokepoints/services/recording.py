"""Recording activities: the row is the event, written in the transaction of what happened."""

from typing import Any

from ..activities import VERBS
from ..models import Activity, Contributor


def record_activity(verb: str, *, actor: Contributor | None, subject: str, **details: Any) -> Activity:
    """Write one activity. Raises ValueError for a verb that isn't in the vocabulary."""
    if verb not in VERBS:
        raise ValueError(f"{verb!r} isn't in the vocabulary of activities.")
    return Activity.objects.create(verb=verb, actor=actor, subject=subject, details=details)
