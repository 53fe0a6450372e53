"""Conditional reads: nothing changes but by a changeset, so its number says whether an answer is still the same."""

import datetime as dt
import hashlib
from typing import Any

from django.conf import settings
from django.http import HttpResponseNotModified
from django.utils.cache import patch_vary_headers
from django.utils.http import http_date, parse_etags, quote_etag
from rest_framework.renderers import JSONRenderer

from ..moments import Moment
from .problems import ApiProblem

AT_ONCE = "public, no-cache"  # keep it, but ask each time
FOR_AN_HOUR = "public, max-age=3600"
NOT_AT_ALL = "private, no-store"


def is_for_programs(request: Any) -> bool:
    """Tell whether the answer is plain JSON, the same for everybody. A page around it names who is signed in."""
    return request.accepted_renderer.media_type == JSONRenderer.media_type


def etag_of(moment: Moment, request: Any, *besides: Any) -> str:
    """Return the ETag of a read at a moment. The day is in it because statuses turn with the calendar.

    `besides` is what else the answer hangs on.
    """
    asked = (request.scheme, request.get_host(), request.get_full_path(), request.accepted_media_type)
    parts = (moment.changeset, moment.day, settings.CODE_VERSION, *asked, *besides)
    return quote_etag(hashlib.sha256(repr(parts).encode()).hexdigest()[:32])


def not_modified(request: Any, etag: str) -> HttpResponseNotModified | None:
    """Return the 304 for a request that has this answer already, or None. Raises ApiProblem (412) if it asks for another.

    If-Modified-Since is passed over: two changesets may fall into one of its seconds.
    """
    wanted = parse_etags(request.headers.get("If-Match", ""))
    if wanted and "*" not in wanted and etag not in wanted:
        raise ApiProblem(412, "The register has moved on: this is no longer the answer with that ETag.")
    held = [held.removeprefix("W/") for held in parse_etags(request.headers.get("If-None-Match", ""))]
    return HttpResponseNotModified() if etag in held or "*" in held else None


def mark(response: Any, moment: Moment, etag: str) -> Any:
    """Put the headers of a conditional read on an answer."""
    response["ETag"] = etag
    if moment.time:
        # Statuses turn at midnight without a changeset.
        midnight = dt.datetime.combine(moment.day, dt.time(), dt.UTC)
        last = max(moment.time, midnight) if moment.is_now else moment.time
        response["Last-Modified"] = http_date(last.timestamp())
    response["Cache-Control"] = FOR_AN_HOUR if moment.is_settled else AT_ONCE
    patch_vary_headers(response, ["Accept"])
    return response
