"""Resolving: what can't be merged is decided by hand, by an author, field by field. What isn't in conflict stays approved."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chokepoints.exceptions import FIELD, REFERENCE, ChangesRefused, Problem
from chokepoints.fields import FieldError
from chokepoints.models.revision import CREATE, UPDATE
from chokepoints.projection import model_of
from chokepoints.records import KINDS
from chokepoints.services.contributing import contributor_for
from chokepoints.services.locking import register_lock

from .. import merging
from ..exceptions import InvalidProposal, StaleVersion
from ..models import Version
from .admitting import check_may, check_version, locked_proposal
from .applying import MergedChange, merge_changes, prepare
from .drafting import make_version
from .settling import Outcome
from .writing import HEAD, DraftChange, clean_version

CURRENT, PROPOSED = "current", "proposed"


@dataclass(frozen=True)
class UnitConflict:
    """A merge unit of one change that moved on both sides, with the values of each side by field."""

    unit: str
    base: dict[str, Any]
    current: dict[str, Any]
    proposed: dict[str, Any]


@dataclass
class ChangeConflict:
    """Why one change can't be published: units that moved on both sides, and other `problems` (key, reference, rule)."""

    merged: MergedChange
    units: list[UnitConflict] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    @property
    def seen(self) -> int:
        """The revision of the record that these conflicts are with; 0 for a new record."""
        row = model_of(self.merged.kind).objects.filter(pk=self.merged.record).first()
        return row.revision if row else 0


def conflicts_of(version: Version) -> list[ChangeConflict]:
    """Return why each change of a version can't be published now; a change without a conflict is left out."""
    merged = merge_changes(list(version.changes.all()))
    found = {one.position: ChangeConflict(one, _unit_conflicts(one)) for one in merged}
    try:
        problems = prepare(version).weight.problems
    except ChangesRefused as refusal:
        problems = refusal.problems
    for problem in problems:
        units = [unit.unit for unit in found[problem.change].units] if problem.change in found else []
        kind = found[problem.change].merged.kind if problem.change in found else None
        is_shown = kind and problem.field in kind.fields and kind.fields[problem.field].merge_unit in units
        if problem.change in found and not (problem.sort == FIELD and is_shown):
            found[problem.change].problems.append(problem)
    return [conflict for conflict in found.values() if conflict.units or conflict.problems]


def _unit_conflicts(one: MergedChange) -> list[UnitConflict]:
    if one.merge is None:
        return []
    return [
        UnitConflict(
            conflict.unit,
            {name: one.base.get(name) for name in conflict.fields},
            {name: one.current.get(name) for name in conflict.fields},
            {name: one.change.fields.get(name, one.base.get(name)) for name in conflict.fields},
        )
        for conflict in one.merge.conflicts
    ]


@dataclass(frozen=True)
class Resolution:
    """What an author decides about one change that is in conflict.

    `seen` is the record's revision that they compared with. `units` maps each unit in conflict to "current", "proposed" or
    the values that hold instead; `fields` are new values for other fields, such as another key; `drop` gives the change up.
    """

    seen: int = 0
    units: Mapping[str, str | Mapping[str, Any]] = field(default_factory=dict)
    fields: Mapping[str, Any] = field(default_factory=dict)
    drop: bool = False


def resolve_proposal(
    *, actor: Any, number: int, version: int, resolutions: Mapping[str, Resolution]
) -> Outcome:
    """Make a version that is written against the register as it is now, by what an author decided about each conflict,
    by record id. It is published at once if the approvals that still stand suffice.

    Raises NotAllowed, NotFound, StaleVersion (also where the register moved on again), WrongState and InvalidProposal.
    """
    with register_lock():
        proposal, author = locked_proposal(number, actor), contributor_for(actor)
        check_may("edit" if proposal.state == "draft" else "resolve", proposal, actor, author)
        check_version(proposal, version)
        present = proposal.present_version()
        merged = merge_changes(list(present.changes.all()))
        _check_seen(merged, resolutions)
        changes = [
            _resolved(one, resolutions.get(one.record, Resolution()))
            for one in merged
            if not resolutions.get(one.record, Resolution()).drop
        ]
        standing = [change for change in changes if change is not None]
        if not standing:
            words = "Nothing of the proposal remains. Withdraw it instead."
            raise InvalidProposal([Problem(FIELD, HEAD, "", words)])
        cleaned = clean_version(present.title, present.rationale, standing)
        return make_version(proposal, author, cleaned, how="resolved")


def _check_seen(merged: Sequence[MergedChange], resolutions: Mapping[str, Resolution]) -> None:
    for one in merged:
        resolution = resolutions.get(one.record)
        if resolution is None or resolution.drop or one.change.operation == CREATE:
            continue
        if ChangeConflict(one).seen != resolution.seen:
            raise StaleVersion(f"The {one.kind.name} was changed again meanwhile. Look at it as it is now.")


def _resolved(one: MergedChange, resolution: Resolution) -> DraftChange | None:
    """Return a change as it is to be written now, or None if nothing of it remains."""
    change = one.change
    if change.operation != UPDATE:
        fields = {**change.fields, **resolution.fields}
        return DraftChange(
            change.kind, one.record, change.operation, fields, change.cites, change.base_revision
        )
    if one.merge is None:
        words = f"This {one.kind.name} can't be changed any more. Give this change up, or restore the record first."
        raise InvalidProposal([Problem(REFERENCE, one.position, "", words)])
    try:
        units = {unit: _clean_unit(one, values) for unit, values in resolution.units.items()}
        fields = merging.resolve(one.kind, one.base, one.current, change.fields, units)
    except ValueError as error:
        raise InvalidProposal([Problem(FIELD, one.position, "", str(error))]) from error
    fields |= resolution.fields
    if not fields:
        return None
    cites = {name: targets for name, targets in change.cites.items() if not name or name in fields}
    return DraftChange(change.kind, one.record, UPDATE, fields, cites, ChangeConflict(one).seen)


def _clean_unit(one: MergedChange, values: str | Mapping[str, Any]) -> str | dict[str, Any]:
    if isinstance(values, str):
        if values not in (CURRENT, PROPOSED):
            raise ValueError("Choose what the register says, what the proposal says, or write what holds.")
        return values
    clean = {}
    for name, value in values.items():
        try:
            clean[name] = KINDS[one.change.kind].editable[name].clean(value)
        except FieldError as error:
            raise InvalidProposal([Problem(FIELD, one.position, name, str(error))]) from error
        except KeyError as error:
            raise ValueError(f"There is no field “{str(name)[:60]}” to decide about.") from error
    return clean
