"""Writing proposals: a new one, its title and reason, and each of its changes. Looking at a form writes nothing."""

import uuid
from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views import View

from chokepoints.exceptions import Problem
from chokepoints.models import Chokepoint
from chokepoints.models.revision import CREATE
from chokepoints.records import KINDS

from ..exceptions import NotFound, ReviewError, StaleVersion
from ..forms.proposals import HeadForm, SeenForm, TargetForm
from ..forms.records import RecordForm, present_revision, record_form, revision_seen, siblings_of
from ..forms.references import Siblings, show_records
from ..models import Proposal, Version
from ..services.drafting import DraftChange, draft_proposal, revise_proposal, submit_proposal
from .answering import UNPROCESSABLE, EditorRequired, as_drafted, own_proposal
from .proposals import shown_changes

UNSEEN = "The form doesn't say which revision of the record you saw. Look at it as it is now."


def hand_in(
    *, actor: Any, title: str, rationale: str, changes: Sequence[DraftChange], submit: bool
) -> Proposal:
    """Write a draft and, if wanted, submit it at once: both or neither."""
    with transaction.atomic():
        proposal = draft_proposal(actor=actor, title=title, rationale=rationale, changes=changes)
        if submit:
            proposal = submit_proposal(actor=actor, number=proposal.number, version=proposal.version)
    return proposal


def name_target(
    kind: str, operation: str, record: str | None, siblings: Siblings | None = None
) -> tuple[str, str]:
    """Return the words for an operation on a record, and the record's address."""
    if operation == CREATE or not record:
        return f"New {kind}", ""
    shown = show_records([(kind, record)], siblings or Siblings()).get(record)
    verb = {"update": "Change", "retire": "Retire", "restore": "Restore"}[operation]
    return f"{verb} {kind}: {shown.label}" if shown else f"{verb} {kind}", shown.url if shown else ""


def choose_target(
    request: HttpRequest, form: TargetForm, *, proposal: Proposal | None = None
) -> HttpResponse:
    """Ask what to change."""
    context = {"form": form, "proposal": proposal}
    return render(request, "reviews/target.html", context, status=400 if form.is_bound else 200)


def prefilled(request: HttpRequest, kind: str) -> dict[str, Any]:
    """Return the references that the link to the form names already, such as ?chokepoint=microspheres."""
    key = request.GET.get("chokepoint", "").replace("\0", "")
    found = Chokepoint.objects.filter(key=key).first() if key else None
    if found is None:
        return {}
    if kind == "evidence":  # the stance is the editor's to choose
        return {"bears_on": [{"chokepoint": str(found.pk), "stance": ""}]}
    return {"chokepoint": str(found.pk)} if kind in {"supply", "assessment"} else {}


class ProposalNew(EditorRequired, View):
    """One change as a new proposal. More can be added to the draft."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._answer(request, None)

    def post(self, request: HttpRequest) -> HttpResponse:
        return self._answer(request, request.POST)

    def _answer(self, request: HttpRequest, data: Any) -> HttpResponse:
        if data is None and "kind" not in request.GET:
            return choose_target(request, TargetForm())
        target = TargetForm(request.GET)
        if not target.is_valid():
            return choose_target(request, target)
        wanted = target.cleaned_data
        form = target_form(request, wanted, data)
        if form is None:
            return choose_target(request, target)
        title, url = name_target(wanted["kind"], wanted["operation"], wanted["record"])
        head = HeadForm(data, initial={"title": title})
        context = {"form": form, "head": head, "title": title, "record_url": url, "rows": form.rows()}
        if data is None:
            return render(request, "reviews/change.html", context)
        if not all([head.is_valid(), form.is_valid()]):
            return render(request, "reviews/change.html", context | {"refused": True}, status=UNPROCESSABLE)
        submit = "submit" in data
        try:
            proposal = hand_in(
                actor=request.user,
                title=head.cleaned_data["title"],
                rationale=head.cleaned_data["rationale"],
                changes=[form.change()],
                submit=submit,
            )
        except ReviewError as refusal:
            context |= {"refused": True, "elsewhere": put_beside(refusal, head, form, 0)}
            return render(request, "reviews/change.html", context, status=refusal.status)
        messages.success(
            request, "Submitted for review." if submit else "Saved as a draft. Nobody else sees it yet."
        )
        return redirect("proposal-detail" if submit else "proposal-edit", proposal.number)


def target_form(
    request: HttpRequest, wanted: dict[str, Any], data: Any, siblings: Siblings | None = None, **drafted: Any
) -> RecordForm | None:
    """Return the form of an operation on a record, or None if the record has no such revision."""
    kind = KINDS[wanted["kind"]]
    options = {"data": data, "siblings": siblings, **drafted}
    if wanted["operation"] == CREATE:
        options.setdefault("drafted", prefilled(request, kind.name))
        return record_form(kind, CREATE, wanted["record"] or str(uuid.uuid4()), 0, **options)
    present = present_revision(kind, wanted["record"]) or 0
    revision = present if data is None else revision_seen(data, present)
    form = record_form(kind, wanted["operation"], wanted["record"], revision, **options)
    if (
        form is None and present
    ):  # a forged revision: said beside the form of the present one, with what was typed
        form = record_form(kind, wanted["operation"], wanted["record"], present, **options)
        form.is_valid()
        form.add_error(None, UNSEEN)
    return form


def put_beside(refusal: ReviewError, head: HeadForm | None, form: RecordForm, position: int) -> list[str]:
    """Put a refusal's words beside the fields that they are about and return the others."""
    problems: list[Problem] | None = getattr(refusal, "problems", None)
    if problems is None:
        return [refusal.message]
    elsewhere = form.add_problems(problem for problem in problems if problem.change == position)
    others = [problem for problem in problems if problem.change != position]
    return elsewhere + (head.add_problems(others) if head else [problem.message for problem in others])


class ProposalEdit(EditorRequired, View):
    """Title, reason and the list of changes of an own proposal."""

    def get(self, request: HttpRequest, number: int) -> HttpResponse:
        proposal = own_proposal(number, request.user)
        version = proposal.present_version()
        head = HeadForm.of(version, title=version.title, rationale=version.rationale)
        return self._show(request, proposal, version, head)

    def post(self, request: HttpRequest, number: int) -> HttpResponse:
        proposal = own_proposal(number, request.user)
        version = proposal.present_version()
        head = HeadForm(request.POST)
        if not head.is_valid():
            return self._show(request, proposal, version, head, status=UNPROCESSABLE)
        submit = "submit" in request.POST and proposal.state == "draft"
        changes = [change for change in as_drafted(version) if change.record != request.POST.get("remove")]
        try:
            with transaction.atomic():
                done = revise_proposal(
                    actor=request.user,
                    number=number,
                    version=head.version_seen(),
                    title=head.cleaned_data["title"],
                    rationale=head.cleaned_data["rationale"],
                    changes=changes,
                )
                if submit:
                    submit_proposal(actor=request.user, number=number, version=done.version)
        except NotFound as error:
            raise Http404(error.message) from error
        except ReviewError as refusal:
            return self._refuse(request, proposal, head, refusal)
        messages.success(request, _saved(done, submit))
        if done.state == "draft" and not submit:
            return redirect("proposal-edit", number)
        return redirect("proposal-detail", number)

    def _refuse(
        self, request: HttpRequest, proposal: Proposal, head: HeadForm, refusal: ReviewError
    ) -> HttpResponse:
        proposal.refresh_from_db()
        version = proposal.present_version()
        problems: list[Problem] = getattr(refusal, "problems", [])
        elsewhere = head.add_problems([problem for problem in problems if problem.change < 0])
        stale = isinstance(refusal, StaleVersion)
        if stale:
            head.show_present(version)
        return self._show(
            request, proposal, version, head, status=refusal.status, problems=problems, stale=stale,
            elsewhere=elsewhere if problems else [refusal.message],
        )  # fmt: skip

    def _show(
        self,
        request: HttpRequest,
        proposal: Proposal,
        version: Version,
        head: HeadForm,
        status: int = 200,
        **more: Any,
    ) -> HttpResponse:
        context = {
            "proposal": proposal,
            "version": version,
            "head": head,
            "changes": shown_changes(version, pending=True, problems=more.get("problems")),
            "target": TargetForm(),
            "refused": status != 200,
            **more,
        }
        return render(request, "reviews/proposal_edit.html", context, status=status)


class ChangeEditor(EditorRequired, View):
    """Base of the pages for one change of a proposal: saving it makes the proposal's next version."""

    def get(self, request: HttpRequest, **where: Any) -> HttpResponse:
        return self.answer(request, None, **where)

    def post(self, request: HttpRequest, **where: Any) -> HttpResponse:
        return self.answer(request, request.POST, **where)

    def save(
        self,
        request: HttpRequest,
        version: Version,
        form: RecordForm,
        position: int,
        changes: list[DraftChange],
        context: dict[str, Any],
    ) -> HttpResponse:
        """Show the form, or save what it says as the change at `position`."""
        proposal = version.proposal
        data = form.data if form.is_bound else None
        seen = SeenForm(data) if data is not None else SeenForm.of(version)
        context |= {"form": form, "seen": seen, "proposal": proposal, "version": version, "rows": form.rows()}
        if data is None:
            return render(request, "reviews/change.html", context)
        if not form.is_valid():
            return render(request, "reviews/change.html", context | {"refused": True}, status=UNPROCESSABLE)
        try:
            revise_proposal(
                actor=request.user,
                number=proposal.number,
                version=seen.version_seen(),
                title=version.title,
                rationale=version.rationale,
                changes=[*changes[:position], form.change(), *changes[position + 1 :]],
            )
        except NotFound as error:
            raise Http404(error.message) from error
        except ReviewError as refusal:
            proposal.refresh_from_db()
            if isinstance(refusal, StaleVersion):
                seen.show_present(proposal.present_version())
            context |= {"refused": True, "elsewhere": put_beside(refusal, None, form, position)}
            return render(request, "reviews/change.html", context, status=refusal.status)
        messages.success(request, "The change is saved.")
        return redirect("proposal-edit", proposal.number)


class ProposalChange(ChangeEditor):
    """Edits a change that the proposal has already."""

    def answer(self, request: HttpRequest, data: Any, *, number: int, record: uuid.UUID) -> HttpResponse:
        proposal = own_proposal(number, request.user)
        version = proposal.present_version()
        changes = as_drafted(version)
        position = next((n for n, change in enumerate(changes) if change.record == str(record)), None)
        if position is None:
            raise Http404("This proposal doesn't change that record.")
        change = changes[position]
        kind = KINDS[change.kind]
        present = present_revision(kind, change.record) or change.base_revision
        # Whoever edits sees the record as it is now, also where it has moved: that is how a conflict is resolved by hand.
        revision = present if data is None else revision_seen(data, present)
        options = {
            "drafted": change.fields,
            "cited": sorted({target for targets in change.cites.values() for target in targets}),
            "siblings": siblings_of(changes, besides=change.record),
            "data": data,
        }
        form = record_form(kind, change.operation, change.record, revision, **options)
        if form is None:
            form = record_form(kind, change.operation, change.record, present, **options)
            form.is_valid()
            form.add_error(None, UNSEEN)
        title, url = name_target(change.kind, change.operation, change.record, siblings_of(changes))
        context = {
            "title": title,
            "record_url": url,
            "moved": change.base_revision and present != change.base_revision,
        }
        return self.save(request, version, form, position, changes, context)


class ProposalAdd(ChangeEditor):
    """Adds a change to a proposal."""

    def answer(self, request: HttpRequest, data: Any, *, number: int) -> HttpResponse:
        proposal = own_proposal(number, request.user)
        version = proposal.present_version()
        changes = as_drafted(version)
        target = TargetForm(request.GET if "kind" in request.GET or data is not None else None)
        if not target.is_valid():
            return choose_target(request, target, proposal=proposal)
        wanted = target.cleaned_data
        if any(change.record == wanted["record"] for change in changes):
            return redirect(reverse("proposal-change", args=[number, wanted["record"]]))
        form = target_form(request, wanted, data, siblings_of(changes))
        if form is None:
            return choose_target(request, target, proposal=proposal)
        title, url = name_target(wanted["kind"], wanted["operation"], wanted["record"])
        return self.save(request, version, form, len(changes), changes, {"title": title, "record_url": url})


def _saved(proposal: Proposal, submitted: bool) -> str:
    if submitted:
        return "Submitted: it is open for review now."
    return "Saved." if proposal.state == "draft" else f"Saved as version {proposal.version}, open for review."
