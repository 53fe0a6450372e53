"""Page-sized reads of the process: the queue, what a proposal still needs, who is present."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import QuerySet

from chokepoints.exceptions import ChangesRefused, Problem

from .models import Proposal, Review
from .services.applying import prepare, standing_approvals
from .services.roles import REVIEWERS


@dataclass
class Needs:
    """What a proposal still needs. `missing` says it in sentences; `problems` is why it couldn't be published now."""

    effects: list[str] = field(default_factory=list)
    approvals_needed: int = 0
    approvals: list[Review] = field(default_factory=list)
    lapsed: list[Review] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def needs_of(proposal: Proposal) -> Needs:
    """Return what a proposal still needs as register, policies and members stand now."""
    try:
        application = prepare(proposal.present_version())
    except ChangesRefused as refusal:
        return Needs(
            problems=refusal.problems, missing=["It can't be published as it is: its author must edit it."]
        )
    counting = standing_approvals(proposal, application.coverages)
    needs = Needs(
        effects=sorted(application.weight.effects),
        approvals_needed=application.weight.approvals_needed,
        approvals=counting,
        problems=application.weight.problems,
    )
    ids = {review.pk for review in counting}
    needs.lapsed = [review for review in proposal.reviews.filter(verdict="approve") if review.pk not in ids]
    open_approvals = needs.approvals_needed - len(counting)
    if open_approvals > 0:
        needs.missing.append(
            "One more approval." if open_approvals == 1 else f"{open_approvals} more approvals."
        )
        if shortage := _shortage(proposal, counting, open_approvals):
            needs.missing.append(shortage)
    needs.missing += [problem.message for problem in needs.problems]
    return needs


def active_reviewers() -> QuerySet:
    """Return the accounts that may review now."""
    return get_user_model().objects.filter(is_active=True, groups__name=REVIEWERS)


def _shortage(proposal: Proposal, counting: Iterable[Review], wanted: int) -> str:
    """Say so if the present members can't give the approvals that are still needed."""
    taken = set(proposal.authors.values_list("user", flat=True)) | {
        review.reviewer.user_id for review in counting
    }
    available = active_reviewers().exclude(pk__in=[pk for pk in taken if pk]).count()
    return (
        ""
        if available >= wanted
        else f"Only {available} of the present reviewers could still give one: an admin must add reviewers."
    )


def queue_for(user: Any) -> QuerySet[Proposal]:
    """Return the proposals that wait for a reviewer's verdict, oldest first, without the reviewer's own."""
    waiting = Proposal.objects.filter(state="open").exclude(authors__user=user)
    return waiting.prefetch_related("authors", "versions__changes", "reviews").order_by("opened", "number")


def proposals_about(record: uuid.UUID) -> QuerySet[Proposal]:
    """Return the pending proposals that change a record or name it in what they propose, newest first."""
    return (
        Proposal.objects.pending().about(record).prefetch_related("authors", "versions").order_by("-number")
    )
