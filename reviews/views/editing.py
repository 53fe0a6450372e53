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

from ..exceptions import NotFound, RememberedDecision, ReviewError, StaleVersion
from ..forms.proposals import HeadForm, SubmitForm, TargetForm
from ..forms.records import RecordForm, present_revision, record_form, revision_seen, siblings_of
from ..forms.references import Siblings, show_records
from ..models import Proposal, Version
from ..services.drafting import DraftChange, draft_proposal, revise_proposal, submit_proposal
from .answering import UNPROCESSABLE, as_drafted, own_proposal
from .keeping import KeepsTyping, Typed
from .proposals import shown_changes

UNSEEN = "The form doesn't say which revision of the record you saw. Look at it as it is now."


def hand_in(
    *,
    actor: Any,
    title: str,
    rationale: str,
    changes: Sequence[DraftChange],
    submit: bool,
    what_is_new: str | None = None,
) -> Proposal:
    """Write a draft and, if wanted, submit it at once: both or neither."""
    with transaction.atomic():
        proposal = draft_proposal(actor=actor, title=title, rationale=rationale, changes=changes)
        if submit:
            proposal = submit_proposal(
                actor=actor, number=proposal.number, version=proposal.version, what_is_new=what_is_new
            )
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


def head_words(head: HeadForm) -> dict[str, Any]:
    """Return what a valid head says, as the services take it."""
    words = {name: head.cleaned_data[name] for name in ("title", "rationale")}
    return words | {"what_is_new": head.answer()}


def ask_what_is_new(refusal: ReviewError, *forms: SubmitForm) -> dict[str, Any]:
    """Let forms ask what is new where the register remembers a decision; return what the page shows of it."""
    if not isinstance(refusal, RememberedDecision):
        return {}
    for form in forms:
        form.is_asked = True
    return {"memory": refusal.memory}


class ProposalNew(KeepsTyping, View):
    """One change as a new proposal. More can be added to the draft."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._answer(request, Typed(request))

    def post(self, request: HttpRequest) -> HttpResponse:
        return self._answer(request, Typed(request))

    def _answer(self, request: HttpRequest, typed: Typed) -> HttpResponse:
        if not typed.is_sent and "kind" not in request.GET:
            return choose_target(request, TargetForm())
        target = TargetForm(request.GET)
        if not target.is_valid():
            return choose_target(request, target)
        wanted = target.cleaned_data
        form = target_form(request, wanted, typed.data)
        if form is None:
            return choose_target(request, target)
        title, url = name_target(wanted["kind"], wanted["operation"], wanted["record"])
        head = HeadForm(typed.data, initial={"title": title})
        typed.title = title
        context = {
            "form": form,
            "head": head,
            "title": title,
            "record_url": url,
            "rows": form.rows(),
            "typed": typed,
            "older": base_passed(form, wanted["record"]),
        }
        if not typed.is_sent:
            typed.show(head, form)
            return render(request, "reviews/change.html", context)
        if not all([head.is_valid(), form.is_valid()]):
            return render(request, "reviews/change.html", context | {"refused": True}, status=UNPROCESSABLE)
        submit = "submit" in request.POST
        try:
            proposal = hand_in(actor=request.user, **head_words(head), changes=[form.change()], submit=submit)
        except ReviewError as refusal:
            context |= {"refused": True, "elsewhere": put_beside(refusal, head, form, 0)}
            context |= ask_what_is_new(refusal, head)
            return render(request, "reviews/change.html", context, status=refusal.status)
        typed.saved()
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


def base_passed(form: RecordForm, record: str | None) -> int | None:
    """Return a record's present revision if a form stands on an earlier one: it was opened before that was published."""
    if form.operation == CREATE or not record:
        return None
    present = present_revision(form.kind, record)
    return present if present and form.base_revision < present else None


def put_beside(refusal: ReviewError, head: HeadForm | None, form: RecordForm, position: int) -> list[str]:
    """Put a refusal's words beside the fields that they are about and return the others."""
    problems: list[Problem] | None = getattr(refusal, "problems", None)
    if problems is None:
        return [refusal.message]
    elsewhere = form.add_problems(problem for problem in problems if problem.change == position)
    others = [problem for problem in problems if problem.change != position]
    return elsewhere + (head.add_problems(others) if head else [problem.message for problem in others])


class ProposalEdit(KeepsTyping, View):
    """Title, reason and the list of changes of an own proposal."""

    def get(self, request: HttpRequest, number: int) -> HttpResponse:
        proposal = own_proposal(number, request.user)
        version, typed = proposal.present_version(), Typed(request)
        said = {"title": version.title, "rationale": version.rationale, "what_is_new": proposal.what_is_new}
        head = HeadForm.of(version, typed.data, **said)
        typed.show(head)
        if typed.elsewhere:  # the page shows both sides, so that the next save is no blind one
            head.show_present(version)
        return self._show(request, proposal, version, head, typed, stale=bool(typed.elsewhere))

    def post(self, request: HttpRequest, number: int) -> HttpResponse:
        proposal = own_proposal(number, request.user)
        version, typed = proposal.present_version(), Typed(request)
        head = HeadForm(request.POST)
        if not head.is_valid():
            return self._show(request, proposal, version, head, typed, status=UNPROCESSABLE)
        submit = "submit" in request.POST and proposal.state == "draft"
        changes = [change for change in as_drafted(version) if change.record != request.POST.get("remove")]
        try:
            with transaction.atomic():
                done = revise_proposal(
                    actor=request.user,
                    number=number,
                    version=head.version_seen(),
                    **head_words(head),
                    changes=changes,
                )
                if submit:
                    submit_proposal(actor=request.user, number=number, version=done.version)
        except NotFound as error:
            raise Http404(error.message) from error
        except ReviewError as refusal:
            return self._refuse(request, proposal, head, typed, refusal)
        typed.saved()
        messages.success(request, _saved(done, submit))
        if done.state == "draft" and not submit:
            return redirect("proposal-edit", number)
        return redirect("proposal-detail", number)

    def _refuse(
        self, request: HttpRequest, proposal: Proposal, head: HeadForm, typed: Typed, refusal: ReviewError
    ) -> HttpResponse:
        proposal.refresh_from_db()
        version = proposal.present_version()
        problems: list[Problem] = getattr(refusal, "problems", [])
        elsewhere = head.add_problems([problem for problem in problems if problem.change < 0])
        stale = isinstance(refusal, StaleVersion)
        if stale:
            head.show_present(version)
        return self._show(
            request, proposal, version, head, typed, status=refusal.status, problems=problems, stale=stale,
            elsewhere=elsewhere if problems else [refusal.message], **ask_what_is_new(refusal, head),
        )  # fmt: skip

    def _show(
        self,
        request: HttpRequest,
        proposal: Proposal,
        version: Version,
        head: HeadForm,
        typed: Typed,
        status: int = 200,
        stale: bool = False,
        **more: Any,
    ) -> HttpResponse:
        typed.title = f"Proposal {proposal.number}: {version.title}"
        changes = shown_changes(version, pending=True, problems=more.get("problems"))
        context = {
            "proposal": proposal,
            "version": version,
            "head": head,
            "head_rows": [
                {"field": bound, "seen": getattr(version, bound.name, None) if stale else None}
                for bound in head.visible_fields()
            ],
            "typed": typed,
            "stale": stale,
            "changes": changes,
            "moved": sum(1 for shown in changes if shown.moved_to),
            "target": TargetForm(),
            "refused": status != 200,
            **more,
        }
        return render(request, "reviews/proposal_edit.html", context, status=status)


class ChangeEditor(KeepsTyping, View):
    """Base of the pages for one change of a proposal: saving it makes the proposal's next version."""

    def get(self, request: HttpRequest, **where: Any) -> HttpResponse:
        return self.answer(request, **where)

    def post(self, request: HttpRequest, **where: Any) -> HttpResponse:
        return self.answer(request, **where)

    def save(
        self,
        request: HttpRequest,
        typed: Typed,
        version: Version,
        form: RecordForm,
        position: int,
        changes: list[DraftChange],
        context: dict[str, Any],
    ) -> HttpResponse:
        """Show the form, or save what it says as the change at `position`."""
        proposal = version.proposal
        seen = SubmitForm.of(version, typed.data)
        typed.title = f"Proposal {proposal.number}: {context['title']}"
        context |= {
            "form": form,
            "seen": seen,
            "proposal": proposal,
            "version": version,
            "rows": form.rows(),
            "typed": typed,
            "older": base_passed(form, form.record),
        }
        if not typed.is_sent:
            typed.show(form)
            return render(request, "reviews/change.html", context)
        if not all([seen.is_valid(), form.is_valid()]):
            return render(request, "reviews/change.html", context | {"refused": True}, status=UNPROCESSABLE)
        try:
            revise_proposal(
                actor=request.user,
                number=proposal.number,
                version=seen.version_seen(),
                title=version.title,
                rationale=version.rationale,
                changes=[*changes[:position], form.change(), *changes[position + 1 :]],
                what_is_new=seen.answer(),
            )
        except NotFound as error:
            raise Http404(error.message) from error
        except ReviewError as refusal:
            proposal.refresh_from_db()
            if isinstance(refusal, StaleVersion):
                seen.show_present(proposal.present_version())
            context |= {"refused": True, "elsewhere": put_beside(refusal, None, form, position)}
            context |= ask_what_is_new(refusal, seen)
            return render(request, "reviews/change.html", context, status=refusal.status)
        typed.saved()
        messages.success(request, "The change is saved.")
        return redirect("proposal-edit", proposal.number)


class ProposalChange(ChangeEditor):
    """Edits a change that the proposal has already."""

    def answer(self, request: HttpRequest, *, number: int, record: uuid.UUID) -> HttpResponse:
        proposal = own_proposal(number, request.user)
        version, typed = proposal.present_version(), Typed(request)
        data = typed.data
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
        return self.save(request, typed, version, form, position, changes, context)


class ProposalAdd(ChangeEditor):
    """Adds a change to a proposal."""

    def answer(self, request: HttpRequest, *, number: int) -> HttpResponse:
        proposal = own_proposal(number, request.user)
        version, typed = proposal.present_version(), Typed(request)
        changes = as_drafted(version)
        target = TargetForm(request.GET if "kind" in request.GET or typed.is_sent else None)
        if not target.is_valid():
            return choose_target(request, target, proposal=proposal)
        wanted = target.cleaned_data
        if any(change.record == wanted["record"] for change in changes):
            # Another tab was faster. What was typed here goes on there.
            return redirect(typed.move(reverse("proposal-change", args=[number, wanted["record"]])))
        form = target_form(request, wanted, typed.data, siblings_of(changes))
        if form is None:
            return choose_target(request, target, proposal=proposal)
        title, url = name_target(wanted["kind"], wanted["operation"], wanted["record"])
        context = {"title": title, "record_url": url}
        return self.save(request, typed, version, form, len(changes), changes, context)


def _saved(proposal: Proposal, submitted: bool) -> str:
    if submitted:
        return "Submitted: it is open for review now."
    return "Saved." if proposal.state == "draft" else f"Saved as version {proposal.version}, open for review."
