"""Records as the register held them at a moment: from its tables as they stand, or out of the ledger.

A record that hasn't changed since a moment was then what its table shows now. So only what did change since is read out
of the ledger, and a list of some thousand records at a moment costs little more than the list of today.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from django.db.models import Q, QuerySet

from ..moments import Moment
from ..projection import model_of, read_states
from ..records import KINDS, Kind
from ..time_travel import Known, canonical_id, from_ledger, id_with_key

CHUNK = 1_000


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
    return kept + list(from_ledger(kind, moved, moment.changeset))


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
    for record in (canonical_id(name), id_with_key(kind, name)):
        if record and (found := look(kind, [record])):
            return found[record]
    return None
