"""What lists on pages can be narrowed to. Unknown parameters are ignored; a wrong value is named beside its field.

api/offering.py makes the filters of the API. They are other classes, since there every field of records.py has one, several
values fit into one, unknown parameters are refused, and each can be asked of the past; here a person chooses from a few
fields with labels. What both mean stands in one place: querysets (models/), `sectors_with_parts`, and `Search` with SEARCHED.
"""

from typing import Any

import django_filters as filters
from django import forms
from django.db.models import Q, QuerySet

from . import vocabularies as words
from .models import Chokepoint, ChokepointList, Evidence, Organization, Sector, Source
from .presenting import country_name
from .searching import AnyNameHas
from .selectors import STATUS_SEQUENCE, sectors_with_parts, supplier_countries

# A pattern longer than this is nobody's search, and SQLite refuses very long ones.
LONGEST_SEARCH = 200

# Where words are looked for, by kind: columns with text, and columns with a set of names as JSON.
SEARCHED: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "list": (("name", "name_original", "key", "issuer", "definition"), ()),
    "sector": (("name", "name_original", "key"), ()),
    "chokepoint": (("name", "name_original", "summary", "key"), ("aliases",)),
    "organization": (("name", "name_original", "key"), ("aliases",)),
    "supply": (("note",), ()),
    "source": (("title", "title_original", "publisher", "author", "key", "url"), ()),
    "evidence": (("claim", "quote", "translation", "said_by"), ()),
    "assessment": (("rationale",), ()),
}


def _options(choices: dict[Any, str]) -> list[tuple[Any, str]]:
    return [(value, label.split(":")[0].capitalize()) for value, label in choices.items()]


def _choice(choices: Any, **options: Any) -> filters.ChoiceFilter:
    return filters.ChoiceFilter(choices=choices, empty_label="Any", **options)


class Search(filters.CharFilter):
    """Words that must all be found, each in any of the columns that a kind is searched in."""

    def __init__(self, *, kind: str, **options: Any) -> None:
        self.columns, self.json_columns = SEARCHED[kind]
        widget = forms.TextInput(attrs={"type": "search"})
        super().__init__(
            max_length=LONGEST_SEARCH, widget=widget, label="Words, in English or Chinese", **options
        )

    def filter(self, queryset: QuerySet, value: str) -> QuerySet:
        for word in (value or "").split():
            condition = Q()
            for column in self.columns:
                condition |= Q(**{f"{column}__icontains": word})
            for column in self.json_columns:
                condition |= Q(AnyNameHas(column, word))
            queryset = queryset.filter(condition)
        return queryset


class ChokepointFilter(filters.FilterSet):
    """Chokepoints of Chokepoint.objects.with_status()."""

    q = Search(kind="chokepoint")
    status = _choice([(status, status.capitalize()) for status in STATUS_SEQUENCE], label="Status")
    sector = filters.ModelChoiceFilter(
        queryset=Sector.objects.in_force().order_by("name"),
        to_field_name="key",
        empty_label="Any",
        label="Sector",
        method="with_parts",
    )
    country = _choice(supplier_countries, label="Supplied from", method="supplied_from")
    barrier = _choice(_options(words.BARRIERS), label="Barrier", method="with_barrier")
    list = filters.ModelChoiceFilter(
        queryset=ChokepointList.objects.order_by("name"),
        to_field_name="key",
        empty_label="Any",
        label="List",
        method="on_list",
    )

    class Meta:
        model = Chokepoint
        fields: list = []

    def with_parts(self, queryset: QuerySet, name: str, sector: Sector) -> QuerySet:
        return queryset.filter(sector__in=sectors_with_parts([str(sector.pk)]))

    def supplied_from(self, queryset: QuerySet, name: str, country: str) -> QuerySet:
        return queryset.supplied_from([country])

    def with_barrier(self, queryset: QuerySet, name: str, barrier: str) -> QuerySet:
        return queryset.having_any("barriers", [barrier])

    def on_list(self, queryset: QuerySet, name: str, chosen: ChokepointList) -> QuerySet:
        return queryset.filter(listings__list=chosen)


class SourceFilter(filters.FilterSet):
    """Sources."""

    q = Search(kind="source")
    kind = _choice(_options(words.SOURCE_KINDS), label="Kind")
    reliability = _choice(
        [(grade, f"{grade}: {label}") for grade, label in words.RELIABILITIES.items()], label="Reliability"
    )
    derivation = _choice(_options(words.DERIVATIONS), label="Derivation")
    standing = _choice(_options(words.STANDINGS), label="Standing")

    class Meta:
        model = Source
        fields: list = []


class EvidenceFilter(filters.FilterSet):
    """Evidence."""

    q = Search(kind="evidence")
    stance = _choice(_options(words.STANCES), label="Stance", method="with_stance")
    nature = _choice(_options(words.NATURES), label="Nature")

    class Meta:
        model = Evidence
        fields: list = []

    def with_stance(self, queryset: QuerySet, name: str, stance: str) -> QuerySet:
        return queryset.with_stance([stance])


def _organization_countries() -> list[tuple[str, str]]:
    codes = (
        Organization.objects.in_force()
        .exclude(country="")
        .order_by()
        .values_list("country", flat=True)
        .distinct()
    )
    return sorted(((code, country_name(code)) for code in codes), key=lambda pair: pair[1])


class OrganizationFilter(filters.FilterSet):
    """Organizations."""

    q = Search(kind="organization")
    country = _choice(_organization_countries, label="Country")
    kind = _choice(_options(words.ORGANIZATION_KINDS), label="Kind")

    class Meta:
        model = Organization
        fields: list = []
