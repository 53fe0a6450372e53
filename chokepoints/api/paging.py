"""Keyset pages: the next page begins after the last row of this one, so that page 1,000 costs what page 1 does.

The pages of the site are numbered, since people jump to page 20 and count; programs walk, and must neither miss nor see
twice what stands still while others publish. So the two page differently (docs/decisions/0007).

`page_of` pages through tables, `page_then` through the places that records had at a moment; both order alike and take
each other's cursors.
"""

import base64
import datetime as dt
import json
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.http import QueryDict
from rest_framework.request import Request

from ..moments import is_number
from .known import Known
from .ordering import Listing, Order, beyond, columns_of, read_ordering, sort_key
from .problems import is_unfit, wrong_parameter

USUAL_SIZE, LARGEST_SIZE = 50, 500
PAGING = ("cursor", "page_size", "count", "ordering")
LARGEST_IN_CURSOR = 2**62
LONGEST_IN_CURSOR = 3_000  # characters of one value; the longest column that lists are ordered by has 500


# --- what is asked for


def page_size(query: QueryDict) -> int:
    """Return how many rows were asked for.

    More than a page can hold is refused, not cut down: a client that counts on the thousand rows it asked for would take
    a page of 500 for the last one.
    """
    text = query.get("page_size", "")
    if not text:
        return USUAL_SIZE
    if not (is_number(text) and len(text) < 10 and 1 <= int(text) <= LARGEST_SIZE):
        raise wrong_parameter("page_size", f"This is a whole number from 1 to {LARGEST_SIZE}.")
    return int(text)


def wants_count(query: QueryDict) -> bool:
    """Tell whether the number of all rows was asked for."""
    text = query.get("count", "false")
    if text not in {"true", "false"}:
        raise wrong_parameter("count", "This is true or false.")
    return text == "true"


@dataclass(frozen=True)
class Cursor:
    """A place between two rows: the values of the order's columns there, the id last; `before` asks for what precedes."""

    values: tuple[Any, ...]
    before: bool = False

    def text(self, listing: Listing, ordering: str) -> str:
        """Return it as an opaque text. It holds nothing secret and grants nothing, so it isn't signed."""
        packed = json.dumps(
            [listing.name, ordering, self.before, [_packed(value) for value in self.values]],
            ensure_ascii=False,
            separators=(",", ":"),
        )
        return base64.urlsafe_b64encode(packed.encode()).decode().rstrip("=")


def _packed(value: Any) -> Any:
    if isinstance(value, dt.date):
        return value.isoformat()
    return str(value) if isinstance(value, uuid.UUID) else value


def read_cursor(text: str, listing: Listing, ordering: str, orders: Sequence[Order]) -> Cursor:
    """Return the cursor that a text is. Raises ApiProblem (400) for a forged one, or one of another list or ordering."""
    fields = [order.field(listing.model) for order in orders]
    try:
        padded = text + "=" * (-len(text) % 4)
        *of, before, values = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True).decode())
        if of != [listing.name, ordering] or not isinstance(before, bool) or len(values) != len(fields):
            raise ValueError("of another list or ordering")
        clean = tuple(_clean(field, value) for field, value in zip(fields, values, strict=True))
        if clean[-1] is None:
            raise ValueError("no id")
    except Exception as error:  # whatever a forged text may break
        words = "This isn't a cursor of this list in this order. Begin at its first page."
        raise wrong_parameter("cursor", words) from error
    return Cursor(clean, before)


def _clean(field: Any, value: Any) -> Any:
    if value is None:
        return None
    if (
        isinstance(value, bool | list | dict | float)
        or is_unfit(str(value))
        or len(str(value)) > LONGEST_IN_CURSOR
    ):
        raise ValueError("no value of a column")
    clean = field.to_python(value)
    if _packed(clean) != value or (isinstance(clean, int) and abs(clean) > LARGEST_IN_CURSOR):
        raise ValueError("not as a cursor has it")
    return clean


def _cursor_in(query: QueryDict, listing: Listing, ordering: str, orders: Sequence[Order]) -> Cursor | None:
    return read_cursor(query["cursor"], listing, ordering, orders) if query.get("cursor") else None


# --- a page


@dataclass
class Page:
    """One page of rows, with the cursors of its neighbours as texts, and how many rows there are if that was asked for."""

    rows: list[Any]
    next: str | None = None
    previous: str | None = None
    count: int | None = None


def page_of(rows: QuerySet, listing: Listing, query: QueryDict) -> Page:
    """Return the page of a queryset that a query asks for. Raises ApiProblem (400) for what it can't ask."""
    size, (ordering, orders) = page_size(query), read_ordering(query, listing)
    count = rows.order_by().count() if wants_count(query) else None
    cursor = _cursor_in(query, listing, ordering, orders)
    columns = columns_of(orders, rows.model)
    rows = rows.alias(**{column.name: column.expression for column in columns})
    before = bool(cursor and cursor.before)
    if cursor:
        rows = rows.filter(beyond(columns, cursor.values, before=before))
    found = list(rows.order_by(*(column.ordering(reverse=before) for column in columns))[: size + 1])
    more, found = len(found) > size, found[:size]
    if before:
        found.reverse()

    def values(row: Any) -> tuple[Any, ...]:
        return tuple(getattr(row, order.column) for order in orders)

    return _page(found, values, cursor, more, count, lambda near: near.text(listing, ordering))


@dataclass(frozen=True)
class Place:
    """Where a record stands in an order: its id and the values of the order's columns."""

    record: str
    values: tuple[Any, ...]


def place_of(one: Known, columns: Sequence[str]) -> Place:
    """Return the place of a record as the ledger held it."""
    return Place(one.record, tuple(_value_then(one, column) for column in columns))


def _value_then(one: Known, column: str) -> Any:
    """Return what a column of a record's table held."""
    if column == "pk":
        return uuid.UUID(one.record)
    if column in {"changed_in_id", "created_in_id"}:
        return getattr(one, column.removesuffix("_id"))
    return one.kind.fields[column].to_columns(one.state.get(column))[column]


def page_then(places: Callable[[Sequence[str]], Sequence[Place]], listing: Listing, query: QueryDict) -> Page:
    """Return the page of the places that records had, in the same order and with the same cursors as page_of.

    `places` returns them, given the columns.
    """
    size, (ordering, orders) = page_size(query), read_ordering(query, listing)
    cursor = _cursor_in(query, listing, ordering, orders)
    found = places([order.column for order in orders])
    count = len(found) if wants_count(query) else None
    key = sort_key(orders)
    keyed = sorted(((key(place.values), place) for place in found), key=lambda pair: pair[0])
    before = bool(cursor and cursor.before)
    if cursor:
        here = key(cursor.values)
        keyed = [pair for pair in keyed if (pair[0] < here if before else pair[0] > here)]
    rows = [place for _, place in (keyed[-size:] if before else keyed[:size])]
    more = len(keyed) > size
    return _page(
        rows, lambda place: place.values, cursor, more, count, lambda near: near.text(listing, ordering)
    )


def _page(
    rows: list[Any],
    values: Callable[[Any], tuple[Any, ...]],
    cursor: Cursor | None,
    more: bool,
    count: int | None,
    text: Callable[[Cursor], str],
) -> Page:
    """Return a page with its neighbours. `more` tells whether there are rows beyond it, in the direction of the cursor."""
    before = bool(cursor and cursor.before)
    page = Page(rows, count=count)
    if rows and (more or before):
        page.next = text(Cursor(values(rows[-1])))
    if rows and (more if before else cursor is not None):
        page.previous = text(Cursor(values(rows[0]), before=True))
    return page


def link_to(request: Request, cursor: str | None) -> str | None:
    """Return the address of the page that a cursor begins, with whatever else was asked for."""
    if cursor is None:
        return None
    query = request.query_params.copy()
    query["cursor"] = cursor
    return request.build_absolute_uri(f"{request.path}?{query.urlencode()}")


def page_body(request: Request, page: Page, results: list[Any]) -> dict[str, Any]:
    """Return what a list answers for a page, given its rows as they are shown."""
    counted = {} if page.count is None else {"count": page.count}
    links = {"next": link_to(request, page.next), "previous": link_to(request, page.previous)}
    return counted | links | {"results": results}
