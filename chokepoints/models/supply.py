"""Who supplies what."""

from django.db import models
from django.db.models import Q
from django.urls import reverse

from .. import vocabularies as words
from ..fields import COUNTRIES
from .columns import (
    choice_column,
    country_column,
    date_fits_precision,
    one_of,
    percent_column,
    precision_column,
    share_is_whole,
    text_column,
)
from .table import Record, RegisterTable


class Supply(Record):
    """An organization's or a country's role for a chokepoint."""

    chokepoint = models.ForeignKey("chokepoints.Chokepoint", models.PROTECT, related_name="supplies")
    organization = models.ForeignKey(
        "chokepoints.Organization", models.PROTECT, null=True, blank=True, related_name="supplies"
    )
    country = country_column(blank=True, default="")
    role = choice_column(words.SUPPLY_ROLES)
    share_low = percent_column()
    share_high = percent_column()
    share_market = choice_column(words.SHARE_MARKETS, blank=True, default="")
    share_segment = text_column()
    share_measure = choice_column(words.SHARE_MEASURES, blank=True, default="")
    share_year = models.PositiveSmallIntegerField(null=True, blank=True)
    share_counted = choice_column(words.SHARE_COUNTINGS, blank=True, default="")
    as_of = models.DateField(null=True, blank=True)
    as_of_precision = precision_column()
    evidence = models.ManyToManyField(
        "chokepoints.Evidence", through="chokepoints.SupplyEvidence", related_name="supplies"
    )

    class Meta(Record.Meta):
        verbose_name_plural = "supplies"
        ordering = ["role", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(organization__isnull=False, country="")
                | (Q(organization__isnull=True) & ~Q(country="")),
                name="supply_names_one_of_organization_and_country",
            ),
            one_of("supply", "role", words.SUPPLY_ROLES),
            date_fits_precision("supply", "as_of"),
            share_is_whole("supply", "share"),
        ]

    def __str__(self) -> str:
        party = self.organization or COUNTRIES.get(self.country, self.country)
        return f"{party} as {words.SUPPLY_ROLES[self.role]} of {self.chokepoint}"

    def get_absolute_url(self) -> str:
        return reverse("record-detail", args=["supply", self.pk])


class SupplyEvidence(RegisterTable):
    """One piece of evidence for a supply."""

    supply = models.ForeignKey(Supply, models.CASCADE, related_name="evidence_links")
    evidence = models.ForeignKey("chokepoints.Evidence", models.PROTECT, related_name="supply_links")

    class Meta(RegisterTable.Meta):
        verbose_name_plural = "supply evidence"
        constraints = [
            models.UniqueConstraint(fields=["supply", "evidence"], name="evidence_once_per_supply")
        ]
