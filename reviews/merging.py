"""Merging: a proposal's values into a record that may have moved since its author looked (pure).

Merging is by unit: a field, or fields that are one statement (records.py names them). In this first form a unit that
moved on both sides is a conflict, unless both sides say the same; units that moved on one side only get in.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chokepoints.canonical import same_json
from chokepoints.records import Kind

Values = Mapping[str, Any]


@dataclass(frozen=True)
class Conflict:
    """A unit that moved on both sides."""

    unit: str
    fields: tuple[str, ...]


@dataclass(frozen=True)
class Merge:
    """What of a proposal is still to be applied, and what can't be merged."""

    fields: dict[str, Any]
    conflicts: tuple[Conflict, ...] = ()


def merge(kind: Kind, base: Values, current: Values, proposed: Values) -> Merge:
    """Merge proposed field values into `current`, of which the author saw `base`. States hold only what is known."""
    units: dict[str, list[str]] = {}
    for name in proposed:
        units.setdefault(kind.fields[name].merge_unit, [])
    for field in kind.fields.values():
        if field.merge_unit in units:
            units[field.merge_unit].append(field.name)
    fields: dict[str, Any] = {}
    conflicts = []
    for unit, names in units.items():
        wanted = {name: proposed[name] for name in names if name in proposed}
        if all(same_json(current.get(name), value) for name, value in wanted.items()):
            continue
        if all(same_json(current.get(name), base.get(name)) for name in names):
            fields |= wanted
        else:
            conflicts.append(Conflict(unit, tuple(names)))
    return Merge(fields, tuple(conflicts))
