"""Suggestions: a reviewer's form for another value, and the author's answer in one click."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from chokepoints.exceptions import RULE, Problem
from chokepoints.models.revision import CREATE, UPDATE
from chokepoints.presenting import present
from chokepoints.records import KINDS

from ..exceptions import InvalidProposal, StaleVersion
from ..forms.acts import SuggestionForm
from ..forms.proposals import SeenForm
from ..forms.records import siblings_of
from ..forms.references import Siblings, show_records
from ..models import Change, Proposal
from ..services.settling import Outcome
from ..services.suggesting import decline_suggestion, suggest_value, take_suggestion
from .answering import UNPROCESSABLE
from .asking import AskedMove
from .deciding import Decision
from .editing import name_target


class SuggestionNew(AskedMove):
    """Another value for one field of one change."""

    move = "suggest"

    def ask(self, request: HttpRequest, proposal: Proposal) -> HttpResponse:
        change, siblings = self.change(proposal)
        if change is None:
            raise Http404("There is no such field in this proposal.")
        initial = {"version": proposal.version}
        form = SuggestionForm(change, self.kwargs["field"], siblings, initial=initial)
        return self.page(request, proposal, change, siblings, form)

    def decide(self, request: HttpRequest, proposal: Proposal) -> HttpResponse:
        change, siblings = self.change(proposal)
        if change is None:
            words = "The proposal has no such field any more."
            raise InvalidProposal([Problem(RULE, -1, "field", words)])
        form = SuggestionForm(change, self.kwargs["field"], siblings, request.POST)
        if not form.is_valid():
            return self.page(request, proposal, change, siblings, form, status=UNPROCESSABLE)
        try:
            suggest_value(
                actor=request.user,
                number=proposal.number,
                version=form.version_seen(),
                record=str(change.record),
                field=self.kwargs["field"],
                value=form.value(),
                words=form.cleaned_data["words"],
                approve=form.cleaned_data["approve"],
            )
        except StaleVersion as refusal:
            form.show_present(proposal.present_version())
            return self.page(
                request, proposal, change, siblings, form, refusal=refusal.message, status=refusal.status
            )
        except InvalidProposal as refusal:
            form.add_problems(refusal.problems)
            return self.page(request, proposal, change, siblings, form, status=refusal.status)
        messages.success(request, "Suggested. Its author can take it in one click; you keep your vote.")
        return self.back(request, proposal, "#changes")

    def change(self, proposal: Proposal) -> tuple[Change | None, Siblings]:
        """Return the change with the field that is asked for, if it can be suggested for, and the new records."""
        changes = list(proposal.present_version().changes.all())
        record, field = self.kwargs["record"], self.kwargs["field"]
        for change in changes:
            open_fields = {CREATE: KINDS[change.kind].editable, UPDATE: change.fields}
            if change.record == record and field in open_fields.get(change.operation, ()):
                return change, siblings_of(changes, besides=str(record))
        return None, Siblings()

    def page(
        self,
        request: HttpRequest,
        proposal: Proposal,
        change: Change,
        siblings: Siblings,
        form: SuggestionForm,
        *,
        refusal: str = "",
        status: int = 200,
    ) -> HttpResponse:
        shown = show_records(form.field.references(form.proposed) if form.proposed else (), siblings)
        names = {(one.kind, record): (one.label, one.url) for record, one in shown.items()}
        title, _ = name_target(change.kind, change.operation, str(change.record), siblings)
        context = {
            "proposal": proposal,
            "form": form,
            "value_field": form[form.field.name],
            "title": title,
            "seen": "; ".join(one.text for one in present(form.field, form.proposed, names)),
            "refused": status != 200,
            "refusal": refusal,
        }
        return render(request, "reviews/suggest.html", context, status=status)


class SuggestionTake(Decision):
    """Takes a suggested value into the next version."""

    def post(self, request: HttpRequest, number: int, **kwargs: Any) -> HttpResponse:
        return super().post(request, number)

    def decide(self, request: HttpRequest, proposal: Proposal) -> HttpResponse:
        done = take_suggestion(
            actor=request.user,
            number=proposal.number,
            suggestion=self.kwargs["pk"],
            version=SeenForm(request.POST).version_seen(),
        )
        messages.success(request, _words(done, self.as_it_is(proposal)))
        return redirect(f"{proposal.get_absolute_url()}#changes")


class SuggestionDecline(Decision):
    """Leaves a suggestion aside."""

    def post(self, request: HttpRequest, number: int, **kwargs: Any) -> HttpResponse:
        return super().post(request, number)

    def decide(self, request: HttpRequest, proposal: Proposal) -> HttpResponse:
        decline_suggestion(actor=request.user, number=proposal.number, suggestion=self.kwargs["pk"])
        messages.success(request, "The suggestion is left aside.")
        return redirect(f"{proposal.get_absolute_url()}#changes")


def _words(done: Outcome, proposal: Proposal) -> str:
    if done.outcome == "published":
        return f"Taken. With that it is approved, and published as changeset {done.changeset}."
    if proposal.state == "changes_requested":
        return f"Taken: version {proposal.version}. Changes are still requested."
    return f"Taken: version {proposal.version} is open for review."
