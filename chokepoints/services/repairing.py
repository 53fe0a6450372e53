"""Repairing: make the tables show again what the ledger says. The ledger itself is never touched.

Rows are written over by UUID, never deleted and made again: what refers to them stays. Everything happens in one
transaction under the register lock, in which foreign keys are checked at the end.
"""

import uuid
from dataclasses import dataclass

from django.db.models import ProtectedError

from .. import projection
from ..exceptions import LedgerError
from ..records import KINDS, Kind
from .locking import register_lock
from .reading import head_link, last_states, records_of
from .verifying import differences, unknown_keys, unknown_rows, verify_ledger


@dataclass
class Repair:
    """How many rows repair wrote and took away."""

    written: int = 0
    removed: int = 0


def rebuild_register() -> Repair:
    """Write over what differs from the ledger, and take away what it knows nothing of.

    Raises LedgerError, and changes nothing, if the ledger itself isn't sound.
    """
    with register_lock():
        if problem := verify_ledger().problem:
            raise LedgerError(
                f"The tables can't be rebuilt, because the ledger itself isn't sound. {problem}"
            )
        repair = Repair()
        head = head_link().number
        for kind in KINDS.values():
            for records in records_of(kind.name, head):
                _write(kind, [record for record, _ in differences(kind, records)], repair)
        for row in list(unknown_keys().values_list("pk", flat=True)):
            projection.remove_key(row)
        _remove_unknown(repair)
        for kind in KINDS.values():  # a key that stood in the way of another is back by now
            for records in records_of(kind.name, head):
                if kind.has_key:
                    for record, state in last_states(kind, records).items():
                        projection.write_keys(kind, uuid.UUID(record), state.keys)
    return repair


def _write(kind: Kind, records: list[str], repair: Repair) -> None:
    for record, last in last_states(kind, records).items():
        row = uuid.UUID(record)
        if kind.has_key:
            projection.free_key(kind, last.state["key"], row)
            projection.write_keys(kind, row, last.keys)
        projection.write_record(
            kind,
            row,
            last.state,
            revision=last.revision,
            created_in=last.created_in,
            changed_in=last.changed_in,
        )
        repair.written += 1


def _remove_unknown(repair: Repair) -> None:
    """Take unknown rows away, those first that nothing refers to."""
    left = {(kind.name, row) for kind in KINDS.values() for row in unknown_rows(kind)}
    while left:
        removed = set()
        for kind, row in sorted(left):
            try:
                projection.remove_record(KINDS[kind], row)
            except ProtectedError:
                continue
            removed.add((kind, row))
        if not removed:
            raise LedgerError(
                f"{len(left)} rows that the ledger doesn't know refer to each other and can't be removed."
            )
        repair.removed += len(removed)
        left -= removed
