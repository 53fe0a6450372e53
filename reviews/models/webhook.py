"""Webhooks: addresses of programs that are told of events, and every delivery to them."""

import datetime as dt
import uuid
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.urls import reverse

from chokepoints.leases import lapsed
from chokepoints.models import Activity, Outbox
from chokepoints.models.columns import one_of, text_column

from ..notifications.webhooks.signing import id_of

WAITING, SENDING, DELIVERED, FAILED = "waiting", "sending", "delivered", "failed"
# An activity that couldn't be told so often holds up what came after it no longer.
UNTOLD = 3
DELIVERY_STATES = {
    WAITING: "waits to be delivered",
    SENDING: "is being delivered",
    DELIVERED: "delivered",
    FAILED: "given up",
}


class WebhookQuerySet(models.QuerySet):
    """Webhooks in the words of the account page."""

    def of(self, user: Any) -> "WebhookQuerySet":
        return self.filter(owner=user) if user.is_authenticated else self.none()

    def listening(self) -> "WebhookQuerySet":
        """Those that are told things now."""
        return self.filter(is_on=True, owner__is_active=True)


class Webhook(models.Model):
    """One address that is told of `events` (Standard Webhooks, https://www.standardwebhooks.com/).

    `secret` signs; after a rotation `old_secret` signs too until `old_until`. `failures` counts deliveries given up in a
    row; too many switch it off, with `off_why` for its owner. `with_own` tells it of what its owner does too.
    """

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="webhooks")
    name = models.CharField(max_length=60)
    url = models.CharField(max_length=500)
    events = models.JSONField(default=list)
    with_own = models.BooleanField(default=False)
    secret = models.CharField(max_length=100)
    old_secret = text_column(100)
    old_until = models.DateTimeField(null=True, blank=True)
    is_on = models.BooleanField(default=True)
    off_why = text_column(300)
    failures = models.PositiveIntegerField(default=0)
    made = models.DateTimeField(auto_now_add=True)

    objects = WebhookQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]
        constraints = [models.UniqueConstraint(fields=["owner", "name"], name="one_webhook_per_name")]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("webhook-detail", args=[self.pk])

    @property
    def host(self) -> str:
        """The host that it is at: an address may hold what only its owner should know."""
        return urlsplit(self.url).netloc

    def secrets_at(self, now: dt.datetime) -> list[str]:
        """Return the secrets that sign at a moment, the present one first."""
        overlaps = bool(self.old_secret and self.old_until and self.old_until > now)
        return [self.secret, self.old_secret] if overlaps else [self.secret]


def lease_seconds() -> float:
    """Return how long a lease of an attempt lasts: longer than the attempt may take."""
    return settings.WEBHOOK_TIMEOUT_SECONDS + 60


class WebhookDeliveryQuerySet(models.QuerySet):
    """Deliveries in the words of the sweep."""

    def to_send(self, now: dt.datetime) -> "WebhookDeliveryQuerySet":
        """Those that are due. What is about one subject goes out in the order in which it happened: a later one waits for the
        one before, and for one that isn't told yet. A test goes out of a webhook that is off too."""
        before = {"subject": OuterRef("subject"), "activity__lt": OuterRef("activity")}
        earlier = WebhookDelivery.objects.filter(
            webhook=OuterRef("webhook"), state__in=(WAITING, SENDING), **before
        )
        untold = Outbox.objects.filter(
            activity__subject=OuterRef("subject"), activity__lt=OuterRef("activity"), attempts__lt=UNTOLD
        )
        return self.filter(
            ~Exists(earlier),
            ~Exists(untold),
            Q(webhook__is_on=True) | Q(activity=None),
            state=WAITING,
            due__lte=now,
            webhook__owner__is_active=True,
        ).order_by("due", "pk")

    def under_way(self, now: dt.datetime) -> "WebhookDeliveryQuerySet":
        """Those that somebody is sending."""
        return self.filter(state=SENDING, lease_until__gte=now)

    def abandoned(self, now: dt.datetime) -> "WebhookDeliveryQuerySet":
        """Those whose sender hasn't been heard of for too long."""
        return self.filter(lapsed(now, lease_seconds()), state=SENDING)


class WebhookDelivery(models.Model):
    """One message to one webhook. `message` is its id, the same in every attempt and when it is sent again.

    `activity` is None for a test. What the other side answered is kept as a status and our own words, never its body.
    """

    webhook = models.ForeignKey(Webhook, models.CASCADE, related_name="deliveries")
    message = models.UUIDField(default=uuid.uuid4, editable=False)
    activity = models.ForeignKey(Activity, models.CASCADE, null=True, blank=True, related_name="+")
    event = models.CharField(max_length=30)
    subject = text_column(100)
    state = models.CharField(max_length=10, choices=list(DELIVERY_STATES.items()), default=WAITING)
    attempt = models.PositiveIntegerField(default=0)
    tries = models.PositiveIntegerField(default=0)
    due = models.DateTimeField()
    lease_until = models.DateTimeField(null=True, blank=True)
    status = models.PositiveSmallIntegerField(null=True, blank=True)
    error = text_column(300)
    made = models.DateTimeField(auto_now_add=True)
    last_tried = models.DateTimeField(null=True, blank=True)
    ended = models.DateTimeField(null=True, blank=True)

    objects = WebhookDeliveryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "webhook deliveries"
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["state", "due"], name="deliveries_by_state"),
            models.Index(fields=["webhook", "subject", "state"], name="deliveries_in_order"),
        ]
        constraints = [
            one_of("webhook_delivery", "state", DELIVERY_STATES),
            models.UniqueConstraint(
                fields=["webhook", "activity"],
                condition=Q(activity__isnull=False),
                name="one_delivery_per_webhook_and_activity",
            ),
            models.UniqueConstraint(fields=["message"], name="one_delivery_per_message"),
        ]

    def __str__(self) -> str:
        return f"{self.event} to {self.webhook}"

    @property
    def message_id(self) -> str:
        """The id of its message as receivers see it."""
        return id_of(self.message)

    @property
    def has_ended(self) -> bool:
        """Nothing more happens with it by itself."""
        return self.state in (DELIVERED, FAILED)
