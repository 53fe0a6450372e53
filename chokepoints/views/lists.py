"""Published lists of chokepoints."""

from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from .. import selectors
from ..models import Chokepoint, ChokepointList, Listing
from .pages import by_key, page_of, record_context


@require_safe
def list_index(request: HttpRequest) -> HttpResponse:
    """All lists, with how many chokepoints each names."""
    rows = ChokepointList.objects.in_force().annotate(named=Count("listings")).order_by("-issued_on", "key")
    return render(request, "chokepoints/list_index.html", {"page": page_of(request, rows)})


@require_safe
def list_detail(request: HttpRequest, key: str) -> HttpResponse:
    """One list: what it means by a chokepoint, what it names, and what bears on it as a whole."""
    rows = ChokepointList.objects.select_related("source", "merged_into", "changed_in")
    chosen = by_key(rows, "list", key)
    if isinstance(chosen, HttpResponse):
        return chosen
    page = page_of(
        request, Listing.objects.filter(list=chosen).order_by("number", "chokepoint__name", "pk"), 100
    )
    named = Chokepoint.objects.with_status(selectors.today()).select_related("sector")
    chokepoints = {
        row.pk: row for row in named.filter(pk__in=[listing.chokepoint_id for listing in page.object_list])
    }
    for listing in page.object_list:
        listing.chokepoint = chokepoints[listing.chokepoint_id]
    bearings = selectors.bearings_on(list=chosen)
    context = record_context("list", chosen) | {
        "chosen": chosen,
        "page": page,
        "groups": selectors.by_source(bearings),
        "bearings": bearings,
    }
    return render(request, "chokepoints/list_detail.html", context)
