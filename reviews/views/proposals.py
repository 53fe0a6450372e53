"""Proposals to read: the list, and the page of one with each change before and after."""

from dataclasses import dataclass, field
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views import View

from chokepoints.canonical import same_json
from chokepoints.comparison import FieldComparison, compare
from chokepoints.exceptions import Problem
from chokepoints.history import state_at
from chokepoints.models import Chokepoint, Contributor, Evidence
from chokepoints.models.revision import CREATE, RESTORE, RETIRE
from chokepoints.projection import model_of, read_state
from chokepoints.records import KINDS, Kind, State
from chokepoints.vocabularies import TRANSLATORS

from ..forms.proposals import FilterForm, ReviewForm
from ..forms.records import siblings_of
from ..forms.references import Shown, Siblings, label_of, show_records
from ..kinds import CONTENT, EXISTENCE, STATUS
from ..models import Change, Proposal, Version
from ..policies import why_not
from ..selectors import needs_of
from ..services.roles import is_editor, is_reviewer
from ..workflow import ENDED, VERDICTS
from .answering import contributor_of, visible_proposal, with_titles
from .paging import page_links

PER_PAGE = 30
OPERATION_WORDS = {"create": "New", "update": "Change", "retire": "Retire", "restore": "Restore"}
BECAUSE = {
    STATUS: "it changes a chokepoint's status or what carries it",
    EXISTENCE: "it retires or restores a record",
    CONTENT: "it changes no status, and retires or restores nothing",
}
QUOTED = ("quote", "quote_language", "translation", "translator", "locator", "source")


class ProposalList(View):
    """Proposals that everybody may see, newest first, with filters."""

    def get(self, request: HttpRequest) -> HttpResponse:
        form = FilterForm(request.GET)
        mine = contributor_of(request.user)
        proposals = Proposal.objects.visible_to(mine)
        if form.is_valid():
            wanted = form.cleaned_data
            if wanted["state"]:
                proposals = proposals.filter(state=wanted["state"])
            if wanted["author"]:
                proposals = proposals.filter(authors=wanted["author"])
            if wanted["record"]:
                proposals = proposals.about(wanted["record"])
        else:
            proposals = proposals.none()
        page = Paginator(with_titles(proposals), PER_PAGE).get_page(request.GET.get("page"))
        context = {
            "form": form,
            "authors": Contributor.objects.filter(authorships__isnull=False).distinct(),
            "may_propose": is_editor(request.user),
            **page_links(request, page),
        }
        return render(request, "reviews/proposal_list.html", context)


class ProposalDetail(View):
    """One proposal: what it says, why, what it still needs, and what others said about it."""

    def get(self, request: HttpRequest, number: int) -> HttpResponse:
        return show_proposal(request, visible_proposal(number, request.user))


@dataclass
class ShownChange:
    """One change, ready for the page."""

    ref: str
    change: Change
    kind: Kind
    operation: str
    title: str
    url: str
    comparisons: list[FieldComparison]
    before: State
    after: State
    cites: list[Shown] = field(default_factory=list)
    grounds: list[Evidence] = field(
        default_factory=list
    )  # the published evidence that it names, to be read on the spot
    quote: dict[str, str] | None = None
    moved_to: int | None = None
    meanwhile: list[FieldComparison] = field(default_factory=list)
    status_now: str | None = None
    problems: list[str] = field(default_factory=list)


def show_proposal(
    request: HttpRequest,
    proposal: Proposal,
    *,
    review_form: ReviewForm | None = None,
    refusal: str = "",
    problems: list[Problem] | None = None,
    status: int = 200,
) -> HttpResponse:
    """Render the page of a proposal, with what was refused if something was."""
    version = proposal.present_version()
    pending = proposal.state not in ENDED
    needs = needs_of(proposal) if pending else None
    all_problems = [*(problems or []), *(needs.problems if needs else [])]
    changes = shown_changes(version, pending=pending, problems=all_problems)
    beside = {message for change in changes for message in change.problems}
    may = moves_of(request.user, proposal)
    review_form = review_form or ReviewForm(initial={"version": proposal.version})
    review_form.offer(verdict for verdict in VERDICTS if may.get(verdict))
    context = {
        "proposal": proposal,
        "version": version,
        "authors": proposal.authors.order_by("authorships__position"),
        "changes": changes,
        "needs": needs,
        "because": [BECAUSE[effect] for effect in needs.effects] if needs else [],
        "missing": [words for words in needs.missing if words not in beside] if needs else [],
        "broken": bool(beside),
        "reviews": proposal.reviews.select_related("reviewer"),
        "versions": proposal.versions.select_related("editor").order_by("number"),
        "conflicts": proposal.conflicts,
        "may": may,
        "review_form": review_form,
        "refusal": refusal,
        "refused": [problem.message for problem in problems or [] if problem.message not in beside],
        "is_unpublished": proposal.state != "published",
    }
    return render(request, "reviews/proposal_detail.html", context, status=status)


def moves_of(user: Any, proposal: Proposal) -> dict[str, Any]:
    """Return which moves somebody may make; `no_review` says in words why they can't review."""
    if not user.is_authenticated:
        return {}
    facts = {
        "state": proposal.state,
        "is_author": proposal.authors.filter(user=user).exists(),
        "is_editor": is_editor(user),
        "is_reviewer": is_reviewer(user),
    }
    moves: dict[str, Any] = {
        name: why_not(name, **facts) is None
        for name in ("edit", "submit", "revise", "withdraw", "approve", "request_changes", "reject")
    }
    moves["edit"] = moves["edit"] or moves["revise"]
    moves["review"] = moves["approve"] or moves["request_changes"] or moves["reject"]
    refusal = why_not("approve", **facts)
    moves["no_review"] = refusal[1] if refusal and facts["is_reviewer"] and proposal.state == "open" else ""
    return moves


def shown_changes(
    version: Version, *, pending: bool, problems: list[Problem] | None = None
) -> list[ShownChange]:
    """Return the changes of a version as the page shows them."""
    changes = list(version.changes.all())
    siblings = siblings_of(changes)
    states = [_states(change) for change in changes]
    names = _names(changes, states, siblings)
    labels = {(kind, record): (one.label, one.url) for (kind, record), one in names.items()}
    published = _published_evidence(changes)
    shown = []
    for position, (change, (before, after)) in enumerate(zip(changes, states, strict=True)):
        kind = KINDS[change.kind]
        own = names.get((change.kind, str(change.record)))
        leave_out = (
            QUOTED if change.kind == "evidence" and change.operation == CREATE and after.get("quote") else ()
        )
        fields = [
            name for name in (after if change.operation == CREATE else change.fields) if name not in leave_out
        ]
        shown.append(
            ShownChange(
                ref=f"ref-{position + 1}",
                change=change,
                kind=kind,
                operation=OPERATION_WORDS[change.operation],
                title=_title(kind, before or after, labels, own),
                url=own.url if own and not own.is_new else "",
                comparisons=compare(kind, before, after, fields, labels) if fields else [],
                before=before,
                after=after,
                cites=[
                    names[("evidence", target)] for target in _cited(change) if ("evidence", target) in names
                ],
                grounds=[
                    published[target] for target in sorted(_evidence_named(change)) if target in published
                ],
                quote=_quote(after, labels) if change.kind == "evidence" and after.get("quote") else None,
                **(_movement(change, before, labels) if pending else {}),
                status_now=_status_now(change, after) if pending else None,
                problems=list(dict.fromkeys(p.message for p in problems or [] if p.change == position)),
            )
        )
    return shown


def _states(change: Change) -> tuple[State, State]:
    """Return a record as the author saw it and as they propose it."""
    before = (state_at(change.record, change.base_revision) if change.operation != CREATE else None) or {}
    after = {name: value for name, value in {**before, **change.fields}.items() if value is not None}
    if change.operation == RETIRE:
        after["retired"] = True
    if change.operation == RESTORE:
        after.pop("retired", None)
    return before, after


def _names(
    changes: list[Change], states: list[tuple[State, State]], siblings: Siblings
) -> dict[tuple[str, str], Shown]:
    """Return how all records that a version names are shown, with one query a kind."""
    wanted: set[tuple[str, str]] = set()
    for change, (before, after) in zip(changes, states, strict=True):
        wanted.add((change.kind, str(change.record)))
        wanted |= {("evidence", target) for target in _cited(change)}
        for state in (before, after):
            wanted |= {(kind, target) for _, kind, target in KINDS[change.kind].references(state)}
    return {(one.kind, record): one for record, one in show_records(wanted, siblings).items()}


def _evidence_named(change: Change) -> set[str]:
    """Return the ids of the evidence that a change names, in its fields or as cited for it."""
    fields = KINDS[change.kind].fields
    named = {
        target
        for name, value in change.fields.items()
        for kind, target in fields[name].references(value)
        if kind == "evidence"
    }
    return named | set(_cited(change))


def _published_evidence(changes: list[Change]) -> dict[str, Evidence]:
    """Return the published evidence that changes name, by id, with one query."""
    wanted = set().union(*(_evidence_named(change) for change in changes))
    rows = (
        Evidence.objects.filter(pk__in=wanted)
        .select_related("source")
        .prefetch_related("bearings__chokepoint")
    )
    return {str(row.pk): row for row in rows}


def _cited(change: Change) -> list[str]:
    return sorted({target for targets in change.cites.values() for target in targets})


def _title(kind: Kind, state: State, labels: dict, own: Shown | None) -> str:
    """Name a record: an assessment or supply by its chokepoint, the others by their title."""
    about = labels.get(("chokepoint", state.get("chokepoint", "")))
    if kind.name in {"assessment", "supply"} and about:
        party = labels.get(("organization", state.get("organization", "")), (state.get("country", ""), ""))[0]
        return f"{about[0]}, {party}" if party else about[0]
    return own.label if own else label_of(kind, state)


def _quote(state: State, labels: dict) -> dict[str, str]:
    title, url = labels.get(("source", state.get("source", "")), ("source not named", ""))
    return {
        "quote": state["quote"],
        "language": state.get("quote_language", ""),
        "translation": state.get("translation", ""),
        "translated_by": TRANSLATORS.get(state.get("translator", ""), "").removeprefix("translated by "),
        "locator": state.get("locator", ""),
        "source_title": title,
        "source_url": url,
    }


def _movement(change: Change, before: State, labels: dict) -> dict[str, Any]:
    """Return what was published since the author looked, in the fields that they propose to change."""
    if change.operation == CREATE:
        return {}
    kind = KINDS[change.kind]
    present = model_of(kind).objects.filter(pk=change.record).values_list("revision", flat=True).first()
    if present in (None, change.base_revision):
        return {}
    now = read_state(kind, change.record) or {}
    moved = [name for name in change.fields if not same_json(before.get(name), now.get(name))]
    return {"moved_to": present, "meanwhile": compare(kind, before, now, moved, labels) if moved else []}


def _status_now(change: Change, after: State) -> str | None:
    if change.kind != "assessment" or change.operation != CREATE or "chokepoint" not in after:
        return None
    row = Chokepoint.objects.with_status(timezone.now().date()).filter(pk=after["chokepoint"]).first()
    return row.status if row else None
