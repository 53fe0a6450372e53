"""Suggestions: another value for one field, by a reviewer, which the author takes in one click."""

from django.db import models
from django.db.models import Q

from chokepoints.models import Contributor

from ..workflow import SUGGESTION_STATES
from .proposal import Proposal


class Suggestion(models.Model):
    """A value that a reviewer would rather see in one field of one change (None: leave it empty).

    The version that takes it is the author's, so the reviewer keeps the vote; `approval` is the review that they gave
    in advance for the value, if they did.
    """

    proposal = models.ForeignKey(Proposal, models.CASCADE, related_name="suggestions")
    version = models.PositiveIntegerField()
    record = models.UUIDField()
    field = models.CharField(max_length=60)
    value = models.JSONField(null=True)
    words = models.TextField(blank=True)
    reviewer = models.ForeignKey(Contributor, models.PROTECT, related_name="suggestions")
    approval = models.ForeignKey("reviews.Review", models.SET_NULL, null=True, blank=True, related_name="+")
    state = models.CharField(max_length=20, choices=list(SUGGESTION_STATES.items()), default="open")
    made = models.DateTimeField(auto_now_add=True)
    settled = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=list(SUGGESTION_STATES)), name="suggestion_state_is_in_vocabulary"
            ),
            models.UniqueConstraint(
                fields=["proposal", "record", "field", "reviewer"],
                condition=Q(state="open"),
                name="one_open_suggestion_per_reviewer_and_field",
            ),
        ]

    def __str__(self) -> str:
        return f"suggestion for {self.field} in proposal {self.proposal_id}"
