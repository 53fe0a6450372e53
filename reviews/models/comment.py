"""Comments: what people say to each other about a proposal, or about one field of it."""

from django.db import models
from django.db.models import Q

from chokepoints.models import Contributor

from .proposal import Proposal


class Comment(models.Model):
    """A remark on a proposal, on one of its changes (`record`) or on one field of that (`field`).

    `mentioned` are the people it calls by @name, `calls_reviewers` whether it calls @reviewers. A text that an admin hid
    stays here; `hidden` is the reason that stands in its place.
    """

    proposal = models.ForeignKey(Proposal, models.CASCADE, related_name="comments")
    version = models.PositiveIntegerField()
    author = models.ForeignKey(Contributor, models.PROTECT, related_name="comments")
    record = models.UUIDField(null=True, blank=True)
    field = models.CharField(max_length=60, blank=True)
    text = models.TextField()
    made = models.DateTimeField(auto_now_add=True)
    mentioned = models.ManyToManyField(Contributor, related_name="mentions", blank=True)
    calls_reviewers = models.BooleanField(default=False)
    resolved = models.DateTimeField(null=True, blank=True)
    resolved_by = models.ForeignKey(Contributor, models.PROTECT, null=True, blank=True, related_name="+")
    hidden = models.TextField(blank=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(condition=~Q(text=""), name="comments_say_something"),
            models.CheckConstraint(
                condition=Q(field="") | Q(record__isnull=False), name="a_field_is_one_of_a_record"
            ),
        ]

    def __str__(self) -> str:
        return f"comment on proposal {self.proposal_id}"
