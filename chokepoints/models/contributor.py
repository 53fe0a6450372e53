"""The public identities that the ledger names."""

import uuid

from django.conf import settings
from django.db import models


class Contributor(models.Model):
    """A public identity: random id, display name, affiliation. The account behind it can be erased."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="contributor"
    )
    display_name = models.CharField(max_length=200)
    affiliation = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["display_name"]

    def __str__(self) -> str:
        return self.display_name
