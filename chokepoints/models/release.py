"""Releases: numbered editions of the whole register. A published one never changes, which triggers keep (triggers.py)."""

import datetime as dt
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from ..leases import lapsed
from .columns import one_of, text_column

MAKING, PUBLISHED, HELD_BACK, FAILED = "making", "published", "held-back", "failed"
STATES = {
    MAKING: "is being made",
    PUBLISHED: "published",
    HELD_BACK: "held back",
    FAILED: "failed",
}


class ReleaseQuerySet(models.QuerySet):
    """Releases in the words of the pages."""

    def published(self) -> "ReleaseQuerySet":
        """Those that are out, the newest first."""
        return self.filter(state=PUBLISHED).order_by("-number")

    def abandoned(self, now: dt.datetime) -> "ReleaseQuerySet":
        """Those whose maker hasn't been heard of for too long."""
        return self.filter(lapsed(now, settings.RELEASE_LEASE_SECONDS), state=MAKING)


class Release(models.Model):
    """One edition, or one attempt at it.

    It gets its number when it is published, so numbers have no gaps: each published release but the first names the one
    before. `files` lists {path, bytes, sha256} of what SHA256SUMS covers, `sums` is the digest of that file itself, `counts`
    holds rows, added, changed and removed by table, `turned` the statuses that changed. `digest` and `time` are the changeset's.
    """

    number = models.PositiveIntegerField(unique=True, null=True, blank=True)
    previous = models.OneToOneField(
        "self", models.PROTECT, to_field="number", null=True, blank=True, related_name="next"
    )
    changeset = models.PositiveBigIntegerField()
    digest = models.CharField(max_length=64)
    time = models.DateTimeField()
    format = models.PositiveSmallIntegerField()

    state = models.CharField(max_length=20, choices=list(STATES.items()), default=MAKING)
    reason = models.TextField(blank=True, help_text="Why it was held back, or failed.")
    despite = models.TextField(blank=True, help_text="Why it came out although many rows were lost.")
    began = models.DateTimeField()
    made = models.DateTimeField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)

    sums = text_column(64)
    files = models.JSONField(default=list, blank=True)
    archive = models.JSONField(default=dict, blank=True)
    extras = models.JSONField(default=list, blank=True)
    counts = models.JSONField(default=dict, blank=True)
    turned = models.JSONField(default=list, blank=True)

    objects = ReleaseQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            one_of("release", "state", STATES),
            models.CheckConstraint(
                condition=(Q(state=PUBLISHED, number__isnull=False, made__isnull=False) & ~Q(sums=""))
                | (~Q(state=PUBLISHED) & Q(number__isnull=True, previous__isnull=True)),
                name="a_release_is_numbered_when_published",
            ),
            models.CheckConstraint(
                condition=Q(number__isnull=True)
                | Q(number=1, previous__isnull=True)
                # A comparison with nothing is no refusal, so that there is a number before is said apart.
                | Q(previous__isnull=False, number=F("previous") + 1),
                name="releases_are_numbered_without_gaps",
            ),
            models.UniqueConstraint(
                fields=["state"], condition=Q(state=MAKING), name="one_release_is_made_at_a_time"
            ),
            models.UniqueConstraint(
                fields=["changeset", "format"],
                condition=Q(state=PUBLISHED),
                name="one_release_per_changeset_and_format",
            ),
            models.CheckConstraint(
                condition=~Q(state=MAKING) | Q(lease_until__isnull=False),
                name="a_release_in_the_making_has_a_lease",
            ),
            models.CheckConstraint(
                condition=Q(state__in=[MAKING, PUBLISHED]) | ~Q(reason=""),
                name="a_release_that_did_not_come_out_says_why",
            ),
        ]

    def __str__(self) -> str:
        return f"release {self.number}" if self.number else f"attempt {self.pk} at a release"

    def get_absolute_url(self) -> str:
        return reverse("release-detail", args=[self.number])

    @property
    def after(self) -> int:
        """The changeset of the release before; 0 for the first."""
        return self.previous.changeset if self.previous else 0

    @property
    def rows(self) -> int:
        """How many rows its tables have together."""
        return sum(table["rows"] for table in self.counts.values())

    def file(self, path: str) -> dict[str, Any] | None:
        """Return what is known of one of its files, extras included, or None if it has no such file."""
        return next((one for one in [*self.files, *self.extras] if one["path"] == path), None)
