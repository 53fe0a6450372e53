"""What who asks may do at all. Which proposals somebody may act on is decided by services, inside the lock.

A view says `scopes = {"GET": "read", "POST": ("propose", "review")}`: the scope that a *token* needs for a method, or several
of which one is enough; a method that isn't there needs none, and sessions need none. Whoever isn't signed in may read,
except where a view says `members_only = True`.
"""

from typing import Any

from rest_framework.exceptions import NotAuthenticated
from rest_framework.permissions import SAFE_METHODS, BasePermission

from chokepoints.api.describing import any_of
from chokepoints.api.problems import ApiProblem

from .authentication import HOW, REALM

SIGN_IN = ("sign in",)


def why_not(view: Any, method: str, user: Any, token: Any) -> tuple[str, ...]:
    """Return why a method of a view isn't open to who asks: SIGN_IN, or the scopes of which one is missing; else ()."""
    signed_in = bool(user and user.is_authenticated)
    if not signed_in:
        closed = method not in SAFE_METHODS or (method != "OPTIONS" and getattr(view, "members_only", False))
        return SIGN_IN if closed else ()
    scopes = getattr(view, "scopes", {})
    wanted = any_of(scopes.get(method) or (scopes.get("GET") if method == "HEAD" else None))
    return wanted if token and wanted and not any(map(token.covers, wanted)) else ()


class Scoped(BasePermission):
    """Lets in by `why_not`. Who is kept out is counted like who is let in, so that refusals can't be had without end."""

    def has_permission(self, request: Any, view: Any) -> bool:
        """Let the request go on. Raises NotAuthenticated, and ApiProblem (403) that names the scope which a token lacks."""
        if request.method not in view.allowed_methods:
            return True  # and so 405, whoever asks
        missing = why_not(view, request.method, request.user, request.auth)
        if not missing:
            return True
        view.check_throttles(request)
        if missing == SIGN_IN:
            raise NotAuthenticated(HOW)
        named = " or ".join(f"“{scope}”" for scope in missing)
        raise ApiProblem(
            403,
            f"This token may not do this: it lacks the scope {named}. Make one that has it on the account page.",
            headers={"WWW-Authenticate": f'{REALM}, error="insufficient_scope", scope="{missing[0]}"'},
            scope=missing[0],
        )
