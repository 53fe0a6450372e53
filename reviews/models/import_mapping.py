"""Remembered mappings: what the columns of somebody's files mean, and what the last file had."""

from django.conf import settings
from django.db import models


class ImportMapping(models.Model):
    """One mapping under a name of its owner's.

    `plan` is chokepoints/imports/mapping.py's as JSON: kinds, columns, what an empty cell means, which words mean unknown and
    none. `profile` is what the last file had under it (meaning.py); empty until one was drafted.
    """

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="import_mappings")
    name = models.CharField(max_length=100)
    plan = models.JSONField(default=dict)
    profile = models.JSONField(default=dict, blank=True)
    saved = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["owner", "name"], name="one_mapping_per_owner_and_name")
        ]

    def __str__(self) -> str:
        return self.name
