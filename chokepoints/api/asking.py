"""What the text of a query parameter becomes: form fields that clean one value or several, and say what is wrong.

Only plain ASCII digits make a number, an id or a date: Python would also read full-width ones, and underscores.
"""

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict

from ..dates import parse_partial
from ..models import RecordKey
from ..moments import LONGEST_NUMBER, is_number, last_before, read_time
from .known import canonical_id
from .problems import is_unfit, quoted, unknown, wrong_parameter

LONGEST_VALUE = 5_000  # characters of one parameter
MOST_VALUES = 100
MOST_NAMED = 40  # choices that a refusal lists


def check_parameters(query: QueryDict, known: Sequence[str]) -> None:
    """Refuse parameters that mean nothing here, and those that stand twice or hold what no column can."""
    for name, values in query.lists():
        if name not in known:
            raise unknown(name, known)
        if len(values) > 1:
            raise wrong_parameter(name, "This stands twice. Several values go into one, with commas between.")
        if is_unfit(values[0]):
            raise wrong_parameter(name, "This holds NUL or half of a surrogate pair.")
        if not values[0].strip():
            raise wrong_parameter(name, "This is empty. Leave it out, or give it a value.")
        if len(values[0]) > LONGEST_VALUE:
            raise wrong_parameter(name, f"This is longer than {LONGEST_VALUE:,} characters.")


def names_in(query: QueryDict, parameter: str, known: Sequence[str]) -> frozenset[str] | None:
    """Return the names that a parameter lists, or None if it isn't there. Raises ApiProblem (400) for an unknown one."""
    if not query.get(parameter):
        return None
    names: set[str] = set()
    for name in query[parameter].split(","):
        if name not in known:
            raise unknown(name, known, "member", parameter=parameter)
        if name in names:
            raise wrong_parameter(parameter, f"“{name}” stands twice.")
        names.add(name)
    return frozenset(names)


class Several(forms.CharField):
    """Several values with commas between, each cleaned by `one`."""

    def __init__(self, *, one: forms.Field, **options: Any):
        self.one = one
        super().__init__(**options)

    def clean(self, value: Any) -> list[Any]:
        return [self.one.clean(part) for part in parts_of(value)]


def parts_of(value: Any) -> list[str]:
    """Return the values between commas. Raises ValidationError for too many, or an empty one."""
    if value in (None, ""):
        return []
    parts = str(value).split(",")
    if len(parts) > MOST_VALUES:
        raise ValidationError(f"At most {MOST_VALUES} values fit here.")
    if not all(part.strip() for part in parts):
        raise ValidationError("There is a comma with no value beside it.")
    return parts


class OneOf(forms.CharField):
    """One of some values."""

    def __init__(self, values: Iterable[Any], **options: Any):
        self.values = tuple(map(str, values))
        super().__init__(**options)

    def clean(self, value: Any) -> str:
        text = super().clean(value)
        if text and text not in self.values:
            named = (
                f" one of: {', '.join(self.values)}" if len(self.values) <= MOST_NAMED else " a value of it"
            )
            raise ValidationError(f"{quoted(text)} isn't{named}.")
        return text


class CountryCode(OneOf):
    """An ISO 3166-1 code."""

    def clean(self, value: Any) -> str:
        try:
            return super().clean(value)
        except ValidationError as error:
            raise ValidationError("This is a country's code of two letters (ISO 3166-1), or EU.") from error


class Pattern(forms.CharField):
    """A text of a fixed form, of which `made` makes the value."""

    pattern = re.compile(r"")
    words = ""

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if text and not self.pattern.fullmatch(text):
            raise ValidationError(self.words)
        return self.made(text) if text else None

    def made(self, text: str) -> Any:
        raise NotImplementedError(f"{type(self).__name__} must say what it makes of a text.")


class WholeNumber(Pattern):
    """A whole number of at most nine digits."""

    pattern = re.compile(r"[0-9]{1,9}")
    words = "This is a whole number of at most nine digits."

    def made(self, text: str) -> int:
        return int(text)


class Percent(Pattern):
    """A percentage, as the bounds of a share are written."""

    pattern = re.compile(r"[0-9]{1,3}(\.[0-9]{1,3})?")
    words = "This is a number of percent with at most three decimals, such as 43.6."

    def made(self, text: str) -> Decimal:
        return Decimal(text)


class RecordId(Pattern):
    """A record's id."""

    pattern = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
    words = "This is a record's id, such as 3f2b8c1e-0000-4000-8000-000000000000."

    def made(self, text: str) -> str | None:
        return canonical_id(text)


class Records(forms.CharField):
    """Records by id or key, with commas between if `several`; their ids come out."""

    def __init__(self, *, kinds: Iterable[str], several: bool = False, **options: Any):
        self.kinds, self.several = tuple(kinds), several
        super().__init__(**options)

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        names = parts_of(text) if self.several else [text] if text else []
        ids = {name: found for name in names if (found := canonical_id(name))}
        keys = RecordKey.objects.filter(kind__in=self.kinds, key__in=[n for n in names if n not in ids])
        ids |= {key: str(record) for key, record in keys.values_list("key", "record")}
        for name in names:
            if name not in ids:
                raise ValidationError(
                    f"There is no {' or '.join(self.kinds)} with the id or key {quoted(name)}."
                )
        return [ids[name] for name in names] if self.several else ids[text] if text else None


class Day(forms.CharField):
    """A day, or the month or year that begins (`first`) or ends there."""

    def __init__(self, *, first: bool = False) -> None:
        self.first = first
        super().__init__(max_length=10)

    def clean(self, value: Any) -> dt.date | None:
        text = super().clean(value)
        try:
            last = parse_partial(text)[0] if text else None
        except ValueError as error:
            raise ValidationError(str(error)) from error
        if last is None or not self.first:
            return last
        return dt.date.fromisoformat(text + "-01-01"[len(text) - 4 :]) if len(text) < 10 else last


class Since(forms.CharField):
    """A changeset's number, a date or a time; the number of the changeset after which things count comes out."""

    def clean(self, value: Any) -> int | None:
        text = super().clean(value)
        if not text:
            return None
        if is_number(text) and len(text) <= LONGEST_NUMBER:
            return int(text)
        try:
            last = last_before(read_time(text))
        except (ValueError, OverflowError) as error:
            raise ValidationError("This is a changeset's number, a date, or a time with its zone.") from error
        return last.number if last else 0
