"""Organizations that supply, or could."""

from django.db.models import Count, Q
from django.db.models.functions import Lower
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from .. import selectors
from ..filters import OrganizationFilter
from ..models import Organization
from .pages import by_key, page_of, record_context


@require_safe
def organization_index(request: HttpRequest) -> HttpResponse:
    """Organizations by name, with how many chokepoints each has a role in."""
    roles = Count("supplies", filter=Q(supplies__retired=False))
    rows = Organization.objects.in_force().annotate(roles=roles).order_by(Lower("name"), "pk")
    found = OrganizationFilter(request.GET, rows)
    context = {"filter": found, "page": page_of(request, found.qs)}
    return render(request, "chokepoints/organization_index.html", context)


@require_safe
def organization_detail(request: HttpRequest, key: str) -> HttpResponse:
    """One organization and what it supplies."""
    organization = by_key(
        Organization.objects.select_related("merged_into", "changed_in"), "organization", key
    )
    if isinstance(organization, HttpResponse):
        return organization
    context = record_context("organization", organization) | {
        "organization": organization,
        "supplies": selectors.supplies_of(organization=organization),
    }
    return render(request, "chokepoints/organization_detail.html", context)
