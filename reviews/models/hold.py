"""Holds: a proposal set aside until a day or an event, with a reason."""

from django.db import models
from django.db.models import Q

from chokepoints.models import Contributor

from ..workflow import STATES
from .proposal import Proposal


class Hold(models.Model):
    """A proposal is set aside until a day begins (`until`, UTC) or another proposal has ended (`awaited`).

    It returns by itself to `held_from`; `ended` says when it did.
    """

    proposal = models.ForeignKey(Proposal, models.CASCADE, related_name="holds")
    reason = models.TextField()
    until = models.DateField(null=True, blank=True, db_index=True)
    awaited = models.ForeignKey(Proposal, models.PROTECT, null=True, blank=True, related_name="awaited_by")
    held_from = models.CharField(max_length=20, choices=list(STATES.items()))
    placed_by = models.ForeignKey(Contributor, models.PROTECT, related_name="+")
    placed = models.DateTimeField(auto_now_add=True)
    ended = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["proposal"], condition=Q(ended__isnull=True), name="one_standing_hold_per_proposal"
            ),
            models.CheckConstraint(
                condition=Q(until__isnull=False) | Q(awaited__isnull=False), name="a_hold_ends_some_time"
            ),
        ]

    def __str__(self) -> str:
        return f"hold of proposal {self.proposal_id}"
