"""Merging: a proposal's values into a record that may have moved since its author looked (pure).

Merging is by unit: a field, or fields that are one statement (records.py names them). A unit that only one side moved
stands as that side has it. Where both moved it, sets and maps merge entry by entry and our own texts sentence by
sentence; anything else, a statement of several fields and a quote above all, is a conflict that people resolve.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from chokepoints.canonical import canonical, same_json
from chokepoints.fields import Children, Field, FieldError, Names, Text
from chokepoints.records import Kind

from .sentences import merge_text

Values = Mapping[str, Any]

CURRENT, PROPOSED = "current", "proposed"
_APART = object()  # stands for the value that two sides don't come together in


@dataclass(frozen=True)
class Conflict:
    """A unit that moved on both sides, with all fields of its statement."""

    unit: str
    fields: tuple[str, ...]


@dataclass(frozen=True)
class Merge:
    """What of a proposal is still to be applied, and what can't be merged.

    `merged_texts` are those of `fields` whose text neither side wrote: nobody has read it yet.
    """

    fields: dict[str, Any]
    conflicts: tuple[Conflict, ...] = ()
    merged_texts: frozenset[str] = frozenset()


def merge(kind: Kind, base: Values, current: Values, proposed: Values) -> Merge:
    """Merge proposed field values into `current`, of which the author saw `base`. States hold only what is known.

    `fields` of the result are those that then differ from `current`; a value of None clears a field.
    """
    fields: dict[str, Any] = {}
    conflicts: list[Conflict] = []
    texts: set[str] = set()
    for unit in dict.fromkeys(kind.fields[name].merge_unit for name in proposed):
        names = unit_fields(kind, unit)
        wanted = _statement(names, base, proposed)
        before, now = _statement(names, base), _statement(names, current)
        if same_json(wanted, before) or same_json(wanted, now):
            continue
        if same_json(now, before):
            fields |= _differing(wanted, current)
        elif (value := _merge_values(kind, before, now, wanted)) is _APART:
            conflicts.append(Conflict(unit, names))
        else:
            merged = _differing({names[0]: value}, current)
            fields |= merged
            texts |= {name for name in merged if isinstance(value, str) and value != wanted[name]}
    return Merge(fields, tuple(conflicts), frozenset(texts))


def resolve(
    kind: Kind, base: Values, current: Values, proposed: Values, choices: Mapping[str, str | Values]
) -> dict[str, Any]:
    """Return what a change should propose once it is written against `current`, its conflicts resolved by `choices`.

    Each conflicting unit is chosen as "current" (the author's values are dropped), "proposed" (the whole statement as
    its author has it, with the fields that they left as they were), or as a mapping of some of its fields to clean third
    values; fields that this leaves out stay as they are now. Raises ValueError for a conflict without a choice, a choice
    without a conflict, and a choice that is none of these.
    """
    merged = merge(kind, base, current, proposed)
    conflicts = {conflict.unit: conflict.fields for conflict in merged.conflicts}
    for units, words in (
        (conflicts.keys() - choices.keys(), "still needs a choice"),
        (choices.keys() - conflicts.keys(), "isn't in conflict"),
    ):
        if units:
            raise ValueError(f"“{min(units)}” {words}.")
    fields = dict(merged.fields)
    for unit, names in conflicts.items():
        fields |= _differing(_chosen(unit, names, choices[unit], base, proposed), current)
    return fields


def unit_fields(kind: Kind, unit: str) -> tuple[str, ...]:
    """Return the names of a unit's fields, in the kind's order. Raises ValueError if the kind has no such unit."""
    names = tuple(field.name for field in kind.fields.values() if field.merge_unit == unit)
    if not names:
        raise ValueError(f"“{unit}” isn't a unit of {kind.plural}.")
    return names


def is_entry_wise(field: Field) -> bool:
    """Tell whether a field is a set or map, which merges by its entries."""
    return isinstance(field, Names | Children)


def delta(field: Field, base: Any, value: Any) -> dict[str, list[Any]]:
    """Return which entries of a set or map were added, removed and changed (pairs old, new) between two clean values.

    The entries stand in the order of the field's values, so that equal deltas have equal digests.
    """
    before, after = _entries(field, base), _entries(field, value)
    return {
        "added": [entry for key, entry in after.items() if key not in before],
        "removed": [entry for key, entry in before.items() if key not in after],
        "changed": [
            [before[key], entry]
            for key, entry in after.items()
            if key in before and not same_json(before[key], entry)
        ],
    }


def _statement(names: Iterable[str], *states: Values) -> dict[str, Any]:
    """Return the fields of a unit as the last state has them, or else the ones before it."""
    return {name: next((state[name] for state in reversed(states) if name in state), None) for name in names}


def _differing(wanted: Values, current: Values) -> dict[str, Any]:
    return {name: value for name, value in wanted.items() if not same_json(value, current.get(name))}


def _chosen(unit: str, names: tuple[str, ...], choice: Any, base: Values, proposed: Values) -> Values:
    if choice == CURRENT:
        return {}
    if choice == PROPOSED:
        return _statement(names, base, proposed)
    if not isinstance(choice, Mapping) or not choice.keys() <= set(names):
        raise ValueError(
            f"“{unit}” is resolved by “current”, “proposed” or values of its own: {', '.join(names)}."
        )
    return choice


def _merge_values(kind: Kind, base: Values, current: Values, proposed: Values) -> Any:
    """Return what both sides make of a statement of one field, or _APART if people have to say."""
    if len(base) > 1:
        return _APART
    (name,) = base
    return _merge_value(kind.fields[name], base[name], current[name], proposed[name])


def _merge_value(field: Field, base: Any, current: Any, proposed: Any) -> Any:
    merged: Any = None
    if is_entry_wise(field):
        merged = _merge_entries(field, base, current, proposed)
    elif type(field) is Text:  # its kin are names and quotes, which are one thing said by one person
        merged = merge_text(base or "", current or "", proposed or "")
    if merged is None:
        return _APART
    try:
        value = field.clean(merged)
    except FieldError:  # each side fits the field and both together don't
        return _APART
    return _APART if value is None and field.required else value


def _entries(field: Field, value: Any) -> dict[Any, Any]:
    """Return the entries of a set or map by what identifies each; an entry of a set is its own key."""
    key = field.entry_key if isinstance(field, Children) else canonical
    return {key(entry): entry for entry in value or ()}


def _merge_entries(field: Field, base: Any, current: Any, proposed: Any) -> list[Any] | None:
    """Return the entries that both sides make, in no order; None if they made different things of the same one."""
    olds, theirs, ours = (_entries(field, value) for value in (base, current, proposed))
    merged = []
    for key in olds | theirs | ours:
        old, their, our = olds.get(key), theirs.get(key), ours.get(key)
        if not same_json(their, old) and not same_json(our, old) and not same_json(their, our):
            return None
        entry = their if same_json(our, old) else our
        if entry is not None:
            merged.append(entry)
    return merged
