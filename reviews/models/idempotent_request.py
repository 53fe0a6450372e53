"""Idempotent requests: what was answered to a request that may come twice, so that it is done once."""

from django.conf import settings
from django.db import models
from django.db.models import Q


class IdempotentRequest(models.Model):
    """A request with an Idempotency-Key of one user, and the answer that it got.

    Without a `status` nothing has come of it yet: it is under way until `lease_until`, and may run anew after that.
    `attempt` names the run that began last; `fingerprint` is the digest of method, address and body.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="idempotent_requests")
    key = models.CharField(max_length=200)
    fingerprint = models.CharField(max_length=64)
    attempt = models.UUIDField()
    begun = models.DateTimeField(db_index=True)
    lease_until = models.DateTimeField()
    status = models.PositiveSmallIntegerField(null=True, blank=True)
    headers = models.JSONField(default=dict, blank=True)
    body = models.TextField(blank=True, help_text="The answer as JSON; nothing if it had none.")

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["user", "key"], name="one_request_per_user_and_idempotency_key"),
            models.CheckConstraint(
                condition=Q(status__isnull=True) | Q(status__gte=200, status__lt=500),
                name="only_answers_of_the_register_are_kept",
            ),
        ]

    def __str__(self) -> str:
        return f"request {self.key[:20]} of {self.user_id}"
