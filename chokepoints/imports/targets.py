"""What a column of a file can mean for a kind of record, under the names that the columns of exports have (pure)."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from ..fields import Children, Choice, ChoiceSet, Country, Field, Names, Reference, Share
from ..records import KINDS, Kind

ID, REVISION, IDENTIFIER, REMARK = "id", "revision", "identifier", "remark"
EXACT = "exact"  # the part of a share that is both bounds at once
# What exports say beside the fields; it follows from the register and can't be brought back.
DERIVED = frozenset({"created_in", "changed_in", "retired", "merged_into", "merged_into_key"})
DERIVED_STATUS = frozenset({"status", "status_as_of", "status_assessment"})  # of a chokepoint


@dataclass(frozen=True)
class Target:
    """One meaning that a column can have.

    `field` is the field that it fills, "" for none; `part` a share's part; `beside` the reference that it only names again,
    and is compared with.
    """

    name: str
    label: str
    field: str = ""
    part: str = ""
    beside: str = ""


@cache
def targets_of(kind: str) -> Mapping[str, Target]:
    """Return what a column can mean for a kind, by name, in the order of pages."""
    found = [Target(ID, "Id in the register"), Target(REVISION, "Revision that the file was made from")]
    for field in KINDS[kind].editable.values():
        found += _targets_of(field)
    if "identifiers" in KINDS[kind].fields:
        found.append(Target(IDENTIFIER, "Identifier in another scheme", "identifiers"))
    found.append(Target(REMARK, "A remark, which goes into the note", "note"))
    return {target.name: target for target in found}


def _targets_of(field: Field) -> list[Target]:
    if isinstance(field, Share):
        words = {"low": "lower bound", "high": "upper bound"}
        parts = [
            Target(f"{field.name}_{part}", f"{field.label}: {words.get(part, part)}", field.name, part)
            for part in field.PARTS
        ]
        return [
            Target(f"{field.name}_{EXACT}", f"{field.label}: both bounds in one cell", field.name, EXACT),
            *parts,
        ]
    found = [Target(field.name, field.label, field.name)]
    if isinstance(field, Reference):
        found.append(
            Target(f"{field.name}_key", f"{field.label}: key or name, only compared", beside=field.name)
        )
    return found


def vocabulary_of(field: Field) -> Mapping[str, str]:
    """Return the words that a field takes, with labels; empty where it takes any. Countries are looked up otherwise."""
    return field.choices if isinstance(field, Choice | ChoiceSet) and not isinstance(field, Country) else {}


def part_words(field: Share, part: str) -> Mapping[str, str]:
    """Return the words that a part of a share takes, with labels; empty where it takes any."""
    return {"market": field.markets, "measure": field.measures, "counted": field.countings}.get(part, {})


def is_set(field: Field) -> bool:
    """Tell whether a field holds entries, which a file may add to or replace."""
    return isinstance(field, Children | Names)


def derived_columns(kind: Kind) -> frozenset[str]:
    """Return the columns of an export of a kind that nobody can bring back."""
    keys = {f"{name}_keys" for name, field in kind.fields.items() if is_set(field)}
    return DERIVED | keys | (DERIVED_STATUS if kind.name == "chokepoint" else frozenset())
