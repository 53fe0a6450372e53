"""Strict JSON: one meaning for every body, or a 400 that says where it has none.

RFC 8259 leaves duplicate keys, huge numbers and lone surrogates to each program; here they are refused (as RFC 7493,
I-JSON, does).
"""

import json
import math
import re
from typing import Any

from django.http import UnreadablePostError
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from .problems import ApiProblem

LARGEST = 2_000_000  # bytes: the greatest proposal that the forms could make, several times over
DEEPEST = 30  # levels: the interface itself nests five
LONGEST_NUMBER = 30  # characters
LARGEST_INTEGER = (
    2**53 - 1
)  # beyond it programs that read numbers as doubles disagree (RFC 7493, section 2.2)

# A whole string, which may hold brackets that mean nothing, or one bracket.
_STRINGS_AND_BRACKETS = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[{\]}]', re.DOTALL)


class StrictJSONParser(BaseParser):
    """application/json in UTF-8, as read by `read_json`."""

    media_type = "application/json"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        try:
            body = stream.read(LARGEST + 1)
        except UnreadablePostError as error:
            raise ParseError("The body ended too early.") from error
        if len(body) > LARGEST:
            raise ApiProblem(413, f"The body has more than {LARGEST:,} bytes. Make several requests of it.")
        return read_json(body)


def read_json(body: bytes) -> Any:
    """Return what a body says. Raises ParseError, with the reason, if it isn't strict JSON."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ParseError("The body isn't UTF-8.") from error
    _check_depth(text)
    try:
        value = json.loads(
            text,
            object_pairs_hook=_object,
            parse_constant=_no_constant,
            parse_float=_number,
            parse_int=_integer,
        )
    except (json.JSONDecodeError, RecursionError) as error:
        raise ParseError(f"The body isn't JSON: {error}") from error
    _check_texts(value, "")
    return value


def _check_depth(text: str) -> None:
    """Refuse deep nesting before the reader recurses into it."""
    depth = 0
    for found in _STRINGS_AND_BRACKETS.finditer(text):
        if found[0] in "[{":
            depth += 1
            if depth > DEEPEST:
                raise ParseError(f"The body is nested deeper than {DEEPEST} levels.")
        elif found[0] in "]}":
            depth -= 1


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ParseError(f"The key “{name[:60]}” stands twice in one object.")
        found[name] = value
    return found


def _no_constant(name: str) -> Any:
    raise ParseError(f"{name} is no number in JSON.")


def _number(text: str) -> float:
    number = float(text) if len(text) <= LONGEST_NUMBER else math.inf
    if not math.isfinite(number):
        raise ParseError(f"The number {text[:20]}… is too large or too exact. Decimals go as strings.")
    return number


def _integer(text: str) -> int:
    if len(text) > LONGEST_NUMBER or abs(int(text)) > LARGEST_INTEGER:
        raise ParseError(f"The number {text[:20]}… has too many digits. Large numbers go as strings.")
    return int(text)


def _check_texts(value: Any, path: str) -> None:
    """Refuse what no database and no canonical JSON can carry, wherever it stands."""
    if isinstance(value, str):
        if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
            raise ParseError(f"The text at {path or '/'} holds NUL or half of a surrogate pair.")
    elif isinstance(value, list):
        for position, item in enumerate(value):
            _check_texts(item, f"{path}/{position}")
    elif isinstance(value, dict):
        for name, item in value.items():
            _check_texts(name, f"{path} (a key)")
            _check_texts(item, f"{path}/{name[:60]}")
