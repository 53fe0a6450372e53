"""Webhooks delivered by processes of their own. Run as a script by test_webhooks_under_fault.py.

    python tests/faults/webhook_deliverers.py owe URL WEBHOOKS SUBJECTS EACH
    python tests/faults/webhook_deliverers.py deliver
    python tests/faults/webhook_deliverers.py recover        as after a worker was lost: time passes and it is delivered

`owe` makes so many webhooks at URL/<number> and owes each so many subjects' messages; `deliver` runs until nothing is due.
Each prints one JSON object.
"""

import datetime as dt
import json
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.test")


def owe(url: str, webhooks: str, subjects: str, each: str) -> dict:
    """Owe everything, in the order in which it happened; return the message ids by webhook and subject."""
    from django.contrib.auth.models import User
    from django.utils import timezone

    from chokepoints.models import Outbox
    from chokepoints.services.recording import record_activity
    from reviews.models import WebhookDelivery
    from reviews.services.hooking import create_webhook

    found = {}
    made = [
        create_webhook(
            actor=User.objects.create_user(f"owner-{number}"),
            name="A program",
            url=f"{url}/{number}",
            events=["published"],
        )
        for number in range(int(webhooks))
    ]
    for _ in range(int(each)):
        for subject in range(1, int(subjects) + 1):
            activity = record_activity("changeset.published", actor=None, subject=f"changeset:{subject}")
            for number, webhook in enumerate(made):
                row = WebhookDelivery.objects.create(
                    webhook=webhook,
                    activity=activity,
                    event="published",
                    subject=activity.subject,
                    due=timezone.now(),
                )
                found.setdefault(f"{number}/{subject}", []).append(row.message_id)
    Outbox.objects.all().delete()
    return found


def deliver() -> dict:
    from reviews.notifications.webhooks.delivering import deliver_due

    attempts, idle = 0, 0
    while idle < 3:  # what another process is sending may leave something due behind it
        made = deliver_due()
        attempts, idle = attempts + made, 0 if made else idle + 1
    return {"attempts": attempts}


def recover() -> dict:
    """Deliver while the lease of a lost worker holds, then when it is over, then when what it held is due again."""
    from django.utils import timezone

    from reviews.models import WebhookDelivery

    before = deliver()["attempts"]
    past = timezone.now() - dt.timedelta(seconds=1)
    lapsed = WebhookDelivery.objects.filter(state="sending").update(lease_until=past)
    deliver()
    WebhookDelivery.objects.filter(state="waiting").update(due=past)
    deliver()
    delivered = WebhookDelivery.objects.filter(state="delivered").count()
    return {"before": before, "lapsed": lapsed, "delivered": delivered}


if __name__ == "__main__":
    import django

    django.setup()
    does = {"owe": owe, "deliver": deliver, "recover": recover}
    sys.stdout.write(json.dumps(does[sys.argv[1]](*sys.argv[2:])) + "\n")
