"""Chokepoints: the list, and one with everything known about it."""

from django.db.models.functions import Lower
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from .. import selectors
from ..filters import ChokepointFilter
from ..models import Chokepoint
from .pages import by_key, page_of, record_context


@require_safe
def chokepoint_list(request: HttpRequest) -> HttpResponse:
    """Chokepoints in force, by name, narrowed by the filters."""
    rows = Chokepoint.objects.in_force().with_status(selectors.today()).order_by(Lower("name"), "pk")
    found = ChokepointFilter(request.GET, selectors.chokepoint_rows(rows))
    page = page_of(request, found.qs)
    selectors.add_supplier_countries(page.object_list)
    selectors.add_evidence_counts(page.object_list)
    selectors.add_status_dates(page.object_list)
    return render(request, "chokepoints/chokepoint_list.html", {"filter": found, "page": page})


@require_safe
def chokepoint_detail(request: HttpRequest, key: str) -> HttpResponse:
    """One chokepoint: the status with the sentence that justifies it first, then what it rests on."""
    rows = Chokepoint.objects.with_status(selectors.today())
    chokepoint = by_key(
        rows.select_related("sector__parent", "part_of", "merged_into", "changed_in"), "chokepoint", key
    )
    if isinstance(chokepoint, HttpResponse):
        return chokepoint
    assessments = selectors.assessments_of(chokepoint)
    current = next((assessment for assessment in assessments if assessment.is_current), None)
    bearings = selectors.bearings_on(chokepoint=chokepoint)
    grounds = [link.evidence for link in current.links] if current else []
    origins, unestablished = selectors.origins_behind([bearing.evidence for bearing in bearings])
    context = record_context("chokepoint", chokepoint) | {
        "chokepoint": chokepoint,
        "assessments": assessments,
        "current": current,
        "current_line": selectors.changeset_lines([current.created_in])[0] if current else None,
        "grounds": grounds,
        "quoted": next((evidence for evidence in grounds if evidence.quote), None),
        "groups": selectors.by_source(bearings),
        "bearings": bearings,
        "stances": selectors.stance_counts(bearings),
        "origins": origins,
        "unestablished": unestablished,
        "supplies": selectors.supplies_of(chokepoint=chokepoint),
        "listings": chokepoint.listings.select_related("list").order_by("list__key"),
        "parts": chokepoint.parts.in_force().order_by("name"),
    }
    return render(request, "chokepoints/chokepoint_detail.html", context)
