"""Conditional reads and writes of proposals. An ETag is number, version and a digest of the answer: `"17-2-9f86d08…"`.

Reads compare it whole, since an answer depends on who asks, on the register and on the hour. Writes compare number and
version: what may not be overwritten unseen is a version, and a remark made meanwhile makes none.
"""

import hashlib
import json
import re
from typing import Any

from django.utils.http import parse_etags, quote_etag

from chokepoints.api.problems import ApiProblem

_TAG = re.compile(r'"([0-9]{1,18})-([0-9]{1,9})-[0-9a-f]{24}"')
_MOST_IN_HEADER = 4_000  # characters


def etag_of(body: Any, *, number: int = 0, version: int = 0) -> str:
    """Return the ETag of an answer; one of a single proposal says of which version."""
    text = json.dumps(body, sort_keys=True, ensure_ascii=False, default=str)
    digest = hashlib.sha256(text.encode()).hexdigest()[:24]
    return quote_etag(f"{number}-{version}-{digest}" if number else digest)


def is_held(header: str | None, etag: str) -> bool:
    """Tell whether an If-None-Match names what would be answered."""
    held = [one.removeprefix("W/") for one in parse_etags((header or "")[:_MOST_IN_HEADER])]
    return etag in held or "*" in held


def version_in(header: str | None, number: int) -> int | None:
    """Return the version that an If-Match names; None if there is no such header or it is `*`, which names none.

    Raises ApiProblem (412) for tags that aren't of this proposal, or of several versions.
    """
    tags = parse_etags((header or "")[:_MOST_IN_HEADER])
    if not tags or tags == ["*"]:
        return None
    found = {(int(match[1]), int(match[2])) for tag in tags if (match := _TAG.fullmatch(tag))}
    versions = [version for owner, version in found if owner == number]
    if len(versions) != 1:
        words = "If-Match holds no ETag of this proposal. Read it, and send the ETag that came with it."
        raise ApiProblem(412, words, code="stale-version")
    return versions[0]
