"""What records are called, and which records a state refers to."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet

from ..presenting import WITHHELD, Names
from ..projection import model_of
from ..records import KINDS, Kind, State


def names_of(references: Iterable[tuple[str, str]]) -> Names:
    """Return label and address of records of any kind, with one query a kind."""
    wanted: dict[str, set[str]] = defaultdict(set)
    for kind, record in references:
        if kind in KINDS:
            wanted[kind].add(record)
    names: dict[tuple[str, str], tuple[str, str]] = {}
    for kind, records in wanted.items():
        for row in _labelled(KINDS[kind]).filter(pk__in=records):
            names[kind, str(row.pk)] = (
                label_of(kind, row),
                row.get_absolute_url() if hasattr(row, "get_absolute_url") else "",
            )
    return names


def _labelled(kind: Kind) -> QuerySet:
    related = {"supply": ("organization", "chokepoint"), "assessment": ("chokepoint",)}
    return model_of(kind).objects.select_related(*related.get(kind.name, ()))


def label_of(kind: str, row: Any) -> str:
    """Return what a record is called where nothing else says what it is about."""
    if kind == "assessment":
        return f"{row.chokepoint}: {row}"
    return str(row)


def references_in(kind: Kind, *states: State) -> list[tuple[str, str]]:
    """Return every record that some states of one kind refer to."""
    return [
        (target_kind, target)
        for state in states
        for name, value in state.items()
        if value is not WITHHELD and name in kind.fields
        for target_kind, target in kind.fields[name].references(value)
    ]
