"""Digests: one mail a person and period with whatever waited for it.

The row of a digest is unique for owner, kind and period, and what it carries is bound to it in the transaction that makes it.
So two clocks, one that jumps, and a worker that is killed leave exactly one. What is told of after that, or came late, waits
for the next period.
"""

import datetime as dt
import logging

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from ..models import Mail, Notification, NotificationSettings
from .events import DAILY, WEEKLY

log = logging.getLogger(__name__)


def period_before(kind: str, now: dt.datetime) -> tuple[str, dt.datetime]:
    """Return the name and the end of the last period that is over: a UTC day, or an ISO week."""
    today = now.astimezone(dt.UTC).date()
    first = today if kind == DAILY else today - dt.timedelta(days=today.weekday())
    end = dt.datetime.combine(first, dt.time(), dt.UTC)
    last = first - dt.timedelta(days=1)
    week = last.isocalendar()
    return (last.isoformat() if kind == DAILY else f"{week.year}-W{week.week:02}"), end


def make_digests(*, now: dt.datetime | None = None) -> int:
    """Write down the digests of the periods that are over, for everybody who has something waiting and doesn't pause;
    return how many."""
    now = now or timezone.now()
    return sum(_make(kind, *period_before(kind, now), now) for kind in (DAILY, WEEKLY))


def _make(kind: str, period: str, end: dt.datetime, now: dt.datetime) -> int:
    waiting = Notification.objects.for_digest(kind, end)
    theirs = Mail.objects.filter(owner=OuterRef("owner"), kind=kind, period=period)
    paused = NotificationSettings.objects.filter(owner=OuterRef("owner"), paused_until__gt=now)
    owners = waiting.filter(~Exists(theirs), ~Exists(paused)).order_by().values_list("owner", flat=True)
    made = 0
    for owner in list(owners.distinct()):
        try:
            made += _make_one(owner, kind, period, end, now)
        except Exception:  # one person's must not cost the others theirs; it is tried again at the next beat
            log.exception("The digest of %s for account %s couldn't be made.", period, owner)
    return made


def _make_one(owner: int, kind: str, period: str, end: dt.datetime, now: dt.datetime) -> bool:
    with transaction.atomic():
        mail, is_new = Mail.objects.get_or_create(
            owner_id=owner, kind=kind, period=period, defaults={"due": now}
        )
        if is_new:
            Notification.objects.for_digest(kind, end).filter(owner=owner).update(mail=mail)
    return is_new
