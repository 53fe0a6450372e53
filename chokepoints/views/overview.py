"""The first page, and the guide."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from .. import selectors
from ..models import Changeset, ChokepointList


@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """Counts by status and sector, the latest changesets, and when the ledger was last verified."""
    day = selectors.today()
    counts = selectors.status_counts(day)
    context = {
        "counts": counts,
        "total": sum(number for _, number in counts),
        "sectors": selectors.sector_lines(day),
        "lists": list(ChokepointList.objects.in_force().order_by("issued_on", "key")[:5]),
        "lines": selectors.changeset_lines(Changeset.objects.all()[:8]),
        "verification": selectors.last_verification(),
    }
    return render(request, "chokepoints/overview.html", context)


@require_safe
def guide(request: HttpRequest) -> HttpResponse:
    """How to read the register."""
    return render(request, "chokepoints/guide.html")
