"""The ledger: numbered, sealed steps of the register. Append-only; triggers refuse anything else.

docs/ledger.md describes the format; services/publishing.py is the only writer.
"""

from django.db import models
from django.db.models import Q
from django.urls import reverse

PROPOSAL, IMPORT, ADMINISTRATIVE = "proposal", "import", "administrative"
ORIGINS = {PROPOSAL: "proposal", IMPORT: "import, not reviewed", ADMINISTRATIVE: "administrative"}
LONGEST_REFERENCE = 200  # characters


class Changeset(models.Model):
    """One numbered, atomic step of the register, sealed to the one before.

    `authors` are contributor ids, the proposer first. `summary` and `rationale` are commitments; their texts are
    openings. `reviews` holds objects {reviewer, verdict, version, reason}, where reason is a commitment or null.
    """

    number = models.PositiveBigIntegerField(primary_key=True)
    time = models.DateTimeField()
    authors = models.JSONField()
    summary = models.CharField(max_length=64)
    rationale = models.CharField(max_length=64)
    reviews = models.JSONField(default=list)
    origin = models.CharField(max_length=20, choices=list(ORIGINS.items()))
    reference = models.CharField(
        max_length=LONGEST_REFERENCE, blank=True, help_text="What the origin calls itself, opaque here."
    )
    format = models.PositiveSmallIntegerField()
    previous = models.CharField(max_length=64)
    digest = models.CharField(max_length=64, unique=True)

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.CheckConstraint(condition=Q(number__gte=1), name="changesets_are_numbered_from_one"),
            models.CheckConstraint(
                condition=Q(origin__in=list(ORIGINS)), name="changeset_origin_is_in_vocabulary"
            ),
            models.UniqueConstraint(fields=["previous"], name="no_changeset_has_two_successors"),
        ]

    def __str__(self) -> str:
        return f"changeset {self.number}"

    def get_absolute_url(self) -> str:
        return reverse("changeset-detail", args=[self.number])
