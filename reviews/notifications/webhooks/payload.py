"""What a webhook is told. It is put together at each attempt, so what was hidden meanwhile stays hidden, and what the owner
may not see any more isn't sent. It names things and says where to read them; texts that people wrote aren't in it, but for
titles and names."""

import datetime as dt
import json
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.text import Truncator

from chokepoints.models import Activity

from ...models import NotificationSettings, WebhookDelivery
from ..messages import address_of, heading_of, title_of_subject
from ..recipients import may_see
from . import TEST

LONGEST_TEXT = 500  # characters of a title, a heading, a name

# What an activity is about → the name of its address in the API.
_API = {
    "proposal": "api-proposal-detail",
    "changeset": "api-changeset-detail",
    "export": "api-export-detail",
    "release": "api-release-detail",
    "webhook": "api-webhook-detail",
}


def body_of(delivery: WebhookDelivery) -> bytes | None:
    """Return what is posted for a delivery, or None if its webhook's owner may not see any more what it is about."""
    owner, activity = delivery.webhook.owner, delivery.activity
    if activity is None:
        said = _test(delivery)
    elif may_see(owner, activity):
        own = NotificationSettings.objects.filter(owner=owner).values_list("language", flat=True).first()
        with translation.override(own or settings.LANGUAGE_CODE):
            said = _told(delivery.event, activity)
    else:
        return None
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()


def _told(event: str, activity: Activity) -> dict[str, Any]:
    sort, _, key = activity.subject.partition(":")
    return {
        "type": activity.verb,
        "timestamp": _time(activity.time),
        "data": {
            "event": event,
            "subject": activity.subject,
            "heading": _short(heading_of(activity)),
            "title": _short(title_of_subject(activity)) or None,
            "actor": _short(activity.actor.display_name) if activity.actor else None,
            "version": _number(activity.details.get("version")),
            "changeset": int(key) if sort == "changeset" else _number(activity.details.get("changeset")),
            "page": _absolute(address_of(activity)),
            "api": _absolute(reverse(_API[sort], args=[key])) if sort in _API else None,
        },
    }


def _test(delivery: WebhookDelivery) -> dict[str, Any]:
    return {
        "type": "webhook.test",
        "timestamp": _time(delivery.made),
        "data": {
            "event": TEST,
            "subject": f"webhook:{delivery.webhook_id}",
            "heading": f"This is a test of the webhook “{delivery.webhook.name}”.",
            "title": None,
            "actor": None,
            "version": None,
            "changeset": None,
            "page": _absolute(reverse("webhook-detail", args=[delivery.webhook_id])),
            "api": _absolute(reverse("api-webhook-detail", args=[delivery.webhook_id])),
        },
    }


def _short(text: str) -> str:
    return Truncator(text).chars(LONGEST_TEXT)


def _number(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _time(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")


def _absolute(path: str) -> str:
    return f"{settings.SITE_URL}{path}"
