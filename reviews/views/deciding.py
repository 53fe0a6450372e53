"""Deciding: verdicts, handing in, taking back. Each is a POST; a refusal is answered with the proposal's own page."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.mixins import AccessMixin
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.views import View

from ..exceptions import AlreadyProposed, InvalidProposal, NotFound, RememberedDecision, ReviewError
from ..forms.proposals import DismissForm, ReviewForm, SubmitForm
from ..models import Proposal
from ..services.drafting import draft_again, submit_proposal, withdraw_proposal
from ..services.limiting import limit_of
from ..services.reviewing import (
    Outcome,
    dismiss_request,
    review_apart,
    review_proposal,
    undo_review,
    undoable_review,
)
from .advancing import address_in_queue, next_of_queue, queue_address
from .answering import UNPROCESSABLE, contributor_of, visible_proposal
from .keeping import ask_to_send_again, is_anothers, words_of_who_is_signed_out
from .proposals import show_proposal

BESIDE = "See the words beside the marked fields; what you typed is still there."


class Decision(AccessMixin, View):
    """A POST on a proposal by somebody who is signed in."""

    http_method_names = ["post", "options"]

    def dispatch(self, request: HttpRequest, *args: Any, number: int, **kwargs: Any) -> HttpResponse:
        if not request.user.is_authenticated:  # back to the proposal, since this address answers no GET
            return words_of_who_is_signed_out(request) or redirect_to_login(
                reverse("proposal-detail", args=[number])
            )
        again = ask_to_send_again(request) if is_anothers(request) else None
        return again or super().dispatch(request, *args, number=number, **kwargs)

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
    def back(request: HttpRequest, proposal: Proposal, place: str = "") -> HttpResponse:
        """Go to a place on a proposal's page. Its forms and links carry the part of the queue that somebody works through."""
        return redirect(address_in_queue(proposal, ReviewForm(request.GET).came_from) + place)

    @staticmethod
    def as_it_is(proposal: Proposal) -> Proposal:
        proposal.refresh_from_db()
        return proposal


class ReviewNew(Decision):
    """Gives a verdict on the version that the reviewer looked at, or approves some changes and judges the rest apart."""

    def decide(self, request: HttpRequest, proposal: Proposal) -> HttpResponse:
        form = ReviewForm(request.POST)
        if not form.is_valid():
            return show_proposal(request, proposal, review_form=form, refusal=BESIDE, status=UNPROCESSABLE)
        try:
            done = _judge(request.user, proposal.number, form)
        except NotFound:
            raise
        except ReviewError as refusal:
            return self.refuse(request, self.as_it_is(proposal), form, refusal)
        self.say(request, proposal, done, form.came_from)
        return _go_on(request, proposal, form.came_from)

    def refuse(
        self, request: HttpRequest, proposal: Proposal, form: ReviewForm, refusal: ReviewError
    ) -> HttpResponse:
        problems = getattr(refusal, "problems", None)
        box_errors = form.add_problems(problems or [])
        form.data = form.data.copy()
        form.data["version"] = str(proposal.version)  # the page below shows this version
        return show_proposal(
            request,
            proposal,
            review_form=form,
            refusal=BESIDE if problems else refusal.message,
            box_errors=box_errors,
            status=refusal.status,
        )

    @staticmethod
    def say(request: HttpRequest, proposal: Proposal, done: Outcome, came_from: str | None) -> None:
        """Say on the next page what became of the verdict, with a way to undo it where there is one."""
        proposal.refresh_from_db()
        level, words = _words(done)
        moves_on = came_from is not None
        context = {
            "proposal": proposal,
            "title": proposal.present_version().title if moves_on else "",
            "words": words,
            "part": done.part,
            "part_words": _part_words(done) if done.part else "",
            "is_undoable": moves_on and bool(undoable_review(proposal, contributor_of(request.user))),
            "came_from": came_from,
            "undo_seconds": limit_of("undo"),
        }
        messages.add_message(
            request, level, render_to_string("reviews/_verdict_given.html", context, request=request)
        )


class ReviewUndo(Decision):
    """Takes back one's own last verdict, while that is possible."""

    def decide(self, request: HttpRequest, proposal: Proposal) -> HttpResponse:
        undo_review(actor=request.user, number=proposal.number)
        messages.success(request, f"Your verdict on proposal {proposal.number} is taken back.")
        came_from = ReviewForm(request.POST).came_from
        return redirect(address_in_queue(proposal, came_from))


class RequestDismiss(Decision):
    """Sets an absent reviewer's request for changes aside."""

    def decide(self, request: HttpRequest, proposal: Proposal) -> HttpResponse:
        form = DismissForm(request.POST)
        if not form.is_valid():
            return show_proposal(request, proposal, dismiss_form=form, refusal=BESIDE, status=UNPROCESSABLE)
        try:
            done = dismiss_request(
                actor=request.user, number=proposal.number, reason=form.cleaned_data["reason"]
            )
        except InvalidProposal as refusal:
            for problem in refusal.problems:
                form.add_error(problem.field if problem.field in form.fields else None, problem.message)
            return show_proposal(
                request, self.as_it_is(proposal), dismiss_form=form, refusal=BESIDE, status=refusal.status
            )
        words = (
            f"The request is set aside, and the proposal is published as changeset {done.changeset}."
            if done.outcome == "published"
            else "The request is set aside: the proposal is open for review again."
        )
        messages.success(request, words)
        return self.back(request, proposal)


class ProposalSubmit(Decision):
    """Hands a draft in for review."""

    def decide(self, request: HttpRequest, proposal: Proposal) -> HttpResponse:
        form = SubmitForm(request.POST)
        if not form.is_valid():
            return show_proposal(request, proposal, submit_form=form, refusal=BESIDE, status=UNPROCESSABLE)
        try:
            submit_proposal(
                actor=request.user,
                number=proposal.number,
                version=form.version_seen(),
                what_is_new=form.answer(),
            )
        except (AlreadyProposed, RememberedDecision) as refusal:
            return show_proposal(
                request,
                self.as_it_is(proposal),
                submit_form=form,
                refusal=refusal.message,
                same=getattr(refusal, "proposal", None),
                status=refusal.status,
            )
        messages.success(request, "Submitted: it is open for review now.")
        return redirect("proposal-detail", proposal.number)


class ProposalWithdraw(Decision):
    """Takes a proposal back; a draft is discarded."""

    def decide(self, request: HttpRequest, proposal: Proposal) -> HttpResponse:
        was_draft = proposal.state == "draft"
        withdraw_proposal(actor=request.user, number=proposal.number)
        messages.success(request, "The draft is discarded." if was_draft else "The proposal is withdrawn.")
        return redirect("desk") if was_draft else redirect("proposal-detail", proposal.number)


class ProposalAgain(Decision):
    """Goes on in a new draft with what was rejected or withdrawn."""

    def decide(self, request: HttpRequest, proposal: Proposal) -> HttpResponse:
        draft = draft_again(actor=request.user, number=proposal.number)
        messages.success(
            request, f"A new draft with what proposal {proposal.number} said. That one stays as it ended."
        )
        return redirect(draft)


def _judge(user: Any, number: int, form: ReviewForm) -> Outcome:
    """Give the verdict that a valid form describes."""
    typed = form.cleaned_data
    common = {
        "actor": user,
        "number": number,
        "version": form.version_seen(),
        "verdict": typed["verdict"],
        "comment": typed["comment"],
        "reason": typed["reason"],
    }
    if typed["approve"]:
        return review_apart(approve=typed["approve"], **common)
    return review_proposal(about=typed["about"], **common)


def _go_on(request: HttpRequest, proposal: Proposal, came_from: str | None) -> HttpResponse:
    """Go to the next proposal of the part of the queue that a reviewer works through, or stay where they are."""
    if came_from is None:
        return redirect("proposal-detail", proposal.number)
    following = next_of_queue(request, came_from, proposal.number)
    if following:
        return redirect(address_in_queue(following, came_from))
    messages.info(request, "Nothing else waits for you in this part of the queue.")
    return redirect(queue_address(came_from))


def _words(done: Outcome) -> tuple[int, str]:
    if done.part:
        rest = {"request_changes": "changes are requested", "reject": "that is rejected"}
        return messages.SUCCESS, f"For the rest {rest[done.review.verdict]}."
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


def _part_words(done: Outcome) -> str:
    """Say what became of the changes that were approved apart."""
    if done.outcome == "published":
        return f"and published as changeset {done.changeset}"
    if done.outcome == "conflicting":
        return "and in conflict with what was published meanwhile"
    if done.part.state != "open":
        return "for which changes are still requested"
    return "and waits for the approvals that it still needs"
