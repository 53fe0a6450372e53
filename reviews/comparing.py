"""Comparing two versions of a proposal: which changes came, went or say something else, and what of them (pure).

A change is followed by its record. Whether it says something else is told from the changes alone; the states, which cost
reading, are wanted only for those that are shown.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from chokepoints.canonical import same_json
from chokepoints.comparison import FieldComparison, compare
from chokepoints.presenting import Names
from chokepoints.records import KINDS, Kind, State

ADDED, REMOVED, ALTERED, SAME = "added", "removed", "altered", "same"
RETIRE, RESTORE = "retire", "restore"


class Proposed(Protocol):
    """A change of a version: a Change of models, or a DraftChange."""

    kind: str
    record: Any
    operation: str
    fields: Mapping[str, Any]
    cites: Mapping[str, Sequence[str]]
    base_revision: int


@dataclass(frozen=True)
class Pair:
    """What two versions propose for one record; None where a version leaves it alone."""

    earlier: Any  # a Proposed or None
    later: Any

    @property
    def either(self) -> Proposed:
        return self.later or self.earlier

    @property
    def record(self) -> str:
        return str(self.either.record)

    @property
    def kind(self) -> Kind:
        return KINDS[self.either.kind]

    @property
    def sort(self) -> str:
        if not self.earlier:
            return ADDED
        if not self.later:
            return REMOVED
        parts = ("operation", "fields", "cites")
        same = all(same_json(getattr(self.earlier, part), getattr(self.later, part)) for part in parts)
        return SAME if same else ALTERED

    @property
    def looked_again(self) -> bool:
        """Whether the author saw another revision of the record for the later version."""
        return bool(self.earlier and self.later and self.earlier.base_revision != self.later.base_revision)


@dataclass(frozen=True)
class AlteredField:
    """One field as the two versions would have it. `only_in` says which of them proposes it, if only one does."""

    comparison: FieldComparison
    only_in: str = ""  # "earlier" or "later"


def pair_changes(earlier: Sequence[Proposed], later: Sequence[Proposed]) -> list[Pair]:
    """Return what two versions propose, record by record: as the later one has it, then what it takes out."""
    before, after = ({str(one.record): one for one in version} for version in (earlier, later))
    pairs = [Pair(before.get(record), one) for record, one in after.items()]
    return pairs + [Pair(one, None) for record, one in before.items() if record not in after]


def proposed_state(change: Proposed, seen: State) -> State:
    """Return a record as a change would have it, from what its author saw of it."""
    state = {name: value for name, value in {**seen, **change.fields}.items() if value is not None}
    if change.operation == RETIRE:
        state["retired"] = True
    if change.operation == RESTORE:
        state.pop("retired", None)
    return state


def compare_pair(pair: Pair, earlier: State, later: State, names: Names) -> list[AlteredField]:
    """Return the fields in which two versions of a change differ, from the states that they propose.

    For a change that only one version has, these are its fields, from what its author saw to what they propose: then
    `earlier` and `later` are the states before and after it.
    """
    if not (pair.earlier and pair.later):
        wanted = later if pair.either.operation == "create" else pair.either.fields
        return [AlteredField(one) for one in compare(pair.kind, earlier, later, wanted, names)]
    old, new = pair.earlier.fields, pair.later.fields
    wanted = [
        name
        for name in {**old, **new}
        if (name in old) != (name in new) or not same_json(earlier.get(name), later.get(name))
    ]
    return [
        AlteredField(one, "" if one.name in old and one.name in new else _only_in(one.name, old))
        for one in compare(pair.kind, earlier, later, wanted, names)
    ]


def _only_in(name: str, earlier: Mapping[str, Any]) -> str:
    return "earlier" if name in earlier else "later"


def cites_changed(pair: Pair) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Return the evidence that the later version cites anew, and what it cites no more, as (field, evidence)."""
    old, new = (_cites(change) for change in (pair.earlier, pair.later))
    return sorted(new - old), sorted(old - new)


def _cites(change: Any) -> set[tuple[str, str]]:
    if change is None:
        return set()
    return {(name, target) for name, targets in change.cites.items() for target in targets}
