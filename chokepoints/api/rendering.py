"""How records look from outside: states as JSON, made from records.py, with references that say what they lead to.

What every record has is named so that no field of any kind is hidden by it: `record` is the kind, as in proposals, and
`self` the address here; a source's own `kind` and `url` stand beside them. Nothing known is null, an empty set is [].
`fields` takes only some members, `expand` puts whole records where references stand. The number of queries depends on
the kinds involved, never on the number of records.
"""

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..fields import Bearings, Children, Field, Flag, Listings, Names, Reference, ReferenceSet, Share
from ..records import KINDS, Kind, State

# Path of each kind that has an address of its own.
PATHS = {
    "list": "lists",
    "sector": "sectors",
    "chokepoint": "chokepoints",
    "organization": "organizations",
    "supply": "supplies",
    "source": "sources",
    "evidence": "evidence",
    "assessment": "assessments",
}
COMMON = ("id", "record", "self", "revision", "created_in", "changed_in", "retired", "merged_into")


BEARING = ("chokepoint", "list", "stance", "note")
LISTING = ("list", "number", "headline", "named_on")


@dataclass
class Known:
    """One record as the ledger holds it at some moment: its state, its revision, and the changesets of its first and last."""

    kind: Kind
    record: str
    state: State
    revision: int
    created_in: int
    changed_in: int


Look = Callable[[str, Iterable[str]], Mapping[str, Known]]  # (kind, ids) → records by id


@dataclass
class Rendering:
    """What was asked for: which members (None: all) and which references as whole records."""

    look: Look
    address: Callable[[str], str]  # path below /api/v1/ → whole address
    only: frozenset[str] | None = None
    expand: frozenset[str] = field(default_factory=frozenset)

    def render(self, records: Sequence[Known]) -> list[dict[str, Any]]:
        """Return records of one kind as JSON objects."""
        named = self._look_up(records)
        return [self._render(one, named) for one in records]

    def _look_up(self, records: Sequence[Known]) -> dict[tuple[str, str], Known]:
        wanted: dict[str, set[str]] = {}
        for one in records:
            for reference, kind, record in one.kind.references(one.state):
                if self.shows(reference.name):
                    wanted.setdefault(kind, set()).add(record)
        found: dict[tuple[str, str], Known] = {}
        for kind, ids in wanted.items():
            found |= {(kind, record): one for record, one in self.look(kind, ids).items()}
        expanded = [
            found[kind, record]
            for one in records
            for reference, kind, record in one.kind.references(one.state)
            if reference.name in self.expand and (kind, record) in found
        ]
        return self._with_references_of(expanded, found)

    def _with_references_of(
        self, records: Iterable[Known], found: dict[tuple[str, str], Known]
    ) -> dict[tuple[str, str], Known]:
        """Also find what records that will be shown whole refer to."""
        wanted: dict[str, set[str]] = {}
        for one in records:
            for _, kind, record in one.kind.references(one.state):
                if (kind, record) not in found:
                    wanted.setdefault(kind, set()).add(record)
        for kind, ids in wanted.items():
            found |= {(kind, record): one for record, one in self.look(kind, ids).items()}
        return found

    def refer_to(self, kind: str, records: Iterable[str], *, expand: bool = False) -> dict[str, Any]:
        """Return references to records of a kind by id, or with `expand` the whole records."""
        found = {(kind, record): one for record, one in self.look(kind, records).items()}
        ids = [record for _, record in found]
        if expand:
            self._with_references_of(list(found.values()), found)
        return {record: self._reference(kind, record, found, expand) for record in ids}

    def _render(
        self, one: Known, named: Mapping[tuple[str, str], Known], *, whole: bool = False
    ) -> dict[str, Any]:
        merged_into = one.state.get("merged_into")
        shown: dict[str, Any] = {
            "id": one.record,
            "record": one.kind.name,
            "self": self.url_of(one.kind.name, one.record),
            "revision": one.revision,
            "created_in": one.created_in,
            "changed_in": one.changed_in,
            "retired": bool(one.state.get("retired")),
            "merged_into": self._reference(one.kind.name, merged_into, named, False) if merged_into else None,
        }
        for name, each in one.kind.editable.items():
            if whole or self.shows(name):
                expand = not whole and name in self.expand
                shown[name] = self._value(each, one.state.get(name), named, expand)
        return shown if whole else {name: value for name, value in shown.items() if self.shows(name)}

    def shows(self, name: str) -> bool:
        """Tell whether a member was asked for. The id always comes."""
        return self.only is None or name in self.only or name == "id"

    def _value(self, each: Field, value: Any, named: Mapping[tuple[str, str], Known], expand: bool) -> Any:
        if isinstance(each, Reference):
            return self._reference(each.kind, value, named, expand) if value else None
        if isinstance(each, ReferenceSet):
            return [self._reference(each.kind, record, named, expand) for record in value or []]
        if isinstance(each, Bearings | Listings):
            return [self._entry(each, entry, named, expand) for entry in value or []]
        if isinstance(each, Share):
            return {part: value.get(part) for part in Share.PARTS} if value else None
        if isinstance(each, Names | Children):
            return value or []
        if isinstance(each, Flag):
            return bool(value)
        return value

    def _entry(self, each: Field, entry: Mapping[str, Any], named: Mapping, expand: bool) -> dict[str, Any]:
        return {
            part: self._reference(part, entry[part], named, expand)
            if part in {"chokepoint", "list"} and part in entry
            else entry.get(part)
            for part in (BEARING if isinstance(each, Bearings) else LISTING)
        }

    def _reference(self, kind: str, record: str, named: Mapping, expand: bool) -> dict[str, Any]:
        other = named.get((kind, record))
        if expand and other:
            return self._render(other, named, whole=True)
        state = other.state if other else {}
        return {
            "id": record,
            "key": state.get("key"),
            "name": state.get(KINDS[kind].title) if KINDS[kind].title else None,
            "url": self.url_of(kind, record),
        }

    def url_of(self, kind: str, record: str) -> str:
        return self.address(f"{PATHS[kind]}/{uuid.UUID(record)}/")


def members_of(kind: Kind) -> list[str]:
    """Return the names that `fields` takes for a kind."""
    return [*COMMON, *kind.editable]


def expandable(kind: Kind) -> list[str]:
    """Return the names that `expand` takes for a kind: its fields that refer to records."""
    return [
        name
        for name, each in kind.editable.items()
        if isinstance(each, Reference | ReferenceSet | Bearings | Listings)
    ]
