"""The register as it stood after a changeset, read in keyset chunks, so that memory stays flat and nobody waits.

Records that haven't changed since stand in their tables; those that have are read out of the ledger. No transaction is
held: rows and what belongs to them are read first and only then is asked what has moved on since, so a changeset that is
published meanwhile is noticed whenever it comes, and replaced by what was before it. Records are never deleted and the
changeset that created one never changes, so a walk by id neither skips nor doubles.

It knows no formats and no interfaces: exports and releases read through it, and whatever else asks about a moment may.
"""

import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import OuterRef, Q, Subquery

from .history import states_of
from .models import Changeset, RecordKey, Revision
from .models.table import RecordQuerySet
from .projection import model_of, read_states
from .records import KINDS, Kind, State

CHUNK = 5_000  # rows that are held at once
EVERYTHING = Q()
IDS_PER_QUERY = 400  # below the number of parameters that any SQLite takes


@dataclass(frozen=True)
class Known:
    """One record as it stood: its kind, its state, its revision, and the changesets of its first and last."""

    kind: Kind
    record: str
    state: State
    revision: int
    created_in: int
    changed_in: int


def has_moved_on(number: int) -> bool:
    """Tell whether anything was published after a changeset."""
    return Changeset.objects.filter(number__gt=number).exists()


def standing_at(kind: Kind, number: int, where: Q = EVERYTHING) -> RecordQuerySet:
    """Return the table's rows of records that there were, retired ones included, without those that `where` leaves out.

    It is asked of what the tables show now, so a record that has changed since comes whatever they show: only who looks at it
    as it was can say whether it fits. Since a row, its sets and the number of its last change are written together, one
    statement sees all of them or none.
    """
    rows = model_of(kind).objects.filter(created_in__lte=number)
    return rows.filter(where | Q(changed_in__gt=number)) if where else rows


def count_at(kind: Kind, number: int, where: Q = EVERYTHING) -> int:
    """Return how many records of a kind standing_at() has."""
    return standing_at(kind, number, where).count()


def chunk_after(
    kind: Kind,
    number: int,
    after: str,
    values: Sequence[Any],
    *,
    size: int = CHUNK,
    last: str = "",
    where: Q = EVERYTHING,
) -> list[tuple]:
    """Return the next rows by id of records that were there, as their table shows them now.

    `values` are what values_list() takes; `after` is the last id seen, "" at the beginning; `last` the last id that is wanted;
    `where` is as in standing_at(). Use moved_in() on what came.
    """
    rows = standing_at(kind, number, where).order_by("pk")
    if after:
        rows = rows.filter(pk__gt=uuid.UUID(after))
    if last:
        rows = rows.filter(pk__lte=uuid.UUID(last))
    return list(rows.values_list(*values)[:size])


def moved_in(kind: Kind, number: int, first: str, last: str) -> dict[str, Known]:
    """Return, by id, the records between two ids that have changed since, as they stood. Ask after reading, never before."""
    if not has_moved_on(number):
        return {}
    rows = model_of(kind).objects.filter(
        pk__gte=uuid.UUID(first), pk__lte=uuid.UUID(last), created_in__lte=number, changed_in__gt=number
    )
    return {one.record: one for one in from_ledger(kind, rows.values_list("pk", flat=True), number)}


def from_ledger(kind: Kind, records: Iterable[Any], number: int) -> Iterator[Known]:
    """Yield some records as the ledger has them at a changeset; one that wasn't there is missing."""
    ids = sorted(map(str, records))
    for start in range(0, len(ids), IDS_PER_QUERY):
        part = ids[start : start + IDS_PER_QUERY]
        until = Revision.objects.filter(kind=kind.name, record__in=part, changeset__lte=number)
        newest = Revision.objects.filter(record=OuterRef("record"), changeset__lte=number)
        last = list(until.filter(number=Subquery(newest.order_by("-number").values("number")[:1])))
        created = dict(until.filter(number=1).values_list("record", "changeset_id"))
        for revision, state in zip(last, states_of(last), strict=True):
            record = revision.record
            yield Known(kind, str(record), state, revision.number, created[record], revision.changeset_id)


def records_at(kind: Kind, number: int, size: int = CHUNK) -> Iterator[list[Known]]:
    """Yield every record of a kind as it stood, whole states, in chunks by id."""
    after = ""
    while True:
        rows = model_of(kind).objects.filter(created_in__lte=number).order_by("pk")
        found = list((rows.filter(pk__gt=uuid.UUID(after)) if after else rows)[:size])
        if not found:
            return
        states = _states_in_parts(kind, found)
        first, after = str(found[0].pk), str(found[-1].pk)
        moved = moved_in(kind, number, first, after)
        yield [
            moved.get(str(row.pk))
            or Known(
                kind, str(row.pk), states[str(row.pk)], row.revision, row.created_in_id, row.changed_in_id
            )
            for row in found
        ]


def _states_in_parts(kind: Kind, rows: Sequence[Any]) -> dict[str, State]:
    states: dict[str, State] = {}
    for start in range(0, len(rows), IDS_PER_QUERY):
        states |= read_states(kind, rows[start : start + IDS_PER_QUERY])
    return states


def keys_at(kind: str, records: Iterable[str], number: int) -> dict[str, str]:
    """Return the keys that some records had, by id."""
    ids = sorted(set(records))
    model = model_of(KINDS[kind])
    keys: dict[str, str] = {}
    for start in range(0, len(ids), IDS_PER_QUERY):
        rows = model.objects.filter(pk__in=ids[start : start + IDS_PER_QUERY]).values_list(
            "pk", "key", "changed_in"
        )
        found = [(str(record), key, changed) for record, key, changed in rows]
        keys |= {record: key for record, key, _ in found}
        moved = [record for record, _, changed in found if changed > number]
        keys |= {one.record: one.state["key"] for one in from_ledger(KINDS[kind], moved, number)}
    return keys


def id_named(kind: str, name: str) -> str | None:
    """Return the id of the record that an id or a key, former ones included, leads to; None if there is none."""
    return canonical_id(name) or id_with_key(kind, name)


def canonical_id(text: str) -> str | None:
    """Return the canonical form of a record's id in its usual 36 characters, or None if a text is no such id."""
    try:
        return str(uuid.UUID(text)) if len(text) == 36 and text.isascii() else None
    except ValueError:
        return None


def id_with_key(kind: str, key: str) -> str | None:
    """Return the id of the record that has, or had, a key."""
    is_unfit = "\0" in key or any("\ud800" <= character <= "\udfff" for character in key)
    if is_unfit or len(key) > RecordKey._meta.get_field("key").max_length:
        return None
    record = RecordKey.objects.filter(kind=kind, key=key).values_list("record", flat=True).first()
    return str(record) if record else None
