"""Settling: what follows from an act on a proposal: its state, whose turn it is, and publishing once enough approve.

All of it runs inside the register lock that the service around it holds.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from chokepoints.exceptions import ChangesRefused, Problem
from chokepoints.models import Contributor, Revision
from chokepoints.services.locking import register_lock
from chokepoints.services.publishing import head_changeset
from chokepoints.services.recording import record_activity

from ..models import Hold, Proposal, Review, Version
from ..workflow import ENDED
from .applying import Application, prepare, publish_proposal, standing_approvals
from .roles import REVIEWERS, members_of

_WEIGHED = ["effects", "obstacles", "approvals_needed", "approvals_standing", "weighed_in", "weighed_on"]


@dataclass(frozen=True)
class Outcome:
    """What an act led to: None, "published" with the changeset's number, or "conflicting" with the conflicts.

    `review` is the verdict that was given, where the act was one; `part` the proposal that was split off, if one was.
    """

    review: Review | None = None
    outcome: str | None = None
    changeset: int | None = None
    conflicts: tuple[Problem, ...] = ()
    part: Proposal | None = None


def announce(verb: str, actor: Contributor | None, proposal: Proposal, **details: Any) -> None:
    """Record what happened to a proposal."""
    record_activity(
        verb, actor=actor, subject=f"proposal:{proposal.number}", version=proposal.version, **details
    )


def enter(proposal: Proposal, state: str) -> None:
    """Put a proposal into a state and save it. Whoever is to act now waits from now on; an end frees what waited for it."""
    now = timezone.now()
    if state != "on_hold":  # a withdrawn one must not come back when its day comes
        proposal.holds.filter(ended=None).update(ended=now)
    proposal.state = state
    proposal.waiting_since, proposal.escalated = now, None
    proposal.ended = now if state in ENDED else None
    proposal.save()
    if state != "open":
        proposal.claims.filter(ended=None).update(ended=now)
    if state in ENDED:
        proposal.suggestions.filter(state="open").update(state="outdated", settled=now)
        for hold in Hold.objects.filter(awaited=proposal, ended=None).select_related("proposal"):
            return_held(hold, None)


def return_held(hold: Hold, actor: Contributor | None) -> None:
    """End a hold: the proposal goes back to where it was, and is published if all that it needs is there. `actor` is None
    when it returns by itself."""
    hold.ended = timezone.now()
    hold.save()
    enter(hold.proposal, hold.held_from)
    announce("proposal.resumed", actor, hold.proposal)
    settle(hold.proposal, actor)


def settle(
    proposal: Proposal,
    actor: Contributor | None,
    *,
    review: Review | None = None,
    application: Application | None = None,
) -> Outcome:
    """Publish a proposal if it is open and enough approvals stand; find it conflicting if it can't be published then.

    `review` is the verdict that was just given, if one was: who gives it is done with the proposal, and has read its
    words. `application` is what prepare() returned in this transaction, if somebody asked already.
    """
    if review:
        proposal.claims.filter(ended=None, reviewer=review.reviewer_id).update(ended=timezone.now())
    try:
        application = application or prepare(proposal.present_version())
    except ChangesRefused as refusal:
        # Without a verdict nobody asked for publishing; the page says what stands in the way.
        if review and proposal.state == "open":
            return _conflict(proposal, actor, refusal, review)
        note_weight(proposal)
        return Outcome(review)
    if not (
        proposal.state == "open"
        and is_approved(proposal, application)
        and (review or words_were_read(proposal, application))
    ):
        note_weight(proposal, application)
        return Outcome(review)
    try:
        with (
            register_lock()
        ):  # a savepoint: a refusal takes back what publishing began, and leaves the review
            changeset = publish_proposal(proposal, proposal.present_version(), application)
    except ChangesRefused as refusal:
        return _conflict(proposal, actor, refusal, review)
    proposal.changeset = changeset.number
    announce("proposal.published", actor, proposal, changeset=changeset.number)
    enter(proposal, "published")  # after the announcement, since others may return and be published by it
    transaction.on_commit(lambda: weigh_concerned(changeset.number))
    return Outcome(review, "published", changeset.number)


def is_approved(proposal: Proposal, application: Application) -> bool:
    """Tell whether every part of what would be published has the approvals that the policies ask for."""
    standing = standing_approvals(proposal, application.coverages)
    return standing.count >= application.weight.approvals_needed


def words_were_read(proposal: Proposal, application: Application) -> bool:
    """Tell whether somebody whose approval counts read title and reason as they stand. No approval covers them, so where
    none is being given, this keeps what nobody has read out of the ledger."""
    present = proposal.present_version()
    standing = standing_approvals(proposal, application.coverages)
    seen = {_version_read(review) for reviews in standing.parts.values() for review in reviews}
    alike = Version.objects.filter(title=present.title, rationale=present.rationale)
    return any(alike.filter(proposal=number, number=version).exists() for number, version in seen)


def _version_read(review: Review) -> tuple[int, int]:
    """Return the proposal and version that a reviewer looked at, also where the approval came along in a division."""
    while review.carried_from:
        review = review.carried_from
    return review.proposal_id, review.version


def standing_request(proposal: Proposal) -> Review | None:
    """Return the request for changes that a proposal waits for its author with; None in any other state."""
    if proposal.state != "changes_requested":
        return None
    return proposal.reviews.filter(verdict="request_changes", dismissed=None).order_by("-pk").first()


def note_conflicts(proposal: Proposal, problems: Iterable[Problem]) -> None:
    """Write down on a proposal, which isn't saved, why it can't be published."""
    proposal.conflicts = [
        {"sort": problem.sort, "change": problem.change, "field": problem.field, "message": problem.message}
        for problem in problems
    ]


def _conflict(
    proposal: Proposal, actor: Contributor | None, refusal: ChangesRefused, review: Review | None
) -> Outcome:
    note_conflicts(proposal, refusal.problems)
    enter(proposal, "conflicting")
    announce("proposal.conflicting", actor, proposal)
    note_weight(proposal)
    return Outcome(review, "conflicting", conflicts=tuple(refusal.problems))


def note_weight(proposal: Proposal, application: Application | None = None) -> None:
    """Write down what a proposal needs as things stand, for lists; whoever decides weighs again."""
    if proposal.state in ENDED or proposal.state == "draft":
        return
    head = head_changeset()
    proposal.weighed_in, proposal.weighed_on = head.number if head else 0, timezone.now().date()
    approvers: list[Any] = []
    try:
        application = application or prepare(proposal.present_version())
    except ChangesRefused as refusal:
        proposal.effects, proposal.obstacles = [], [problem.message for problem in refusal.problems]
        proposal.approvals_standing = 0
    else:
        standing = standing_approvals(proposal, application.coverages)
        proposal.effects = sorted(application.weight.effects)
        proposal.approvals_needed = application.weight.approvals_needed
        proposal.approvals_standing = standing.count
        proposal.obstacles = [problem.message for problem in application.weight.problems]
        approvers = [review.reviewer_id for review in standing.whole]
    proposal.save(update_fields=_WEIGHED)
    proposal.approvers.set(approvers)


def weigh_stale(*, most: int = 200) -> int:
    """Write down anew what pending proposals need, where register, day or those who approved have moved since; return how many.

    Those whose records changed come first by themselves: whoever publishes asks for them (weigh_concerned).
    """
    head = head_changeset()
    is_fresh = Q(weighed_in=head.number if head else 0, weighed_on=timezone.now().date())
    left = Proposal.approvers.through.objects.exclude(contributor__user__in=members_of(REVIEWERS))
    stale = Proposal.objects.pending().filter(~is_fresh | Q(pk__in=left.values("proposal")))
    return _weigh_again(stale.order_by("weighed_in", "number").values_list("pk", flat=True)[:most])


def weigh_concerned(changeset: int) -> int:
    """Write down anew what pending proposals need that are about a record of a changeset; return how many."""
    records = Revision.objects.filter(changeset=changeset).values_list("record", flat=True)
    concerned = Proposal.objects.pending().filter(
        versions__number=F("version"), versions__changes__concerns__record__in=list(records)
    )
    return _weigh_again(concerned.distinct().values_list("pk", flat=True))


def _weigh_again(numbers: Iterable[int]) -> int:
    count = 0
    for number in list(numbers):
        with register_lock():
            proposal = Proposal.objects.pending().select_for_update().filter(pk=number).first()
            if proposal:
                note_weight(proposal)
                count += 1
    return count
