"""Imports: a file that somebody brought, and how far it is on its way to draft proposals.

The row is the promise: `job` says what is owed, whoever holds the lease of the present `attempt` does it.
"""

import datetime as dt
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse

from chokepoints.imports.outcomes import LEVELS, OUTCOMES
from chokepoints.leases import lapsed
from chokepoints.models.columns import one_of, text_column

UPLOADED, READ, MAPPED, CHECKED, DRAFTED, FAILED = (
    "uploaded",
    "read",
    "mapped",
    "checked",
    "drafted",
    "failed",
)
STATES = {
    UPLOADED: "uploaded",
    READ: "read: its columns wait for a meaning",
    MAPPED: "mapped",
    CHECKED: "checked",
    DRAFTED: "drafted",
    FAILED: "failed",
}
READING, CHECKING, DRAFTING, SUBMITTING = "read", "check", "draft", "submit"
JOBS = {
    READING: "The file is being read.",
    CHECKING: "Its rows are being checked.",
    DRAFTING: "Drafts are being written.",
    SUBMITTING: "The drafts are being submitted.",
}
GROUPINGS = {
    "record": "one proposal for each record",
    "sector": "one proposal for each sector",
    "source": "one proposal for each source",
    "together": "as few proposals as possible",
}


class ImportRunQuerySet(models.QuerySet):
    """Imports in the words of the pages."""

    def visible_to(self, user: Any) -> "ImportRunQuerySet":
        """An import is its owner's alone, like a draft."""
        return self.filter(owner=user) if user.is_authenticated else self.none()

    def owed(self) -> "ImportRunQuerySet":
        """Those for which something is to be done."""
        return self.exclude(job="")

    def to_hand_out(self, now: dt.datetime, patience: dt.timedelta) -> "ImportRunQuerySet":
        """Those that nobody works on although they were handed out so long ago that the message must be lost."""
        overdue = Q(handed_out__isnull=True) | Q(handed_out__lt=now - patience)
        return self.owed().filter(overdue, lease_until__isnull=True)

    def abandoned(self, now: dt.datetime) -> "ImportRunQuerySet":
        """Those whose worker hasn't been heard of for too long."""
        return self.owed().filter(lapsed(now, settings.IMPORT_LEASE_SECONDS))


class ImportRun(models.Model):
    """One file on its way.

    `tables` describes what it holds; `plan` is what its columns mean, laid over `mapping`'s. `alarms` are what stopped it,
    `choices` what somebody chose about them (with who and when), `answers` which records are meant. `counts` and the lines
    are the report. The file stands as `stored_as` in the folder of imports until it expires.
    """

    number = models.BigAutoField(primary_key=True)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="import_runs")
    file_name = models.CharField(max_length=200)
    size = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    stored_as = text_column(100)
    encoding = models.CharField(max_length=20, default="utf-8")
    delimiter = text_column(1)
    state = models.CharField(max_length=20, choices=list(STATES.items()), default=UPLOADED)
    reason = models.TextField(blank=True, help_text="Why it failed or stopped, in words for its owner.")

    tables = models.JSONField(default=list, blank=True)
    rows = models.PositiveIntegerField(default=0)
    mapping = models.ForeignKey(
        "reviews.ImportMapping", models.SET_NULL, null=True, blank=True, related_name="runs"
    )
    plan = models.JSONField(default=dict, blank=True)
    alarms = models.JSONField(default=list, blank=True)
    choices = models.JSONField(default=list, blank=True)
    questions = models.JSONField(default=list, blank=True)
    answers = models.JSONField(default=dict, blank=True)
    counts = models.JSONField(default=dict, blank=True)
    profile = models.JSONField(default=dict, blank=True)

    grouping = models.CharField(max_length=20, choices=list(GROUPINGS.items()), default="record")
    title = text_column(120)
    rationale = models.TextField(blank=True)
    batch = text_column(100, db_index=True)
    refusals = models.JSONField(
        default=dict, blank=True, help_text="Why drafts couldn't be submitted, by number."
    )

    job = models.CharField(max_length=20, choices=list(JOBS.items()), blank=True, default="")
    attempt = models.PositiveIntegerField(default=0)
    tries_left = models.PositiveSmallIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    handed_out = models.DateTimeField(null=True, blank=True)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)

    made = models.DateTimeField(auto_now_add=True)
    moved = models.DateTimeField(auto_now_add=True, help_text="When its state last changed.")

    objects = ImportRunQuerySet.as_manager()

    class Meta:
        ordering = ["-number"]
        indexes = [models.Index(fields=["job", "lease_until"], name="import_runs_by_job")]
        constraints = [
            one_of("import_run", "state", STATES),
            one_of("import_run", "grouping", GROUPINGS),
            one_of("import_run", "job", JOBS, blank=True),
            models.CheckConstraint(
                condition=~Q(state=DRAFTED) | ~Q(batch=""), name="a_drafted_import_names_its_batch"
            ),
        ]

    def __str__(self) -> str:
        return f"import {self.number}"

    def get_absolute_url(self) -> str:
        return reverse("import-detail", args=[self.number])


class ImportLine(models.Model):
    """What becomes of one row of a file: the record that it is about, the outcome, and every reason.

    `change` stands with the first row of each record that something is proposed for: base revision and fields.
    """

    run = models.ForeignKey(ImportRun, models.CASCADE, related_name="lines")
    position = models.PositiveIntegerField()
    table = models.CharField(max_length=200)
    number = models.PositiveIntegerField(help_text="As a spreadsheet shows it: the head is row 1.")
    kind = models.CharField(max_length=40)
    record = models.UUIDField(null=True, blank=True)
    label = text_column(300)
    how = text_column(60, help_text="By what the record was found.")
    outcome = models.CharField(max_length=20, choices=list(OUTCOMES.items()))
    worst = models.CharField(max_length=20, choices=list(LEVELS.items()), blank=True, default="")
    findings = models.JSONField(default=list, blank=True)
    question = models.TextField(blank=True)
    change = models.JSONField(null=True, blank=True)

    class Meta:
        ordering = ["run", "position"]
        indexes = [models.Index(fields=["run", "outcome"], name="import_lines_by_outcome")]
        constraints = [
            models.UniqueConstraint(fields=["run", "position"], name="import_lines_are_numbered"),
            one_of("import_line", "outcome", OUTCOMES),
        ]

    def __str__(self) -> str:
        return f"{self.table}, row {self.number}"
