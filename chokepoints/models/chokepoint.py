"""Chokepoints, and where they stand on published lists."""

import datetime as dt
from collections.abc import Iterable

from django.db import models
from django.db.models import OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.urls import reverse

from ..vocabularies import UNASSESSED
from .assessment import Assessment
from .columns import country_column, date_fits_precision, precision_column, text_column
from .supply import Supply
from .table import Record, RecordQuerySet, RegisterTable


class ChokepointQuerySet(RecordQuerySet):
    """Chokepoints in the words of the pages."""

    def with_status(self, day: dt.date) -> "ChokepointQuerySet":
        """Add `status` (with "unassessed"), `status_as_of` (date) and `current_assessment_id` as they are on `day`."""
        current = Assessment.objects.counting_on(day).filter(chokepoint=OuterRef("pk")).by_precedence()
        return self.annotate(
            current_assessment_id=Subquery(current.values("pk")[:1]),
            status=Coalesce(Subquery(current.values("status")[:1]), models.Value(UNASSESSED)),
            status_as_of=Subquery(current.values("as_of")[:1]),
        )

    def supplied_from(self, countries: Iterable[str]) -> "ChokepointQuerySet":
        """Those with a foreign supplier from any of some countries: the country named, or the supplier's seat."""
        countries = list(countries)
        supplies = Supply.objects.in_force().filter(role="foreign-supplier")
        supplies = supplies.filter(Q(country__in=countries) | Q(organization__country__in=countries))
        return self.filter(pk__in=supplies.values("chokepoint"))


class Chokepoint(Record):
    """A technology for which a country depends on foreign supply."""

    key = models.CharField(max_length=120, unique=True)
    name = models.CharField(max_length=300)
    name_original = text_column(2_000)
    aliases = models.JSONField(default=list, blank=True)
    dependent_country = country_column()
    scope = models.TextField(blank=True)
    sector = models.ForeignKey("chokepoints.Sector", models.PROTECT, related_name="chokepoints")
    part_of = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="parts")
    summary = models.TextField(blank=True)
    description = models.TextField(blank=True)
    barriers = models.JSONField(default=list, blank=True)
    identifiers = models.JSONField(default=list, blank=True)

    objects = ChokepointQuerySet.as_manager()

    class Meta(Record.Meta):
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("chokepoint-detail", args=[self.key])


class Listing(RegisterTable):
    """A chokepoint's place on a list."""

    chokepoint = models.ForeignKey(Chokepoint, models.CASCADE, related_name="listings")
    list = models.ForeignKey("chokepoints.ChokepointList", models.PROTECT, related_name="listings")
    number = models.PositiveIntegerField(null=True, blank=True)
    headline = text_column(1_000)
    named_on = models.DateField(null=True, blank=True)
    named_on_precision = precision_column()

    class Meta(RegisterTable.Meta):
        ordering = ["list", "number"]
        constraints = [
            models.UniqueConstraint(fields=["chokepoint", "list"], name="one_place_per_chokepoint_and_list"),
            models.CheckConstraint(
                condition=Q(number__isnull=True) | Q(number__gte=1), name="listing_number_from_one"
            ),
            date_fits_precision("listing", "named_on"),
        ]

    def __str__(self) -> str:
        return f"{self.chokepoint} on {self.list}"
