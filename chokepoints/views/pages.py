"""What every page needs: a page of a list, a record by its key, and what stands on each record's page."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from .. import selectors
from ..models import Record, RecordKey
from ..records import KINDS

PER_PAGE = 50
WITH_FEED = {"chokepoint", "sector"}


def page_of(request: HttpRequest, rows: Any, per_page: int = PER_PAGE) -> Page:
    """Return the page that was asked for; an impossible number is the nearest page there is."""
    return Paginator(rows, per_page).get_page(request.GET.get("page"))


def by_key(
    rows: QuerySet, kind: str, key: str, address: Callable[[Record], str] | None = None
) -> Record | HttpResponse:
    """Return the record with a key, or the redirect from a key that it had before. Raises Http404.

    The redirect leads to the record's page, or to the `address` made of it.
    """
    if not KINDS[kind].fields["key"].limit >= len(key) or "\0" in key:
        raise Http404(f"No {kind} has or had this key.")
    row = rows.filter(key=key).first()
    if row:
        return row
    former = RecordKey.objects.filter(kind=kind, key=key).first()
    current = rows.model.objects.filter(pk=former.record).first() if former else None
    if not current or current.key == key:
        raise Http404(f"No {kind} has or had this key.")
    return redirect(address(current) if address else current, permanent=True)


def record_context(kind: str, row: Record) -> dict[str, Any]:
    """Return what stands on every record's page: its history with the feed of it, and where to propose a change."""
    changes = selectors.latest_changes(row.pk)
    return {
        "kind": KINDS[kind],
        "record": row,
        "changes": changes,
        "feed": reverse(f"{kind}-feed", args=[row.key]) if kind in WITH_FEED else "",
        "merged_into": row.merged_into if row.merged_into_id else None,
        "operation": "restore" if row.retired else "update",
    }


def propose(kind: str, operation: str, record: Any = None) -> str:
    """Return the address at which a change to a record is proposed."""
    parameters = {"kind": kind, "operation": operation} | ({"record": str(record)} if record else {})
    return f"{reverse('proposal-new')}?{urlencode(parameters)}"
