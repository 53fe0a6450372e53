"""Deciding: verdicts, handing in, taking back. Each is a POST; a refusal is answered with the proposal's own page."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.mixins import AccessMixin
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views import View

from ..exceptions import InvalidProposal, NotFound, ReviewError
from ..forms.proposals import ReviewForm, SeenForm
from ..models import Proposal
from ..services.drafting import submit_proposal, withdraw_proposal
from ..services.reviewing import Outcome, review_proposal
from .answering import UNPROCESSABLE, visible_proposal
from .proposals import show_proposal


class Decision(AccessMixin, View):
    """A POST on a proposal by somebody who is signed in."""

    http_method_names = ["post", "options"]

    def dispatch(self, request: HttpRequest, *args: Any, number: int, **kwargs: Any) -> HttpResponse:
        if not request.user.is_authenticated:  # back to the proposal, since this address answers no GET
            return redirect_to_login(reverse("proposal-detail", args=[number]))
        return super().dispatch(request, *args, number=number, **kwargs)

    def post(self, request: HttpRequest, number: int) -> HttpResponse:
        proposal = visible_proposal(number, request.user)
        try:
            return self.decide(request, proposal)
        except NotFound as error:
            raise Http404(error.message) from error
        except InvalidProposal as refusal:
            return show_proposal(
                request, self.as_it_is(proposal), refusal="It can't be done as it is.", problems=refusal.problems,
                status=refusal.status,
            )  # fmt: skip
        except ReviewError as refusal:
            return show_proposal(
                request, self.as_it_is(proposal), refusal=refusal.message, status=refusal.status
            )

    def decide(self, request: HttpRequest, proposal: Proposal) -> HttpResponse:
        raise NotImplementedError

    @staticmethod
    def as_it_is(proposal: Proposal) -> Proposal:
        proposal.refresh_from_db()
        return proposal


class ReviewNew(Decision):
    """Gives a verdict on the version that the reviewer looked at."""

    def decide(self, request: HttpRequest, proposal: Proposal) -> HttpResponse:
        form = ReviewForm(request.POST)
        if not form.is_valid():
            return show_proposal(request, proposal, review_form=form, status=UNPROCESSABLE)
        try:
            done = review_proposal(
                actor=request.user,
                number=proposal.number,
                version=form.version_seen(),
                verdict=form.cleaned_data["verdict"],
                comment=form.cleaned_data["comment"],
            )
        except NotFound:
            raise
        except ReviewError as refusal:
            self.put_beside(form, refusal)
            proposal = self.as_it_is(proposal)
            form.data = form.data.copy()
            form.data["version"] = str(proposal.version)  # the page below shows this version
            return show_proposal(
                request, proposal, review_form=form, refusal=str(refusal), status=refusal.status
            )
        messages.add_message(request, *_words(done))
        return redirect("proposal-detail", proposal.number)

    @staticmethod
    def put_beside(form: ReviewForm, refusal: ReviewError) -> None:
        for problem in getattr(refusal, "problems", []):
            form.add_error(problem.field if problem.field in form.fields else None, problem.message)


class ProposalSubmit(Decision):
    """Hands a draft in for review."""

    def decide(self, request: HttpRequest, proposal: Proposal) -> HttpResponse:
        seen = SeenForm(request.POST).version_seen()
        submit_proposal(actor=request.user, number=proposal.number, version=seen)
        messages.success(request, "Submitted: it is open for review now.")
        return redirect("proposal-detail", proposal.number)


class ProposalWithdraw(Decision):
    """Takes a proposal back; a draft is discarded."""

    def decide(self, request: HttpRequest, proposal: Proposal) -> HttpResponse:
        was_draft = proposal.state == "draft"
        withdraw_proposal(actor=request.user, number=proposal.number)
        messages.success(request, "The draft is discarded." if was_draft else "The proposal is withdrawn.")
        return redirect("desk") if was_draft else redirect("proposal-detail", proposal.number)


def _words(done: Outcome) -> tuple[int, str]:
    if done.outcome == "published":
        return messages.SUCCESS, f"Approved and published as changeset {done.changeset}."
    if done.outcome == "conflicting":
        return (
            messages.WARNING,
            "Your approval is recorded, but the proposal conflicts with what was published meanwhile.",
        )
    return messages.SUCCESS, {
        "approve": "Approved. It is published once the remaining approvals are in.",
        "request_changes": "Changes requested. The proposal is back with its author.",
        "reject": "Rejected.",
    }[done.review.verdict]
