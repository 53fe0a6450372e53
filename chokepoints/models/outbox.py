"""The outbox: activities of which people are still to be told."""

import datetime as dt

from django.db import models
from django.utils import timezone

from .activity import Activity


class OutboxQuerySet(models.QuerySet):
    """What is owed, in the words of the sweep."""

    def overdue(self, now: dt.datetime, patience: dt.timedelta) -> "OutboxQuerySet":
        """What was owed so long ago that the broker must have lost it, and is due to be tried, oldest first."""
        return self.filter(made__lte=now - patience, due__lte=now).order_by("pk")


class Outbox(models.Model):
    """One activity that is still to be told, written in the transaction of what happened; it goes when all who hear of it do.

    `due` is when it may be tried again after `attempts` that failed, `error` what the last one said.
    """

    activity = models.OneToOneField(Activity, models.CASCADE, primary_key=True, related_name="owed")
    made = models.DateTimeField(auto_now_add=True)
    due = models.DateTimeField(default=timezone.now, db_index=True)
    attempts = models.PositiveIntegerField(default=0)
    error = models.TextField(blank=True)

    objects = OutboxQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "outbox"

    def __str__(self) -> str:
        return f"owed: {self.activity_id}"
