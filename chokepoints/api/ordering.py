"""The order of a list: which columns `ordering` names, how SQL says them, and how Python says the same of the past.

Texts are compared by code point on every database and in Python, so a cursor means the same place everywhere. Rows
without a value come last, forwards and backwards.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import total_ordering
from typing import Any

from django.db import connection, models
from django.db.models import F, Q
from django.db.models.functions import Collate
from django.http import QueryDict

from ..projection import model_of
from ..records import Kind
from .problems import unknown, wrong_parameter

# No `claim`: cursors carry the values, and an address has room for a title, not for paragraphs.
_COLUMNS = (
    "key", "name", "title", "as_of", "published_on", "observed_on", "issued_on", "country", "status",
)  # fmt: skip


@dataclass(frozen=True)
class Listing:
    """A list that pages lead through: its rows' model, what they can be ordered by (name → column), and by what they are
    unless somebody says. `name` keeps its cursors apart from those of other lists."""

    name: str
    model: type[models.Model]
    orderings: Mapping[str, str]
    usual: str


def listing_of(kind: Kind) -> Listing:
    """Return the list of a kind's records."""
    names = {"id": "pk", "changed_in": "changed_in_id", "created_in": "created_in_id"}
    names |= {name: name for name in _COLUMNS if name in kind.fields}
    return Listing(kind.name, model_of(kind), names, "key" if kind.has_key else "id")


@dataclass(frozen=True)
class Order:
    """A column to order by, and whether backwards."""

    column: str
    backwards: bool = False

    def field(self, model: type[models.Model]) -> Any:
        return model._meta.pk if self.column == "pk" else model._meta.get_field(self.column)


def read_ordering(query: QueryDict, listing: Listing) -> tuple[str, list[Order]]:
    """Return the ordering that was asked for, as text and as columns, the id last. Raises ApiProblem (400)."""
    text, allowed = query.get("ordering") or listing.usual, listing.orderings
    orders: list[Order] = []
    for name in _at_most(text.split(","), allowed):
        plain = name.removeprefix("-")
        if plain not in allowed:
            raise unknown(plain, allowed, "ordering", parameter="ordering")
        if any(order.column == allowed[plain] for order in orders):
            raise wrong_parameter("ordering", f"“{plain}” stands twice.")
        orders.append(Order(allowed[plain], name.startswith("-")))
    ends = [order.column == "pk" for order in orders]
    # Nothing is left to order behind the id.
    return text, orders[: ends.index(True) + 1] if True in ends else [*orders, Order("pk")]


def _at_most(names: list[str], allowed: Mapping[str, str]) -> list[str]:
    if len(names) > len(allowed):
        raise wrong_parameter(
            "ordering", f"This names more than there is. There are: {', '.join(sorted(allowed))}."
        )
    return names


@dataclass(frozen=True)
class Column:
    """One column of an order in SQL."""

    order: Order
    field: Any

    @property
    def name(self) -> str:
        return f"order_{self.order.column}"

    @property
    def expression(self) -> Any:
        is_text = isinstance(self.field, models.CharField | models.TextField)
        if is_text and connection.vendor == "postgresql":
            return Collate(self.order.column, "C")
        return F(self.order.column)

    def ordering(self, *, reverse: bool) -> Any:
        column, descending = F(self.name), self.order.backwards != reverse
        if not self.field.null:  # an index serves only where nothing is said of nulls
            return column.desc() if descending else column.asc()
        nulls = {"nulls_first": True} if reverse else {"nulls_last": True}
        return column.desc(**nulls) if descending else column.asc(**nulls)

    def equal(self, value: Any) -> Q:
        return Q(**{f"{self.name}__isnull": True}) if value is None else Q(**{self.name: value})

    def beyond(self, value: Any, *, before: bool, or_equal: bool = False) -> Q | None:
        """Return the condition on rows beyond a value, or None if there can't be any; rows without a value stand last."""
        if value is None:
            return Q(**{f"{self.name}__isnull": False}) if before else None
        lookup = ("lt" if self.order.backwards != before else "gt") + ("e" if or_equal else "")
        beyond = Q(**{f"{self.name}__{lookup}": value})
        return beyond | Q(**{f"{self.name}__isnull": True}) if self.field.null and not before else beyond


def columns_of(orders: Sequence[Order], model: type[models.Model]) -> list[Column]:
    """Return the columns of a table that an order is made of."""
    return [Column(order, order.field(model)) for order in orders]


def beyond(columns: Sequence[Column], values: Sequence[Any], *, before: bool) -> Q:
    """Return the condition on rows beyond a place: later in the first column, or equal there and later in the next …"""
    condition, equal = Q(pk__in=[]), Q()
    for column, value in zip(columns, values, strict=True):
        later = column.beyond(value, before=before)
        if later is not None:
            condition |= equal & later
        equal &= column.equal(value)
    first, value = columns[0], values[0]
    if first.field.null or value is None:
        return condition
    # Says nothing new, but leads the database into the index at the right place, which an “or” alone doesn't.
    return first.beyond(value, before=before, or_equal=True) & condition


def sort_key(orders: Sequence[Order]) -> Callable[[Sequence[Any]], Any]:
    """Return what turns the values of a place into something that sorts as the orders say."""

    def key(values: Sequence[Any]) -> list[tuple[bool, Any]]:
        return [
            (value is None, _Backwards(value) if order.backwards and value is not None else value)
            for order, value in zip(orders, values, strict=True)
        ]

    return key


@total_ordering
@dataclass(frozen=True)
class _Backwards:
    """A value that sorts the other way round."""

    value: Any

    def __lt__(self, other: "_Backwards") -> bool:
        return other.value < self.value
