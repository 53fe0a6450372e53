"""Whether what is to be exported fits into the cells of a workbook, asked before anything is written.

Half a text would be wrong, so one that is too long refuses the whole export; better at once than after an hour. The tables
are asked which texts are so long that they might not fit, and only those rows are looked at. Sets, which become JSON in a
cell, are left to the writing: how long that gets isn't known before.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from django.db.models import F, Q
from django.db.models.functions import Length
from django.db.models.lookups import GreaterThan

from ..time_travel import standing_at
from .columns import Column, Table
from .formulas import neutralise
from .rows import Narrowing, Stream

LONGEST_CELL = 32_767  # UTF-16 units


def units_of(text: str) -> int:
    """Return how long a text is as a spreadsheet counts; what can't be too long isn't counted."""
    return len(text) if len(text) * 2 <= LONGEST_CELL else len(text.encode("utf-16-le")) // 2


def too_long(table: Table, column: Column, record: Mapping[str, Any], units: int) -> str:
    """Say of which record what doesn't fit, and what to do. `record` has its cells by column: its id, and its key if chosen."""
    name = record.get("key") or record["id"]
    return (
        f"The {table.kind.name} “{name}” has {units:,} characters in the column {column.name}, and a cell of a workbook takes "
        f"{LONGEST_CELL:,}. Leave {column.field} out, narrow the rows, or take another format."
    )


def reason_against(stream: Stream, beat: Callable[[], None]) -> str:
    """Say which text of a stream doesn't fit into a cell, "" if all do; `beat` is called with each chunk that was looked at.

    Reads what may be too long, and what has changed since the changeset.
    """
    texts = [column for column in stream.columns if _may_be_too_long(stream.table, column)]
    if not texts:
        return ""
    long_ones = Q()
    for column in texts:
        long_ones |= Q(GreaterThan(Length(F(column.name)), (LONGEST_CELL - 1) // 2))
    names = dict.fromkeys(["id", *(["key"] if stream.table.kind.has_key else []), *(c.name for c in texts)])
    narrowed = Narrowing(stream.narrowing.where & long_ones, is_exact=False, leaves_few=True)
    if not standing_at(stream.table.kind, stream.world.changeset, narrowed.where).exists():
        return ""  # as nearly always: asked without an order, which a large table would be walked in
    found = replace(stream, columns=[stream.table.by_name[name] for name in names], narrowing=narrowed)
    for rows in found.chunks():
        for row in rows:
            cells = dict(zip(names, row, strict=True))
            for column in texts:
                units = units_of(neutralise(cells[column.name] or ""))
                if units > LONGEST_CELL:
                    return too_long(stream.table, column, cells, units)
        beat()
    return ""


def _may_be_too_long(table: Table, column: Column) -> bool:
    """Tell whether the field of a text takes more than a cell, an apostrophe before it counted."""
    limit = getattr(table.kind.fields.get(column.field), "limit", 0)
    return column.type == "text" and column.name == column.field and limit * 2 + 1 > LONGEST_CELL
