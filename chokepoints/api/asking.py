"""What the text of a query parameter becomes: form fields that clean one value or several, and say what is wrong."""

import datetime as dt
import uuid
from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from ..dates import parse_partial
from ..models import RecordKey
from .moments import last_before, read_time

MOST_VALUES = 100
MOST_NAMED = 40  # choices that a refusal lists


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
            raise ValidationError(f"“{text[:60]}” isn't{named}.")
        return text


class CountryCode(OneOf):
    """An ISO 3166-1 code."""

    def clean(self, value: Any) -> str:
        try:
            return super().clean(value)
        except ValidationError as error:
            raise ValidationError("This is a country's code of two letters (ISO 3166-1), or EU.") from error


class Records(forms.CharField):
    """Records by id or key, with commas between if `several`; their ids come out."""

    def __init__(self, *, kinds: Iterable[str], several: bool = False, **options: Any):
        self.kinds, self.several = tuple(kinds), several
        super().__init__(**options)

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        names = parts_of(text) if self.several else [text] if text else []
        ids = {name: found for name in names if (found := _canonical(name))}
        keys = RecordKey.objects.filter(kind__in=self.kinds, key__in=[n for n in names if n not in ids])
        ids |= {key: str(record) for key, record in keys.values_list("key", "record")}
        for name in names:
            if name not in ids:
                raise ValidationError(
                    f"There is no {' or '.join(self.kinds)} with the id or key “{name[:60]}”."
                )
        return [ids[name] for name in names] if self.several else ids[text] if text else None


def _canonical(text: str) -> str | None:
    try:
        return str(uuid.UUID(text)) if len(text) == 36 else None
    except ValueError:
        return None


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
        if text.isascii() and text.isdigit() and len(text) < 19:
            return int(text)
        try:
            last = last_before(read_time(text))
        except (ValueError, OverflowError) as error:
            raise ValidationError("This is a changeset's number, a date, or a time with its zone.") from error
        return last.number if last else 0
