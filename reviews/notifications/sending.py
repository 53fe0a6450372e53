"""What is to be mailed: rows, written beside the notifications that they tell of. delivery.py and digests.py send them."""

import datetime as dt

from django.db.models import QuerySet

from chokepoints.services.handing_out import hand_out_soon

from ..models import Mail, Notification, NotificationSettings
from .choosing import mail_for
from .events import NOW


def note_digest(row: Notification, settings: NotificationSettings | None, now: dt.datetime) -> Notification:
    """Say, in an unsaved notification, which digest it waits for, if it waits for one."""
    paused = bool(settings and settings.paused_until and settings.paused_until > now)
    kind = mail_for(row.level, is_paused=paused)
    row.digest = "" if kind == NOW else kind
    return row


def note_own_mails(rows: QuerySet[Notification], now: dt.datetime) -> None:
    """Write down the mails of those notifications that have one of their own.

    Runs in the transaction that wrote the notifications, and twice without harm.
    """
    owed = rows.filter(level=NOW, digest="", own_mail=None).values_list("pk", "owner")
    mails = [Mail(owner_id=owner, kind=NOW, notification_id=pk, due=now) for pk, owner in owed]
    Mail.objects.bulk_create(mails, ignore_conflicts=True)


def hurry_mails(activity_id: int, now: dt.datetime) -> None:
    """Have a worker send what is due without waiting for the sweep, if anything is."""
    if Mail.objects.to_send(now).exists():
        hand_out_soon("reviews.tasks.send_mails", activity_id)
