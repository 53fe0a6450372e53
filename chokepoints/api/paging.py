"""Keyset pages: the next page begins after the last row of this one, so that page 1,000 costs what page 1 does.

`page_of` pages through tables, `page_then` through the places that records had at a moment; both order alike and take each
other's cursors.
"""

import base64
import datetime as dt
import json
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import total_ordering
from typing import Any

from django.db import connection, models
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Collate
from django.http import QueryDict

from ..projection import model_of
from ..records import Kind
from .problems import unknown, wrong_parameter
from .rendering import Known

DEFAULT_SIZE, LARGEST_SIZE = 50, 500
LONGEST_VALUE = 5_000  # characters of one parameter
PAGING = ("cursor", "page_size", "count", "ordering")


@dataclass(frozen=True)
class Order:
    """A column to order by, and whether backwards. Rows without a value come last, either way."""

    column: str
    backwards: bool = False

    def field(self, model: type[models.Model]) -> Any:
        return model._meta.pk if self.column == "pk" else model._meta.get_field(self.column)


@dataclass(frozen=True)
class Cursor:
    """A place between two rows: the values of the order's columns there, the id last; `before` asks for what precedes."""

    values: tuple[Any, ...]
    before: bool = False

    def text(self, ordering: str) -> str:
        """Return it as an opaque text. It holds nothing secret and grants nothing, so it isn't signed."""
        values = [
            value.isoformat()
            if isinstance(value, dt.date)
            else str(value)
            if isinstance(value, uuid.UUID)
            else value
            for value in self.values
        ]
        packed = json.dumps([ordering, self.before, values], ensure_ascii=False, separators=(",", ":"))
        return base64.urlsafe_b64encode(packed.encode()).decode().rstrip("=")


def read_cursor(text: str, ordering: str, columns: Sequence[Any]) -> Cursor:
    """Return the cursor that a text is. `columns` are the model's fields in the order's order.

    Raises ApiProblem (400) for a forged one, or one of another ordering.
    """
    try:
        padded = text + "=" * (-len(text) % 4)
        said, before, values = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True).decode())
        if said != ordering or not isinstance(before, bool) or len(values) != len(columns):
            raise ValueError("another ordering")
        clean = tuple(
            None if value is None else _clean(column, value)
            for column, value in zip(columns, values, strict=True)
        )
        if clean[-1] is None:
            raise ValueError("no id")
    except Exception as error:  # whatever a forged text may break
        raise wrong_parameter(
            "cursor", "This isn't a cursor of this list. Begin at its first page."
        ) from error
    return Cursor(clean, before)


def _clean(column: Any, value: Any) -> Any:
    if isinstance(value, bool | list | dict | float) or is_unfit(str(value)) or len(str(value)) > 3_000:
        raise ValueError("no value of a column")
    clean = column.to_python(value)
    if isinstance(clean, int) and abs(clean) > 2**62:
        raise ValueError("too large")
    return clean


@dataclass
class Page:
    """One page of rows, with the cursors of its neighbours, and how many rows there are if that was asked for."""

    rows: list[Any]
    next: Cursor | None = None
    previous: Cursor | None = None
    count: int | None = None


def page_size(query: QueryDict) -> int:
    """Return how many rows were asked for."""
    text = query.get("page_size", "")
    if not text:
        return DEFAULT_SIZE
    if not (text.isascii() and text.isdigit() and len(text) < 10 and 1 <= int(text) <= LARGEST_SIZE):
        raise wrong_parameter("page_size", f"This is a whole number from 1 to {LARGEST_SIZE}.")
    return int(text)


def wants_count(query: QueryDict) -> bool:
    text = query.get("count", "false")
    if text not in {"true", "false"}:
        raise wrong_parameter("count", "This is true or false.")
    return text == "true"


def read_ordering(query: QueryDict, allowed: dict[str, str], default: str) -> tuple[str, list[Order]]:
    """Return the ordering that was asked for, as text and as columns, the id last. `allowed` maps names to columns."""
    text = query.get("ordering") or default
    orders: list[Order] = []
    names = text.split(",")
    if len(names) > len(allowed):
        raise wrong_parameter("ordering", "This names more columns than there are.")
    for name in names:
        plain = name.removeprefix("-")
        if plain not in allowed:
            raise unknown(plain, allowed, "ordering", parameter="ordering")
        if any(order.column == allowed[plain] for order in orders):
            raise wrong_parameter("ordering", f"“{plain}” stands twice.")
        orders.append(Order(allowed[plain], name.startswith("-")))
    ends = [order.column == "pk" for order in orders]
    # Nothing is left to order behind the id.
    return text, orders[: ends.index(True) + 1] if True in ends else [*orders, Order("pk")]


def page_of(rows: QuerySet, query: QueryDict, allowed: dict[str, str], default: str) -> Page:
    """Return the page of a queryset that a query asks for. Raises ApiProblem (400) for what it can't ask."""
    size, (text, orders) = page_size(query), read_ordering(query, allowed, default)
    count = rows.order_by().count() if wants_count(query) else None
    cursor = _cursor_in(query, text, orders, rows.model)
    columns = [_Column(order, order.field(rows.model)) for order in orders]
    rows = rows.alias(**{column.name: column.expression for column in columns})
    before = bool(cursor and cursor.before)
    if cursor:
        rows = rows.filter(_beyond(columns, cursor))
    found = list(rows.order_by(*(column.ordering(reverse=before) for column in columns))[: size + 1])
    more, found = len(found) > size, found[:size]
    if before:
        found.reverse()

    def values(row: Any) -> tuple[Any, ...]:
        return tuple(getattr(row, order.column) for order in orders)

    return _page(found, values, cursor, more, count)


@dataclass(frozen=True)
class Place:
    """Where a record stands in an order: its id and the values of the order's columns."""

    record: str
    values: tuple[Any, ...]


def place_of(one: Known, columns: Sequence[str]) -> Place:
    """Return the place of a record as the ledger held it."""
    return Place(one.record, tuple(_value_then(one, column) for column in columns))


def page_then(
    places: Callable[[Sequence[str]], Sequence[Place]],
    kind: Kind,
    query: QueryDict,
    allowed: dict[str, str],
    default: str,
) -> Page:
    """Return the page of the places that records had, in the same order and with the same cursors as page_of.

    `places` returns them, given the columns.
    """
    size, (text, orders) = page_size(query), read_ordering(query, allowed, default)
    cursor = _cursor_in(query, text, orders, model_of(kind))
    found = places([order.column for order in orders])
    count = len(found) if wants_count(query) else None
    sort_key = _sort_key(orders)
    keyed = sorted(((sort_key(place.values), place) for place in found), key=lambda pair: pair[0])
    if cursor:
        here = sort_key(cursor.values)
        keyed = [pair for pair in keyed if (pair[0] < here if cursor.before else pair[0] > here)]
    rows = keyed[-size:] if cursor and cursor.before else keyed[:size]
    return _page([place for _, place in rows], lambda place: place.values, cursor, len(keyed) > size, count)


def _page(
    rows: list[Any],
    values: Callable[[Any], tuple[Any, ...]],
    cursor: Cursor | None,
    more: bool,
    count: int | None,
) -> Page:
    """Return a page with its neighbours. `more` tells whether there are rows beyond it, in the direction of the cursor."""
    before = bool(cursor and cursor.before)
    page = Page(rows, count=count)
    if rows and (more or before):
        page.next = Cursor(values(rows[-1]))
    if rows and (more if before else cursor is not None):
        page.previous = Cursor(values(rows[0]), before=True)
    return page


def _cursor_in(query: QueryDict, text: str, orders: Sequence[Order], model: Any) -> Cursor | None:
    fields = [order.field(model) for order in orders]
    return read_cursor(query["cursor"], text, fields) if query.get("cursor") else None


@dataclass(frozen=True)
class _Column:
    """One column of an order in SQL. Texts are compared by code point on every database, as Python does."""

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


def _beyond(columns: Sequence[_Column], cursor: Cursor) -> Q:
    """Return the condition on rows beyond a place: later in the first column, or equal there and later in the next …"""
    condition, equal = Q(pk__in=[]), Q()
    for column, value in zip(columns, cursor.values, strict=True):
        beyond = column.beyond(value, before=cursor.before)
        if beyond is not None:
            condition |= equal & beyond
        equal &= column.equal(value)
    first, value = columns[0], cursor.values[0]
    if first.field.null or value is None:
        return condition
    # Says nothing new, but leads the database into the index at the right place, which an “or” alone doesn't.
    return first.beyond(value, before=cursor.before, or_equal=True) & condition


def _value_then(one: Known, column: str) -> Any:
    """Return what a column of a record's table held."""
    if column == "pk":
        return uuid.UUID(one.record)
    if column in {"changed_in_id", "created_in_id"}:
        return getattr(one, column.removesuffix("_id"))
    return one.kind.fields[column].to_columns(one.state.get(column))[column]


def _sort_key(orders: Sequence[Order]) -> Callable[[tuple[Any, ...]], Any]:
    """Return what turns the values of a place into something that sorts as the orders say."""

    def key(values: tuple[Any, ...]) -> list[tuple[bool, Any]]:
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


def is_unfit(text: str) -> bool:
    """Tell whether a text holds what no column can."""
    return "\0" in text or any("\ud800" <= character <= "\udfff" for character in text)


def check_parameters(query: QueryDict, known: Sequence[str]) -> None:
    """Refuse parameters that mean nothing here, and those that stand twice or hold what no column can."""
    for name, values in query.lists():
        if name not in known:
            raise unknown(name, known)
        if len(values) > 1:
            raise wrong_parameter(name, "This stands twice. Several values go into one, with commas between.")
        if is_unfit(values[0]):
            raise wrong_parameter(name, "This holds NUL or half of a surrogate pair.")
        if not values[0].strip():
            raise wrong_parameter(name, "This is empty. Leave it out, or give it a value.")
        if len(values[0]) > LONGEST_VALUE:
            raise wrong_parameter(name, f"This is longer than {LONGEST_VALUE:,} characters.")
