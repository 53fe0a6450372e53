"""Conditions: what a filter asks of the rows of an export, and what of it the tables can answer already.

A condition is asked of rows as they were at the export's changeset, so it means the same today and at any earlier one. Many
can be said in SQL as well, of rows as the tables show them now; then the database leaves out what can't fit, so that twelve rows
out of a million cost little. Rows that have changed since are read whatever the tables say of them (time_travel.chunk_after),
so nothing is lost by that, and a test holds both ways against each other.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from ..time_travel import id_named
from .rows import Keep, Narrowing, World

MOST_NAMED = 400  # records that are named to a database one by one

Cells = Mapping[str, Any]
Test = Callable[[Cells, World], bool]
Where = Callable[[World], Q | None]


class FilterError(ValueError):
    """A filter that there isn't, or a value that it doesn't take; `name` is the filter's."""

    def __init__(self, name: str, message: str):
        self.name = name
        super().__init__(message)


def _cannot_say(world: World) -> None:
    return None


@dataclass(frozen=True)
class Condition:
    """One filter with its value: the columns that it looks at, and the question that it asks of a row.

    `fitting` says the question for a single column as the cells that fit, which whole columns can be asked at once. `where`
    says it in SQL, exactly, for rows that haven't changed since the changeset; None where that can't be said simply.
    `leaves_few` is false where it leaves out so little that reading on is no dearer.
    """

    needs: tuple[str, ...]
    test: Test
    fitting: frozenset[Any] | None = None
    where: Where = _cannot_say
    leaves_few: bool = True

    def mask(self, cells: Mapping[str, list[Any]], world: World) -> list[bool]:
        """Tell for each row whether it fits."""
        if self.fitting is not None:
            return [cell in self.fitting for cell in cells[self.needs[0]]]
        looked = zip(*(cells[name] for name in self.needs), strict=True)
        return [self.test(dict(zip(self.needs, values, strict=True)), world) for values in looked]


def keep_of(conditions: Iterable[Condition], world: World) -> tuple[Keep | None, tuple[str, ...]]:
    """Return the one question that stands for all conditions (None: everything fits), and the columns that it needs."""
    conditions = list(conditions)
    needs = tuple(dict.fromkeys(name for condition in conditions for name in condition.needs))

    def keep(cells: Mapping[str, list[Any]]) -> list[bool]:
        masks = [condition.mask(cells, world) for condition in conditions]
        return masks[0] if len(masks) == 1 else [all(fits) for fits in zip(*masks, strict=True)]

    return (keep if conditions else None), needs


def narrowing_of(conditions: Iterable[Condition], world: World) -> Narrowing:
    """Return what of some conditions the tables can answer: all of them, or some, which leaves the rest to be asked."""
    said = [(condition, condition.where(world)) for condition in conditions]
    where, few = Q(), False
    for condition, each in said:
        if each is not None:
            where &= each
            few = few or condition.leaves_few
    return Narrowing(where, is_exact=all(each is not None for _, each in said), leaves_few=few)


def among(records: Iterable[str], column: str = "pk") -> Q | None:
    """Return in SQL that a column names one of some records; None for more than are worth naming."""
    records = sorted(records)
    return Q(**{f"{column}__in": records}) if len(records) <= MOST_NAMED else None


def record_named(name: str, kind: str, text: str) -> str:
    """Return the id of the record that a filter's value names. Raises FilterError."""
    found = id_named(kind, text)
    if found is None:
        raise FilterError(name, f"{name}: there is no {kind} “{text[:60]}”.")
    return found


def check_word(name: str, value: str, words: Iterable[str], shown: str = "") -> None:
    """Raise FilterError unless a value is one of some words."""
    if value not in words:
        raise FilterError(name, f"{name}: “{value[:60]}” isn't one of: {shown or ', '.join(words)}.")
