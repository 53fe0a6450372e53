"""What members arranged for themselves: sectors they know, filters of the queue they come back to."""

from django.db import models

from chokepoints.models import Contributor


class Expertise(models.Model):
    """A sector that a reviewer knows: proposals about it, or about a part of it, come to them first."""

    reviewer = models.ForeignKey(Contributor, models.CASCADE, related_name="expertise")
    sector = models.UUIDField(db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["reviewer", "sector"], name="one_expertise_per_sector")
        ]

    def __str__(self) -> str:
        return f"{self.reviewer} knows sector {self.sector}"


class SavedFilter(models.Model):
    """A filter of the queue under a name: its address without the question mark."""

    owner = models.ForeignKey(Contributor, models.CASCADE, related_name="saved_filters")
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["owner", "name"], name="one_saved_filter_per_name")]

    def __str__(self) -> str:
        return self.name
