"""What the rows of an export can be narrowed to: the filters of the pages, and any plain column by the API's names.

A filter is asked of rows, not of tables, so it means the same today and at any earlier changeset. A test holds it against the
filters of the pages.
"""

import unicodedata
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Q

from ..dates import parse_partial
from ..fields import COUNTRIES, Reference
from ..time_travel import id_named
from ..vocabularies import BARRIERS, STANCES
from .columns import Column, Table
from .rows import Keep, World

LONGEST = 2_000  # characters of one value
MOST_VALUES = 500  # after __in
SEARCHED = {
    "list": ("name", "name_original", "key", "issuer", "definition"),
    "sector": ("name", "name_original", "key"),
    "chokepoint": ("name", "name_original", "summary", "key", "aliases"),
    "organization": ("name", "name_original", "key", "aliases"),
    "supply": ("note",),
    "source": ("title", "title_original", "publisher", "author", "key", "url"),
    "evidence": ("claim", "quote", "translation", "said_by"),
    "assessment": ("rationale",),
}
PLAIN = {"text", "id", "key", "word", "tag", "address", "date", "integer", "percent", "boolean"}
RETIRED = ("false", "true", "any")

Cells = Mapping[str, Any]
Test = Callable[[Cells, World], bool]


class FilterError(ValueError):
    """A filter that there isn't, or a value that it doesn't take; `name` is the filter's."""

    def __init__(self, name: str, message: str):
        self.name = name
        super().__init__(message)


@dataclass(frozen=True)
class Condition:
    """One filter with its value: the columns that it looks at, and the question that it asks of a row.

    `fitting` says the question for a single column as the cells that fit, which whole columns can be asked at once.
    """

    needs: tuple[str, ...]
    test: Test
    fitting: frozenset[Any] | None = None

    @property
    def in_sql(self) -> Q | None:
        """Return the same question in SQL, for rows that haven't changed since; None where that can't be said simply."""
        if self.fitting is None or None in self.fitting:
            return None
        return Q(**{f"{self.needs[0]}__in": sorted(self.fitting)})

    def mask(self, cells: Mapping[str, list[Any]], world: World) -> list[bool]:
        """Tell for each row whether it fits."""
        if self.fitting is not None:
            return [cell in self.fitting for cell in cells[self.needs[0]]]
        looked = zip(*(cells[name] for name in self.needs), strict=True)
        return [self.test(dict(zip(self.needs, values, strict=True)), world) for values in looked]


def conditions(table: Table, filters: Mapping[str, str]) -> list[Condition]:
    """Return what some filters ask of a table's rows; without `retired` retired records are left out.

    Raises FilterError for a name or value that there isn't.
    """
    asked = {name: _checked(name, value) for name, value in filters.items()}
    found = [_condition(table, name, value) for name, value in asked.items() if value]
    return found if asked.get("retired") else [*found, _retired("false")]


def in_sql(conditions: Iterable[Condition]) -> Q | None:
    """Return all conditions in SQL, or None where one of them can't be said so."""
    found = [condition.in_sql for condition in conditions]
    return None if None in found else Q(*found)  # type: ignore[arg-type]


def keep_of(conditions: Iterable[Condition], world: World) -> tuple[Keep | None, tuple[str, ...]]:
    """Return the one question that stands for all conditions (None: everything fits), and the columns that it needs."""
    conditions = list(conditions)
    needs = tuple(dict.fromkeys(name for condition in conditions for name in condition.needs))

    def keep(cells: Mapping[str, list[Any]]) -> list[bool]:
        masks = [condition.mask(cells, world) for condition in conditions]
        return masks[0] if len(masks) == 1 else [all(fits) for fits in zip(*masks, strict=True)]

    return (keep if conditions else None), needs


def filter_names(table: Table) -> list[str]:
    """Return every filter that a table has."""
    plain = [column for column in table.columns if column.type in PLAIN]
    names = {"q", "retired", *_SPECIAL.get(table.kind.name, {})}
    for column in plain:
        names |= {column.name, f"{column.name}__in"}
        if column.type in {"date", "integer", "percent"}:
            names |= {f"{column.name}__gte", f"{column.name}__lte"}
    return sorted(names)


def _checked(name: str, value: Any) -> str:
    if not isinstance(value, str) or len(value) > LONGEST:
        raise FilterError(name, f"{name}: this must be a text of at most {LONGEST:,} characters.")
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in value):
        raise FilterError(name, f"{name}: this holds characters that nothing in the register has.")
    return value.strip()


def _condition(table: Table, name: str, value: str) -> Condition:
    if name == "q":
        return _search(SEARCHED[table.kind.name], value)
    if name == "retired":
        return _retired(value)
    if make := _SPECIAL.get(table.kind.name, {}).get(name):
        return make(name, value)
    stem, _, lookup = name.partition("__")
    column = table.by_name.get(stem)
    bounded = column is not None and column.type in {"date", "integer", "percent"}
    if (
        column is None
        or column.type not in PLAIN
        or lookup not in {"", "in", *(("gte", "lte") if bounded else ())}
    ):
        known = ", ".join(filter_names(table))
        raise FilterError(name, f"{table.title} have no filter “{name[:60]}”. They have: {known}.")
    if lookup in {"gte", "lte"}:
        return _bound(name, column, lookup, value)
    return _equal(name, table, column, value.split(",") if lookup else [value])


def _equal(name: str, table: Table, column: Column, texts: list[str]) -> Condition:
    if len(texts) > MOST_VALUES:
        raise FilterError(name, f"{name}: at most {MOST_VALUES} values fit here.")
    wanted = {_read(name, table, column, text.strip()) for text in texts}
    if column.type == "boolean":
        return Condition((column.name,), lambda cells, world: bool(cells[column.name]) in wanted)
    # A column that is the database's own can be asked there as well; derived ones and percents can't.
    own = column.sql is not None and column.type in {"text", "key", "word", "tag", "address", "integer"}
    return Condition(
        (column.name,),
        lambda cells, world: cells[column.name] in wanted,
        frozenset(wanted) if own and column.name == column.field else None,
    )


def _read(name: str, table: Table, column: Column, text: str) -> Any:
    """Return the cell that somebody means."""
    if column.type == "integer":
        return _whole(name, text)
    if column.type == "boolean":
        if text not in {"true", "false"}:
            raise FilterError(name, f"{name}: this must be true or false.")
        return text == "true"
    if column.type == "id":
        each = table.kind.fields.get(column.name)
        return _record(name, each.kind, text) if isinstance(each, Reference) else _uuid(name, text)
    words = list(map(str, column.words)) or (list(COUNTRIES) if column.name.endswith("country") else [])
    if words and text not in words:
        shown = ", ".join(words) if column.words else "a country's two letters, such as JP"
        raise FilterError(name, f"{name}: “{text[:60]}” isn't one of: {shown}.")
    return text


def _uuid(name: str, text: str) -> str:
    try:
        return str(uuid.UUID(text))
    except ValueError as error:
        raise FilterError(name, f"{name}: “{text[:60]}” isn't the id of a record.") from error


def _record(name: str, kind: str, text: str) -> str:
    found = id_named(kind, text)
    if found is None:
        raise FilterError(name, f"{name}: there is no {kind} “{text[:60]}”.")
    return found


def _whole(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise FilterError(name, f"{name}: this must be a whole number.")
    return int(text)


def _bound(name: str, column: Column, lookup: str, text: str) -> Condition:
    """From or up to a value. A date that is known to the month or year counts from its last day."""
    if column.type == "date":
        try:
            last, precision = parse_partial(text)
        except ValueError as error:
            raise FilterError(name, f"{name}: {error}") from error
        first = {"year": last.replace(month=1, day=1), "month": last.replace(day=1), "day": last}[precision]
        limit: Any = first if lookup == "gte" else last
        value: Callable[[Any], Any] = lambda cell: parse_partial(cell)[0]  # noqa: E731 - one of two of a kind
    else:
        try:
            limit, value = float(text), float
        except ValueError as error:
            raise FilterError(name, f"{name}: this must be a number.") from error

    def test(cells: Cells, world: World) -> bool:
        cell = cells[column.name]
        if cell is None:
            return False
        return value(cell) >= limit if lookup == "gte" else value(cell) <= limit

    return Condition((column.name,), test)


def _retired(value: str) -> Condition:
    if value not in RETIRED:
        raise FilterError("retired", f"retired: “{value[:60]}” isn't one of: {', '.join(RETIRED)}.")
    fitting = frozenset({True, False} if value == "any" else {value == "true"})
    return Condition(("retired",), lambda cells, world: cells["retired"] in fitting, fitting)


# SQLite folds case for a–z alone, PostgreSQL for every letter; the pages search with the database, so this does as it does.
_ASCII = str.maketrans({chr(code): chr(code + 32) for code in range(ord("A"), ord("Z") + 1)})


def _folded(text: str) -> str:
    return text.translate(_ASCII) if connection.vendor == "sqlite" else text.lower()


def _search(columns: tuple[str, ...], value: str) -> Condition:
    """Words that must all be found, each in any of some columns."""
    words = [_folded(word) for word in value.split()]

    def test(cells: Cells, world: World) -> bool:
        texts = []
        for name in columns:
            cell = cells[name]
            texts += [_folded(one) for one in (cell if isinstance(cell, list) else [cell or ""])]
        return all(any(word in text for text in texts) for word in words)

    return Condition(columns, test)


# --- filters that look at more than one plain column


def _choice(name: str, value: str, words: Iterable[str]) -> str:
    if value not in words:
        raise FilterError(name, f"{name}: “{value[:60]}” isn't one of: {', '.join(words)}.")
    return value


def _has(column: str, words: Iterable[str]) -> Callable[[str, str], Condition]:
    def make(name: str, value: str) -> Condition:
        _choice(name, value, words)
        return Condition((column,), lambda cells, world: value in (cells[column] or ()))

    return make


def _in_sector(name: str, value: str) -> Condition:
    """A sector with its parts."""
    sector = _record(name, "sector", value)
    cached: dict[int, set[str]] = {}

    def test(cells: Cells, world: World) -> bool:
        if id(world) not in cached:
            wanted = {sector}
            while more := {one for one, parent in world.sector_parents.items() if parent in wanted} - wanted:
                wanted |= more
            cached[id(world)] = wanted
        return cells["sector"] in cached[id(world)]

    return Condition(("sector",), test)


def _supplied_from(name: str, value: str) -> Condition:
    _choice(name, value, COUNTRIES)
    return Condition(("id",), lambda cells, world: value in world.supplied_from.get(cells["id"], ()))


def _names(column: str, part: str, kind: str) -> Callable[[str, str], Condition]:
    """Rows of which an entry of a set names a record."""

    def make(name: str, value: str) -> Condition:
        record = _record(name, kind, value)

        def test(cells: Cells, world: World) -> bool:
            entries = cells[column] or ()
            return any((entry.get(part) if part else entry) == record for entry in entries)

        return Condition((column,), test)

    return make


def _with_stance(name: str, value: str) -> Condition:
    _choice(name, value, STANCES)
    return Condition(
        ("bears_on",), lambda cells, world: any(entry["stance"] == value for entry in cells["bears_on"] or ())
    )


_SPECIAL: dict[str, dict[str, Callable[[str, str], Condition]]] = {
    "chokepoint": {
        "sector": _in_sector,
        "country": _supplied_from,
        "barrier": _has("barriers", BARRIERS),
        "list": _names("listings", "list", "list"),
    },
    "source": {"derived_from": _names("derived_from", "", "source")},
    "evidence": {
        "stance": _with_stance,
        "chokepoint": _names("bears_on", "chokepoint", "chokepoint"),
        "list": _names("bears_on", "list", "list"),
    },
    "supply": {"evidence": _names("evidence", "", "evidence")},
    "assessment": {"evidence": _names("evidence", "", "evidence")},
}
