"""Limits: the ages and numbers by which proposals move on, where they differ from limits.py."""

from django.db import models

from chokepoints.models.columns import choice_column, one_of

from ..limits import LIMITS


class Limit(models.Model):
    """One limit as an admin set it."""

    key = choice_column({key: limit.words for key, limit in LIMITS.items()}, unique=True)
    value = models.PositiveIntegerField()

    class Meta:
        ordering = ["key"]
        constraints = [one_of("limit", "key", LIMITS)]

    def __str__(self) -> str:
        return self.key
