"""What the queue can be narrowed to. Unknown parameters are ignored; a wrong value is named beside its field."""

import datetime as dt
import uuid
from collections.abc import Callable, Iterable
from typing import Any

import django_filters as filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Exists, F, Q, QuerySet
from django.http import QueryDict
from django.utils import timezone

from chokepoints.fields import FieldError
from chokepoints.models import Contributor, Evidence, Sector, Source
from chokepoints.records import KINDS

from .forms.fields import PROPOSABLE
from .forms.references import Siblings, find_record
from .kinds import CONTENT, EXISTENCE, STATUS
from .models import Change, Concern, Proposal
from .selectors.members import with_parts
from .selectors.queue import in_sectors, queue_for
from .services.writing import LONGEST_BATCH

LONGEST_SEARCH = 200
MOST_DAYS = 3650

EFFECT_WORDS = {STATUS: "Changes a status", EXISTENCE: "Retires or restores", CONTENT: "Anything else"}
NEEDS = {
    "one": "One more approval",
    "more": "Two or more approvals",
    "obstructed": "Can't be published as it stands",
}
CLAIMS = {"me": "Me", "nobody": "Nobody", "others": "Somebody else"}
GROUPS = ("batch", "source", "author")  # what proposals can be decided together by

Options = list[tuple[Any, str]]


class SourceField(forms.CharField):
    """A source, by key, id or the address of its page."""

    def clean(self, value: Any) -> str:
        typed = super().clean(value)
        try:
            return find_record(typed, ("source",), Siblings())[1] if typed else ""
        except FieldError as error:
            raise ValidationError(str(error)) from error


class AmongOpen(forms.Select):
    """A choice among what there is in open proposals, and what was chosen: an address stays good when a batch is done."""

    def __init__(self, offered: Callable[[list[str]], Options]):
        super().__init__()
        self.offered = offered

    def optgroups(self, name: str, value: list[str], attrs: Any = None) -> list:
        self.choices = [("", "Any"), *self.offered([typed for typed in value if typed])]
        return super().optgroups(name, value, attrs)


def _authors(typed: list[str]) -> Options:
    chosen = [text for text in typed if _is_uuid(text)]
    wanted = Q(proposals__state="open") | Q(pk__in=chosen)
    authors = Contributor.objects.filter(wanted).distinct().order_by("display_name")
    return [(str(author.pk), author.display_name) for author in authors]


def _batches(typed: list[str]) -> Options:
    named = Proposal.objects.filter(state="open").exclude(batch="").order_by("batch")
    return [(batch, batch) for batch in sorted({*named.values_list("batch", flat=True).distinct(), *typed})]


def _is_uuid(text: str) -> bool:
    try:
        return bool(uuid.UUID(text))
    except ValueError:
        return False


def _sectors() -> Options:
    return list(Sector.objects.in_force().order_by("name").values_list("key", "name"))


def _choice(choices: Any, **options: Any) -> filters.ChoiceFilter:
    wrong = {"invalid_choice": "There is no “%(value)s” to choose here."}
    if isinstance(choices, dict):
        choices = list(choices.items())
    return filters.ChoiceFilter(choices=choices, empty_label="Any", error_messages=wrong, **options)


class _Typed(filters.Filter):
    """A filter by what a form field makes of the typed text."""

    def __init__(self, field: type[forms.Field], **options: Any):
        self.field_class = field
        super().__init__(**options)


class QueueFilter(filters.FilterSet):
    """A reviewer's queue, narrowed by the parameters of an address. Wrong ones narrow nothing."""

    q = filters.CharFilter(
        label="Words in the title",
        method="with_words",
        max_length=LONGEST_SEARCH,
        widget=forms.TextInput({"type": "search"}),
    )
    sector = _choice(_sectors, label="Sector", method="in_sector")
    kind = _choice(
        {name: KINDS[name].name.capitalize() for name in PROPOSABLE}, label="Record", method="of_kind"
    )
    effect = _choice(EFFECT_WORDS, label="What it does", method="with_effect")
    needs = _choice(NEEDS, label="Still needs", method="that_needs")
    claimed = _choice(CLAIMS, label="Who is on it", method="claimed_by_whom")
    older_than = _Typed(
        forms.IntegerField,
        label="Waits longer than (days)",
        method="waiting_longer",
        min_value=0,
        max_value=MOST_DAYS,
        error_messages={"invalid": "This is a whole number of days."},
    )
    author = _Typed(
        forms.UUIDField,
        label="Author",
        method="by_author",
        widget=AmongOpen(_authors),
        error_messages={"invalid": "There is no such author."},
    )
    batch = filters.CharFilter(label="Batch", max_length=LONGEST_BATCH, widget=AmongOpen(_batches))
    source = _Typed(
        SourceField,
        label="About a source",
        method="about_source",
        widget=forms.TextInput({"placeholder": "key or address", "autocomplete": "off"}),
    )

    class Meta:
        model = Proposal
        fields: list = []

    def __init__(self, user: Any, query: str | QueryDict):
        data = QueryDict(query) if isinstance(query, str) else query
        super().__init__(data, queryset=queue_for(user))
        self.user = user

    @property
    def chosen(self) -> dict[str, str]:
        """The known parameters that say something, as they were typed."""
        typed = ((name, (self.data.get(name) or "").strip()) for name in self.base_filters)
        return {name: value for name, value in typed if value}

    @property
    def query(self) -> str:
        """The address's parameters in one order, without unknown and empty ones."""
        parameters = QueryDict(mutable=True)
        parameters.update(self.chosen)
        return parameters.urlencode()

    @property
    def shared(self) -> list[tuple[str, str]]:
        """What the proposals share by which they can be decided together, in words: (batch, its name) and so on."""
        wanted = self.form.cleaned_data if self.is_valid() else {}
        named = {
            "batch": wanted.get("batch"),
            "source": Source.objects.filter(pk=wanted.get("source") or None).first(),
            "author": Contributor.objects.filter(pk=wanted.get("author")).first(),
        }
        return [(name, str(value)) for name, value in named.items() if value]

    def with_words(self, queryset: QuerySet, name: str, typed: str) -> QuerySet:
        return with_words(queryset, typed)

    def in_sector(self, queryset: QuerySet, name: str, key: str) -> QuerySet:
        return in_sector(queryset, Sector.objects.filter(key=key).values_list("pk", flat=True))

    def of_kind(self, queryset: QuerySet, name: str, kind: str) -> QuerySet:
        return of_kind(queryset, kind)

    def with_effect(self, queryset: QuerySet, name: str, effect: str) -> QuerySet:
        return with_effect(queryset, effect)

    def that_needs(self, queryset: QuerySet, name: str, needs: str) -> QuerySet:
        return that_needs(queryset, needs)

    def claimed_by_whom(self, queryset: QuerySet, name: str, whom: str) -> QuerySet:
        if whom == "nobody":
            return queryset.filter(claimed_by__isnull=True)
        me = Contributor.objects.filter(user=self.user).values("pk")
        mine = Q(claimed_by__in=me)
        return queryset.filter(mine) if whom == "me" else queryset.filter(~mine, claimed_by__isnull=False)

    def waiting_longer(self, queryset: QuerySet, name: str, days: int) -> QuerySet:
        return queryset.filter(waiting_since__lt=timezone.now() - dt.timedelta(days=days))

    def by_author(self, queryset: QuerySet, name: str, author: uuid.UUID) -> QuerySet:
        return by_author(queryset, author)

    def about_source(self, queryset: QuerySet, name: str, source: str) -> QuerySet:
        return about_source(queryset, source)


# --- what narrows proposals, for the queue and for lists of all of them; the title stands in the annotation of named()


def with_words(proposals: QuerySet, typed: str) -> QuerySet:
    """Narrow proposals to those with all of some words in the title."""
    for word in typed.split():
        proposals = proposals.filter(title__icontains=word)
    return proposals


def in_sector(proposals: QuerySet, sectors: Iterable[uuid.UUID]) -> QuerySet:
    """Narrow them to some sectors with all their parts."""
    return proposals.filter(Exists(in_sectors(with_parts(sectors))))


def of_kind(proposals: QuerySet, kind: str) -> QuerySet:
    """Narrow them to those that change a record of a kind."""
    present = Change.objects.filter(kind=kind, version__number=F("version__proposal__version"))
    return proposals.filter(pk__in=present.values("version__proposal"))


def with_effect(proposals: QuerySet, effect: str) -> QuerySet:
    """Narrow them to those with an effect, as they were last weighed."""
    return proposals.filter(effects__icontains=f'"{effect}"')


def that_needs(proposals: QuerySet, needs: str) -> QuerySet:
    """Narrow them to those that still need something of NEEDS, as they were last weighed."""
    if needs == "obstructed":
        return proposals.exclude(obstacles=[])
    one_more = F("approvals_standing") + 1
    fits = Q(approvals_needed__lte=one_more) if needs == "one" else Q(approvals_needed__gt=one_more)
    return proposals.filter(fits, obstacles=[])


def by_author(proposals: QuerySet, author: Any) -> QuerySet:
    """Narrow them to those that somebody wrote a part of."""
    theirs = Proposal.authors.through.objects.filter(contributor=author)
    return proposals.filter(pk__in=theirs.values("proposal"))


def about_source(proposals: QuerySet, source: Any) -> QuerySet:
    """Narrow them to what is about a source, or about evidence from it."""
    evidence = Evidence.objects.filter(source=source).values("pk")
    present = Concern.objects.filter(
        Q(record=source) | Q(record__in=evidence),
        change__version__number=F("change__version__proposal__version"),
    )
    return proposals.filter(pk__in=present.values("change__version__proposal"))
