"""What waits for whom: the reviewers' queue, everybody's desk, and the proposals about one record."""

import uuid
from typing import Any

from django.contrib.auth.mixins import LoginRequiredMixin
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views import View

from chokepoints.projection import model_of
from chokepoints.records import KINDS

from ..forms.fields import PROPOSABLE
from ..forms.references import name_of_row
from ..models import Proposal, Review
from ..selectors import needs_of, proposals_about, queue_for
from ..services.roles import is_reviewer
from ..workflow import ENDED
from .answering import ReviewerRequired, contributor_of, with_titles
from .paging import page_links

PER_PAGE = 25
SHOWN = 20  # of what is over and done with


class Queue(ReviewerRequired, View):
    """Open proposals of others, oldest first, with what each still needs."""

    def get(self, request: HttpRequest) -> HttpResponse:
        page = Paginator(with_titles(queue_for(request.user)), PER_PAGE).get_page(request.GET.get("page"))
        mine = contributor_of(request.user)
        rows = [self._row(proposal, mine) for proposal in page]
        return render(request, "reviews/queue.html", {"rows": rows, **page_links(request, page)})

    def _row(self, proposal: Proposal, mine: Any) -> dict[str, Any]:
        version = next(one for one in proposal.versions.all() if one.number == proposal.version)
        return {
            "proposal": proposal,
            "needs": needs_of(proposal),
            "kinds": sorted({change.kind for change in version.changes.all()}),
            "age": (timezone.now() - proposal.opened).days,
            "judged": any(
                review.reviewer_id == mine.pk and review.version == proposal.version
                for review in proposal.reviews.all()
            )
            if mine
            else False,
        }


class Desk(LoginRequiredMixin, View):
    """What is somebody's own: drafts, what waits for them, what they await, what they decided, what has ended."""

    def get(self, request: HttpRequest) -> HttpResponse:
        mine = contributor_of(request.user)
        own = with_titles(Proposal.objects.by_author(mine) if mine else Proposal.objects.none())
        reviewed = (
            Proposal.objects.filter(reviews__reviewer=mine).distinct() if mine else Proposal.objects.none()
        )
        context = {
            "drafts": own.filter(state="draft"),
            "waiting": own.filter(state__in=["changes_requested", "conflicting"]),
            "open": own.filter(state__in=["open", "on_hold"]),
            "ended": own.filter(state__in=ENDED)[:SHOWN],
            "reviewed": with_titles(reviewed)[:SHOWN],
            "queue_length": self._queue_length(request.user, mine),
            "contributor": mine,
        }
        return render(request, "reviews/desk.html", context)

    def _queue_length(self, user: Any, mine: Any) -> int | None:
        """Return how many open proposals a reviewer hasn't judged in their present version; None for others."""
        if not is_reviewer(user):
            return None
        judged = (
            {(review.proposal_id, review.version) for review in Review.objects.filter(reviewer=mine)}
            if mine
            else set()
        )
        return sum(
            (number, version) not in judged
            for number, version in queue_for(user).values_list("pk", "version")
        )


class RecordProposals(View):
    """The pending proposals about a record: a fragment for its page, and a page of its own without JavaScript."""

    def get(self, request: HttpRequest, kind: str, record: uuid.UUID) -> HttpResponse:
        if kind not in PROPOSABLE:
            raise Http404("There is no such kind of record.")
        row = model_of(KINDS[kind]).objects.filter(pk=record).first()
        if row is None:
            raise Http404(f"There is no such {kind}.")
        context = {"kind": kind, "record": row, "proposals": with_titles(proposals_about(record))[:50]}
        if request.htmx:
            return render(request, "reviews/_record_proposals.html", context)
        return render(request, "reviews/record_proposals.html", context | {"name": name_of_row(kind, row)})
