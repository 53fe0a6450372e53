"""Which filters a kind's list offers, made from records.py: `field`, `field__in`, `field__gte`, `field__lte`.

The names are django-filter's. A field's class decides what can be asked of it; texts are only searched.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

import django_filters as filters
from django import forms
from django.db.models import QuerySet
from django.http import QueryDict

from .. import fields as register
from ..projection import model_of
from ..records import KINDS, Kind
from .asking import CountryCode, Day, OneOf, Percent, WholeNumber
from .filtering import (
    ApiFilter,
    Bound,
    FlagIs,
    IdIn,
    InSet,
    ReferenceIs,
    RetiredIs,
    SectorIs,
    StanceIs,
    StatusIs,
    SuppliedFrom,
    UpdatedSince,
)
from .searching import SearchIn

Offered = dict[str, Any]  # parameter → filter


class Offering(filters.FilterSet):
    """The filters of a list. Of the forty that it may offer, only those that a request names are made ready for it."""

    def __init__(self, data: QueryDict, queryset: QuerySet):
        always = {"retired"}
        self.base_filters = {
            name: each for name, each in self.base_filters.items() if name in data or name in always
        }
        super().__init__(data, queryset=queryset)


@cache
def filterset_for(name: str) -> type[Offering]:
    """Return the filters of a kind's list."""
    kind = KINDS[name]
    model = model_of(kind)
    meta = type("Meta", (), {"model": model, "fields": []})
    return type(f"{model.__name__}ApiFilter", (Offering,), {**_filters_of(kind), "Meta": meta})


def _filters_of(kind: Kind) -> Offered:
    offered: Offered = {
        "search": SearchIn(kind=kind.name),
        "retired": RetiredIs(),
        "updated_since": UpdatedSince(),
        "id__in": IdIn(),
    }
    for each in kind.editable.values():
        offered |= _filters_for(kind, each)
    if kind.name == "chokepoint":
        offered |= {"status": StatusIs(), "status__in": StatusIs(several=True)}
        offered |= {"supplier_country": SuppliedFrom(), "supplier_country__in": SuppliedFrom(several=True)}
    if kind.name == "evidence":
        offered |= {"stance": StanceIs(), "stance__in": StanceIs(several=True)}
    return offered


def _filters_for(kind: Kind, each: register.Field) -> Offered:
    """Return the filters that a field's class allows."""
    match each:
        case register.ChoiceSet():
            return _is_and_in(InSet, each, lambda: OneOf(each.choices))
        case register.Country():
            return _is_and_in(ApiFilter, each, lambda: CountryCode(each.choices))
        case register.Choice():
            return _is_and_in(ApiFilter, each, lambda: OneOf(each.choices))
        case register.Key() | register.Language():
            return _is_and_in(ApiFilter, each, lambda: forms.CharField(max_length=200))
        case register.Flag():
            is_said = FlagIs(one=OneOf(("true", "false")), field_name=each.name, words=f"{each.label}.")
            return {each.name: is_said}
        case register.Date():
            return _bounds(each, each.name, lambda lookup: Day(first=lookup == "gte"), each.label)
        case register.Share():
            return _share_bounds(each, "low") | _share_bounds(each, "high")
        case register.Number():
            numbers = _is_and_in(ApiFilter, each, WholeNumber)
            return numbers | _bounds(each, each.name, lambda lookup: WholeNumber(), each.label)
    return _filters_by_record(kind, each)


def _is_and_in(made: type[ApiFilter], each: register.Field, one: Callable[[], forms.Field]) -> Offered:
    """Return the filters for one value and for any of several."""
    return {
        f"{each.name}{ending}": made(
            one=one(), several=bool(ending), field_name=each.name, words=f"{each.label}."
        )
        for ending in ("", "__in")
    }


def _share_bounds(each: register.Share, bound: str) -> Offered:
    label = f"{each.label}, {bound} bound in percent"
    return _bounds(each, f"{each.name}_{bound}", lambda lookup: Percent(), label)


def _bounds(each: register.Field, column: str, one: Callable[[str], forms.Field], label: str) -> Offered:
    """Return the filters from a value on and up to a value."""
    words = {"gte": "from this on", "lte": "up to this"}
    return {
        f"{column}__{lookup}": Bound(
            name=each.name, column=column, lookup=lookup, one=one(lookup), words=f"{label}, {words[lookup]}."
        )
        for lookup in words
    }


def _filters_by_record(kind: Kind, each: Any) -> Offered:
    """Return the filters by record; what bears on several kinds has one for each of them."""
    if isinstance(each, register.Bearings):
        targets = {"chokepoint": "chokepoint", "list": "list"}
    elif isinstance(each, register.Listings):
        targets = {"list": "list"}
    elif isinstance(each, register.Reference | register.ReferenceSet):
        targets = {each.name: each.kind}
    else:
        return {}
    made = SectorIs if each.name == "sector" else ReferenceIs
    return {
        f"{parameter}{ending}": made(owner=kind.name, each=each, kind=target, several=bool(ending))
        for parameter, target in targets.items()
        for ending in ("", "__in")
    }
