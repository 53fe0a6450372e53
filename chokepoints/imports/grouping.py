"""Which changes of a file go together (pure): what rests on a new record goes with it, and as many as somebody wants to read.

Records that one file brings anew may name each other; a proposal can only name what is published or in itself. So such
changes are one piece, whatever the grouping.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..records import KINDS


@dataclass(frozen=True)
class FiledChange:
    """One change as a report keeps it. `label` names its record; `after` is the record's state with it."""

    kind: str
    record: str
    label: str
    base: int
    fields: dict[str, Any]
    after: dict[str, Any]


@dataclass
class Group:
    """Changes that become one proposal, under a name."""

    name: str
    changes: list[FiledChange] = field(default_factory=list)


def pieces(changes: Sequence[FiledChange]) -> list[list[FiledChange]]:
    """Return the changes in pieces that can't be torn: what names a new record stands with it, and after it."""
    new = {change.record for change in changes if change.base == 0}
    parent = {change.record: change.record for change in changes}

    def root(record: str) -> str:
        while parent[record] != record:
            parent[record] = parent[parent[record]]
            record = parent[record]
        return record

    for change in changes:
        for _, _, target in KINDS[change.kind].references(change.fields):
            if target in new and target != change.record:
                parent[root(change.record)] = root(target)
    found: dict[str, list[FiledChange]] = defaultdict(list)
    for change in changes:
        found[root(change.record)].append(change)
    return list(found.values())


def group_changes(
    changes: Sequence[FiledChange], name_of: Callable[[FiledChange], str], *, most: int, one_each: bool
) -> list[Group]:
    """Return changes in groups of at most `most`: a piece each, or pieces with the same name together.

    Raises ValueError where one piece is larger than that.
    """
    groups: list[Group] = []
    open_groups: dict[str, Group] = {}
    for piece in pieces(changes):
        if len(piece) > most:
            raise ValueError(
                f"{len(piece):,} rows rest on each other, beginning with “{piece[0].label[:80]}”, and a proposal has at most "
                f"{most} changes. Bring the records that the others name first."
            )
        name = piece[0].label if one_each else name_of(piece[0])
        group = None if one_each else open_groups.get(name)
        if group is None or len(group.changes) + len(piece) > most:
            group = open_groups[name] = Group(name)
            groups.append(group)
        group.changes += piece
    return groups


def titled(groups: Iterable[Group], title: str) -> list[tuple[str, Group]]:
    """Return groups with the titles of their proposals; groups of one name are numbered."""
    groups = list(groups)
    named: dict[str, int] = defaultdict(int)
    for group in groups:
        named[group.name] += 1
    seen: dict[str, int] = defaultdict(int)
    result = []
    for group in groups:
        seen[group.name] += 1
        part = f", part {seen[group.name]} of {named[group.name]}" if named[group.name] > 1 else ""
        room = 200 - len(title) - len(part) - 3
        result.append((f"{title}: {group.name[:room]}{part}" if group.name else f"{title}{part}", group))
    return result
