"""What isn't known."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from .. import selectors
from ..selectors import Gap
from .pages import page_of, propose

SHOWN_OF_EACH = 8


@require_safe
def gaps(request: HttpRequest) -> HttpResponse:
    """All gaps with their counts and first records, or with ?gap= one of them whole."""
    found = selectors.gaps(selectors.today())
    chosen = next((gap for gap in found if gap.key == request.GET.get("gap")), None)
    if chosen:
        page = page_of(request, chosen.records)
        context = {"gap": chosen, "page": page, "rows": _rows(chosen, page.object_list)}
        return render(request, "chokepoints/gap.html", context)
    counts = selectors.gap_counts(found)
    groups = [
        (
            gap,
            counts[gap.key],
            _rows(gap, gap.records[:SHOWN_OF_EACH]),
            max(0, counts[gap.key] - SHOWN_OF_EACH),
        )
        for gap in found
        if counts[gap.key]
    ]
    closed = [gap for gap in found if not counts[gap.key]]
    return render(request, "chokepoints/gaps.html", {"groups": groups, "closed": closed})


def _rows(gap: Gap, records) -> list[tuple]:
    return [
        (
            record,
            reverse("assessment-new", args=[record.key])
            if gap.operation == "assess"
            else propose(gap.kind, "update", record.pk),
        )
        for record in records
    ]
