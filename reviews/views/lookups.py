"""Looking records up while somebody types. Forms work without it: keys, ids and addresses can be typed and pasted."""

from typing import Any

from django.db.models import Q
from django.http import Http404, HttpRequest, JsonResponse
from django.views import View

from chokepoints.projection import model_of
from chokepoints.records import KINDS

from ..forms.fields import PROPOSABLE
from ..forms.references import name_of_row

MOST, LONGEST = 20, 200

SEARCHED = {
    "evidence": ("claim", "quote", "source__title"),
    "supply": ("chokepoint__name", "organization__name", "role"),
    "assessment": ("chokepoint__name", "status"),
}
RELATED = {"supply": ("chokepoint", "organization"), "assessment": ("chokepoint",)}


class Lookup(View):
    """The records of a kind that somebody may mean: key (or id) and label of at most 20."""

    def get(self, request: HttpRequest, kind: str) -> JsonResponse:
        if kind not in PROPOSABLE:
            raise Http404("There is no such kind of record.")
        typed = request.GET.get("q", "").replace("\0", "").strip()[:LONGEST]
        return JsonResponse({"records": [_entry(kind, row) for row in _search(kind, typed)] if typed else []})


def _search(kind: str, typed: str) -> Any:
    title = KINDS[kind].title
    columns = SEARCHED.get(kind) or ("key", title, f"{title}_original")
    wanted = Q()
    for column in columns:
        wanted |= Q(**{f"{column}__icontains": typed})
    rows = model_of(KINDS[kind]).objects.filter(wanted, retired=False)
    return rows.select_related(*RELATED.get(kind, ())).order_by(
        *(["key"] if KINDS[kind].has_key else ["pk"])
    )[:MOST]


def _entry(kind: str, row: Any) -> dict[str, str]:
    return {"key": row.key if KINDS[kind].has_key else str(row.pk), "label": name_of_row(kind, row)}
