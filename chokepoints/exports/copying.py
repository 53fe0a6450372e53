"""A short way to CSV on PostgreSQL: where the server can write the very bytes, it does, and Python only passes them on.

It is taken a chunk at a time, for chunks in which nothing has changed since the changeset; any other goes the usual way
(rows.py). So both ways must give the same bytes, which a test compares.
"""

import csv
import io
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection, transaction
from django.db.models import Case, F, Func, OuterRef, QuerySet, Subquery, TextField, Value, When
from django.db.models.functions import Cast

from ..projection import model_of
from ..records import KINDS
from .columns import Column
from .formulas import SUSPECTS, neutralise, quoted
from .rows import Row, Stream

CHUNK = 200_000  # rows: ids follow no order of the table, so each chunk reads most pages; few chunks, then
FIRST_CHUNK = 20_000  # rows: nobody knows yet how wide they are
ROOM = 60_000_000  # bytes that a chunk may take: it is held as a whole
PIECE = 2_000  # rows
MARK = "\x01"  # no text of the register holds it; put before texts that begin with anything suspicious
LAST = "ffffffff-ffff-ffff-ffff-ffffffffffff"
_BLANKS = [code for code in range(0x3001) if chr(code).isspace()]
_MARKED = ", ".join(str(code) for code in sorted({*_BLANKS, *(ord(one) for one in SUSPECTS)}))


@dataclass(frozen=True)
class Copied:
    """Rows as CSV, in the format's own words."""

    data: bytes
    rows: int

    def __len__(self) -> int:
        return self.rows


class _Marked(Func):
    """A text with a mark before it where it begins with anything that a spreadsheet might run."""

    output_field = TextField()
    template = f"CASE WHEN ascii(%(expressions)s) IN ({_MARKED}) THEN chr(1) || %(expressions)s ELSE %(expressions)s END"

    def as_sql(self, compiler: Any, connection: Any, **context: Any) -> tuple[str, Any]:
        sql, parameters = super().as_sql(compiler, connection, **context)
        return sql, tuple(parameters) * 3


def chunks(stream: Stream, *, safe: bool) -> Iterator[Copied | list[Row]]:
    """Yield a stream's rows, as CSV where that can be had; `safe`: as neutralise_all() would have them."""
    values = _values(stream, safe) if connection.vendor == "postgresql" else None
    if values is None or (stream.keep and not stream.narrowing.is_exact):
        yield from stream.chunks()
        return
    rows = stream.unchanged().order_by("pk")
    # Bounds come from the index alone, whatever of the rows between them is wanted.
    ids = model_of(stream.table.kind).objects.order_by("pk").values_list("pk", flat=True)
    after, size = "", FIRST_CHUNK
    while True:
        left = rows.filter(pk__gt=after) if after else rows
        bound = (ids.filter(pk__gt=after) if after else ids)[size - 1 : size].first()
        pieces = _copied(stream, left.filter(pk__lte=bound) if bound else left, values, after, bound)
        if pieces is None:
            yield from stream.chunks(after, str(bound or LAST))
        else:
            size = _fitting(pieces)
        while pieces:
            piece = pieces.popleft()
            stream.read += piece.rows
            yield piece
        if bound is None:
            return
        after = str(bound)


def _fitting(pieces: deque[Copied]) -> int:
    """Return how many rows the next chunk may have, so that it takes ROOM bytes if its rows are as wide as the last ones."""
    rows = sum(piece.rows for piece in pieces)
    if not rows:
        return FIRST_CHUNK
    width = sum(len(piece.data) for piece in pieces) / rows
    return max(1000, min(CHUNK, int(ROOM / width)))


def _values(stream: Stream, safe: bool) -> list[Any] | None:
    """Return the SQL of a stream's columns, None if one of them takes Python."""
    found = [_value(stream, column, safe) for column in stream.columns]
    return None if stream.table.of or None in found else found


def _value(stream: Stream, column: Column, safe: bool) -> Any:
    if column.field == "merged_into" and column.type == "key":
        # Few records were merged: looking those up is far cheaper than joining the whole table to itself.
        model = model_of(stream.table.kind)
        return Subquery(model.objects.filter(pk=OuterRef("merged_into")).order_by().values("key"))
    if column.type == "key" and column.needs and column.field != "status":
        return F(f"{column.field}__key")
    if column.sql is None or column.type == "list":
        return None
    if column.type == "boolean":
        no = Value("false") if column.name == "retired" else None
        return Case(When(**{column.name: True}, then=Value("true")), default=no, output_field=TextField())
    if column.type == "percent":
        return Cast(Func(column.sql, function="trim_scale"), TextField())
    return _Marked(column.sql) if column.type == "text" and safe else column.sql


# Memory to sort a chunk in, and help with it; compiling costs more than it saves. The transaction is for the settings, and
# takes no lock that anybody waits for.
_SETTINGS = "SET LOCAL work_mem = '128MB'; SET LOCAL max_parallel_workers_per_gather = 2; SET LOCAL jit = off"


def _copied(
    stream: Stream, rows: QuerySet, values: list[Any], after: str, bound: Any
) -> deque[Copied] | None:
    """Return a chunk as pieces of CSV, or None if something in it has changed since the changeset.

    All of it is read before any is handed on: a row in it may have changed.
    """
    pieces: deque[Copied] = deque()
    try:
        query, parameters = rows.values_list(*values).query.sql_with_params()
    except EmptyResultSet:  # it is plain without asking that nothing fits
        return None if _has_changed(stream, after, bound) else pieces
    with transaction.atomic(), connection.cursor() as wrapper:
        wrapper.execute(_SETTINGS)
        cursor = wrapper.cursor  # what Django wraps round it under DEBUG takes no parameters here
        with cursor.copy(f"COPY ({query}) TO STDOUT WITH (FORMAT csv)", parameters) as copy:
            # The server sends each row by itself.
            blocks = iter(copy)
            while piece := list(islice(blocks, PIECE)):
                pieces.append(Copied(_finished(b"".join(piece)), len(piece)))
    return None if _has_changed(stream, after, bound) else pieces


def _finished(data: bytes) -> bytes:
    """Return rows as the format has them: texts with a mark neutralised where they need it, and CRLF at the end of each row."""
    if MARK.encode() not in data:
        return _with_crlf(data)
    rows = csv.reader(io.StringIO(data.decode(), newline=""))
    cells = ([neutralise(cell[1:]) if cell.startswith(MARK) else cell for cell in row] for row in rows)
    return "".join(",".join(map(quoted, row)) + "\r\n" for row in cells).encode()


def _with_crlf(data: bytes) -> bytes:
    """End rows as RFC 4180 does. What stands in quotes stays: every second piece between quotes is inside of them."""
    pieces = data.split(b'"')
    pieces[::2] = [piece.replace(b"\n", b"\r\n") for piece in pieces[::2]]
    return b'"'.join(pieces)


def _has_changed(stream: Stream, after: str, bound: Any) -> bool:
    """Tell whether anything that a chunk shows may have changed since the changeset. Ask after reading."""
    number = stream.world.changeset
    moved = model_of(stream.table.kind).objects.filter(changed_in__gt=number, created_in__lte=number)
    moved = moved.filter(pk__gt=after) if after else moved
    if (moved.filter(pk__lte=bound) if bound else moved).exists():
        return True
    targets = {stream.table.kind.fields[c.field].kind for c in stream.columns if c.type == "key" and c.needs}
    return any(model_of(KINDS[kind]).objects.filter(changed_in__gt=number).exists() for kind in targets)
