"""What is to be mailed: rows, written beside the notifications that they tell of. delivery.py and digests.py send them."""

import datetime as dt
from collections.abc import Iterable, Mapping

from chokepoints.services.handing_out import hand_out_soon

from ..models import Mail, Notification, NotificationSettings
from .choosing import mail_for
from .events import NOW


def note_mail(
    rows: Iterable[Notification], settings: Mapping[int, NotificationSettings], now: dt.datetime
) -> None:
    """Write down which mails tell of some notifications: one of its own, or the digest that it waits for.

    Runs in the transaction that wrote the notifications, and twice without harm.
    """
    rows = list(rows)
    noted = set(Mail.objects.filter(notification__in=rows).values_list("notification", flat=True))
    mails, waiting = [], []
    for row in rows:
        if row.digest or row.pk in noted:
            continue
        own = settings.get(row.owner_id)
        paused = bool(own and own.paused_until and own.paused_until > now)
        kind = mail_for(row.level, is_paused=paused)
        if kind == NOW:
            mails.append(Mail(owner_id=row.owner_id, kind=NOW, notification=row, due=now))
        elif kind:
            row.digest = kind
            waiting.append(row)
    Mail.objects.bulk_create(mails, ignore_conflicts=True)
    Notification.objects.bulk_update(waiting, ["digest"], batch_size=500)


def hurry_mails(activity_id: int, now: dt.datetime) -> None:
    """Have a worker send what is due without waiting for the sweep, if anything is."""
    if Mail.objects.to_send(now).exists():
        hand_out_soon("reviews.tasks.send_mails", activity_id)
