"""The ledger as people read it: changesets, and the revisions of one record."""

from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from .. import selectors
from ..models import Changeset
from ..records import KINDS
from .pages import page_of


@require_safe
def history(request: HttpRequest) -> HttpResponse:
    """All changesets, the newest first."""
    page = page_of(request, Changeset.objects.annotate(size=Count("revisions")).order_by("-number"))
    lines = selectors.changeset_lines(page.object_list)
    return render(request, "chokepoints/history.html", {"page": page, "lines": lines})


@require_safe
def changeset_detail(request: HttpRequest, number: int) -> HttpResponse:
    """One changeset: who decided what and why, and each revision before and after."""
    changeset = get_object_or_404(Changeset, number=number)
    page = page_of(request, changeset.revisions.select_related("changeset").order_by("position"), 25)
    neighbours = set(
        Changeset.objects.filter(number__in=[number - 1, number + 1]).values_list("number", flat=True)
    )
    context = {
        "line": selectors.changeset_lines([changeset])[0],
        "changeset": changeset,
        "page": page,
        "views": selectors.revision_views(page.object_list),
        "sizes": changeset.revisions.order_by().values_list("kind").annotate(n=Count("pk")).order_by("kind"),
        "before": number - 1 if number - 1 in neighbours else None,
        "after": number + 1 if number + 1 in neighbours else None,
    }
    return render(request, "chokepoints/changeset_detail.html", context)


@require_safe
def record_history(request: HttpRequest, kind: str, record) -> HttpResponse:
    """Every revision of one record, the newest first."""
    revisions = selectors.history_of(record).filter(kind=kind)
    if kind not in KINDS or not revisions.exists():
        raise Http404("The ledger has no such record.")
    page = page_of(request, revisions, 25)
    views = selectors.revision_views(page.object_list)
    lines = selectors.changeset_lines([revision.changeset for revision in page.object_list])
    context = {
        "kind": KINDS[kind],
        "record_id": record,
        "label": views[0].label,
        "url": views[0].url,
        "page": page,
        "entries": list(zip(views, lines, strict=True)),
    }
    return render(request, "chokepoints/record_history.html", context)
