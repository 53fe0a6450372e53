"""The activity log: who did what, when. Later features fan out from these rows."""

from django.db import models


class Activity(models.Model):
    """One thing that happened. `verb` is from the closed vocabulary in activities.py; `subject` is an opaque reference
    such as ``proposal:17`` or ``changeset:58``."""

    time = models.DateTimeField(auto_now_add=True)
    verb = models.CharField(max_length=60)
    actor = models.ForeignKey("chokepoints.Contributor", models.PROTECT, null=True, related_name="activities")
    subject = models.CharField(max_length=100)
    details = models.JSONField(default=dict)

    class Meta:
        verbose_name_plural = "activities"
        ordering = ["-pk"]
        indexes = [models.Index(fields=["subject"], name="activity_by_subject")]

    def __str__(self) -> str:
        return f"{self.verb} {self.subject}"
