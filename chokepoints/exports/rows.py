"""One stream of rows that all formats share: a table at a changeset, in order of ids, a chunk at a time.

Where nothing has changed since the changeset, cells come straight out of the tables, without models; what has changed comes
out of the ledger. Both ways give the same cells, and a test compares them for every column.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import compress
from typing import Any

from django.apps import apps
from django.db.models import Q, QuerySet

from ..fields import Bearings, Children, Listings
from ..projection import model_of
from ..records import KINDS
from ..status import Judgement, current
from ..time_travel import (
    CHUNK,
    EVERYTHING,
    IDS_PER_QUERY,
    Known,
    chunk_after,
    count_at,
    keys_at,
    moved_in,
    records_at,
)
from ..vocabularies import UNASSESSED
from .columns import Column, Table, table_of

Row = tuple[Any, ...]
Keep = Callable[[Mapping[str, list[Any]]], list[bool]]  # columns of a chunk → which rows stay


@dataclass
class World:
    """What rows may need to know of other records at the changeset; each is looked up once, and kept small."""

    changeset: int
    day: dt.date

    @cached_property
    def statuses(self) -> dict[str, tuple[str, str, str]]:
        """Return status, its date and its assessment, by chokepoint."""
        best: dict[str, tuple[Judgement, str]] = {}
        for chunk in records_at(KINDS["assessment"], self.changeset):
            for one in chunk:
                judgement = Judgement.from_state(one.record, one.state, one.created_in)
                held = best.get(judgement.chokepoint)
                rivals = [judgement, held[0]] if held else [judgement]
                if current(rivals, self.day) is judgement:
                    best[judgement.chokepoint] = (judgement, one.state["as_of"])
        return {key: (judgement.status, as_of, judgement.id) for key, (judgement, as_of) in best.items()}

    @cached_property
    def sector_parents(self) -> dict[str, str | None]:
        """Return each sector's parent."""
        return {
            one.record: one.state.get("parent")
            for chunk in records_at(KINDS["sector"], self.changeset)
            for one in chunk
        }

    @cached_property
    def supplied_from(self) -> dict[str, set[str]]:
        """Return the countries of foreign suppliers, or of their seats, by chokepoint."""
        seats = {
            one.record: one.state.get("country")
            for chunk in records_at(KINDS["organization"], self.changeset)
            for one in chunk
        }
        found: dict[str, set[str]] = defaultdict(set)
        for chunk in records_at(KINDS["supply"], self.changeset):
            for one in chunk:
                state = one.state
                if state["role"] == "foreign-supplier" and not state.get("retired"):
                    country = state.get("country") or seats.get(state.get("organization", ""))
                    found[state["chokepoint"]] |= {country} if country else set()
        return found


@dataclass(frozen=True)
class Narrowing:
    """What the tables can leave out already, as they show rows that haven't changed since the changeset.

    `is_exact`: `where` lets through only what `keep` does; else `keep` has more to ask. `leaves_few`: it may leave so few
    rows that what lies between them isn't worth reading.
    """

    where: Q = EVERYTHING
    is_exact: bool = True
    leaves_few: bool = False


@dataclass
class Stream:
    """The rows of one table: which columns, which rows, at which changeset. Iterate over chunks().

    `read` counts the records that were looked at, out of total(); `keep` says which of a chunk stay, and `needs` names the
    columns that it looks at; `narrowing` leaves out of the reading what can't stay. With `keep` absent everything comes.
    """

    table: Table
    columns: Sequence[Column]
    world: World
    keep: Keep | None = None
    needs: Sequence[str] = ()
    narrowing: Narrowing = Narrowing()
    size: int = CHUNK
    read: int = field(default=0, init=False)

    def total(self) -> int:
        """Return how many records there are to look at."""
        return count_at(self.table.kind, self.world.changeset, self.narrowing.where)

    def unchanged(self) -> QuerySet:
        """Return the rows that stay, from the table alone: right as long as nothing has changed since."""
        rows = model_of(self.table.kind).objects.filter(created_in__lte=self.world.changeset)
        return rows.filter(self.narrowing.where)

    def chunks(self, after: str = "", last: str = "") -> Iterator[list[Row]]:
        """Yield rows in chunks, those with ids after one and up to another; a chunk may be empty."""
        reader = _Reader(self)
        make = _entries_of(self.table) if self.table.of else reader.rows
        for cells in reader.cells(after, last):
            self.read += len(next(iter(cells.values())))
            yield make(self._kept(cells))

    def _kept(self, cells: dict[str, list[Any]]) -> dict[str, list[Any]]:
        fits = self.keep(cells) if self.keep else None
        if fits is None or all(fits):
            return cells
        return {name: list(compress(values, fits)) for name, values in cells.items()}


class _Reader:
    """Reads the cells of a stream, column by column: few steps of Python a chunk instead of many a cell."""

    def __init__(self, stream: Stream):
        self.stream, self.kind = stream, stream.table.kind
        self.source = table_of(self.kind.name)  # of a link table: the table whose set it unfolds
        names = [column.name for column in stream.columns] if not stream.table.of else [stream.table.of]
        wanted = dict.fromkeys(["id", *names, *stream.needs])
        self.columns = self._with_needs([self.source.by_name[name] for name in wanted])
        self.plain = [column for column in self.columns if column.sql is not None]
        self.sets = [column for column in self.columns if column.children]
        self.derived = [column for column in self.columns if column.needs]

    def _with_needs(self, columns: list[Column]) -> list[Column]:
        found = {column.name: column for column in columns}
        for column in columns:
            found.update({name: self.source.by_name[name] for name in column.needs if name not in found})
        return list(found.values())

    def cells(self, after: str, last: str) -> Iterator[dict[str, list[Any]]]:
        """Yield chunks as columns: name → the cells of the chunk's rows."""
        stream, number = self.stream, self.stream.world.changeset
        options: dict[str, Any] = {"size": stream.size, "last": last, "where": stream.narrowing.where}
        values = [column.sql for column in self.plain]
        while rows := chunk_after(self.kind, number, after, values, **options):
            cells = {
                column.name: _finished(column, found)
                for column, found in zip(self.plain, zip(*rows, strict=True), strict=True)
            }
            ids = cells["id"]
            for column in self.sets:
                cells[column.name] = _set_cells(column.children, ids, stream.narrowing.leaves_few)
            self._put_back(cells, moved_in(self.kind, number, ids[0], ids[-1]))
            for column in self.derived:
                cells[column.name] = self._derive(column, cells)
            yield cells
            after = ids[-1]

    def _put_back(self, cells: dict[str, list[Any]], moved: Mapping[str, Known]) -> None:
        """Replace the cells of records that have changed since by what they were."""
        if moved:
            for position, record in enumerate(cells["id"]):
                if record in moved:
                    for column in (*self.plain, *self.sets):
                        cells[column.name][position] = column.of_state(moved[record])

    def _derive(self, column: Column, cells: Mapping[str, list[Any]]) -> list[Any]:
        world, given = self.stream.world, cells[column.needs[0]]
        if column.field == "status":
            part = {"status": 0, "status_as_of": 1, "status_assessment": 2}[column.name]
            nothing = (UNASSESSED, None, None)
            return [world.statuses.get(record, nothing)[part] for record in given]
        each = self.kind.fields[column.field]
        references = [[record for _, record in each.references(value)] for value in given]
        keys: dict[str, str] = {}
        for kind in _kinds_referred_to(each):
            wanted = {record for value in given for found, record in each.references(value) if found == kind}
            keys |= keys_at(kind, wanted, world.changeset)
        if isinstance(each, Children):
            return [[keys[record] for record in records] or None for records in references]
        return [keys[records[0]] if records else None for records in references]

    def rows(self, cells: Mapping[str, list[Any]]) -> list[Row]:
        """Return columns as rows."""
        return list(zip(*(cells[column.name] for column in self.stream.columns), strict=True))


def _kinds_referred_to(each: Any) -> tuple[str, ...]:
    if isinstance(each, Bearings):
        return ("chokepoint", "list")
    return ("list",) if isinstance(each, Listings) else (each.kind,)


def _finished(column: Column, found: tuple) -> list[Any]:
    if column.finish is None:
        return list(found)
    return [None if value is None else column.finish(value) for value in found]


def _set_cells(each: Children, ids: Sequence[str], are_few: bool) -> list[Any]:
    """Return the entries of a set for a chunk of records, as their own table has them; `are_few` of those that there are."""
    child, parent = apps.get_model("chokepoints", each.table), f"{each.parent}_id"
    wanted = [{f"{parent}__gte": ids[0], f"{parent}__lte": ids[-1]}]
    if are_few:
        starts = range(0, len(ids), IDS_PER_QUERY)
        wanted = [{f"{parent}__in": ids[start : start + IDS_PER_QUERY]} for start in starts]
    entries: dict[str, list[Any]] = defaultdict(list)
    for part in wanted:
        for row in child.objects.filter(**part).iterator(chunk_size=CHUNK):
            entries[str(getattr(row, parent))].append(each.from_child(row))
    return [each.sort(entries[record]) if record in entries else None for record in ids]


def _entries_of(table: Table) -> Callable[[Mapping[str, list[Any]]], list[Row]]:
    """Return what unfolds a set into rows of its link table: owner first, then the parts of each entry."""
    parts = [column.name.removeprefix(f"{table.of}_") for column in table.columns[1:]]

    def unfold(cells: Mapping[str, list[Any]]) -> list[Row]:
        return [
            (owner, *(entry.get(part) for part in parts)) if isinstance(entry, dict) else (owner, entry)
            for owner, entries in zip(cells["id"], cells[table.of], strict=True)
            for entry in entries or ()
        ]

    return unfold
