"""What the frame of every page shows."""

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from . import selectors


def register_head(request: HttpRequest) -> dict:
    """The number of the newest changeset, asked for only where a page shows it."""
    return {"register_head": SimpleLazyObject(selectors.register_head)}
