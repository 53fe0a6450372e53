"""Editing one field of several records: choose them from a list, look at what would change, hand it in as one proposal.

Three looks at one address: which field, which records and value, and the preview. Only handing in writes anything.
"""

from collections.abc import Collection, Mapping
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views import View

from chokepoints.exceptions import Problem
from chokepoints.records import KINDS, Kind

from ..bulk import Row, compare_rows, edit_rows, fields_offered
from ..exceptions import ReviewError
from ..forms.bulk import BulkHeadForm, Chosen, EditForm, chosen_rows
from ..models import Proposal
from ..selectors.choosing import LISTS, Listed, choices_of, noun_for
from ..services.drafting import MOST_CHANGES, DraftChange
from .answering import UNPROCESSABLE, EditorRequired
from .editing import hand_in
from .keeping import SendsAgain


class BulkEdit(SendsAgain, EditorRequired, View):
    """One field, chosen rows, one value → one proposal with a change each."""

    kind: Kind
    listed: Listed

    def dispatch(self, request: HttpRequest, kind: str, **where: Any) -> HttpResponse:
        if kind not in LISTS:
            raise Http404("There is no list of this kind of record.")
        self.kind, self.listed = KINDS[kind], LISTS[kind]
        return super().dispatch(request, **where)

    def get(self, request: HttpRequest) -> HttpResponse:
        name = self._field(request)
        return self._choose(request, EditForm(self.kind, name)) if name else self._ask_field(request)

    def post(self, request: HttpRequest) -> HttpResponse:
        name = self._field(request)
        if not name:
            return self._ask_field(request)
        if "preview" not in request.POST and not {"submit", "draft"} & set(request.POST):
            return self._choose(request, EditForm.as_typed(self.kind, name, request.POST))
        form, chosen = EditForm(self.kind, name, request.POST), chosen_rows(request.POST)
        previews = "preview" in request.POST
        if not form.is_valid() or (previews and chosen.problems):
            return self._choose(request, form, elsewhere=chosen.problems, status=UNPROCESSABLE)
        return (self._preview if previews else self._hand_in)(request, form, chosen)

    def _field(self, request: HttpRequest) -> str:
        """Return the field that the address names, empty if it names none that can be edited like this."""
        name = request.GET.get("field", "")
        return name if name in fields_offered(self.kind) else ""

    def _found(self, request: HttpRequest) -> tuple[Any, QuerySet]:
        """Return the list's filter, if it has one, and the rows that fit."""
        if not self.listed.filter:
            return None, self.listed.rows()
        found = self.listed.filter(request.GET, self.listed.rows())
        return found, found.qs

    def _frame(self, request: HttpRequest, name: str) -> dict[str, Any]:
        query = request.GET.copy()
        for own in ("field", "page"):
            query.pop(own, None)
        return {
            "kind": self.kind,
            "noun": noun_for(self.kind, 2),
            "list_url": reverse(self.listed.address),
            "filter_query": query.urlencode(),
            "field": self.kind.fields.get(name),
        }

    def _ask_field(self, request: HttpRequest) -> HttpResponse:
        found, rows = self._found(request)
        total = rows.count()
        unknown = request.GET.get("field", "")
        context = self._frame(request, "") | {
            "filter": found,
            "total": total,
            "total_noun": noun_for(self.kind, total),
            "offered": fields_offered(self.kind).values(),
            "unknown": unknown,
        }
        status = UNPROCESSABLE if unknown else 200
        return render(request, "reviews/bulk_field.html", context, status=status)

    def _choose(
        self, request: HttpRequest, form: EditForm, *, elsewhere: Any = (), status: int = 200
    ) -> HttpResponse:
        found, rows = self._found(request)
        total, shown = rows.count(), list(rows[:MOST_CHANGES])
        context = self._frame(request, form.field.name) | {
            "filter": found,
            "form": form,
            "choices": choices_of(self.kind, shown, form.field.name, ticked=self._ticked(request)),
            "total": total,
            "most": MOST_CHANGES,
            "elsewhere": elsewhere,
            "refused": status != 200,
        }
        return render(request, "reviews/bulk.html", context, status=status)

    def _ticked(self, request: HttpRequest) -> Collection[str] | None:
        """Return which rows to tick: as they were, or all (None) or none as was asked."""
        asked = request.POST.get("tick")
        if asked:
            return None if asked == "all" else ()
        return set(request.POST.getlist("record"))

    def _preview(self, request: HttpRequest, form: EditForm, chosen: Chosen) -> HttpResponse:
        rows = edit_rows(self.kind, form.edit, chosen.seen, as_now=True)
        changing = sum(bool(row.changes) for row in rows)
        head = BulkHeadForm(
            initial={"title": f"{form.field.label}: {changing} {noun_for(self.kind, changing)}"}
        )
        return self._show(request, form, rows, head)

    def _hand_in(self, request: HttpRequest, form: EditForm, chosen: Chosen) -> HttpResponse:
        head = BulkHeadForm(request.POST)
        rows = [] if chosen.problems else edit_rows(self.kind, form.edit, chosen.seen, as_now=False)
        changing = [row for row in rows if row.changes]
        refused = [*chosen.problems, *(f"{row.label}: {row.refusal}" for row in rows if row.refusal)]
        if not changing and not refused:
            refused = ["Nothing would change: all of them have this value already."]
        if not head.is_valid() or refused:
            return self._refuse(request, form, chosen, head, elsewhere=refused)
        changes = [row.change(self.kind, head.cleaned_data["cites"] or []) for row in changing]
        try:
            proposal = _write(request, head, changes)
        except ReviewError as refusal:
            return self._refuse_by(request, form, chosen, head, changing, refusal)
        if proposal.state == "draft":
            messages.success(request, "Saved as a draft. Nobody else sees it yet.")
            return redirect("proposal-edit", proposal.number)
        messages.success(request, "Submitted for review.")
        return redirect("proposal-detail", proposal.number)

    def _refuse_by(
        self,
        request: HttpRequest,
        form: EditForm,
        chosen: Chosen,
        head: BulkHeadForm,
        changing: list[Row],
        refusal: ReviewError,
    ) -> HttpResponse:
        """Put a refusal's words beside the rows that they are about, and the others above."""
        problems: list[Problem] | None = getattr(refusal, "problems", None)
        beside: dict[str, list[str]] = {}
        others = []
        for problem in problems or []:
            if 0 <= problem.change < len(changing):
                beside.setdefault(changing[problem.change].record, []).append(problem.message)
            else:
                others.append(problem)
        more = {
            "elsewhere": [refusal.message] if problems is None else head.add_problems(others),
            "memory": getattr(refusal, "memory", None),
            "same": getattr(refusal, "proposal", None),
        }
        return self._refuse(request, form, chosen, head, beside=beside, status=refusal.status, **more)

    def _refuse(
        self,
        request: HttpRequest,
        form: EditForm,
        chosen: Chosen,
        head: BulkHeadForm,
        *,
        beside: Mapping[str, list[str]] | None = None,
        status: int = UNPROCESSABLE,
        **more: Any,
    ) -> HttpResponse:
        """Show the preview again, as the records are now, with the ticks and words that came."""
        rows = edit_rows(self.kind, form.edit, chosen.shown, as_now=True)
        for row in rows:
            row.ticked = row.record in chosen.seen
            row.problems = list(dict.fromkeys([*row.problems, *(beside or {}).get(row.record, [])]))
        return self._show(request, form, rows, head, status=status, **more)

    def _show(
        self,
        request: HttpRequest,
        form: EditForm,
        rows: list[Row],
        head: BulkHeadForm,
        *,
        status: int = 200,
        **more: Any,
    ) -> HttpResponse:
        compare_rows(self.kind, rows)
        changing = [row for row in rows if row.changes]
        context = self._frame(request, form.field.name) | {
            "form": form,
            "head": head,
            "changing": changing,
            "changing_noun": noun_for(self.kind, len(changing)),
            "same_already": [row for row in rows if not row.changes and not row.refusal],
            "impossible": [row for row in rows if row.refusal],
            "broken": sum(bool(row.problems) for row in changing),
            "moved": sum(row.moved for row in changing),
            "refused": status != 200,
            **more,
        }
        return render(request, "reviews/bulk_preview.html", context, status=status)


def _write(request: HttpRequest, head: BulkHeadForm, changes: list[DraftChange]) -> Proposal:
    """Write the proposal, and submit it if that was the button: both or neither."""
    said = head.cleaned_data
    return hand_in(
        actor=request.user,
        title=said["title"],
        rationale=said["rationale"],
        changes=changes,
        submit="submit" in request.POST,
        what_is_new=said["what_is_new"] or None,
    )
