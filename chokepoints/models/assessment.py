"""Dated judgements of a chokepoint's dependency status."""

import datetime as dt

from django.db import models
from django.db.models import Case, Value, When
from django.urls import reverse

from .. import vocabularies as words
from ..dates import format_partial
from .columns import (
    choice_column,
    date_fits_precision,
    one_of,
    percent_column,
    precision_column,
    share_is_whole,
    text_column,
)
from .table import Record, RecordQuerySet, RegisterTable


class AssessmentQuerySet(RecordQuerySet):
    """Assessments in the words of the pages. status.py says the same rule for states that aren't published yet."""

    def counting_on(self, day: dt.date) -> "AssessmentQuerySet":
        """Those that can be current on `day`: neither deprecated, retired nor dated later."""
        return self.filter(retired=False, as_of__lte=day).exclude(rank="deprecated")

    def by_precedence(self) -> "AssessmentQuerySet":
        """The one that is current first: latest date, then preferred, then published last."""
        preferred = Case(
            When(rank="preferred", then=Value(1)), default=Value(0), output_field=models.IntegerField()
        )
        # "created_in" without _id would follow the changesets' own order, which is newest first, and so turn it round.
        return self.order_by("-as_of", preferred.desc(), "-created_in_id", "-pk")


class Assessment(Record):
    """A dated judgement of one chokepoint's dependency status, with rationale and the evidence it rests on."""

    chokepoint = models.ForeignKey("chokepoints.Chokepoint", models.PROTECT, related_name="assessments")
    status = choice_column(words.STATUSES)
    as_of = models.DateField()
    as_of_precision = precision_column()
    import_share_low = percent_column()
    import_share_high = percent_column()
    import_share_market = choice_column(words.SHARE_MARKETS, blank=True, default="")
    import_share_segment = text_column()
    import_share_measure = choice_column(words.SHARE_MEASURES, blank=True, default="")
    import_share_year = models.PositiveSmallIntegerField(null=True, blank=True)
    import_share_counted = choice_column(words.SHARE_COUNTINGS, blank=True, default="")
    rationale = models.TextField()
    evidence = models.ManyToManyField(
        "chokepoints.Evidence", through="chokepoints.AssessmentEvidence", related_name="assessments"
    )
    confidence = choice_column(words.CONFIDENCES, blank=True, default="")
    ways_out = models.JSONField(default=list, blank=True)
    rank = choice_column(words.RANKS)
    rank_reason = models.TextField(blank=True)

    objects = AssessmentQuerySet.as_manager()

    class Meta(Record.Meta):
        ordering = ["-as_of", "-created_in_id"]
        indexes = [models.Index(fields=["chokepoint", "-as_of"], name="assessment_by_date")]
        constraints = [
            one_of("assessment", "status", words.STATUSES),
            one_of("assessment", "rank", words.RANKS),
            one_of("assessment", "confidence", words.CONFIDENCES, blank=True),
            date_fits_precision("assessment", "as_of"),
            share_is_whole("assessment", "import_share"),
        ]

    def __str__(self) -> str:
        return f"{self.status} as of {self.as_of_text}"

    @property
    def as_of_text(self) -> str:
        """The date as precisely as it is known: 2018, 2018-05 or 2018-05-30."""
        return format_partial(self.as_of, self.as_of_precision)

    def get_absolute_url(self) -> str:
        return reverse("record-detail", args=["assessment", self.pk])


class AssessmentEvidence(RegisterTable):
    """One piece of evidence that an assessment rests on."""

    assessment = models.ForeignKey(Assessment, models.CASCADE, related_name="evidence_links")
    evidence = models.ForeignKey("chokepoints.Evidence", models.PROTECT, related_name="assessment_links")

    class Meta(RegisterTable.Meta):
        verbose_name_plural = "assessment evidence"
        constraints = [
            models.UniqueConstraint(fields=["assessment", "evidence"], name="evidence_once_per_assessment")
        ]
