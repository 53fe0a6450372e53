"""The tables of a release: those of exports without lists inside cells, a link table for each set, and chokepoints_current."""

from collections.abc import Callable, Iterator
from functools import cache
from itertools import chain
from typing import Any

from ..exports.columns import Column, Table, exported_kinds, link_tables_of, table_of
from ..exports.formulas import neutralise, quoted
from ..exports.json_cells import json_text, json_value
from ..exports.rows import Row, Stream, World
from .current import CURRENT, current_rows

# What an entry of a set is known by, where that isn't the whole entry.
_ENTRY_KEYS = {"bears_on": ("chokepoint", "list"), "listings": ("list",)}


@cache
def tables() -> tuple[Table, ...]:
    """Return every table of a release, in their order."""
    found = []
    for kind in exported_kinds():
        table = table_of(kind)
        flat = tuple(column for column in table.columns if column.type != "list")
        found += [Table(table.name, table.kind, table.title, flat), *link_tables_of(kind)]
        if kind == "chokepoint":
            found.append(CURRENT)
    return tuple(found)


def rows_of(table: Table, world: World) -> Iterator[Row]:
    """Yield the rows of a table by id, or by the id of their owner and then in canonical order."""
    if table is CURRENT:
        return current_rows(world)
    return chain.from_iterable(Stream(table, table.columns, world).chunks())


def key_of(table: Table) -> Callable[[Row], tuple[Any, ...]]:
    """Return what gives the part of a row by which it is the same row in another release."""
    if not table.of:
        return lambda row: row[:1]
    names = [column.name for column in table.columns]
    if table.of not in _ENTRY_KEYS:
        return lambda row: row
    places = [0, *(names.index(name) for name in _ENTRY_KEYS[table.of])]
    return lambda row: tuple(row[place] for place in places)


# --- how a row looks in a file


def csv_head(table: Table) -> str:
    """Return the line of column names."""
    return ",".join(column.name for column in table.columns) + "\n"


def csv_line(table: Table, row: Row) -> str:
    """Return a row of a CSV file. What a spreadsheet would run is neutralised, as in exports; lines end in LF."""
    return ",".join(map(_csv_cell, table.columns, row)) + "\n"


def _csv_cell(column: Column, cell: Any) -> str:
    if cell is None:
        return ""
    if column.type == "boolean":
        return "true" if cell else "false"
    text = str(cell)
    if column.type == "text":
        text = neutralise(text)
    return quoted(text) if column.type in {"text", "address"} else text


def json_row(table: Table, row: Row) -> dict[str, Any]:
    """Return a row as JSON Lines have it: every column, null where nothing is known, texts as they are."""
    return {column.name: json_value(column, cell) for column, cell in zip(table.columns, row, strict=True)}


def json_line(table: Table, row: Row) -> str:
    """Return a row of a JSON Lines file."""
    return json_text(json_row(table, row)) + "\n"
