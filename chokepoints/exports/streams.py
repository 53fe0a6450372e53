"""The streams of rows that an export is made of."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from .choosing import conditions
from .columns import link_tables_of, table_of
from .condition import keep_of, narrowing_of
from .format import Format
from .rows import Stream, World


def streams_of(tables: Sequence[Mapping[str, Any]], format: Format, world: World) -> Iterator[Stream]:
    """Yield a stream for each table of a file. `tables` says of each kind its name, its fields and its filters.

    Raises KeyError and FilterError for what there isn't.
    """
    for asked in tables:
        table = table_of(asked["kind"])
        asked_for = conditions(table, asked["filters"])
        keep, needs = keep_of(asked_for, world)
        narrowed: dict[str, Any] = {"keep": keep, "needs": needs, "narrowing": narrowing_of(asked_for, world)}
        columns = table.chosen(asked["fields"])
        if not format.links:
            yield Stream(table, columns, world, **narrowed)
            continue
        # No lists inside cells: each set becomes a table of its own.
        flat = tuple(column for column in columns if column.type != "list")
        yield Stream(table, flat, world, **narrowed)
        sets = {column.name for column in columns if column.type == "list"}
        for link in link_tables_of(asked["kind"]):
            if link.of in sets:
                yield Stream(link, link.columns, world, **narrowed)


def reason_against(format: Format, streams: Iterable[Stream], beat: Callable[[], None] = lambda: None) -> str:
    """Say why a format can't hold some streams, "" if it can: asked before anything is written. `beat` is called on the way."""
    return next((reason for stream in streams if (reason := format.reason_against(stream, beat))), "")
