"""Batch decisions: one verdict on the open proposals of a batch, a source or an author, with exclusions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views import View

from ..exceptions import ReviewError
from ..filters import GROUPS, QueueFilter
from ..forms.queue import BatchForm
from ..models import Proposal
from ..selectors.batches import ChangeInShort, changes_in_short
from ..selectors.queue import APPROVED, OBSTRUCTED, TAKEABLE, TAKEN
from ..services.reviewing import MOST_AT_ONCE, BatchResult, review_batch
from .advancing import queue_address
from .answering import UNPROCESSABLE, ReviewerRequired, contributor_of
from .keeping import SendsAgain
from .queue import QueueRow, needs_in_words, queue_rows


@dataclass(frozen=True)
class BatchRow:
    """One proposal to decide: whether its box is ticked, and why it isn't by itself."""

    row: QueueRow
    box: str
    is_chosen: bool
    why_not: str
    changes: Sequence[ChangeInShort]

    @property
    def proposal(self) -> Proposal:
        return self.row.proposal


@dataclass(frozen=True)
class ResultRow:
    """What became of one proposal. `proposal` is None where there is none that this reviewer may see."""

    result: BatchResult
    proposal: Proposal | None
    needs: Sequence[str] = ()

    @property
    def number(self) -> int:
        return self.result.number


class Batch(SendsAgain, ReviewerRequired, View):
    """Several open proposals on one page, with one verdict for those that stay ticked."""

    def get(self, request: HttpRequest) -> HttpResponse:
        found = QueueFilter(request.user, request.GET)
        if not set(GROUPS) & found.chosen.keys() or found.errors:
            return redirect(queue_address(found.query))  # which says what is wrong beside its field
        return self._show(request, found, BatchForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        found, form = QueueFilter(request.user, request.GET), BatchForm(request.POST)
        if not form.is_valid():
            return self._show(request, found, form, UNPROCESSABLE)
        try:
            results = review_batch(actor=request.user, proposals=form.chosen(), **form.cleaned_data)
        except ReviewError as refusal:
            form.show(refusal)
            return self._show(request, found, form, refusal.status)
        return self._show_results(request, found, form, results)

    def _show(
        self, request: HttpRequest, found: QueueFilter, form: BatchForm, status: int = 200
    ) -> HttpResponse:
        total = found.qs.count()
        rows = batch_rows(found, set(form.data.getlist("chosen")) if form.is_bound else None)
        context = {
            "filter": found,
            "query": found.query,
            "queue_url": queue_address(found.query),
            "rows": rows,
            "total": total,
            "left_out": total - len(rows),
            "form": form,
        }
        return render(request, "reviews/batch.html", context, status=status)

    def _show_results(
        self, request: HttpRequest, found: QueueFilter, form: BatchForm, results: list[BatchResult]
    ) -> HttpResponse:
        rows = result_rows(results, request.user)
        context = {
            "filter": found,
            "query": found.query,
            "queue_url": queue_address(found.query),
            "verdict": form.cleaned_data["verdict"],
            "rows": rows,
            "done": sum(row.result.refusal is None for row in rows),
            "published": sum(bool(row.result.outcome and row.result.outcome.changeset) for row in rows),
            "left": QueueFilter(request.user, request.GET).qs.count(),
        }
        return render(request, "reviews/batch_result.html", context)


def batch_rows(found: QueueFilter, ticked: set[str] | None) -> list[BatchRow]:
    """Return the first MOST_AT_ONCE proposals of a filtered queue as rows; `ticked` are the boxes of a refused form.

    Only what can be decided at once is ticked by itself.
    """
    longest_first = found.qs.order_by("waiting_since", "number")
    rows = queue_rows(longest_first[:MOST_AT_ONCE], found.query)
    changes = changes_in_short([row.proposal for row in rows])
    result = []
    for row in rows:
        box = f"{row.proposal.number}:{row.proposal.version}"
        is_chosen = row.rank in TAKEABLE if ticked is None else box in ticked
        result.append(BatchRow(row, box, is_chosen, _why_not(row), changes.get(row.proposal.pk, [])))
    return result


def _why_not(row: QueueRow) -> str:
    if row.rank == APPROVED:
        return "You have approved it."
    if row.rank == TAKEN:
        return f"{row.proposal.claimer} is on it until {row.proposal.claim_lapses:%Y-%m-%d %H:%M} UTC."
    return "It can't be published as it stands." if row.rank == OBSTRUCTED else ""


def result_rows(results: Sequence[BatchResult], user: Any) -> list[ResultRow]:
    """Return what became of each proposal, with titles, in a constant number of queries."""
    visible = Proposal.objects.visible_to(contributor_of(user)).named()
    proposals = {one.pk: one for one in visible.filter(pk__in=[result.number for result in results])}
    return [
        ResultRow(result, one, needs_in_words(one) if one and one.state == "open" else ())
        for result in results
        for one in [proposals.get(result.number)]
    ]
