"""Filters that look at more than one plain column: at sets, and at other records as they were at the changeset.

Each takes any of some values, so that `sector__in` means what `sector` does: a sector with its parts.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from django.apps import apps
from django.db.models import Q

from ..fields import COUNTRIES, ReferenceSet
from ..records import KINDS
from ..selectors import with_parts
from ..vocabularies import BARRIERS, STANCES
from .condition import Cells, Condition, Where, among, check_word, record_named
from .rows import World

Make = Callable[[str, Sequence[str]], Condition]


def _has(column: str, words: Iterable[str]) -> Make:
    """Rows of which a set of words has any of some."""

    def make(name: str, values: Sequence[str]) -> Condition:
        where = Q(pk__in=[])
        for value in values:
            check_word(name, value, words)
            # The set stands as JSON in a column, and such words have no letters that JSON writes otherwise.
            where |= Q(**{f"{column}__icontains": f'"{value}"'})
        wanted = frozenset(values)
        return Condition(
            (column,),
            lambda cells, world: not wanted.isdisjoint(cells[column] or ()),
            where=lambda world: where,
        )

    return make


def _in_sector(name: str, values: Sequence[str]) -> Condition:
    """Sectors with their parts."""
    sectors = [record_named(name, "sector", value) for value in values]
    cached: dict[int, set[str]] = {}

    def parts(world: World) -> set[str]:
        if id(world) not in cached:
            parents = {one: parent for one, parent in world.sector_parents.items() if parent}
            cached[id(world)] = with_parts(sectors, parents)
        return cached[id(world)]

    return Condition(
        ("sector",),
        lambda cells, world: cells["sector"] in parts(world),
        where=lambda world: among(parts(world), "sector"),
    )


def _supplied_from(name: str, values: Sequence[str]) -> Condition:
    for value in values:
        check_word(name, value, COUNTRIES)
    wanted = frozenset(values)

    def where(world: World) -> Q | None:
        return among(r for r, countries in world.supplied_from.items() if not wanted.isdisjoint(countries))

    return Condition(
        ("id",),
        lambda cells, world: not wanted.isdisjoint(world.supplied_from.get(cells["id"], ())),
        where=where,
    )


def _in_set(owner: str, column: str, **entry: Any) -> Where:
    """Say in SQL that a set, whose entries stand in a table of their own, has an entry with some content."""
    each = KINDS[owner].fields[column]
    entries = apps.get_model("chokepoints", each.table).objects.filter(**entry)  # type: ignore[attr-defined]
    where = Q(pk__in=entries.values(f"{each.parent}_id"))  # type: ignore[attr-defined]
    return lambda world: where


def _names(owner: str, column: str, part: str, kind: str) -> Make:
    """Rows of which an entry of a set names any of some records."""

    def make(name: str, values: Sequence[str]) -> Condition:
        records = {record_named(name, kind, value) for value in values}

        def test(cells: Cells, world: World) -> bool:
            entries = cells[column] or ()
            return any((entry.get(part) if part else entry) in records for entry in entries)

        each = KINDS[owner].fields[column]
        stands_in = each.column if isinstance(each, ReferenceSet) else part
        named = {f"{stands_in}__in": sorted(records)}
        return Condition((column,), test, where=_in_set(owner, column, **named))

    return make


def _with_stance(name: str, values: Sequence[str]) -> Condition:
    for value in values:
        check_word(name, value, STANCES)
    wanted = frozenset(values)

    def test(cells: Cells, world: World) -> bool:
        return any(entry["stance"] in wanted for entry in cells["bears_on"] or ())

    return Condition(("bears_on",), test, where=_in_set("evidence", "bears_on", stance__in=sorted(wanted)))


RELATING: dict[str, dict[str, Make]] = {
    "chokepoint": {
        "sector": _in_sector,
        "country": _supplied_from,
        "barrier": _has("barriers", BARRIERS),
        "list": _names("chokepoint", "listings", "list", "list"),
    },
    "source": {"derived_from": _names("source", "derived_from", "", "source")},
    "evidence": {
        "stance": _with_stance,
        "chokepoint": _names("evidence", "bears_on", "chokepoint", "chokepoint"),
        "list": _names("evidence", "bears_on", "list", "list"),
    },
    "supply": {"evidence": _names("supply", "evidence", "", "evidence")},
    "assessment": {"evidence": _names("assessment", "evidence", "", "evidence")},
}
