"""Reviews: one reviewer's verdict on one version of a proposal."""

from django.db import models
from django.db.models import Q

from chokepoints.models import Contributor

from ..workflow import VERDICTS
from .proposal import Proposal


class Review(models.Model):
    """A verdict. `covers` maps each change's record id to the digest of what was judged; an approval counts while that
    is still what would be published."""

    proposal = models.ForeignKey(Proposal, models.CASCADE, related_name="reviews")
    version = models.PositiveIntegerField()
    reviewer = models.ForeignKey(Contributor, models.PROTECT, related_name="reviews")
    verdict = models.CharField(max_length=20, choices=list(VERDICTS.items()))
    comment = models.TextField(blank=True)
    covers = models.JSONField(default=dict)
    given = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(condition=Q(verdict__in=list(VERDICTS)), name="verdict_is_in_vocabulary"),
            models.CheckConstraint(
                condition=Q(verdict="approve") | ~Q(comment=""), name="only_approvals_go_without_words"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.verdict} of version {self.version} of proposal {self.proposal_id}"
