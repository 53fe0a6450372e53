"""Exports: what somebody asked to take away, and how far it is. The row is the promise; the broker only carries its id."""

import datetime as dt
import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse

from ..leases import lapsed
from .columns import one_of, text_column

WAITING, RUNNING, READY, FAILED, CANCELLED, EXPIRED = (
    "waiting",
    "running",
    "ready",
    "failed",
    "cancelled",
    "expired",
)
STATES = {
    WAITING: "waits for a worker",
    RUNNING: "is being written",
    READY: "ready",
    FAILED: "failed",
    CANCELLED: "cancelled",
    EXPIRED: "expired: the file is gone",
}
UNDER_WAY = (WAITING, RUNNING)
MAY_RETRY = (FAILED, CANCELLED, EXPIRED)


# A format's end, when a large XLSX is put together, passes without a report.
CLOSING = 15 * 60  # seconds


class ExportQuerySet(models.QuerySet):
    """Exports in the words of the pages."""

    def visible_to(self, user: Any) -> "ExportQuerySet":
        """Those that somebody may see and fetch: their own; an admin's are all."""
        if not (user.is_authenticated and user.is_active):
            return self.none()
        return self if user.is_superuser else self.filter(requester=user)

    def under_way(self) -> "ExportQuerySet":
        return self.filter(state__in=UNDER_WAY)

    def to_hand_out(self, now: dt.datetime, patience: dt.timedelta) -> "ExportQuerySet":
        """Those that wait and were given to the broker so long ago that the message must be lost."""
        overdue = Q(handed_out__isnull=True) | Q(handed_out__lt=now - patience)
        return self.filter(overdue, state=WAITING)

    def abandoned(self, now: dt.datetime) -> "ExportQuerySet":
        """Those whose worker hasn't been heard of for too long."""
        return self.filter(lapsed(now, max(settings.EXPORT_LEASE_SECONDS, CLOSING)), state=RUNNING)


class Export(models.Model):
    """One file that somebody asked for.

    `tables` lists {kind, fields, filters}; `changeset` is what it shows, however long it takes, and `day` the day on which
    statuses are asked for. A worker holds the lease of one `attempt`; only who holds it may finish. `read` of `total` records
    were looked at, `rows` were written.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    requester = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="exports")
    format = models.CharField(max_length=20)
    tables = models.JSONField()
    bom = models.BooleanField(default=False)
    changeset = models.PositiveBigIntegerField()
    day = models.DateField()
    site = text_column(300, help_text="The register's own address, for the citation.")

    state = models.CharField(max_length=20, choices=list(STATES.items()), default=WAITING)
    attempt = models.PositiveSmallIntegerField(default=0)
    tries_left = models.PositiveSmallIntegerField()
    lease_until = models.DateTimeField(null=True, blank=True)
    heartbeat = models.DateTimeField(null=True, blank=True)
    handed_out = models.DateTimeField(null=True, blank=True)
    read = models.PositiveBigIntegerField(default=0)
    total = models.PositiveBigIntegerField(null=True, blank=True)
    rows = models.PositiveBigIntegerField(default=0)
    reason = models.TextField(blank=True, help_text="Why it failed, in words for its requester.")

    file_name = text_column(200, help_text="What the file is called when it is fetched.")
    stored_as = text_column(200, help_text="Its name in the folder of exports.")
    size = models.PositiveBigIntegerField(null=True, blank=True)
    sha256 = text_column(64)

    made = models.DateTimeField(auto_now_add=True)
    started = models.DateTimeField(null=True, blank=True)
    ended = models.DateTimeField(null=True, blank=True)
    expires = models.DateTimeField(null=True, blank=True)

    objects = ExportQuerySet.as_manager()

    class Meta:
        ordering = ["-made", "-pk"]
        indexes = [
            models.Index(fields=["requester", "-made"], name="exports_of_a_requester"),
            models.Index(fields=["state", "lease_until"], name="exports_by_state"),
        ]
        constraints = [
            one_of("export", "state", STATES),
            models.CheckConstraint(
                condition=~Q(state=READY)
                | (Q(size__isnull=False, expires__isnull=False) & ~Q(sha256="") & ~Q(stored_as="")),
                name="a_ready_export_has_its_file",
            ),
            models.CheckConstraint(
                condition=Q(state=READY) | Q(stored_as=""), name="only_a_ready_export_has_a_file"
            ),
            models.CheckConstraint(
                condition=~Q(state=RUNNING) | Q(lease_until__isnull=False),
                name="a_running_export_has_a_lease",
            ),
        ]

    def __str__(self) -> str:
        return f"export {str(self.pk)[:8]}"

    def get_absolute_url(self) -> str:
        return reverse("export-detail", args=[self.pk])

    @property
    def is_under_way(self) -> bool:
        return self.state in UNDER_WAY

    @property
    def may_be_retried(self) -> bool:
        return self.state in MAY_RETRY

    @property
    def kinds(self) -> list[str]:
        """The names of the kinds, in the order asked for."""
        return [table["kind"] for table in self.tables]
