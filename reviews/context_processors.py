"""What every page may ask about whoever looks at it."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from .selectors.inbox import badge_of
from .services.roles import is_reviewer


def member(request: HttpRequest) -> dict[str, Any]:
    """Return whether the visitor may review; nobody is asked before a page wants to know. And whether mails are shown."""
    return {
        "may_review": SimpleLazyObject(lambda: is_reviewer(getattr(request, "user", None))),
        "mails_shown": settings.MAILS_SHOWN,
    }


def inbox(request: HttpRequest) -> dict[str, Any]:
    """Return what the badge of the inbox shows, asked for only where a page shows it, and how often it asks anew."""
    return {
        "inbox_badge": lambda: badge_of(request.user),
        "inbox_poll": settings.INBOX_POLL_SECONDS,
    }
