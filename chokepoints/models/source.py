"""Sources: the documents that statements were found in, and what they derive from."""

from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from .. import vocabularies as words
from .columns import choice_column, date_fits_precision, one_of, precision_column, text_column
from .table import Record, RegisterTable


class Source(Record):
    """A document."""

    key = models.CharField(max_length=120, unique=True)
    kind = choice_column(words.SOURCE_KINDS)
    title = models.CharField(max_length=500)
    title_original = text_column(2_000)
    publisher = text_column(500)
    author = text_column(500)
    language = text_column(35)
    published_on = models.DateField(null=True, blank=True)
    published_on_precision = precision_column()
    url = text_column(2_000)
    archived_url = text_column(2_000)
    derivation = choice_column(words.DERIVATIONS)
    derived_from = models.ManyToManyField(
        "self", through="chokepoints.SourceDerivation", symmetrical=False, related_name="derivatives"
    )
    reliability = choice_column(words.RELIABILITIES, blank=True, default="")
    seen = choice_column(words.SEEN, blank=True, default="")
    standing = choice_column(words.STANDINGS)
    standing_reason = models.TextField(blank=True)

    class Meta(Record.Meta):
        ordering = ["key"]
        constraints = [
            one_of("source", "kind", words.SOURCE_KINDS),
            one_of("source", "derivation", words.DERIVATIONS),
            one_of("source", "reliability", words.RELIABILITIES, blank=True),
            one_of("source", "seen", words.SEEN, blank=True),
            one_of("source", "standing", words.STANDINGS),
            date_fits_precision("source", "published_on"),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("source-detail", args=[self.key])


class SourceDerivation(RegisterTable):
    """A source derives from another."""

    source = models.ForeignKey(Source, models.CASCADE, related_name="derivations")
    origin = models.ForeignKey(Source, models.PROTECT, related_name="+")

    class Meta(RegisterTable.Meta):
        constraints = [
            models.UniqueConstraint(fields=["source", "origin"], name="one_derivation_per_pair"),
            models.CheckConstraint(condition=~Q(source=F("origin")), name="no_source_derives_from_itself"),
        ]
