"""Organizations that supply, or could."""

from django.db import models
from django.urls import reverse

from .. import vocabularies as words
from .columns import choice_column, country_column, one_of, text_column
from .table import Record


class Organization(Record):
    """A company, institute or other body that sources name."""

    key = models.CharField(max_length=120, unique=True)
    name = models.CharField(max_length=300)
    name_original = text_column(2_000)
    aliases = models.JSONField(default=list, blank=True)
    country = country_column(blank=True, default="")
    kind = choice_column(words.ORGANIZATION_KINDS, blank=True, default="")
    website = text_column(2_000)
    identifiers = models.JSONField(default=list, blank=True)

    class Meta(Record.Meta):
        ordering = ["name"]
        constraints = [
            one_of("organization", "kind", words.ORGANIZATION_KINDS, blank=True),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("organization-detail", args=[self.key])
