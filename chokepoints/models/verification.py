"""What verifying the ledger found, each time. Observations by a machine: beside the ledger, not in it."""

from django.db import models


class Verification(models.Model):
    """One run of the verification."""

    started = models.DateTimeField(auto_now_add=True)
    finished = models.DateTimeField(null=True)
    head = models.PositiveBigIntegerField(default=0, help_text="The last changeset that was verified.")
    head_digest = models.CharField(max_length=64, blank=True)
    problem = models.TextField(blank=True, help_text="Empty if all agreed.")

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"verification of {self.started:%Y-%m-%d %H:%M}"
