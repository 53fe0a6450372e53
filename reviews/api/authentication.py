"""Who is asking: a personal token in `Authorization: Bearer …`, or somebody signed in with a browser.

Whoever holds a whole token may learn that it is expired, revoked or of a deactivated account; everybody else learns only
that it is no valid one. Tokens are taken from nowhere but the header: addresses end up in logs.
"""

import hmac
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed, Throttled, UnsupportedMediaType

from ..models import Token
from ..services.granting import note_use
from ..tokens import digest_of, key_of, looks_like_token
from .throttling import Throttle, address_of

SCHEME = "Bearer"
REALM = f'{SCHEME} realm="chokepoint register"'
FAILURES = "failed"  # the rate of wrong tokens from one address

HOW = f"Identify yourself with “Authorization: {SCHEME} <token>”. Tokens are made on the account page."
NOT_VALID = "This is no valid token."


class TokenAuthentication(BaseAuthentication):
    """A personal token. A request that brings one is never taken for one without."""

    def authenticate(self, request: Any) -> tuple[Any, Token] | None:
        """Return account and token, or None if there is no such header. Raises AuthenticationFailed and Throttled."""
        header = request.META.get("HTTP_AUTHORIZATION")
        if header is None:
            return None
        throttle, address = Throttle(), address_of(request)
        if throttle.exhausted(FAILURES, address):
            raise Throttled(throttle.wait())
        try:
            token = self._token_in(header)
        except AuthenticationFailed:
            request._request.token_was_wrong = True
            throttle.admit(FAILURES, address)
            raise
        note_use(token)
        return token.user, token

    def authenticate_header(self, request: Any) -> str:
        """Return what WWW-Authenticate says with a 401 (RFC 6750)."""
        wrong = getattr(request, "token_was_wrong", False)
        return f'{REALM}, error="invalid_token"' if wrong else REALM

    @sensitive_variables("header", "text")
    def _token_in(self, header: str) -> Token:
        scheme, _, text = header.strip(" ").partition(" ")
        if scheme.lower() != SCHEME.lower():
            raise AuthenticationFailed(HOW)
        text = text.strip(" ")
        if not looks_like_token(text):
            raise AuthenticationFailed(NOT_VALID)
        digest = digest_of(text)
        rows = Token.objects.filter(key=key_of(text)).select_related("user")
        token = next((row for row in rows if hmac.compare_digest(row.digest, digest)), None)
        if token is None:
            raise AuthenticationFailed(NOT_VALID)
        if words := _why_not(token):
            raise AuthenticationFailed(words)
        return token


def _why_not(token: Token) -> str:
    """Say why a token opens nothing, to whoever holds it; "" if it does."""
    if not token.user.is_active:
        return "The account of this token is deactivated."
    if token.revoked:
        return "This token was revoked. Make a new one on the account page."
    if token.expires <= timezone.now():
        return "This token has expired. Make a new one on the account page."
    return ""


class BrowserSession(SessionAuthentication):
    """Somebody signed in with a browser; what changes something needs the CSRF token."""

    def authenticate(self, request: Any) -> tuple[Any, None] | None:
        """Return the account, or None. A request without the session's cookie doesn't ask for the session at all, so that
        public answers don't vary by it. Raises PermissionDenied."""
        if settings.SESSION_COOKIE_NAME not in request._request.COOKIES:
            return None
        return super().authenticate(request)

    def enforce_csrf(self, request: Any) -> None:
        """Check the plain request: the framework's own would have the body parsed before it is known who asks.

        Looking for the CSRF token uses up a multipart body, and the framework would then take the bare form for the data,
        past every parser. Nothing here takes such bodies: raises UnsupportedMediaType.
        """
        if request._request.content_type.startswith("multipart/"):
            raise UnsupportedMediaType(request._request.content_type)
        super().enforce_csrf(request._request)
