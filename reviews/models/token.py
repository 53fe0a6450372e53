"""Personal tokens: what a program shows instead of a password."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from chokepoints.models.columns import one_of

from ..tokens import PREFIX, SCOPE_SETS, SHOWN


class TokenQuerySet(models.QuerySet):
    """Tokens in the words of the account page."""

    def in_force(self) -> "TokenQuerySet":
        """Those that open something now."""
        return self.filter(revoked=None, expires__gt=timezone.now())

    def ended(self) -> "TokenQuerySet":
        """Those that open nothing any more."""
        return self.exclude(revoked=None, expires__gt=timezone.now())


class Token(models.Model):
    """One token of one account. The token itself is shown once and kept nowhere; `digest` is what it is known by.

    `made_by` is the form that it was made with: the same form sent again makes no second token.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=60)
    key = models.CharField(max_length=SHOWN, db_index=True, help_text="The beginning of the token.")
    digest = models.CharField(max_length=64)
    scopes = models.CharField(max_length=40, help_text="Separated by blanks.")
    made = models.DateTimeField(auto_now_add=True)
    made_by = models.UUIDField(editable=False)
    expires = models.DateTimeField()
    last_used = models.DateTimeField(null=True, help_text="To the minute.")
    revoked = models.DateTimeField(null=True)

    objects = TokenQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["digest"], name="one_token_per_digest"),
            models.UniqueConstraint(fields=["user", "made_by"], name="one_token_per_form"),
            one_of("token", "scopes", SCOPE_SETS),
            models.CheckConstraint(condition=Q(expires__gt=F("made")), name="token_expires_after_it_is_made"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def beginning(self) -> str:
        """The part of the token that its owner knows it again by."""
        return f"{PREFIX}{self.key}…"

    @property
    def scope_set(self) -> list[str]:
        """What it may do."""
        return self.scopes.split()

    @property
    def state(self) -> str:
        """Return "in force", "revoked" or "expired"."""
        if self.revoked:
            return "revoked"
        return "in force" if self.expires > timezone.now() else "expired"

    def covers(self, scope: str) -> bool:
        """Tell whether it may do what needs a scope; it never may more than its user."""
        return scope in self.scope_set
