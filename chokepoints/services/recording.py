"""Recording activities: the row is the event, written in the transaction of what happened, and with it what is owed for it."""

from typing import Any

from django.db import transaction

from ..activities import TELLERS, VERBS
from ..models import Activity, Contributor, Outbox
from .handing_out import hand_out_soon


def record_activity(verb: str, *, actor: Contributor | None, subject: str, **details: Any) -> Activity:
    """Write one activity and that people are to be told of it. Raises ValueError for a verb that isn't in the vocabulary.

    Whoever acts never waits for that: the outbox row is the promise, the message after commit only hurries it.
    """
    if verb not in VERBS:
        raise ValueError(f"{verb!r} isn't in the vocabulary of activities.")
    with transaction.atomic():
        activity = Activity.objects.create(verb=verb, actor=actor, subject=subject, details=details)
        Outbox.objects.create(activity=activity)
    for task in TELLERS:
        transaction.on_commit(lambda task=task: hand_out_soon(task, activity.pk))
    return activity
