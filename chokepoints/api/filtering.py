"""Filters, made from records.py with django-filter's names: `field`, `field__in`, `field__gte`, `field__lte`.

Each filter can be asked of the tables (`filter`) and of one record as the ledger held it (`holds`), so `?at=` narrows lists
by the same words. Values are checked by the form that django-filter makes; what is wrong is named beside its parameter.
No filter joins, so none doubles a row.
"""

import json
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any

import django_filters as filters
from django import forms
from django.db import connection
from django.db.models import Q, QuerySet

from .. import fields as register
from ..filters import Search
from ..models import Bearing, Sector, Supply
from ..projection import model_of
from ..records import KINDS, Kind
from ..vocabularies import STANCES, STATUSES, UNASSESSED
from .asking import CountryCode, Day, OneOf, Records, Several, Since
from .chokepoints import all_statuses
from .moments import Moment, known_at, now, standing, with_moved
from .paging import Place, place_of
from .rendering import Known

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

    def filter(self, queryset: QuerySet, value: Any) -> QuerySet:
        if value in (None, "", []):
            return queryset
        return queryset.filter(self.condition(value if self.several else [value]))

    def condition(self, values: list[Any]) -> Q:
        return Q(**{f"{self.field_name}__in": values})

    def filter_standing(self, rows: QuerySet, value: Any, world: World) -> QuerySet:
        """Narrow rows that haven't changed since the moment: as now, unless the filter looks at other records too."""
        return self.filter(rows, value)

    def holds(self, one: Known, value: Any, world: World) -> bool:
        """Tell whether a record is among those that the filter lets through."""
        values = value if self.several else [value]
        return bool(set(self.values_of(one, world)) & set(values))

    def values_of(self, one: Known, world: World) -> Iterable[Any]:
        value = one.state.get(self.field_name)
        return [value] if value is not None else []


class ReferenceIs(ApiFilter):
    """Records that refer to one, by id or key."""

    def __init__(self, *, owner: str, each: Any, kinds: Iterable[str], several: bool = False):
        self.owner, self.each, self.kinds = owner, each, tuple(kinds)
        words = f"{each.label}: id or key of a {' or '.join(self.kinds)}."
        one = Records(kinds=self.kinds, several=several)
        super().__init__(one=one, several=several, field_name=each.name, words=words)

    def condition(self, values: list[Any]) -> Q:
        if isinstance(self.each, register.Reference):
            return Q(**{f"{self.each.name}__in": values})
        target = self.each.column if isinstance(self.each, register.ReferenceSet) else self.kinds[0]
        child = model_of(KINDS[self.owner])._meta.apps.get_model("chokepoints", self.each.table)
        rows = child.objects.filter(**{f"{target}__in": values})
        return Q(pk__in=rows.values(f"{self.each.parent}_id"))

    def values_of(self, one: Known, world: World) -> Iterable[Any]:
        value = one.state.get(self.each.name)
        return [record for kind, record in self.each.references(value) if kind in self.kinds]


class Bound(ApiFilter):
    """Dates and numbers from or up to a value. A date that is known to the month or year counts from its last day."""

    def __init__(self, *, name: str, column: str, lookup: str, one: forms.Field, words: str):
        self.name, self.lookup = name, lookup
        super().__init__(one=one, field_name=column, words=words)

    def condition(self, values: list[Any]) -> Q:
        return Q(**{f"{self.field_name}__{self.lookup}": values[0]})

    def holds(self, one: Known, value: Any, world: World) -> bool:
        found = one.kind.fields[self.name].to_columns(one.state.get(self.name)).get(self.field_name)
        if found is None:
            return False
        return found >= value if self.lookup == "gte" else found <= value


class FlagIs(ApiFilter):
    """Yes or no; nothing said is no."""

    def condition(self, values: list[Any]) -> Q:
        return Q(**{self.field_name: values == ["true"]})

    def values_of(self, one: Known, world: World) -> Iterable[Any]:
        return ["true" if one.state.get(self.field_name) else "false"]


class InSet(ApiFilter):
    """Values of a set that stands in a JSON column."""

    def condition(self, values: list[Any]) -> Q:
        condition = Q(pk__in=[])
        for value in values:
            condition |= Q(**{f"{self.field_name}__icontains": f'"{value}"'})
        return condition

    def values_of(self, one: Known, world: World) -> Iterable[Any]:
        return one.state.get(self.field_name) or []


class SectorIs(ReferenceIs):
    """A sector with its parts."""

    def condition(self, values: list[Any]) -> Q:
        return Q(sector__in=_with_parts(values, dict(Sector.objects.values_list("pk", "parent_id"))))

    def filter_standing(self, rows: QuerySet, value: Any, world: World) -> QuerySet:
        return rows.filter(sector__in=self._wanted(value, world))

    def holds(self, one: Known, value: Any, world: World) -> bool:
        return one.state.get("sector") in self._wanted(value, world)

    def _wanted(self, value: Any, world: World) -> set[str]:
        """Return the sectors with the parts that they had at the moment."""

        def find() -> set[str]:
            parents = {sector.record: sector.state.get("parent") for sector in world.all("sector")}
            return _with_parts(value if self.several else [value], parents)

        return world.once((self, str(value)), find)


def _with_parts(sectors: Iterable[str], parents: Mapping[Any, Any]) -> set[str]:
    known = {str(sector) for sector in sectors}
    while more := {str(child) for child, parent in parents.items() if str(parent) in known} - known:
        known |= more
    return known


class AroundIs(ApiFilter):
    """A filter that looks at nothing of the record itself, only at what others say about it."""

    def filter_standing(self, rows: QuerySet, value: Any, world: World) -> QuerySet:
        return rows  # the ids are looked at one by one


class StatusIs(AroundIs):
    """The current status, on the day that is asked for."""

    def __init__(self, **options: Any):
        one = OneOf((*STATUSES, UNASSESSED))
        super().__init__(one=one, field_name="status", words="Current status.", **options)

    def filter(self, queryset: QuerySet, value: Any) -> QuerySet:
        return super().filter(queryset.with_status(now().day), value) if value else queryset

    def values_of(self, one: Known, world: World) -> Iterable[Any]:
        found = world.once("statuses", lambda: all_statuses(world.moment))
        return [found.get(one.record, UNASSESSED)]


class SuppliedFrom(AroundIs):
    """The country of a foreign supplier, or of its seat."""

    def __init__(self, **options: Any):
        one = CountryCode(register.COUNTRIES)
        super().__init__(one=one, words="Country of a foreign supplier.", **options)

    def condition(self, values: list[Any]) -> Q:
        supplies = Supply.objects.in_force().filter(role="foreign-supplier")
        supplies = supplies.filter(Q(country__in=values) | Q(organization__country__in=values))
        return Q(pk__in=supplies.values("chokepoint"))

    def values_of(self, one: Known, world: World) -> Iterable[Any]:
        return world.once("suppliers", lambda: self._countries(world)).get(one.record, set())

    @staticmethod
    def _countries(world: World) -> dict[str, set[str]]:
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

    def condition(self, values: list[Any]) -> Q:
        return Q(pk__in=Bearing.objects.filter(stance__in=values).values("evidence"))

    def values_of(self, one: Known, world: World) -> Iterable[Any]:
        return [entry["stance"] for entry in one.state.get("bears_on") or []]


class RetiredIs(ApiFilter):
    """Retired records are left out unless they are asked for."""

    def __init__(self) -> None:
        one = OneOf(("false", "true", ANY))
        super().__init__(one=one, field_name="retired", words="false (as if nothing is said), true or any.")

    def filter(self, queryset: QuerySet, value: Any) -> QuerySet:
        return queryset if value == ANY else queryset.filter(retired=value == "true")

    def holds(self, one: Known, value: Any, world: World) -> bool:
        return value == ANY or bool(one.state.get("retired")) == (value == "true")


class UpdatedSince(ApiFilter):
    """Records that changed after a changeset, or since a date or time."""

    def __init__(self) -> None:
        words = "Changed after this changeset, or since this date or time."
        super().__init__(one=Since(max_length=60), field_name="changed_in", words=words)

    def filter(self, queryset: QuerySet, value: Any) -> QuerySet:
        return queryset if value is None else queryset.filter(changed_in__gt=value)

    def holds(self, one: Known, value: Any, world: World) -> bool:
        return one.changed_in > value


class IdIn(ApiFilter):
    """Records by id."""

    def __init__(self) -> None:
        one = forms.UUIDField()
        super().__init__(one=one, several=True, field_name="pk", words="Ids, with commas between.")

    def values_of(self, one: Known, world: World) -> Iterable[Any]:
        return [uuid.UUID(one.record)]


class SearchIn(Search):
    """Words that must all be found, in English or Chinese."""

    words = "Words that must all be found, in English or Chinese."

    def filter_standing(self, rows: QuerySet, value: Any, world: World) -> QuerySet:
        return self.filter(rows, value)

    def holds(self, one: Known, value: Any, world: World) -> bool:
        texts = [_folded(str(one.state.get(column, ""))) for column in self.columns]
        sets = [_folded(_as_in_column(one.state.get(column, []))) for column in self.json_columns]
        return all(
            any(_folded(word) in text for text in texts)
            or any(_folded(form) in text for form in (word, json.dumps(word)[1:-1]) for text in sets)
            for word in value.split()
        )


# SQLite folds case for a–z alone, PostgreSQL for every letter; and SQLite keeps JSON with its Chinese escaped.
_ASCII = str.maketrans({chr(code): chr(code + 32) for code in range(ord("A"), ord("Z") + 1)})


def _folded(text: str) -> str:
    return text.translate(_ASCII) if connection.vendor == "sqlite" else text.lower()


def _as_in_column(value: Any) -> str:
    return json.dumps(value, ensure_ascii=connection.vendor == "sqlite")


_SEARCHED = {
    "list": (("name", "name_original", "key", "issuer", "definition"), ()),
    "sector": (("name", "name_original", "key"), ()),
    "chokepoint": (("name", "name_original", "summary", "key"), ("aliases",)),
    "organization": (("name", "name_original", "key"), ("aliases",)),
    "supply": (("note",), ()),
    "source": (("title", "title_original", "publisher", "author", "key", "url"), ()),
    "evidence": (("claim", "quote", "translation", "said_by"), ()),
    "assessment": (("rationale",), ()),
}


def _filters_of(kind: Kind) -> dict[str, Any]:
    columns, json_columns = _SEARCHED[kind.name]
    made: dict[str, Any] = {
        "search": SearchIn(columns=columns, json_columns=json_columns),
        "retired": RetiredIs(),
        "updated_since": UpdatedSince(),
        "id__in": IdIn(),
    }
    for name, each in kind.editable.items():
        made |= _filters_for(kind, name, each)
    if kind.name == "chokepoint":
        made |= {
            "status": StatusIs(),
            "status__in": StatusIs(several=True),
            "supplier_country": SuppliedFrom(),
            "supplier_country__in": SuppliedFrom(several=True),
        }
    if kind.name == "evidence":
        made |= {"stance": StanceIs(), "stance__in": StanceIs(several=True)}
    return made


def _filters_for(kind: Kind, name: str, each: register.Field) -> dict[str, Any]:
    """Return the filters that a field's class allows."""
    if isinstance(each, register.ChoiceSet):
        return _both(InSet, name, lambda: OneOf(each.choices), f"{each.label}: has this value.")
    if isinstance(each, register.Country):
        return _both(ApiFilter, name, lambda: CountryCode(each.choices), f"{each.label}.")
    if isinstance(each, register.Choice):
        return _both(ApiFilter, name, lambda: OneOf(each.choices), f"{each.label}.")
    if isinstance(each, register.Key | register.Language):
        return _both(ApiFilter, name, lambda: forms.CharField(max_length=200), f"{each.label}.")
    if isinstance(each, register.Flag):
        return {name: FlagIs(one=OneOf(("true", "false")), field_name=name, words=f"{each.label}.")}
    if isinstance(each, register.Date):
        return _bounds(name, name, lambda lookup: Day(first=lookup == "gte"), each.label)
    if isinstance(each, register.Share):
        return {
            parameter: made
            for bound in ("low", "high")
            for parameter, made in _bounds(
                name,
                f"{name}_{bound}",
                lambda lookup: forms.DecimalField(max_digits=6, decimal_places=3),
                f"{each.label}, {bound} bound in percent",
            ).items()
        }
    if isinstance(each, register.Number):
        numbers = _both(ApiFilter, name, _whole_number, f"{each.label}.")
        return numbers | _bounds(name, name, lambda lookup: _whole_number(), each.label)
    return _filters_of_references(kind, name, each)


def _both(kind: type[ApiFilter], name: str, one: Callable[[], forms.Field], words: str) -> dict[str, Any]:
    """Return the filters for one value and for any of several."""
    return {
        name: kind(one=one(), field_name=name, words=words),
        f"{name}__in": kind(one=one(), several=True, field_name=name, words=words),
    }


def _bounds(name: str, column: str, one: Callable[[str], forms.Field], label: str) -> dict[str, Any]:
    """Return the filters from a value on and up to a value."""
    words = {"gte": "from this on", "lte": "up to this"}
    return {
        f"{column}__{lookup}": Bound(
            name=name, column=column, lookup=lookup, one=one(lookup), words=f"{label}, {words[lookup]}."
        )
        for lookup in words
    }


def _whole_number() -> forms.IntegerField:
    return forms.IntegerField(min_value=0, max_value=10**9)


def _filters_of_references(kind: Kind, name: str, each: Any) -> dict[str, Any]:
    """Return the filters by record; what bears on several kinds has one for each of them."""
    if isinstance(each, register.Bearings):
        targets = {"chokepoint": "chokepoint", "list": "list"}
    elif isinstance(each, register.Listings):
        targets = {"list": "list"}
    elif isinstance(each, register.Reference | register.ReferenceSet):
        targets = {name: each.kind}
    else:
        return {}
    made = SectorIs if each.name == "sector" else ReferenceIs
    return {
        f"{parameter}{ending}": made(owner=kind.name, each=each, kinds=(target,), several=bool(ending))
        for parameter, target in targets.items()
        for ending in ("", "__in")
    }


def places_at(kind: Kind, moment: Moment, filterset: Any, columns: Sequence[str]) -> list[Place]:
    """Return id and columns of the records that filters let through, as the ledger held them.

    What hasn't changed since is narrowed by the database; what has is looked at one by one.
    """
    world = World(moment)
    asked = [
        (filterset.filters[name], value)
        for name, value in (filterset.form.cleaned_data | _unless_said(filterset)).items()
        if value not in (None, "", [])
    ]
    rows = standing(kind, moment)
    for each, value in asked:
        rows = each.filter_standing(rows, value, world)
    still = {str(pk): Place(str(pk), tuple(values)) for pk, *values in rows.values_list("pk", *columns)}
    places = []
    for one in with_moved(kind, moment, still):
        if isinstance(one, Known):
            if all(each.holds(one, value, world) for each, value in asked):
                places.append(place_of(one, columns))
        elif all(each.holds(one, value, world) for each, value in asked if isinstance(each, AroundIs)):
            places.append(one)
    return places


def _unless_said(filterset: Any) -> dict[str, str]:
    return {"retired": filterset.form.cleaned_data.get("retired") or "false"}


@cache
def filterset_for(name: str) -> type[filters.FilterSet]:
    """Return the filters of a kind's list."""
    kind = KINDS[name]
    model = model_of(kind)
    meta = type("Meta", (), {"model": model, "fields": []})
    return type(f"{model.__name__}ApiFilter", (filters.FilterSet,), {**_filters_of(kind), "Meta": meta})
