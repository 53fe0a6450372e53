"""Resolving a conflict: base, register and proposal side by side, and the author says what holds."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views import View

from ..exceptions import NotFound, ReviewError
from ..forms.proposals import SeenForm
from ..forms.records import siblings_of
from ..forms.resolving import ConflictForms
from ..models import Proposal
from ..services.resolving import Resolution, conflicts_of, resolve_proposal
from ..workflow import ENDED
from .answering import UNPROCESSABLE, own_proposal
from .keeping import KeepsTyping, Typed


class ProposalResolve(KeepsTyping, View):
    """Shows what of an own proposal can't be merged, and makes the version that says what holds."""

    def get(self, request: HttpRequest, number: int) -> HttpResponse:
        proposal = own_proposal(number, request.user)
        if proposal.state in ENDED:
            return redirect(proposal)
        typed = Typed(request)
        forms, seen = self._forms(proposal, typed.data), SeenForm.of(proposal.present_version(), typed.data)
        typed.show(*(form for one in forms for form in (one.change, *one.units)))
        return self._show(request, proposal, forms, seen, typed)

    def post(self, request: HttpRequest, number: int) -> HttpResponse:
        proposal = own_proposal(number, request.user)
        typed = Typed(request)
        forms, seen = self._forms(proposal, request.POST), SeenForm(request.POST)
        if not all([one.is_valid() for one in forms]):  # noqa: C419 - every form says what is wrong with it
            return self._show(request, proposal, forms, seen, typed, status=UNPROCESSABLE)
        resolutions: dict[str, Resolution] = {one.merged.record: one.resolution() for one in forms}
        try:
            done = resolve_proposal(
                actor=request.user, number=number, version=seen.version_seen(), resolutions=resolutions
            )
        except NotFound as error:
            raise Http404(error.message) from error
        except ReviewError as refusal:
            return self._refuse(request, proposal, forms, seen, typed, refusal)
        typed.saved()
        messages.success(request, _words(done.outcome, done.changeset, proposal.state))
        return redirect("proposal-detail", number)

    def _forms(self, proposal: Proposal, data: Any = None) -> list[ConflictForms]:
        version = proposal.present_version()
        siblings = siblings_of(version.changes.all())
        return [ConflictForms(conflict, siblings, data) for conflict in conflicts_of(version)]

    def _refuse(
        self,
        request: HttpRequest,
        proposal: Proposal,
        forms: list[ConflictForms],
        seen: SeenForm,
        typed: Typed,
        refusal: ReviewError,
    ) -> HttpResponse:
        problems = getattr(refusal, "problems", [])
        elsewhere = [] if problems else [refusal.message]
        for problem in problems:
            form = next((one for one in forms if one.merged.position == problem.change), None)
            elsewhere += form.add_problems([problem]) if form else [problem.message]
        proposal.refresh_from_db()
        if refusal.status == 409:  # whoever saves again has been told, and sees below how things stand now
            seen.show_present(proposal.present_version())
            for one in forms:
                one.change.data = one.change.data.copy()
                one.change.data[one.change.add_prefix("seen")] = str(one.conflict.seen)
        return self._show(request, proposal, forms, seen, typed, elsewhere=elsewhere, status=refusal.status)

    def _show(
        self,
        request: HttpRequest,
        proposal: Proposal,
        forms: list[ConflictForms],
        seen: SeenForm,
        typed: Typed,
        elsewhere: list[str] | None = None,
        status: int = 200,
    ) -> HttpResponse:
        version = proposal.present_version()
        typed.title = f"Resolve proposal {proposal.number}: {version.title}"
        context = {
            "proposal": proposal,
            "version": version,
            "typed": typed,
            "conflicts": forms,
            "seen": seen,
            "elsewhere": elsewhere or [],
            "refused": status != 200,
        }
        return render(request, "reviews/resolve.html", context, status=status)


def _words(outcome: str | None, changeset: int | None, was: str) -> str:
    if outcome == "published":
        return f"Resolved, and published as changeset {changeset}: the approvals that it had still stand."
    return "Resolved in your draft." if was == "draft" else "Resolved: it is open for review again."
