"""What the list of proposals can be narrowed to: by the same functions as the queue."""

import uuid
from collections.abc import Callable
from typing import Any

import django_filters as filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet

from chokepoints.api.asking import OneOf, Records, WholeNumber
from chokepoints.api.filtering import ApiFilter
from chokepoints.api.ordering import Listing
from chokepoints.records import KINDS

from .. import filters as narrow
from ..filters import EFFECT_WORDS, LONGEST_BATCH, LONGEST_SEARCH, NEEDS
from ..forms.fields import PROPOSABLE
from ..models import Comment, Notification, Proposal, Version
from ..models.notification import SORTS
from ..notifications.events import EVENTS, REQUEST
from ..workflow import STATES

PROPOSALS = Listing("proposals", Proposal, {"number": "pk"}, "-number")
VERSIONS = Listing("versions", Version, {"number": "number"}, "number")
COMMENTS = Listing("comments", Comment, {"comment": "pk"}, "comment")


class AnyRecord(forms.CharField):
    """A record of any kind: by id, or by kind and key such as chokepoint:microspheres. Its id comes out."""

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        kind, colon, key = text.partition(":")
        if not text or not colon:
            return forms.UUIDField(required=False, error_messages={"invalid": _ANY_RECORD}).clean(text)
        if kind not in KINDS or not key:
            raise ValidationError(_ANY_RECORD)
        return Records(kinds=(kind,), required=False).clean(key)


_ANY_RECORD = "This is the id of a record, or its kind and key such as chokepoint:microspheres."


class Narrowing(ApiFilter):
    """A filter by a function of reviews.filters."""

    def __init__(self, by: Callable[[QuerySet, Any], QuerySet], one: forms.Field, words: str):
        self.by = by
        super().__init__(one=one, words=words)

    def filter(self, queryset: QuerySet, value: Any) -> QuerySet:
        return queryset if value in (None, "", []) else self.by(queryset, value)


class ProposalFilter(filters.FilterSet):
    """All proposals that somebody may see, narrowed by the parameters of an address."""

    state = ApiFilter(one=OneOf(STATES), field_name="state", words="State.")
    state__in = ApiFilter(one=OneOf(STATES), several=True, field_name="state", words="State.")
    author = Narrowing(narrow.by_author, forms.UUIDField(), "Id of a contributor who wrote a part of it.")
    sector = Narrowing(
        lambda rows, sector: narrow.in_sector(rows, [uuid.UUID(sector)]),
        Records(kinds=("sector",)),
        "Id or key of a sector that it is about, with its parts.",
    )
    kind = Narrowing(narrow.of_kind, OneOf(PROPOSABLE), "It changes a record of this kind.")
    record = Narrowing(
        lambda rows, record: rows.about(record),
        AnyRecord(max_length=200),
        "It changes this record or names it: id, or kind and key such as chokepoint:microspheres.",
    )
    source = Narrowing(
        narrow.about_source,
        Records(kinds=("source",)),
        "It is about this source, or evidence from it: id or key.",
    )
    batch = ApiFilter(
        one=forms.CharField(max_length=LONGEST_BATCH), field_name="batch", words="Filed together."
    )
    effect = Narrowing(narrow.with_effect, OneOf(EFFECT_WORDS), "What it does, as it was last weighed.")
    needs = Narrowing(
        lambda rows, needs: narrow.that_needs(rows.filter(state="open"), needs),
        OneOf(NEEDS),
        "It is open and still needs this, as it was last weighed.",
    )
    search = Narrowing(narrow.with_words, forms.CharField(max_length=LONGEST_SEARCH), "Words in the title.")

    class Meta:
        model = Proposal
        fields: list = []


class NotificationFilter(filters.FilterSet):
    """What somebody is told, narrowed by the parameters of an address."""

    unread = Narrowing(
        lambda rows, value: (
            rows.unread() if value == "true" else rows.exclude(pk__in=rows.unread().values("pk"))
        ),
        OneOf(("true", "false")),
        "Not looked at yet; a request that is settled isn't.",
    )
    sort = ApiFilter(one=OneOf(SORTS), field_name="sort", words="News, or requests to act.")
    event = ApiFilter(one=OneOf([*EVENTS, REQUEST]), field_name="event", words="Event.")
    event__in = ApiFilter(
        one=OneOf([*EVENTS, REQUEST]), several=True, field_name="event", words="One of these events."
    )
    proposal = ApiFilter(
        one=WholeNumber(), field_name="proposal", words="Number of the proposal that it is about."
    )

    class Meta:
        model = Notification
        fields: list = []
