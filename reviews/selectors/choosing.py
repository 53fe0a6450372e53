"""The register's lists as a bulk edit chooses from them: which rows, what a row is known by, what it has at present."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.db.models.functions import Lower

from chokepoints import filters, selectors
from chokepoints.models import Chokepoint, ChokepointList, Evidence, Organization, Record, Source
from chokepoints.presenting import Shown, country_name, field_language, present
from chokepoints.projection import read_states
from chokepoints.records import Kind

from ..bulk import shorten

IN_A_CELL = 120  # characters of a present value


@dataclass(frozen=True)
class Listed:
    """A kind that has a list: its rows in the list's order, its filters, its address, and what a row is known by."""

    rows: Callable[[], QuerySet]
    filter: Any
    address: str
    known_by: Callable[[Any], str]


def _chokepoints() -> QuerySet:
    rows = Chokepoint.objects.in_force().with_status(selectors.today())
    return rows.select_related("sector").order_by(Lower("name"), "pk")


LISTS = {
    "chokepoint": Listed(
        _chokepoints, filters.ChokepointFilter, "chokepoint-list", lambda row: str(row.sector or "")
    ),
    "organization": Listed(
        lambda: Organization.objects.in_force().order_by(Lower("name"), "pk"),
        filters.OrganizationFilter,
        "organization-index",
        lambda row: country_name(row.country),
    ),
    "source": Listed(
        lambda: Source.objects.in_force().order_by("key"),
        filters.SourceFilter,
        "source-index",
        lambda row: row.publisher or row.key,
    ),
    "evidence": Listed(
        lambda: Evidence.objects.in_force().select_related("source").order_by("source__key", "pk"),
        filters.EvidenceFilter,
        "evidence-index",
        lambda row: row.source.key,
    ),
    "list": Listed(
        lambda: ChokepointList.objects.in_force().order_by("-issued_on", "key"),
        None,
        "list-index",
        lambda row: row.issuer,
    ),
}


@dataclass
class Choice:
    """One record that can be chosen, with what it has in the field at present."""

    row: Record
    known_by: str
    now: tuple[Shown, ...]
    ticked: bool


def choices_of(
    kind: Kind, rows: Sequence[Record], name: str, *, ticked: Collection[str] | None = ()
) -> list[Choice]:
    """Return rows of a list with what they have in a field; `ticked` are ids, None for all of them."""
    one = kind.fields[name]
    states = read_states(kind, rows)
    values = [{name: state[name]} for state in states.values() if name in state]
    names = selectors.names_of(selectors.references_in(kind, *values))
    choices = []
    for row in rows:
        state = states[str(row.pk)]
        now = shorten(present(one, state.get(name), names, field_language(one, state)), IN_A_CELL)
        is_ticked = ticked is None or str(row.pk) in ticked
        choices.append(Choice(row, LISTS[kind.name].known_by(row), now, is_ticked))
    return choices


def noun_for(kind: Kind, number: int) -> str:
    """Return what so many records of a kind are called."""
    if kind.name == "evidence":
        return "piece of evidence" if number == 1 else "pieces of evidence"
    return kind.name if number == 1 else kind.plural
