"""The interface in a browser: each answer as a page of the site, and a form whose box holds a JSON body.

Programs get JSON: the page comes only where text/html is asked for before anything else. It works without scripts, so
the form is an ordinary one; a parser reads the JSON out of its one field.
"""

import json
import re
from typing import Any

from django.contrib.auth import get_user
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BrowsableAPIRenderer

from chokepoints.api.parsing import read_json

from .permissions import why_not

BOX = "body"  # the form's field
NOT_FOR_PAGES = ("ETag", "Last-Modified")  # they are those of the JSON

# In indented JSON: an indent, a key, a text, another value, punctuation. A text may hold anything but a bare quote.
_PIECES = re.compile(
    r'(?P<key>"(?:[^"\\]|\\.)*+")(?=: )|(?P<text>"(?:[^"\\]|\\.)*+")|(?P<word>\btrue\b|\bfalse\b|\bnull\b|-?\d[\d.eE+-]*)'
)


class PageRenderer(BrowsableAPIRenderer):
    """An answer as a page, in the site's own look, never kept by anybody but the one who asked."""

    format = "html"

    def render(self, data: Any, accepted_media_type: Any = None, renderer_context: Any = None) -> str:
        """Return the page, and make the headers those of a page."""
        response = renderer_context["response"]
        page = super().render(data, accepted_media_type, renderer_context)
        for name in NOT_FOR_PAGES:
            response.headers.pop(name, None)
        response["Cache-Control"] = "private, no-store"
        response["Content-Type"] = f"{self.media_type}; charset={self.charset}"
        return page

    def get_context(self, data: Any, accepted_media_type: Any, renderer_context: Any) -> dict[str, Any]:
        """Return what templates/rest_framework/api.html shows."""
        view, request, response = (renderer_context[name] for name in ("view", "request", "response"))
        # The frame of the page greets whoever is signed in, on views too that don't ask who is.
        plain = request._request
        plain.user = get_user(plain)
        return {
            "user": plain.user,
            "name": self.get_name(view),
            "description": (view.__doc__ or "").strip().partition("\n")[0],
            "breadcrumbs": self.get_breadcrumbs(request)[:-1],
            "method": request.method,
            "address": request.get_full_path(),
            "status": f"{response.status_code} {response.reason_phrase}",
            "is_error": response.status_code >= 400,
            "allowed_methods": [method for method in view.allowed_methods if method != "OPTIONS"],
            "headers": [(name, response[name]) for name in ("Location", "Retry-After") if name in response],
            "shown": as_html(data),
            "json_address": _json_address(request),
            "may_post": "POST" in view.allowed_methods
            and plain.user.is_authenticated
            and not why_not(view, "POST", plain.user, None),
            "box": BOX,
            "typed": plain.POST.get(BOX, "") if response.status_code >= 400 else "",
        }


def _json_address(request: Any) -> str:
    query = request.query_params.copy()
    query["format"] = "json"
    return f"{request.path}?{query.urlencode()}"


def as_html(data: Any) -> SafeString:
    """Return a JSON value, indented, as HTML: keys, texts and other values told apart, addresses clickable.

    Not a template: a page of 500 records is some ten thousand pieces.
    """
    shown = json.dumps(data, ensure_ascii=False, indent=2, default=str)
    parts, end = [], 0
    for piece in _PIECES.finditer(shown):
        parts += [escape(shown[end : piece.start()]), _marked(piece)]
        end = piece.end()
    return mark_safe("".join([*parts, escape(shown[end:])]))


def _marked(piece: re.Match[str]) -> str:
    address = _leads_to(piece) if piece.lastgroup == "text" else ""
    if address:
        return f'<a href="{escape(address)}">{escape(piece[0])}</a>'
    return f'<span class="json-{piece.lastgroup}">{escape(piece[0])}</span>'


def _leads_to(piece: re.Match[str]) -> str:
    """Return the address that a JSON text is, or "". Only http and https; nothing else is made clickable."""
    text = json.loads(piece[0])
    return text if re.fullmatch(r"https?://[^\s\"<>]+", text) else ""


class BoxParser(BaseParser):
    """The JSON in the box of the page's form. Only for somebody signed in with a browser; programs send JSON."""

    media_type = "application/x-www-form-urlencoded"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        """Return what the box says, read as strictly as a body. Raises UnsupportedMediaType and ParseError."""
        request = parser_context["request"]
        is_ours = BOX in request._request.POST
        if not is_ours or not isinstance(request.successful_authenticator, SessionAuthentication):
            raise UnsupportedMediaType(media_type)
        return read_json(request._request.POST.get(BOX, "").encode("utf-8", "surrogatepass"))
