"""Kept forms: what somebody has typed and not saved yet, so that no closed tab or ended session loses it."""

from django.conf import settings
from django.db import models


class KeptForm(models.Model):
    """The fields of one form in one tab. `count` grows with each saving, so that a second tab is noticed."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="kept_forms")
    path = models.CharField(max_length=500, help_text="The page's address, with its question mark.")
    tab = models.UUIDField()
    title = models.CharField(max_length=200, blank=True)
    fields = models.JSONField(help_text="A list of [name, value].")
    count = models.PositiveIntegerField(default=1)
    saved = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["-saved"]
        constraints = [
            models.UniqueConstraint(fields=["user", "path", "tab"], name="one_kept_form_per_page_and_tab")
        ]

    def __str__(self) -> str:
        return self.title or self.path
