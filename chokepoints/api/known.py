"""Records as the register held them at a moment: from its tables as they stand, or out of the ledger.

A record that hasn't changed since a moment was then what its table shows now. So only what did change since is read out
of the ledger, and a list of some thousand records at a moment costs little more than the list of today.
"""

import uuid
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import OuterRef, Q, QuerySet, Subquery

from ..history import states_of
from ..models import RecordKey, Revision
from ..projection import model_of, read_states
from ..records import KINDS, Kind, State
from .moments import Moment
from .problems import is_unfit

CHUNK = 1_000


@dataclass
class Known:
    """One record as the register holds it at some moment: its state, its revision, and the changesets of its first and last."""

    kind: Kind
    record: str
    state: State
    revision: int
    created_in: int
    changed_in: int


Look = Callable[[str, Iterable[str]], Mapping[str, Known]]  # (kind, ids) → records by id


def known_now(kind: Kind, rows: Iterable[Any]) -> list[Known]:
    """Return rows of a kind's table as they stand, in their order."""
    rows = list(rows)
    states: dict[str, Any] = {}
    for start in range(0, len(rows), CHUNK):
        states |= read_states(kind, rows[start : start + CHUNK])
    return [
        Known(kind, str(row.pk), states[str(row.pk)], row.revision, row.created_in_id, row.changed_in_id)
        for row in rows
    ]


def known_at(kind: Kind, moment: Moment, condition: Q | None = None) -> list[Known]:
    """Return the records of a kind at a moment, in no particular order.

    `condition` narrows the table as it is now; records that changed since the moment come whether they meet it or not, so the
    caller looks at their states.
    """
    rows = standing(kind, moment)
    still = known_now(kind, rows if condition is None else rows.filter(condition))
    return with_moved(kind, moment, {one.record: one for one in still})


def standing(kind: Kind, moment: Moment) -> QuerySet:
    """Return the rows of a kind that show what was so at a moment, because they haven't changed since."""
    rows = model_of(kind).objects.all()
    return rows if moment.is_now else rows.filter(changed_in__lte=moment.changeset)


def with_moved(
    kind: Kind, moment: Moment, still: Mapping[str, Any], among: Collection[str] | None = None
) -> list[Any]:
    """Return what was made of standing rows, by record, with the records that have moved on, as the ledger had them.

    `among` names the only records of interest. A changeset that was published while the standing rows were read may have
    changed some under the reader; they are among those that have moved on by now, and replaced.
    """
    if moment.is_now:
        return list(still.values())
    rows = model_of(kind).objects.filter(changed_in__gt=moment.changeset, created_in__lte=moment.changeset)
    rows = rows if among is None else rows.filter(pk__in=among)
    moved = set(map(str, rows.values_list("pk", flat=True)))
    kept = [one for record, one in still.items() if record not in moved]
    return kept + list(known_then(kind, moved, moment))


def known_then(kind: Kind, records: Iterable[str], moment: Moment) -> Iterator[Known]:
    """Yield some records of a kind as the ledger has them at a moment; one that wasn't there is missing."""
    ids = sorted(records)
    for start in range(0, len(ids), CHUNK):
        yield from _from_ledger(kind, revisions_then(kind.name, ids[start : start + CHUNK], moment))


def revisions_then(kind: str, records: Sequence[str], moment: Moment) -> QuerySet[Revision]:
    """Return the last revision of each of some records of a kind at a moment."""
    until = Revision.objects.filter(changeset__lte=moment.changeset)
    last = until.filter(record=OuterRef("record")).order_by("-number").values("number")[:1]
    return until.filter(kind=kind, record__in=records, number=Subquery(last))


def _from_ledger(kind: Kind, revisions: Iterable[Revision]) -> Iterator[Known]:
    revisions = list(revisions)
    created = dict(
        Revision.objects.filter(record__in=[r.record for r in revisions], number=1).values_list(
            "record", "changeset_id"
        )
    )
    for revision, state in zip(revisions, states_of(revisions), strict=True):
        yield Known(
            kind,
            str(revision.record),
            state,
            revision.number,
            created[revision.record],
            revision.changeset_id,
        )


def look_at(moment: Moment) -> Look:
    """Return a look-up of records at a moment, (kind, ids) → records by id; each is read once."""
    found: dict[tuple[str, str], Known | None] = {}

    def look(kind: str, ids: Iterable[str]) -> Mapping[str, Known]:
        wanted = set(ids)
        if missing := [record for record in wanted if (kind, record) not in found]:
            found.update({(kind, record): None for record in missing})
            found.update({(kind, one.record): one for one in _known(KINDS[kind], missing, moment)})
        return {record: found[kind, record] for record in wanted if found[kind, record]}

    return look


def _known(kind: Kind, ids: Sequence[str], moment: Moment) -> Iterable[Known]:
    still = known_now(kind, standing(kind, moment).filter(pk__in=ids))
    return with_moved(kind, moment, {one.record: one for one in still}, among=ids)


def record_then(kind: str, name: str, look: Look) -> Known | None:
    """Return the record with an id or key, or None. A former key, or a later one, leads to its record."""
    for record in (canonical_id(name), _record_with_key(kind, name)):
        if record and (found := look(kind, [record])):
            return found[record]
    return None


def canonical_id(text: str) -> str | None:
    """Return the canonical form of a record's id in its usual 36 characters, or None if a text is no such id."""
    try:
        return str(uuid.UUID(text)) if len(text) == 36 and text.isascii() else None
    except ValueError:
        return None


def _record_with_key(kind: str, key: str) -> str | None:
    if is_unfit(key) or len(key) > RecordKey._meta.get_field("key").max_length:
        return None
    record = RecordKey.objects.filter(kind=kind, key=key).values_list("record", flat=True).first()
    return str(record) if record else None
