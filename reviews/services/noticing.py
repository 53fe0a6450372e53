"""Noticing: what somebody has read of what they were told, and letting go of what is old. Everybody marks their own alone."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.utils import timezone

from ..models import Mail, Notification
from ..models.notification import ENDING, NEWS, SENDING, WAITING
from ..notifications.events import REQUEST
from .limiting import limit_of
from .subscribing import check_signed_in

CHUNK = 500
# What nobody has looked at is kept longer than what was read, and not for ever.
UNREAD_TIMES = 3


@dataclass(frozen=True)
class Marked:
    """What was marked as read: how many, and the moment, by which all of it can be unmarked at once."""

    count: int
    moment: dt.datetime


def mark_read(
    *,
    actor: Any,
    ids: Iterable[int] | None = None,
    subject: str | None = None,
    event: str | None = None,
    up_to: int | None = None,
) -> Marked:
    """Mark somebody's notifications as read: those of some ids, one subject or one event, or all; none above `up_to`.

    What came after the page that somebody looked at is above it. Marking twice keeps the first moment. Raises NotAllowed.
    """
    check_signed_in(actor)
    rows = Notification.objects.of(actor).filter(read=None)
    if ids is not None:
        rows = rows.filter(pk__in=list(ids))
    if subject is not None:
        rows = rows.filter(subject=subject)
    if event is not None:
        rows = rows.filter(event=event)
    if up_to is not None:
        rows = rows.filter(pk__lte=up_to)
    moment = timezone.now()
    return Marked(rows.update(read=moment), moment)


def mark_unread(*, actor: Any, ids: Iterable[int]) -> int:
    """Mark some of somebody's notifications as not read; return how many were. Raises NotAllowed."""
    check_signed_in(actor)
    return Notification.objects.of(actor).filter(pk__in=list(ids), read__isnull=False).update(read=None)


def unmark(*, actor: Any, moment: dt.datetime) -> int:
    """Take back what was marked as read at one moment; return how many that were. Raises NotAllowed."""
    check_signed_in(actor)
    return Notification.objects.of(actor).filter(read=moment).update(read=None)


def tidy_inboxes(*, now: dt.datetime | None = None) -> int:
    """Delete what inboxes needn't hold any more; return how much.

    That is news for the days of the limit "inbox" after it was read, or three times as long if nobody looked at it, and
    requests as long after they were settled. Open requests stay, and so does what a mail is still to tell of.
    """
    now = now or timezone.now()
    keep = dt.timedelta(days=limit_of("inbox"))
    read = Q(sort=NEWS, read__lt=now - keep)
    unread = Q(sort=NEWS, read=None, made__lt=now - UNREAD_TIMES * keep)
    settled = Q(sort=REQUEST, settled__lt=now - keep)
    unsent = Mail.objects.filter(state__in=(WAITING, SENDING, ENDING), notification__isnull=False)
    old = (
        Notification.objects.filter(read | unread | settled)
        .exclude(~Q(digest=""), mail=None)
        .exclude(pk__in=unsent.values("notification"))
        .order_by("pk")
    )
    deleted = 0
    # In small steps, so that nobody who writes waits long.
    while some := list(old.values_list("pk", flat=True)[:CHUNK]):
        Notification.objects.filter(pk__in=some).delete()
        deleted += len(some)
    return deleted
