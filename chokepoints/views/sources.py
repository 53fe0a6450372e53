"""Sources: the documents, what they derive from, and what was found in them."""

from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from .. import selectors
from ..filters import SourceFilter
from ..models import Source
from .pages import by_key, page_of, record_context


@require_safe
def source_index(request: HttpRequest) -> HttpResponse:
    """Sources by key, narrowed by the filters."""
    rows = Source.objects.in_force().order_by("key")
    statements = Count("evidence", filter=Q(evidence__retired=False), distinct=True)
    found = SourceFilter(request.GET, rows.annotate(statements=statements))
    return render(
        request, "chokepoints/source_index.html", {"filter": found, "page": page_of(request, found.qs)}
    )


@require_safe
def source_detail(request: HttpRequest, key: str) -> HttpResponse:
    """One source with its derivation, up and down, and the evidence found in it."""
    source = by_key(Source.objects.select_related("merged_into", "changed_in"), "source", key)
    if isinstance(source, HttpResponse):
        return source
    evidence = source.evidence.in_force().prefetch_related(
        "bearings__chokepoint", "bearings__list", "rests_on"
    )
    context = record_context("source", source) | {
        "source": source,
        "above": selectors.derivation_chain(source, upward=True),
        "below": selectors.derivation_chain(source, upward=False),
        "page": page_of(request, evidence.order_by("pk")),
        "lists": source.lists.in_force().order_by("key"),
    }
    return render(request, "chokepoints/source_detail.html", context)
