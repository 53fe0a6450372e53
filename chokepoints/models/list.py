"""Published lists of chokepoints."""

from django.db import models
from django.urls import reverse

from .columns import country_column, date_fits_precision, precision_column, text_column
from .table import Record


class ChokepointList(Record):
    """A published list of chokepoints, such as the newspaper's 35 of 2018."""

    key = models.CharField(max_length=120, unique=True)
    name = models.CharField(max_length=300)
    name_original = text_column(2_000)
    issuer = models.CharField(max_length=500)
    dependent_country = country_column()
    issued_on = models.DateField(null=True, blank=True)
    issued_on_precision = precision_column()
    definition = models.TextField(blank=True)
    criteria = models.TextField(blank=True)
    goals = models.TextField(blank=True)
    source = models.ForeignKey(
        "chokepoints.Source", models.PROTECT, null=True, blank=True, related_name="lists"
    )

    class Meta(Record.Meta):
        verbose_name = "list"
        ordering = ["key"]
        constraints = [
            date_fits_precision("list", "issued_on"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("list-detail", args=[self.key])
