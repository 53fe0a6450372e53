"""What people are told: notifications, what they chose to hear, and the mails that carry it."""

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse

from chokepoints.leases import lapsed
from chokepoints.models import Activity
from chokepoints.models.columns import one_of, text_column

from ..notifications.events import (
    DAILY,
    LEVELS,
    NOW,
    REQUEST,
    REQUEST_LEVELS,
    REQUESTS_BY_DEFAULT,
    SCOPES,
    WEEKLY,
)
from .proposal import Proposal

NEWS = "news"
SORTS = {NEWS: "news", REQUEST: "a request to act"}
# What can be watched. A muted subscription is the opposite: nothing is heard of it but what is said to oneself.
CHOKEPOINT, SECTOR, SOURCE, PROPOSAL, EVERYTHING = "chokepoint", "sector", "source", "proposal", "everything"
WATCHABLE = {
    CHOKEPOINT: "a chokepoint",
    SECTOR: "a sector with all its parts",
    SOURCE: "a source",
    PROPOSAL: "a proposal",
    EVERYTHING: "everything",
}


class NotificationSettings(models.Model):
    """How somebody is told things in general. No row means the defaults.

    Until `paused_until` no mail is sent. `bounced_address` is an address at which mail was refused for good; another
    one in the account is tried again.
    """

    owner = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="notification_settings"
    )
    requests = models.CharField(
        max_length=10,
        choices=[(level, LEVELS[level]) for level in REQUEST_LEVELS],
        default=REQUESTS_BY_DEFAULT,
    )
    language = models.CharField(max_length=20, blank=True, default="")
    paused_until = models.DateTimeField(null=True, blank=True)
    bounced_address = text_column(254)
    bounced = models.DateTimeField(null=True, blank=True)
    bounced_why = text_column(500)

    class Meta:
        verbose_name_plural = "notification settings"
        constraints = [one_of("notification_settings", "requests", REQUEST_LEVELS)]

    def __str__(self) -> str:
        return f"how {self.owner} is told things"


class NotificationChoice(models.Model):
    """One cell of the matrix that somebody set: how they hear of an event that reaches them in a scope."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="notification_choices")
    event = models.CharField(max_length=30)
    scope = models.CharField(max_length=20)
    level = models.CharField(max_length=10, choices=list(LEVELS.items()))

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["owner", "event", "scope"], name="one_choice_per_cell"),
            one_of("notification_choice", "scope", SCOPES),
            one_of("notification_choice", "level", LEVELS),
        ]

    def __str__(self) -> str:
        return f"{self.event} · {self.scope}: {self.level}"


class SubscriptionQuerySet(models.QuerySet):
    """Subscriptions in the words of who tells."""

    def to(self, user: Any, what: str, target: str) -> "SubscriptionQuerySet":
        """Those of somebody to one thing: watching it, muting it."""
        return self.filter(owner=user, what=what, target=target)

    def mutes(self, numbers: Iterable[int]) -> "SubscriptionQuerySet":
        """The mutes of some proposals."""
        return self.filter(what=PROPOSAL, is_muted=True, target__in=[str(number) for number in numbers])


class Subscription(models.Model):
    """Somebody watches something, or has muted a proposal. `target` is a record's id or a proposal's number, "" for
    everything. A mute stands beside what is watched, so that it is watched again once the mute is gone."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="subscriptions")
    what = models.CharField(max_length=20, choices=list(WATCHABLE.items()))
    target = text_column(36)
    is_muted = models.BooleanField(default=False)
    made = models.DateTimeField(auto_now_add=True)

    objects = SubscriptionQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["what", "target", "owner"], name="subscriptions_to_something")]
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "what", "target", "is_muted"], name="one_subscription_and_one_mute_each"
            ),
            one_of("subscription", "what", WATCHABLE),
            models.CheckConstraint(
                condition=Q(is_muted=False) | Q(what=PROPOSAL), name="only_proposals_are_muted"
            ),
            models.CheckConstraint(
                condition=(Q(what=EVERYTHING) & Q(target="")) | (~Q(what=EVERYTHING) & ~Q(target="")),
                name="only_everything_has_no_target",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.owner} {'mutes' if self.is_muted else 'watches'} {self.what} {self.target}".rstrip()


class NotificationQuerySet(models.QuerySet):
    """Notifications in the words of the inbox."""

    def of(self, user: Any) -> "NotificationQuerySet":
        return self.filter(owner=user) if user.is_authenticated else self.none()

    def unread(self) -> "NotificationQuerySet":
        """What was not looked at yet; a request counts until it is settled or read."""
        return self.filter(read=None).exclude(sort=REQUEST, settled__isnull=False)

    def requests(self) -> "NotificationQuerySet":
        """What somebody is asked to do and nobody has done yet."""
        return self.filter(sort=REQUEST, settled=None)

    def for_digest(self, digest: str, before: dt.datetime) -> "NotificationQuerySet":
        """What waits for a digest that covers everything before a moment."""
        return self.filter(digest=digest, mail=None, made__lt=before)


class Notification(models.Model):
    """One thing that one person is told: news of an activity, or a request to act on a proposal.

    What it says is put into words when it is read (notifications/messages.py), so what was hidden meanwhile stays hidden.
    `reasons` lists {scope, subject, label}: why they hear of it, the decisive reason first. A request is `settled` when it
    isn't their turn any more; `turn` says why it was, `step` counts its reminders. `digest` is the mail it waits for,
    `mail` the one that carried it.
    """

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="notifications")
    sort = models.CharField(max_length=10, choices=list(SORTS.items()), default=NEWS)
    event = models.CharField(max_length=30)
    activity = models.ForeignKey(
        Activity, models.CASCADE, null=True, blank=True, related_name="notifications"
    )
    proposal = models.ForeignKey(
        Proposal, models.CASCADE, null=True, blank=True, related_name="notifications"
    )
    subject = text_column(100)
    reasons = models.JSONField(default=list, blank=True)
    turn = text_column(200)
    step = models.PositiveSmallIntegerField(default=0)
    level = models.CharField(max_length=10, choices=list(LEVELS.items()))
    digest = models.CharField(max_length=10, blank=True, default="")
    mail = models.ForeignKey("reviews.Mail", models.SET_NULL, null=True, blank=True, related_name="carries")
    made = models.DateTimeField(auto_now_add=True)
    read = models.DateTimeField(null=True, blank=True)
    settled = models.DateTimeField(null=True, blank=True)

    objects = NotificationQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["owner", "-id"], name="notifications_of_somebody"),
            models.Index(fields=["owner", "proposal"], name="notifications_by_proposal"),
            models.Index(fields=["owner"], condition=Q(read__isnull=True), name="notifications_unread"),
            models.Index(
                fields=["digest", "made"],
                condition=Q(mail__isnull=True) & ~Q(digest=""),
                name="notifications_for_digests",
            ),
        ]
        constraints = [
            one_of("notification", "sort", SORTS),
            one_of("notification", "level", LEVELS),
            one_of("notification", "digest", (DAILY, WEEKLY), blank=True),
            models.UniqueConstraint(
                fields=["owner", "activity"], name="one_notification_per_person_and_activity"
            ),
            models.UniqueConstraint(
                fields=["owner", "proposal"],
                condition=Q(sort=REQUEST, settled__isnull=True),
                name="one_open_request_per_person_and_proposal",
            ),
            models.CheckConstraint(
                condition=(Q(sort=NEWS) & Q(activity__isnull=False))
                | (Q(sort=REQUEST) & Q(proposal__isnull=False)),
                name="news_is_of_an_activity_and_requests_of_a_proposal",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event} for {self.owner}"

    def get_absolute_url(self) -> str:
        return reverse("notification", args=[self.pk])


WAITING, SENDING, ENDING, SENT, FAILED, DROPPED, UNCERTAIN = (
    "waiting",
    "sending",
    "ending",
    "sent",
    "failed",
    "dropped",
    "uncertain",
)
MAIL_STATES = {
    WAITING: "waits to be sent",
    SENDING: "is being sent",
    ENDING: "is about to be accepted",
    SENT: "sent",
    FAILED: "refused for good",
    DROPPED: "not needed any more",
    UNCERTAIN: "perhaps sent: whoever sent it was lost at the last moment",
}
MAIL_KINDS = {NOW: "a mail of its own", DAILY: "the daily digest", WEEKLY: "the weekly digest"}


class MailQuerySet(models.QuerySet):
    """Mails in the words of the sweep."""

    def to_send(self, now: dt.datetime) -> "MailQuerySet":
        return self.filter(state=WAITING, due__lte=now).order_by("due", "pk")

    def abandoned(self, now: dt.datetime) -> "MailQuerySet":
        """Those whose sender hasn't been heard of for too long."""
        return self.filter(lapsed(now, settings.MAIL_LEASE_SECONDS), state__in=(SENDING, ENDING))


class Mail(models.Model):
    """One mail to one person: of one notification, or the digest of a `period` ("2026-11-28", "2026-W48").

    The row is the promise. A sender holds the lease of one `attempt`. It is ENDING from the moment before the server may
    accept it: whoever is lost there leaves a mail of which nobody knows whether it was sent.
    """

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="mails")
    kind = models.CharField(max_length=10, choices=list(MAIL_KINDS.items()))
    notification = models.OneToOneField(
        Notification, models.CASCADE, null=True, blank=True, related_name="own_mail"
    )
    period = text_column(20)
    state = models.CharField(max_length=10, choices=list(MAIL_STATES.items()), default=WAITING)
    attempt = models.PositiveIntegerField(default=0)
    tries = models.PositiveIntegerField(
        default=0, help_text="How often the server was asked and said not now."
    )
    due = models.DateTimeField()
    lease_until = models.DateTimeField(null=True, blank=True)
    address = text_column(254, help_text="Where it was sent to.")
    error = text_column(500)
    made = models.DateTimeField(auto_now_add=True)
    ended = models.DateTimeField(null=True, blank=True)

    objects = MailQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["state", "due"], name="mails_by_state")]
        constraints = [
            one_of("mail", "kind", MAIL_KINDS),
            one_of("mail", "state", MAIL_STATES),
            models.UniqueConstraint(
                fields=["owner", "kind", "period"],
                condition=~Q(kind=NOW),
                name="one_digest_per_person_and_period",
            ),
            models.CheckConstraint(
                condition=(Q(kind=NOW) & Q(notification__isnull=False, period=""))
                | (~Q(kind=NOW) & Q(notification__isnull=True) & ~Q(period="")),
                name="a_mail_is_of_a_notification_or_a_period",
            ),
        ]

    def __str__(self) -> str:
        return f"mail {self.pk} to {self.owner}"
