"""Claims: who is on it, so that two reviewers don't read the same proposal while another waits."""

import datetime as dt

from django.db import models
from django.db.models import Q

from chokepoints.models import Contributor

from .proposal import Proposal


class ClaimQuerySet(models.QuerySet):
    """Claims in the words of the pages."""

    def standing(self, now: dt.datetime) -> "ClaimQuerySet":
        """Those that were neither given back nor have lapsed."""
        return self.filter(ended__isnull=True, lapses__gt=now)


class Claim(models.Model):
    """A reviewer is on it, until `lapses`; `given_by` is who handed it to them, if somebody did."""

    proposal = models.ForeignKey(Proposal, models.CASCADE, related_name="claims")
    reviewer = models.ForeignKey(Contributor, models.PROTECT, related_name="claims")
    given_by = models.ForeignKey(Contributor, models.PROTECT, null=True, blank=True, related_name="+")
    taken = models.DateTimeField(auto_now_add=True)
    lapses = models.DateTimeField()
    ended = models.DateTimeField(null=True, blank=True)

    objects = ClaimQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["proposal"], condition=Q(ended__isnull=True), name="one_claim_at_a_time"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reviewer} is on proposal {self.proposal_id}"
