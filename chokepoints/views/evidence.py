"""Evidence: single statements found in sources."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from .. import selectors
from ..filters import EvidenceFilter
from ..models import Evidence
from .pages import page_of, record_context


@require_safe
def evidence_index(request: HttpRequest) -> HttpResponse:
    """Evidence by source, narrowed by the filters."""
    rows = Evidence.objects.in_force().select_related("source").order_by("source__key", "pk")
    found = EvidenceFilter(request.GET, rows.prefetch_related("bearings__chokepoint", "bearings__list"))
    return render(
        request, "chokepoints/evidence_index.html", {"filter": found, "page": page_of(request, found.qs)}
    )


@require_safe
def evidence_detail(request: HttpRequest, record) -> HttpResponse:
    """One statement: the quote, what it bears on, and which assessments cite it."""
    rows = Evidence.objects.select_related("source", "merged_into", "changed_in")
    evidence = get_object_or_404(rows, pk=record)
    context = record_context("evidence", evidence) | {
        "evidence": evidence,
        "bearings": evidence.bearings.select_related("chokepoint", "list").order_by("pk"),
        "rests_on": evidence.rests_on.order_by("key"),
        "above": selectors.derivation_chain(evidence.source, upward=True),
        "assessments": evidence.assessments.select_related("chokepoint").order_by(
            "chokepoint__name", "-as_of"
        ),
        "supplies": evidence.supplies.select_related("chokepoint", "organization").order_by("pk"),
    }
    return render(request, "chokepoints/evidence_detail.html", context)
