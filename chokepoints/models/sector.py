"""Sectors of technology."""

from django.db import models
from django.urls import reverse

from .columns import text_column
from .table import Record


class Sector(Record):
    """A field of technology that chokepoints are sorted into; sectors may have parts."""

    key = models.CharField(max_length=120, unique=True)
    name = models.CharField(max_length=300)
    name_original = text_column(2_000)
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="parts")
    description = models.TextField(blank=True)

    class Meta(Record.Meta):
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("record-detail", args=["sector", self.pk])
