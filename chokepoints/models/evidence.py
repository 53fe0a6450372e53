"""Evidence: single statements found in sources, and what they bear on."""

from collections.abc import Iterable

from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.text import Truncator

from .. import vocabularies as words
from .columns import choice_column, date_fits_precision, one_of, precision_column, text_column
from .table import Record, RecordQuerySet, RegisterTable


class EvidenceQuerySet(RecordQuerySet):
    """Evidence in the words of the pages."""

    def with_stance(self, stances: Iterable[str]) -> "EvidenceQuerySet":
        """Evidence that takes any of some stances towards anything."""
        return self.filter(pk__in=Bearing.objects.filter(stance__in=list(stances)).values("evidence"))


class Evidence(Record):
    """One statement found in one source."""

    source = models.ForeignKey("chokepoints.Source", models.PROTECT, related_name="evidence")
    own_finding = models.BooleanField(default=False)
    rests_on = models.ManyToManyField(
        "chokepoints.Source", through="chokepoints.EvidenceBasis", related_name="bases"
    )
    said_by = text_column(500)
    claim = models.TextField()
    quote = models.TextField(blank=True)
    quote_language = text_column(35)
    locator = text_column()
    translation = models.TextField(blank=True)
    translator = choice_column(words.TRANSLATORS, blank=True, default="")
    observed_on = models.DateField(null=True, blank=True)
    observed_on_precision = precision_column()
    about_from = models.DateField(null=True, blank=True)
    about_from_precision = precision_column()
    about_to = models.DateField(null=True, blank=True)
    about_to_precision = precision_column()
    nature = choice_column(words.NATURES)
    stage = choice_column(words.STAGES, blank=True, default="")
    credibility = models.PositiveSmallIntegerField(null=True, blank=True)

    objects = EvidenceQuerySet.as_manager()

    class Meta(Record.Meta):
        verbose_name_plural = "evidence"
        ordering = ["source", "pk"]
        constraints = [
            one_of("evidence", "nature", words.NATURES),
            one_of("evidence", "stage", words.STAGES, blank=True),
            one_of("evidence", "translator", words.TRANSLATORS, blank=True),
            models.CheckConstraint(
                condition=Q(credibility__isnull=True) | Q(credibility__gte=1, credibility__lte=6),
                name="evidence_credibility_from_1_to_6",
            ),
            models.CheckConstraint(
                condition=Q(about_from__isnull=True)
                | Q(about_to__isnull=True)
                | Q(about_from__lte=F("about_to")),
                name="evidence_period_runs_forward",
            ),
            date_fits_precision("evidence", "observed_on"),
            date_fits_precision("evidence", "about_from"),
            date_fits_precision("evidence", "about_to"),
        ]

    def __str__(self) -> str:
        return Truncator(self.claim).chars(90)

    def get_absolute_url(self) -> str:
        return reverse("evidence-detail", args=[self.pk])


class EvidenceBasis(RegisterTable):
    """A source that one statement rests on, other than what its own source derives from."""

    evidence = models.ForeignKey(Evidence, models.CASCADE, related_name="bases")
    source = models.ForeignKey("chokepoints.Source", models.PROTECT, related_name="+")

    class Meta(RegisterTable.Meta):
        verbose_name_plural = "evidence bases"
        constraints = [
            models.UniqueConstraint(fields=["evidence", "source"], name="one_basis_per_evidence_and_source")
        ]


class Bearing(RegisterTable):
    """What a piece of evidence says about one chokepoint or list."""

    evidence = models.ForeignKey(Evidence, models.CASCADE, related_name="bearings")
    chokepoint = models.ForeignKey(
        "chokepoints.Chokepoint", models.PROTECT, null=True, blank=True, related_name="bearings"
    )
    list = models.ForeignKey(
        "chokepoints.ChokepointList", models.PROTECT, null=True, blank=True, related_name="bearings"
    )
    stance = choice_column(words.STANCES)
    note = models.TextField(blank=True)

    class Meta(RegisterTable.Meta):
        constraints = [
            models.CheckConstraint(
                condition=Q(chokepoint__isnull=False, list__isnull=True)
                | Q(chokepoint__isnull=True, list__isnull=False),
                name="bearing_names_one_of_chokepoint_and_list",
            ),
            models.UniqueConstraint(
                fields=["evidence", "chokepoint"],
                condition=Q(chokepoint__isnull=False),
                name="one_bearing_per_evidence_and_chokepoint",
            ),
            models.UniqueConstraint(
                fields=["evidence", "list"],
                condition=Q(list__isnull=False),
                name="one_bearing_per_evidence_and_list",
            ),
            one_of("bearing", "stance", words.STANCES),
        ]
