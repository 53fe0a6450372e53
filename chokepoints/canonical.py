"""Canonical bytes, digests and commitments of the ledger (pure). docs/ledger.md describes the format for strangers.

Sources of the rules: RFC 8785 (JSON Canonicalization Scheme), FIPS 180-4 (SHA-256).
"""

import datetime as dt
import hashlib
import json
from decimal import Decimal
from typing import Any

import rfc8785

SALT_BYTES = 16
NO_DIGEST = "0" * 64  # stands where the first changeset would name its predecessor


def canonical(value: Any) -> bytes:
    """Return the RFC 8785 bytes of a JSON value. Raises ValueError for what the standard can't express."""
    return rfc8785.dumps(value)


def digest(value: Any) -> str:
    """Return the SHA-256 of the canonical bytes of `value`, as 64 lower-case hexadecimal digits."""
    return hashlib.sha256(canonical(value)).hexdigest()


def commit(salt: bytes, value: Any) -> str:
    """Return the commitment to `value`: a digest that says nothing about it to whoever lacks the salt."""
    return digest({"salt": salt.hex(), "value": value})


def same_json(one: Any, other: Any) -> bool:
    """Tell whether two JSON values are the same, without Python's `1 == True == 1.0`."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def canonical_time(moment: dt.datetime) -> str:
    """Return an aware datetime as UTC text with exactly six decimals: ``2026-11-24T09:30:00.000000Z``."""
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse_time(text: str) -> dt.datetime:
    """Return the datetime of which `canonical_time` makes `text`. Raises ValueError for any other text."""
    moment = dt.datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=dt.UTC)
    if canonical_time(moment) != text:
        raise ValueError(f"{text!r} is not in canonical form.")
    return moment


def canonical_decimal(number: Decimal) -> str:
    """Return a finite decimal without exponent and without zeros that say nothing: ``0``, ``12.5``, ``100``."""
    text = format(number, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text
