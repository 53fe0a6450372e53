"""What a proposal still needs, exactly and now; and what else is proposed about a record."""

import uuid
from dataclasses import dataclass, field

from django.db.models import QuerySet

from chokepoints.exceptions import ChangesRefused, Problem

from ..models import Proposal, Review
from ..services.applying import prepare, standing_approvals
from ..services.splitting import waits_for
from .members import shortage_of


@dataclass
class Lapse:
    """An approval that doesn't cover everything any more: `parts` are (record, merge unit or "")."""

    review: Review
    parts: list[tuple[str, str]]


@dataclass
class Needs:
    """What a proposal still needs. `missing` says it in sentences; `problems` is why it couldn't be published now.

    `approvals` cover all of it; `lapsed` approvals cover a part of it or nothing; `awaited` are the proposals that must be
    published first; `merged_texts` are texts that neither side wrote, by record and field.
    """

    effects: list[str] = field(default_factory=list)
    approvals_needed: int = 0
    approvals: list[Review] = field(default_factory=list)
    lapsed: list[Lapse] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    awaited: list[Proposal] = field(default_factory=list)
    merged_texts: dict[tuple[str, str], str] = field(default_factory=dict)


def needs_of(proposal: Proposal) -> Needs:
    """Return what a proposal still needs as register, policies and members stand now."""
    awaited = waits_for(proposal)
    if awaited:
        words = f"Proposal {awaited[0].number} must be published first: it creates what this one refers to."
        return Needs(awaited=awaited, missing=[words])
    try:
        application = prepare(proposal.present_version())
    except ChangesRefused as refusal:
        return Needs(
            problems=refusal.problems, missing=["It can't be published as it is: its author must edit it."]
        )
    standing = standing_approvals(proposal, application.coverages)
    needs = Needs(
        effects=sorted(application.weight.effects),
        approvals_needed=application.weight.approvals_needed,
        approvals=standing.whole,
        problems=application.weight.problems,
        merged_texts=application.merged_texts,
    )
    whole = {review.reviewer_id for review in standing.whole}
    last = {
        review.reviewer_id: review
        for review in proposal.reviews.filter(verdict="approve").select_related("reviewer").order_by("pk")
    }
    needs.lapsed = [
        Lapse(review, standing.lapsed_for(reviewer))
        for reviewer, review in last.items()
        if reviewer not in whole
    ]
    open_approvals = needs.approvals_needed - standing.count
    if open_approvals > 0:
        needs.missing.append(
            "One more approval." if open_approvals == 1 else f"{open_approvals} more approvals."
        )
        if shortage := _shortage(proposal, needs, open_approvals):
            needs.missing.append(shortage)
    needs.missing += [problem.message for problem in needs.problems]
    return needs


def _shortage(proposal: Proposal, needs: Needs, missing: int) -> str:
    taken = set(proposal.authors.values_list("user", flat=True))
    taken |= {review.reviewer.user_id for review in needs.approvals}
    return shortage_of([pk for pk in taken if pk], missing)


def proposals_about(record: uuid.UUID) -> QuerySet[Proposal]:
    """Return the pending proposals that change a record or name it in what they propose, newest first."""
    return (
        Proposal.objects.pending().about(record).prefetch_related("authors", "versions").order_by("-number")
    )
