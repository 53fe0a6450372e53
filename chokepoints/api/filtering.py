"""What lists can be narrowed to: each filter can be asked of the tables, and of one record as the ledger held it.

So `?at=` narrows lists by the same words (`places_at`). Values are checked by the form that django-filter makes; what is
wrong is named beside its parameter. No filter joins, so none doubles a row. Which list has which is in offering.py, and
chokepoints/filters.py says how the filters of the pages relate to these.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import django_filters as filters
from django import forms
from django.db.models import QuerySet

from .. import fields as register
from ..moments import Moment
from ..projection import model_of
from ..records import KINDS, Kind
from ..selectors import sectors_with_parts, today, with_parts
from ..vocabularies import STANCES, STATUSES, UNASSESSED
from .asking import CountryCode, OneOf, RecordId, Records, Several, Since
from .chokepoints import current_at
from .known import Known, known_at, standing, with_moved
from .paging import Place, place_of

ANY = "any"


class World:
    """What a filter may need to know of other records at a moment, each looked up once."""

    def __init__(self, moment: Moment):
        self.moment = moment
        self._cached: dict[Any, Any] = {}

    def once(self, name: Any, make: Callable[[], Any]) -> Any:
        """Return what `make` makes, made once."""
        if name not in self._cached:
            self._cached[name] = make()
        return self._cached[name]

    def all(self, kind: str) -> list[Known]:
        """Return every record of a kind at the moment."""
        return self.once(("all", kind), lambda: known_at(KINDS[kind], self.moment))


class ApiFilter(filters.Filter):
    """A filter that can also be asked of one state. `several` takes values with commas between."""

    def __init__(self, *, one: forms.Field, several: bool = False, words: str = "", **options: Any):
        self.one, self.several, self.words = one, several, words
        super().__init__(**options)

    @property
    def field(self) -> forms.Field:
        if not hasattr(self, "_field"):
            self.one.required = False
            several = self.several and not isinstance(self.one, Records)
            self._field = Several(one=self.one, required=False) if several else self.one
        return self._field

    def filter(self, queryset: Any, value: Any) -> Any:
        if value in (None, "", []):
            return queryset
        return self.narrow(queryset, value if self.several else [value])

    def narrow(self, rows: Any, values: list[Any]) -> Any:
        """Return the rows of the present that any of some values lets through."""
        return rows.filter(**{f"{self.field_name}__in": values})

    def filter_standing(self, rows: Any, value: Any, world: World) -> Any:
        """Narrow rows that haven't changed since the moment: as now, unless the filter looks at other records too."""
        return self.filter(rows, value)

    def holds(self, one: Known, value: Any, world: World) -> bool:
        """Tell whether a record is among those that the filter lets through."""
        return not set(self.values_of(one, world)).isdisjoint(value if self.several else [value])

    def values_of(self, one: Known, world: World) -> Iterable[Any]:
        """Return the values by which a record is let through."""
        value = one.state.get(self.field_name)
        return [value] if value is not None else []


class ReferenceIs(ApiFilter):
    """Records that refer to one, by id or key."""

    def __init__(self, *, owner: str, each: Any, kind: str, several: bool = False):
        self.owner, self.each, self.kind = owner, each, kind
        words = f"{each.label}: id or key of a {kind}."
        super().__init__(
            one=Records(kinds=(kind,), several=several), several=several, field_name=each.name, words=words
        )

    def narrow(self, rows: Any, values: list[Any]) -> Any:
        if isinstance(self.each, register.Reference):
            return rows.filter(**{f"{self.each.name}__in": values})
        target = self.each.column if isinstance(self.each, register.ReferenceSet) else self.kind
        child = model_of(KINDS[self.owner])._meta.apps.get_model("chokepoints", self.each.table)
        referring = child.objects.filter(**{f"{target}__in": values})
        return rows.filter(pk__in=referring.values(f"{self.each.parent}_id"))

    def values_of(self, one: Known, world: World) -> Iterable[Any]:
        references = self.each.references(one.state.get(self.each.name))
        return [record for kind, record in references if kind == self.kind]


class Bound(ApiFilter):
    """Dates and numbers from or up to a value. A date that is known to the month or year counts from its last day."""

    def __init__(self, *, name: str, column: str, lookup: str, one: forms.Field, words: str):
        self.name, self.lookup = name, lookup
        super().__init__(one=one, field_name=column, words=words)

    def narrow(self, rows: Any, values: list[Any]) -> Any:
        return rows.filter(**{f"{self.field_name}__{self.lookup}": values[0]})

    def holds(self, one: Known, value: Any, world: World) -> bool:
        found = one.kind.fields[self.name].to_columns(one.state.get(self.name)).get(self.field_name)
        if found is None:
            return False
        return found >= value if self.lookup == "gte" else found <= value


class FlagIs(ApiFilter):
    """Yes or no; nothing said is no."""

    def narrow(self, rows: Any, values: list[Any]) -> Any:
        return rows.filter(**{self.field_name: values == ["true"]})

    def values_of(self, one: Known, world: World) -> Iterable[Any]:
        return ["true" if one.state.get(self.field_name) else "false"]


class InSet(ApiFilter):
    """Values of a set that stands in a JSON column."""

    def narrow(self, rows: Any, values: list[Any]) -> Any:
        return rows.having_any(self.field_name, values)

    def values_of(self, one: Known, world: World) -> Iterable[Any]:
        return one.state.get(self.field_name) or []


class SectorIs(ReferenceIs):
    """A sector with its parts, as the sectors were arranged at the moment."""

    def narrow(self, rows: Any, values: list[Any]) -> Any:
        return rows.filter(sector__in=sectors_with_parts(values))

    def filter_standing(self, rows: Any, value: Any, world: World) -> Any:
        return rows.filter(sector__in=self._wanted(value, world))

    def holds(self, one: Known, value: Any, world: World) -> bool:
        return one.state.get("sector") in self._wanted(value, world)

    def _wanted(self, value: Any, world: World) -> set[str]:
        def find() -> set[str]:
            parents = {
                one.record: one.state["parent"] for one in world.all("sector") if "parent" in one.state
            }
            return with_parts(value if self.several else [value], parents)

        return world.once((self, str(value)), find)


class AroundIs(ApiFilter):
    """A filter that looks at nothing of the record but its id, only at what others say about it."""

    def filter_standing(self, rows: Any, value: Any, world: World) -> Any:
        return rows  # the ids are looked at one by one

    def holds(self, one: Known | Place, value: Any, world: World) -> bool:
        return super().holds(one, value, world)


class StatusIs(AroundIs):
    """The current status, on the day that is asked for."""

    def __init__(self, **options: Any):
        one = OneOf((*STATUSES, UNASSESSED))
        super().__init__(one=one, field_name="status", words="Current status.", **options)

    def narrow(self, rows: Any, values: list[Any]) -> Any:
        return super().narrow(rows.with_status(today()), values)

    def values_of(self, one: Known, world: World) -> Iterable[Any]:
        found = world.once("statuses", lambda: current_at(world.moment))
        judged = found.get(one.record)
        return [judged.judgement.status if judged else UNASSESSED]


class SuppliedFrom(AroundIs):
    """The country of a foreign supplier, or of its seat."""

    def __init__(self, **options: Any):
        one = CountryCode(register.COUNTRIES)
        super().__init__(one=one, words="Country of a foreign supplier, or of its seat.", **options)

    def narrow(self, rows: Any, values: list[Any]) -> Any:
        return rows.supplied_from(values)

    def values_of(self, one: Known, world: World) -> Iterable[Any]:
        return world.once("suppliers", lambda: self._countries(world)).get(one.record, set())

    @staticmethod
    def _countries(world: World) -> dict[str, set[str]]:
        """Return the countries that supply each chokepoint."""
        seats = {one.record: one.state.get("country") for one in world.all("organization")}
        found: dict[str, set[str]] = {}
        for supply in world.all("supply"):
            state = supply.state
            if state.get("role") == "foreign-supplier" and not state.get("retired"):
                country = state.get("country") or seats.get(state.get("organization"))
                found.setdefault(state.get("chokepoint"), set()).add(country)
        return found


class StanceIs(ApiFilter):
    """The stance of evidence towards anything that it bears on."""

    def __init__(self, **options: Any):
        super().__init__(one=OneOf(STANCES), words="Stance towards anything.", **options)

    def narrow(self, rows: Any, values: list[Any]) -> Any:
        return rows.with_stance(values)

    def values_of(self, one: Known, world: World) -> Iterable[Any]:
        return [entry["stance"] for entry in one.state.get("bears_on") or []]


class RetiredIs(ApiFilter):
    """Retired records are left out unless they are asked for."""

    def __init__(self) -> None:
        one = OneOf(("false", "true", ANY))
        words = "false (as if nothing is said), true or any."
        super().__init__(one=one, field_name="retired", words=words)

    def filter(self, queryset: Any, value: Any) -> Any:
        return queryset if value == ANY else queryset.filter(retired=value == "true")

    def holds(self, one: Known, value: Any, world: World) -> bool:
        return value == ANY or bool(one.state.get("retired")) == (value == "true")


class UpdatedSince(ApiFilter):
    """Records that changed after a changeset, or since a date or time."""

    def __init__(self) -> None:
        words = "Changed after this changeset, or since this date or time."
        super().__init__(one=Since(max_length=60), field_name="changed_in", words=words)

    def narrow(self, rows: Any, values: list[Any]) -> Any:
        return rows.filter(changed_in__gt=values[0])

    def holds(self, one: Known, value: Any, world: World) -> bool:
        return one.changed_in > value


class IdIn(ApiFilter):
    """Records by id."""

    def __init__(self) -> None:
        super().__init__(one=RecordId(), several=True, field_name="pk", words="Ids, with commas between.")

    def values_of(self, one: Known, world: World) -> Iterable[Any]:
        return [one.record]


def places_at(kind: Kind, moment: Moment, filterset: Any, columns: Sequence[str]) -> list[Place]:
    """Return id and columns of the records that filters let through, as the register held them at a moment.

    What hasn't changed since is narrowed by the database; what has is looked at one by one.
    """
    world = World(moment)
    values = filterset.form.cleaned_data
    values = values | {"retired": values.get("retired") or "false"}
    asked = [
        (filterset.filters[name], value) for name, value in values.items() if value not in (None, "", [])
    ]
    rows: QuerySet = standing(kind, moment)
    for each, value in asked:
        rows = each.filter_standing(rows, value, world)
    still = {str(pk): Place(str(pk), tuple(found)) for pk, *found in rows.values_list("pk", *columns)}
    around = [(each, value) for each, value in asked if isinstance(each, AroundIs)]
    places = []
    for one in with_moved(kind, moment, still):
        if isinstance(one, Known):
            if all(each.holds(one, value, world) for each, value in asked):
                places.append(place_of(one, columns))
        elif all(each.holds(one, value, world) for each, value in around):
            places.append(one)
    return places
