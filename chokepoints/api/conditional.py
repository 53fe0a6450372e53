"""Conditional reads: nothing changes but by a changeset, so its number says whether an answer is still the same."""

import datetime as dt
import hashlib
from typing import Any

from django.conf import settings
from django.http import HttpResponseNotModified
from django.utils.cache import patch_vary_headers
from django.utils.http import http_date, parse_etags, quote_etag

from .moments import Moment
from .problems import ApiProblem


def etag_of(moment: Moment, request: Any) -> str:
    """Return the ETag of a read at a moment. The day is in it because statuses turn with the calendar."""
    asked = (request.scheme, request.get_host(), request.get_full_path())
    parts = (moment.changeset, moment.day, settings.CODE_VERSION, *asked)
    return quote_etag(hashlib.sha256(repr(parts).encode()).hexdigest()[:32])


def not_modified(request: Any, etag: str) -> HttpResponseNotModified | None:
    """Return the 304 for a request that has this answer already, or None. Raises ApiProblem (412) if it asks for another.

    If-Modified-Since is passed over: two changesets may fall into one of its seconds.
    """
    wanted = parse_etags(request.headers.get("If-Match", ""))
    if wanted and "*" not in wanted and etag not in wanted:
        raise ApiProblem(412, "The register has moved on: this is no longer the answer with that ETag.")
    held = [held.removeprefix("W/") for held in parse_etags(request.headers.get("If-None-Match", ""))]
    return HttpResponseNotModified() if etag in held else None


def mark(response: Any, moment: Moment, etag: str) -> Any:
    """Put the headers of a conditional read on an answer."""
    response["ETag"] = etag
    if moment.time:
        # Statuses turn at midnight without a changeset.
        midnight = dt.datetime.combine(moment.day, dt.time(), dt.UTC)
        last = max(moment.time, midnight) if moment.is_now else moment.time
        response["Last-Modified"] = http_date(last.timestamp())
    response["Cache-Control"] = "public, no-cache" if moment.is_now else "public, max-age=3600"
    patch_vary_headers(response, ["Accept"])
    return response
