"""Fanning out: from one activity to everybody who hears of it. It runs after commit, from the activity's id alone.

Everything is written under unique keys, in chunks, and the outbox row goes last: whoever is killed half-way leaves the
rest to the next run, and two runs at once write nothing twice.
"""

import datetime as dt
import itertools
import logging
from collections.abc import Iterable, Iterator

from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.utils import timezone

from chokepoints.models import Activity, Changeset, Outbox
from chokepoints.services.handing_out import hand_out_soon

from ..models import (
    Notification,
    NotificationChoice,
    NotificationSettings,
    Proposal,
    Subscription,
    Webhook,
    WebhookDelivery,
)
from ..models.notification import NEWS
from .asking import ask
from .choosing import Reason, level_for, shortened
from .events import NEVER, REQUEST, event_of
from .recipients import hearers, may_see, proposal_of
from .sending import hurry_mails, note_digest, note_own_mails
from .webhooks import TASK as DELIVER_WEBHOOKS

log = logging.getLogger(__name__)

CHUNK = 500
# What the broker hasn't brought within this is taken as lost.
PATIENCE = dt.timedelta(seconds=20)
LONGEST_PAUSE = dt.timedelta(hours=1)


def fan_out(activity_id: int) -> bool:
    """Tell everybody of one activity; return whether anything was owed. What fails is written down, and tried again."""
    owed = Outbox.objects.select_related("activity__actor").filter(pk=activity_id).first()
    if owed is None:
        return False
    try:
        owes_webhooks = _tell(owed.activity)
        owed.delete()
        hurry_mails(activity_id, timezone.now())
        # A run that is under way finds it by itself: a thousand events are no thousand runs.
        if owes_webhooks and not WebhookDelivery.objects.under_way(timezone.now()).exists():
            hand_out_soon(DELIVER_WEBHOOKS, activity_id)
    except Exception as error:
        log.exception("Activity %s couldn't be told.", activity_id)
        pause = min(LONGEST_PAUSE, dt.timedelta(seconds=15 * 2 ** min(owed.attempts, 10)))
        Outbox.objects.filter(pk=owed.pk).update(
            attempts=owed.attempts + 1,
            due=timezone.now() + pause,
            error=f"{type(error).__name__}: {error}".replace("\0", "")[:500],
        )
    return True


def sweep_outbox(*, now: dt.datetime | None = None, most: int = 500) -> int:
    """Tell what is overdue, oldest first; return how many activities those were."""
    overdue = Outbox.objects.overdue(now or timezone.now(), PATIENCE).values_list("pk", flat=True)[:most]
    return sum(fan_out(pk) for pk in list(overdue))


def _tell(activity: Activity) -> bool:
    """Tell people of an activity; return whether webhooks are to be told too."""
    proposal = proposal_of(activity)
    if proposal:
        ask(proposal, activity=activity)
    event = event_of(activity.verb, activity.details)
    if event is None or _is_overtaken(activity):
        return False
    asked = set(Notification.objects.filter(activity=activity, sort=REQUEST).values_list("owner", flat=True))
    heard = {person: reasons for person, reasons in hearers(activity).items() if person not in asked}
    for people in _chunks(heard):
        _write(activity, event, proposal, {person: heard[person] for person in people})
    return _owe_webhooks(activity, event)


def _is_overtaken(activity: Activity) -> bool:
    """Tell whether something else says it: what an approval led to at once, or the proposal of which a changeset came."""
    sort, _, key = activity.subject.partition(":")
    if sort == "changeset":
        return key.isdigit() and Changeset.objects.filter(number=key, origin="proposal").exists()
    if activity.verb != "proposal.approved":
        return False
    after = Activity.objects.filter(
        subject=activity.subject,
        actor=activity.actor_id,
        pk__gt=activity.pk,
        verb__in=("proposal.published", "proposal.conflicting"),
    )
    return any(other.details.get("version") == activity.details.get("version") for other in after)


def _write(activity: Activity, event: str, proposal: Proposal | None, heard: dict[int, list[Reason]]) -> None:
    """Write the notifications of some people, and the mails that tell of them."""
    now = timezone.now()
    choices: dict[int, dict[tuple[str, str], str]] = {}
    for row in NotificationChoice.objects.filter(owner__in=heard, event=event):
        choices.setdefault(row.owner_id, {})[row.event, row.scope] = row.level
    settings = {row.owner_id: row for row in NotificationSettings.objects.filter(owner__in=heard)}
    muted = _muted(proposal, heard)
    rows = []
    for person, reasons in heard.items():
        level, reasons = level_for(event, reasons, choices.get(person, {}), is_muted=person in muted)
        if level == NEVER:
            continue
        row = Notification(
            owner_id=person,
            sort=NEWS,
            event=event,
            activity=activity,
            proposal=proposal,
            subject=activity.subject,
            reasons=[reason.as_json() for reason in shortened(reasons)],
            level=level,
        )
        rows.append(note_digest(row, settings.get(person), now))
    with transaction.atomic():
        Notification.objects.bulk_create(rows, ignore_conflicts=True, batch_size=CHUNK)
        # Where another run was first, its rows are the ones that there are.
        note_own_mails(Notification.objects.filter(activity=activity, owner__in=heard, sort=NEWS), now)


def _muted(proposal: Proposal | None, people: Iterable[int]) -> set[int]:
    rows = Subscription.objects.mutes([proposal.pk] if proposal else [])
    return set(rows.filter(owner__in=list(people)).values_list("owner", flat=True))


def _owe_webhooks(activity: Activity, event: str) -> bool:
    """Write down a delivery for each webhook that listens to an event and whose owner may see what it is about; return
    whether there is one."""
    now, actor = timezone.now(), activity.actor.user_id if activity.actor_id else None
    is_public = may_see(AnonymousUser(), activity)  # as nearly everything is; asked once, not for each
    rows = []
    for webhook in Webhook.objects.listening().select_related("owner").order_by("pk"):
        is_own = actor is not None and webhook.owner_id == actor
        if event not in webhook.events or (is_own and not webhook.with_own):
            continue
        if is_public or may_see(webhook.owner, activity):
            rows.append(
                WebhookDelivery(
                    webhook=webhook, activity=activity, event=event, subject=activity.subject, due=now
                )
            )
    WebhookDelivery.objects.bulk_create(rows, ignore_conflicts=True)
    return bool(rows)


def _chunks(people: Iterable[int]) -> Iterator[tuple[int, ...]]:
    waiting = iter(people)
    while chunk := tuple(itertools.islice(waiting, CHUNK)):
        yield chunk
