"""The small moves of a proposal: claims, nudges, holds, divisions, further authors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.html import format_html

from ..exceptions import InvalidProposal, StaleVersion
from ..forms.acts import HoldForm, SplitForm
from ..forms.proposals import ReviewForm
from ..forms.records import siblings_of
from ..models import Claim, Proposal
from ..services.claiming import claim_proposal, hand_over, nudge_proposal, release_claim
from ..services.drafting import add_author
from ..services.holding import hold_proposal, resume_proposal
from ..services.splitting import builds_on, split_proposal
from .advancing import queue_address
from .answering import UNPROCESSABLE
from .asking import AskedMove
from .deciding import Decision
from .editing import name_target

NOT_AS_IT_IS = "It can't be done as it is."


# --- who is on it


class ProposalClaim(Decision):
    """Says that a reviewer is on it."""

    def decide(self, request: HttpRequest, proposal: Proposal) -> HttpResponse:
        claim = claim_proposal(actor=request.user, number=proposal.number)
        messages.success(request, f"You are on proposal {proposal.number} {_until(claim)}.")
        return _back(request, proposal)


class ProposalRelease(Decision):
    """Gives a claim back."""

    def decide(self, request: HttpRequest, proposal: Proposal) -> HttpResponse:
        release_claim(actor=request.user, number=proposal.number)
        messages.success(request, f"You are not on proposal {proposal.number} any more.")
        return _back(request, proposal)


class ProposalHandOver(Decision):
    """Gives the claim to another reviewer."""

    def decide(self, request: HttpRequest, proposal: Proposal) -> HttpResponse:
        name = request.POST.get("name", "")
        claim = hand_over(actor=request.user, number=proposal.number, name=name)
        messages.success(request, f"{claim.reviewer} is on it {_until(claim)}.")
        return _back(request, proposal)


class ProposalNudge(Decision):
    """Reminds those whose turn it is."""

    def decide(self, request: HttpRequest, proposal: Proposal) -> HttpResponse:
        nudge_proposal(actor=request.user, number=proposal.number)
        messages.success(request, "Those whose turn it is are reminded.")
        return self.back(request, proposal)


class AuthorNew(Decision):
    """Makes another editor an author too."""

    def decide(self, request: HttpRequest, proposal: Proposal) -> HttpResponse:
        add_author(actor=request.user, number=proposal.number, name=request.POST.get("name", ""))
        messages.success(request, "Added. Authors can edit it, and can't review it.")
        return redirect(proposal)


def _until(claim: Claim) -> str:
    return f"until {claim.lapses:%Y-%m-%d %H:%M} UTC"


def _back(request: HttpRequest, proposal: Proposal) -> HttpResponse:
    """Go back to where the button stood: in the queue (it sends a `from`), or on a proposal's page."""
    if "from" in request.POST:
        return redirect(queue_address(ReviewForm(request.POST).came_from or ""))
    return Decision.back(request, proposal)


# --- aside


class ProposalHold(AskedMove):
    """Sets a proposal aside until a day or an event."""

    move = "hold"

    def ask(self, request: HttpRequest, proposal: Proposal) -> HttpResponse:
        return self.page(request, proposal, HoldForm())

    def decide(self, request: HttpRequest, proposal: Proposal) -> HttpResponse:
        form = HoldForm(request.POST)
        if not form.is_valid():
            return self.page(request, proposal, form, UNPROCESSABLE)
        try:
            hold_proposal(actor=request.user, number=proposal.number, **form.cleaned_data)
        except InvalidProposal as refusal:
            form.show(refusal)
            return self.page(request, proposal, form, refusal.status)
        messages.success(request, "The proposal is on hold. It returns by itself.")
        return self.back(request, proposal)

    def page(
        self, request: HttpRequest, proposal: Proposal, form: HoldForm, status: int = 200
    ) -> HttpResponse:
        context = {"proposal": proposal, "version": proposal.present_version(), "form": form}
        return render(request, "reviews/hold.html", context, status=status)


class ProposalResume(Decision):
    """Takes a proposal up again before its time."""

    def decide(self, request: HttpRequest, proposal: Proposal) -> HttpResponse:
        resumed = resume_proposal(actor=request.user, number=proposal.number)
        words = f"It is back: {resumed.get_state_display()}."
        if resumed.changeset:
            words = f"It is back, and published as changeset {resumed.changeset}."
        messages.success(request, words)
        return self.back(request, proposal)


# --- apart


@dataclass
class ChangeToMove:
    """One change on the page of a division: what it builds on and what builds on it must be known before one ticks."""

    record: str
    title: str
    needs: list[str]
    needed_by: list[str]
    ticked: bool = False
    errors: list[str] = field(default_factory=list)
    place: str = ""


class ProposalSplit(AskedMove):
    """Moves some changes to a proposal of their own."""

    move = "split"

    def ask(self, request: HttpRequest, proposal: Proposal) -> HttpResponse:
        return self.page(request, proposal, SplitForm.of(proposal.present_version()))

    def decide(self, request: HttpRequest, proposal: Proposal) -> HttpResponse:
        form = SplitForm(request.POST)
        if not form.is_valid():
            return self.page(request, proposal, form, form.errors["records"], status=UNPROCESSABLE)
        try:
            done = split_proposal(
                actor=request.user,
                number=proposal.number,
                version=form.version_seen(),
                records=form.cleaned_data["records"],
            )
        except StaleVersion as refusal:
            form.show_present(proposal.present_version())
            return self.page(request, proposal, form, [refusal.message], status=refusal.status)
        except InvalidProposal as refusal:
            beside: dict[int, list[str]] = {}
            for problem in refusal.problems:
                beside.setdefault(problem.change, []).append(problem.message)
            return self.page(request, proposal, form, beside.pop(-1, []), beside, refusal.status)
        messages.success(request, _words(self.as_it_is(proposal), done.part))
        return self.back(request, proposal)

    def page(
        self,
        request: HttpRequest,
        proposal: Proposal,
        form: SplitForm,
        elsewhere: Sequence[str] = (),
        beside: Mapping[int, list[str]] | None = None,
        status: int = 200,
    ) -> HttpResponse:
        rows = changes_to_move(proposal)
        for position, row in enumerate(rows):
            row.ticked = row.record in form.ticked()
            row.errors = (beside or {}).get(position, [])
            row.place = f"change-{position + 1}"
        context = {
            "proposal": proposal,
            "version": proposal.present_version(),
            "form": form,
            "rows": rows,
            "elsewhere": elsewhere,
            "refusal": NOT_AS_IT_IS,
            "refused": status != 200,
        }
        return render(request, "reviews/split.html", context, status=status)


def changes_to_move(proposal: Proposal) -> list[ChangeToMove]:
    """Return the changes of a proposal's present version, each with what goes with it."""
    changes = list(proposal.present_version().changes.all())
    siblings = siblings_of(changes)
    titles = {}
    for number, change in enumerate(changes, 1):
        record = str(change.record)
        words, _ = name_target(change.kind, change.operation, record, siblings)
        new = siblings.by_id(record)
        titles[record] = (f"{words}: {new.label}" if new else words, f"{change.kind} {number}")
    grounds = {record: {str(one.record) for one in ground} for record, ground in builds_on(changes).items()}
    return [
        ChangeToMove(
            record,
            title,
            needs=[titles[other][1] for other in titles if other in grounds[record]],
            needed_by=[titles[other][1] for other in titles if record in grounds[other]],
        )
        for record, (title, _) in titles.items()
    ]


def _words(rest: Proposal, part: Proposal) -> str:
    """Say what a division led to, with a link to the part."""
    link = format_html('<a href="{}">proposal {}</a>', part.get_absolute_url(), part.number)
    words = format_html("Split: what you chose is {} now, {}.", link, _state_words(part))
    if rest.state == "on_hold":
        return format_html("{} The rest waits on hold until that has been decided.", words)
    return format_html("{} The rest is {}.", words, _state_words(rest))


def _state_words(proposal: Proposal) -> str:
    if proposal.changeset:
        return f"published as changeset {proposal.changeset}"
    return proposal.get_state_display()
