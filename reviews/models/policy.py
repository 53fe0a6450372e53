"""Policies: what a change needs by its effect. Register data: published through the one door, like everything else."""

from django.db import models
from django.db.models import Q
from django.urls import reverse

from chokepoints.models.columns import choice_column, one_of
from chokepoints.models.table import Record

from ..kinds import EFFECTS


class Policy(Record):
    """How many approvals and how much evidence a change with one effect needs."""

    key = choice_column(EFFECTS, unique=True)
    approvals = models.PositiveSmallIntegerField()
    evidence = models.PositiveSmallIntegerField()

    class Meta(Record.Meta):
        verbose_name_plural = "policies"
        ordering = ["key"]
        constraints = [
            one_of("policy", "key", EFFECTS),
            models.CheckConstraint(
                condition=Q(approvals__gte=1, approvals__lte=9), name="policy_needs_somebody_else"
            ),
            models.CheckConstraint(condition=Q(evidence__lte=9), name="policy_evidence_up_to_nine"),
        ]

    def __str__(self) -> str:
        return EFFECTS.get(self.key, self.key)

    def get_absolute_url(self) -> str:
        return reverse("record-detail", args=["policy", self.pk])
