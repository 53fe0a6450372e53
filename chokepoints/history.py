"""Reading the ledger back: what a revision said, in the present format."""

import uuid
from collections.abc import Iterable
from typing import Any

from .models import Opening, Revision
from .records import KINDS, State

COMMITMENTS_PER_QUERY = 30_000  # below the number of parameters that SQLite takes as it is usually built


def open_commitments(commitments: Iterable[str]) -> dict[str, Any]:
    """Return the values of some commitments; one without an opening is missing."""
    wanted = sorted(set(commitments))
    values: dict[str, Any] = {}
    for start in range(0, len(wanted), COMMITMENTS_PER_QUERY):
        part = wanted[start : start + COMMITMENTS_PER_QUERY]
        values |= dict(Opening.objects.filter(commitment__in=part).values_list("commitment", "value"))
    return values


def states_of(revisions: Iterable[Revision], *, withheld: Any = None) -> list[State]:
    """Return the whole state of each revision, in the present format, with one query for many thousand values.

    A field whose opening is gone is left out, or stands as `withheld` if that is given; then the state isn't lifted, since
    a lift may need the value.
    """
    revisions = list(revisions)
    values = open_commitments(commitment for revision in revisions for commitment in revision.state.values())
    states = []
    for revision in revisions:
        state = {name: values.get(commitment, withheld) for name, commitment in revision.state.items()}
        gone = [name for name, commitment in revision.state.items() if commitment not in values]
        if withheld is None:
            state = {name: value for name, value in state.items() if name not in gone}
        if revision.kind in KINDS and not (gone and withheld is not None):
            state = KINDS[revision.kind].lift(state, revision.format)
        states.append(state)
    return states


def states_at(wanted: Iterable[tuple[str, int]]) -> dict[tuple[str, int], State]:
    """Return states at revisions, by (record, number), with two queries for all; one that isn't there is missing."""
    wanted = set(wanted)
    rows = Revision.objects.filter(
        record__in={record for record, _ in wanted}, number__in={number for _, number in wanted}
    )
    revisions = [row for row in rows if (str(row.record), row.number) in wanted]
    return {
        (str(row.record), row.number): state
        for row, state in zip(revisions, states_of(revisions), strict=True)
    }


def state_at(record: uuid.UUID | str, number: int) -> State | None:
    """Return a record's state at one of its revisions, or None if there is no such revision."""
    revision = Revision.objects.filter(record=record, number=number).first()
    return states_of([revision])[0] if revision else None
