"""What the rows of an export can be narrowed to: the filters of the pages, and any plain column by the API's names.

Each becomes a condition (condition.py); those that look at sets or other records are in relating.py. A test holds them against
the filters of the pages.
"""

import re
import unicodedata
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from django.db.models import Q

from ..dates import parse_partial
from ..fields import COUNTRIES, Reference
from ..searching import folded
from ..vocabularies import UNASSESSED
from .columns import Column, Table
from .condition import Cells, Condition, FilterError, Where, among, check_word, record_named
from .relating import RELATING
from .rows import World

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
BOUNDED = {"date", "integer", "percent"}
RETIRED = ("false", "true", "any")
NUMBER = re.compile(
    r"-?[0-9]+(\.[0-9]+)?"
)  # Python would also read “nan”, “inf”, “1_0” and full-width digits


def conditions(table: Table, filters: Mapping[str, str]) -> list[Condition]:
    """Return what some filters ask of a table's rows; without `retired` retired records are left out.

    Raises FilterError for a name or value that there isn't.
    """
    asked = {name: _checked(name, value) for name, value in filters.items()}
    found = [_condition(table, name, value) for name, value in asked.items() if value]
    return found if asked.get("retired") else [*found, _retired("false")]


def filter_names(table: Table) -> list[str]:
    """Return every filter that a table has."""
    plain = [column for column in table.columns if column.type in PLAIN]
    names = {"q", "retired"}
    for name in RELATING.get(table.kind.name, {}):
        names |= {name, f"{name}__in"}
    for column in plain:
        names |= {column.name, f"{column.name}__in"}
        if column.type in BOUNDED:
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
    stem, _, lookup = name.partition("__")
    make = RELATING.get(table.kind.name, {}).get(stem)
    if make and name in {stem, f"{stem}__in"}:
        return make(name, _several(name, value) if lookup else [value])
    column = table.by_name.get(stem)
    bounds = ("gte", "lte") if column and column.type in BOUNDED else ()
    if column is None or column.type not in PLAIN or lookup not in {"", "in", *bounds}:
        known = ", ".join(filter_names(table))
        raise FilterError(name, f"{table.title} have no filter “{name[:60]}”. They have: {known}.")
    if lookup in {"gte", "lte"}:
        return _bound(name, column, lookup, value)
    return _equal(name, table, column, _several(name, value) if lookup else [value])


def _several(name: str, value: str) -> list[str]:
    """Return the values between commas. Raises FilterError for too many, or an empty one, as the API does."""
    texts = [text.strip() for text in value.split(",")]
    if len(texts) > MOST_VALUES:
        raise FilterError(name, f"{name}: at most {MOST_VALUES} values fit here.")
    if not all(texts):
        raise FilterError(name, f"{name}: there is a comma with no value beside it.")
    return texts


# --- a column that is one of some values


def _equal(name: str, table: Table, column: Column, texts: list[str]) -> Condition:
    wanted = {_read(name, table, column, text) for text in texts}
    if column.type == "boolean":
        where = Q(**{f"{column.name}__in": wanted})
        return Condition(
            (column.name,), lambda cells, world: bool(cells[column.name]) in wanted, where=lambda world: where
        )
    fitting = frozenset(wanted)
    return Condition(
        (column.name,),
        lambda cells, world: cells[column.name] in fitting,
        fitting,
        where=_one_of(column, fitting),
    )


def _one_of(column: Column, fitting: frozenset[Any]) -> Where:
    """Say in SQL that a column is one of some cells."""
    if column.name == "status" and column.sql is None:  # that of a chokepoint, which stands in no table
        return lambda world: _with_status(world, fitting)
    if column.sql is None or column.type == "percent":
        return lambda world: None
    if column.type == "date":
        where = Q(pk__in=[])
        for text in fitting:
            try:
                last, precision = parse_partial(text)
            except ValueError:
                continue  # no cell is written so
            where |= Q(**{column.name: last, f"{column.name}_precision": precision})
    else:
        where = Q(**{"pk__in" if column.name == "id" else f"{column.name}__in": sorted(fitting)})
    return lambda world: where


def _with_status(world: World, fitting: frozenset[str]) -> Q | None:
    if UNASSESSED in fitting:
        return None
    return among(record for record, (status, _, _) in world.statuses.items() if status in fitting)


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
        return record_named(name, each.kind, text) if isinstance(each, Reference) else _uuid(name, text)
    words = list(map(str, column.words)) or (list(COUNTRIES) if column.name.endswith("country") else [])
    if words:
        check_word(name, text, words, "" if column.words else "a country's two letters, such as JP")
    return text


def _uuid(name: str, text: str) -> str:
    try:
        return str(uuid.UUID(text))
    except ValueError as error:
        raise FilterError(name, f"{name}: “{text[:60]}” isn't the id of a record.") from error


def _whole(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise FilterError(name, f"{name}: this must be a whole number.")
    return int(text)


# --- a column from or up to a value


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
        if not NUMBER.fullmatch(text):
            raise FilterError(name, f"{name}: this must be a number, such as 12 or 43.6.")
        limit, value = float(text), float

    def test(cells: Cells, world: World) -> bool:
        cell = cells[column.name]
        if cell is None:
            return False
        return value(cell) >= limit if lookup == "gte" else value(cell) <= limit

    # Tables keep the last day of a date's period, which is what counts. A number with a fraction, or one that no column holds,
    # is compared here: databases round, and refuse what is too large for them.
    if column.type == "integer" and text.isascii() and text.isdigit() and len(text) < 10:
        limit = int(text)
    can_say = column.sql is not None and (column.type == "date" or isinstance(limit, int))
    where = Q(**{f"{column.name}__{lookup}": limit}) if can_say else None
    return Condition((column.name,), test, where=lambda world: where)


# --- the rest


def _retired(value: str) -> Condition:
    check_word("retired", value, RETIRED)
    fitting = frozenset({True, False} if value == "any" else {value == "true"})
    return Condition(
        ("retired",),
        lambda cells, world: cells["retired"] in fitting,
        fitting,
        where=lambda world: Q(retired__in=fitting),
        leaves_few=value == "true",
    )


def _search(columns: tuple[str, ...], value: str) -> Condition:
    """Words that must all be found, each in any of some columns. Not in SQL: databases differ in how they fold letters."""
    words = [folded(word) for word in value.split()]

    def test(cells: Cells, world: World) -> bool:
        texts = []
        for name in columns:
            cell = cells[name]
            texts += [folded(one) for one in (cell if isinstance(cell, list) else [cell or ""])]
        return all(any(word in text for text in texts) for word in words)

    return Condition(columns, test)
