"""One page for the kinds of record that have none of their own, made from the description of the kind."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from .. import projection, selectors
from ..models import Chokepoint
from ..presenting import present_state
from ..records import KINDS
from .pages import record_context


@require_safe
def record_detail(request: HttpRequest, kind: str, record) -> HttpResponse:
    """A record's fields with their values; a kind with a page of its own leads there."""
    if kind not in KINDS:
        raise Http404("There is no such kind of record.")
    model = projection.model_of(KINDS[kind])
    row = model.objects.select_related("changed_in", "merged_into").filter(pk=record).first()
    if row is None:
        raise Http404(f"There is no such {kind}.")
    if hasattr(row, "get_absolute_url") and row.get_absolute_url() != request.path:
        return redirect(row)
    states = projection.read_states(KINDS[kind], [row])
    state = states[str(row.pk)]
    names = selectors.names_of([(kind, str(row.pk)), *selectors.references_in(KINDS[kind], state)])
    fields = present_state(KINDS[kind], state, names, leave_out=("retired", "merged_into", "note"))
    context = record_context(kind, row) | {
        "label": names.get((kind, str(row.pk)), (str(row), ""))[0],
        "fields": [field for field in fields if field.values or not field.name.endswith("_reason")],
        "chokepoints": _chokepoints(kind, row),
    }
    return render(request, "chokepoints/record_detail.html", context)


def _chokepoints(kind: str, row) -> list[Chokepoint]:
    """Return the chokepoints of a sector and its parts, as many as a page holds."""
    if kind != "sector":
        return []
    rows = Chokepoint.objects.in_force().with_status(selectors.today()).order_by("name")
    return list(rows.filter(sector__in=selectors.sectors_with_parts([str(row.pk)]))[:100])
