"""The reviewers' queue: what waits, in the order to take it; its filters, and what reviewers set up for it."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.db.models import Count, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views import View

from chokepoints.models import Sector
from chokepoints.records import KINDS

from ..exceptions import NotFound, ReviewError
from ..filters import GROUPS, QueueFilter
from ..forms.queue import ExpertiseForm, SavedFilterForm
from ..kinds import EXISTENCE, STATUS
from ..models import Proposal, SavedFilter
from ..selectors.batches import together
from ..selectors.members import Team, present_team
from ..selectors.queue import FREE, MINE, RANKS, SECTOR, TAKEABLE, kinds_of, sectors_of
from ..services.arranging import delete_filter, save_filter, set_expertise
from ..services.limiting import limit_of
from .advancing import address_in_queue, begin_anew, queue_address
from .answering import UNPROCESSABLE, ReviewerRequired, contributor_of

PER_PAGE = 50
MOST_TOGETHER = 8
EFFECT_TAGS = {STATUS: "changes a status", EXISTENCE: "retires or restores"}


@dataclass(frozen=True)
class QueueRow:
    """One proposal as the queue shows it: `needs` says in sentences what is missing, `lacking` is how many reviewers more
    it takes to give that."""

    proposal: Proposal
    rank: int
    url: str
    sectors: Sequence[Sector]
    kinds: Sequence[str]
    effects: Sequence[str]
    needs: Sequence[str]
    lacking: int
    days: int
    is_old: bool

    @property
    def is_mine(self) -> bool:
        """Whether the reader is on it."""
        return self.rank == MINE

    @property
    def may_claim(self) -> bool:
        """Whether it makes sense that the reader says "I am on it"."""
        return self.rank in (SECTOR, FREE)


class Queue(ReviewerRequired, View):
    """Open proposals of others: one's own claims first, then unclaimed ones, those that wait longest before others."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return show_queue(request, QueueFilter(request.user, request.GET))


def show_queue(
    request: HttpRequest, found: QueueFilter, *, naming: SavedFilterForm | None = None, status: int = 200
) -> HttpResponse:
    """Render a page of the queue; `naming` is the form for keeping the filter, if it was refused."""
    begin_anew(request)
    page = Paginator(found.qs, PER_PAGE).get_page(request.GET.get("page"))
    rows = queue_rows(page.object_list, found.query)
    me = contributor_of(request.user)
    context = {
        "filter": found,
        "query": found.query,
        "more_is_open": bool({"older_than", *GROUPS} & found.chosen.keys()),
        "groups": _groups(rows, found.qs),
        "first": next((row for row in rows if row.rank in TAKEABLE), None),
        "together": together(found.qs, [row.proposal for row in rows])[:MOST_TOGETHER],
        "is_group": bool(set(GROUPS) & found.chosen.keys()) and not found.errors,
        "saved": list(SavedFilter.objects.filter(owner=me)) if me else [],
        "naming": naming or SavedFilterForm(initial={"query": found.query}),
        **_page_links(page, found.query),
    }
    return render(request, "reviews/queue.html", context, status=status)


def _groups(rows: Sequence[QueueRow], queue: QuerySet[Proposal]) -> list[dict[str, Any]]:
    """Return rows in their groups, each with how many the whole queue has of it."""
    counts = dict(queue.order_by().values_list("rank").annotate(Count("pk")))
    groups = []
    for rank, words in RANKS.items():
        if shown := [row for row in rows if row.rank == rank]:
            groups.append({"title": words, "rows": shown, "count": max(counts.get(rank, 0), len(shown))})
    return groups


def queue_rows(proposals: Sequence[Proposal], query: str) -> list[QueueRow]:
    """Return proposals of a queue as rows, with a constant number of queries. `query` leads back to the queue."""
    proposals = list(proposals)
    sectors, kinds, team = sectors_of(proposals), kinds_of(proposals), present_team()
    approvers = _accounts_that_approved(proposals)
    now, old = timezone.now(), dt.timedelta(days=limit_of("old"))
    return [
        QueueRow(
            proposal=proposal,
            rank=proposal.rank,
            url=address_in_queue(proposal, query),
            sectors=sectors[proposal.pk],
            kinds=[KINDS[kind].name for kind in kinds[proposal.pk] if kind in KINDS],
            effects=[EFFECT_TAGS[effect] for effect in proposal.effects if effect in EFFECT_TAGS],
            needs=needs_in_words(proposal),
            lacking=_lacking(proposal, team, approvers.get(proposal.pk, set())),
            days=(waited := now - (proposal.waiting_since or proposal.opened or now)).days,
            is_old=waited >= old,
        )
        for proposal in proposals
    ]


def needs_in_words(proposal: Proposal) -> list[str]:
    """Say what a proposal still needs, as it was when it was last weighed."""
    words = [*proposal.obstacles[:1]]
    if len(proposal.obstacles) > 1:
        words.append(f"And {len(proposal.obstacles) - 1} more.")
    missing = proposal.approvals_needed - proposal.approvals_standing
    if missing > 1:
        words.append(f"{missing} more approvals.")
    elif missing == 1:
        words.append("One more approval." if proposal.approvals_standing else "One approval.")
    return words or ["Enough approve: the next approval publishes it."]


def _lacking(proposal: Proposal, team: Team, approvers: set[int]) -> int:
    taken = {author.user_id for author in proposal.authors.all()} | approvers
    return team.lacking(taken, proposal.approvals_needed - proposal.approvals_standing)


def _accounts_that_approved(proposals: Sequence[Proposal]) -> dict[int, set[int]]:
    """Return the accounts whose approvals cover all of it, by number, with one query."""
    through = Proposal.approvers.through.objects.filter(proposal__in=[one.pk for one in proposals])
    found: dict[int, set[int]] = {}
    for number, account in through.values_list("proposal", "contributor__user"):
        found.setdefault(number, set()).add(account)
    return found


def _page_links(page: Page, query: str) -> dict[str, Any]:
    """Return what components/pager.html takes, for a page of the queue."""

    def link(number: int) -> str:
        return f"{queue_address(query)}{'&' if query else '?'}page={number}"

    return {
        "page": page,
        "shown": f"{page.start_index()}–{page.end_index()}",
        "total": page.paginator.count,
        "next_url": link(page.next_page_number()) if page.has_next() else "",
        "previous_url": link(page.previous_page_number()) if page.has_previous() else "",
    }


class _Act(ReviewerRequired, View):
    """A POST beside the queue. Who comes back to its address after signing in is led to the queue."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        return redirect("queue")


class SavedFilterNew(_Act):
    """Keeps a filter under a name."""

    def post(self, request: HttpRequest) -> HttpResponse:
        form = SavedFilterForm(request.POST)
        try:
            saved = save_filter(actor=request.user, name=form.typed("name"), query=form.typed("query"))
        except ReviewError as refusal:
            form.show(refusal)
            found = QueueFilter(request.user, form.query_to_show())
            return show_queue(request, found, naming=form, status=refusal.status)
        messages.success(request, f"The filter is kept as “{saved.name}”.")
        return redirect(queue_address(saved.query))


class SavedFilterDelete(_Act):
    """Deletes a saved filter."""

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        try:
            name = delete_filter(actor=request.user, pk=pk)
        except NotFound as error:
            raise Http404(error.message) from error
        messages.success(request, f"The filter “{name}” is deleted.")
        return redirect("queue")


class ExpertiseEdit(ReviewerRequired, View):
    """Which sectors a reviewer knows: proposals about them come to them first."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._show(request, ExpertiseForm(reviewer=contributor_of(request.user)))

    def post(self, request: HttpRequest) -> HttpResponse:
        form = ExpertiseForm(request.POST)
        if not form.is_valid():
            return self._show(request, form, UNPROCESSABLE)
        try:
            known = set_expertise(actor=request.user, sectors=form.cleaned_data["sectors"])
        except ReviewError as refusal:
            form.show(refusal)
            return self._show(request, form, refusal.status)
        words = "Proposals about them come to you first." if known else "You named no sector."
        messages.success(request, f"Saved. {words}")
        return redirect("queue")

    def _show(self, request: HttpRequest, form: ExpertiseForm, status: int = 200) -> HttpResponse:
        return render(request, "reviews/expertise.html", {"form": form}, status=status)
