"""Reviews: one reviewer's verdict on one version of a proposal."""

from django.db import models
from django.db.models import Q

from chokepoints.models import Contributor

from ..workflow import REJECTION_REASONS, STATES, VERDICTS
from .proposal import Proposal


class Review(models.Model):
    """A verdict. `covers` maps each change's record id to its parts, and each part to the digest of what was judged; an
    approval counts for a part while that is still what would be published.

    `about` lists the records whose changes a request is about (empty: all); `state_before` is where undoing leads back to.
    An approval that came along when changes were split off names the one it was in `carried_from`.
    """

    proposal = models.ForeignKey(Proposal, models.CASCADE, related_name="reviews")
    version = models.PositiveIntegerField()
    reviewer = models.ForeignKey(Contributor, models.PROTECT, related_name="reviews")
    verdict = models.CharField(max_length=20, choices=list(VERDICTS.items()))
    reason = models.CharField(max_length=20, choices=list(REJECTION_REASONS.items()), blank=True)
    comment = models.TextField(blank=True)
    covers = models.JSONField(default=dict)
    about = models.JSONField(default=list)
    state_before = models.CharField(max_length=20, choices=list(STATES.items()), default="open")
    carried_from = models.ForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="carried")
    given = models.DateTimeField(auto_now_add=True)
    dismissed = models.DateTimeField(null=True, blank=True)
    dismissed_by = models.ForeignKey(Contributor, models.PROTECT, null=True, blank=True, related_name="+")
    dismissal = models.TextField(blank=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(condition=Q(verdict__in=list(VERDICTS)), name="verdict_is_in_vocabulary"),
            models.CheckConstraint(
                condition=Q(verdict="approve") | ~Q(comment=""), name="only_approvals_go_without_words"
            ),
            models.CheckConstraint(
                condition=Q(reason="") | Q(reason__in=list(REJECTION_REASONS)),
                name="rejection_reason_is_in_vocabulary",
            ),
            models.CheckConstraint(
                condition=Q(dismissed__isnull=True) | (Q(verdict="request_changes") & ~Q(dismissal="")),
                name="only_requests_are_dismissed_and_with_words",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.verdict} of version {self.version} of proposal {self.proposal_id}"
