"""Reading the ledger back: what a revision said, in the present format."""

import uuid
from collections.abc import Iterable
from typing import Any

from .models import Opening, Revision
from .records import KINDS, State


def open_commitments(commitments: Iterable[str]) -> dict[str, Any]:
    """Return the values of some commitments; one without an opening is missing."""
    wanted = set(commitments)
    return dict(Opening.objects.filter(commitment__in=wanted).values_list("commitment", "value"))


def states_of(revisions: Iterable[Revision]) -> list[State]:
    """Return the whole state of each revision, lifted to the present format. Fields whose opening is gone are left out."""
    revisions = list(revisions)
    values = open_commitments(commitment for revision in revisions for commitment in revision.state.values())
    return [
        KINDS[revision.kind].lift(
            {name: values[commitment] for name, commitment in revision.state.items() if commitment in values},
            revision.format,
        )
        for revision in revisions
    ]


def state_at(record: uuid.UUID | str, number: int) -> State | None:
    """Return a record's state at one of its revisions, or None if there is no such revision."""
    revision = Revision.objects.filter(record=record, number=number).first()
    return states_of([revision])[0] if revision else None
