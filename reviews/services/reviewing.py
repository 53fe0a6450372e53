"""Reviewing: one reviewer's verdict on one version; the approval that fulfils the policy publishes.

lock register, lock proposal → may they? is it the present version? → record the review
→ approve: enough that count? → publish, or find a conflict;  request changes, reject: move
"""

from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from chokepoints.exceptions import ChangesRefused, Problem
from chokepoints.fields import FieldError, check_text
from chokepoints.models import Contributor
from chokepoints.services.contributing import contributor_for
from chokepoints.services.locking import register_lock
from chokepoints.services.recording import record_activity

from ..exceptions import InvalidProposal
from ..models import Proposal, Review
from ..workflow import VERDICTS, target_of
from .admitting import check_may, check_version, locked_proposal
from .applying import Application, prepare, publish_proposal, standing_approvals
from .drafting import HEAD

_VERBS = {
    "approve": "proposal.approved",
    "request_changes": "proposal.changes_requested",
    "reject": "proposal.rejected",
}


@dataclass(frozen=True)
class Outcome:
    """What a review led to: None, "published" with the changeset's number, or "conflicting" with the conflicts."""

    review: Review
    outcome: str | None = None
    changeset: int | None = None
    conflicts: tuple[Problem, ...] = ()


def review_proposal(*, actor: Any, number: int, version: int, verdict: str, comment: str = "") -> Outcome:
    """Give a verdict ("approve", "request_changes" or "reject") on the version that the reviewer looked at.

    All but approval need words. Raises NotAllowed, NotFound, StaleVersion, WrongState and InvalidProposal.
    """
    comment = _clean_verdict(verdict, comment)
    with register_lock():
        proposal, reviewer = locked_proposal(number, actor), contributor_for(actor)
        check_may(verdict, proposal, actor, reviewer)
        check_version(proposal, version)
        review = Review(
            proposal=proposal, version=version, reviewer=reviewer, verdict=verdict, comment=comment
        )
        if verdict == "approve":
            return _approve(proposal, review)
        review.save()
        proposal.state = target_of(verdict, proposal.state)
        proposal.ended = timezone.now() if verdict == "reject" else None
        proposal.save()
        _announce(_VERBS[verdict], reviewer, proposal)
        return Outcome(review)


def _approve(proposal: Proposal, review: Review) -> Outcome:
    version = proposal.present_version()
    try:
        application = prepare(version)
    except ChangesRefused as refusal:
        review.save()
        return _conflict(proposal, review, refusal)
    review.covers = application.coverages
    review.save()
    _announce("proposal.approved", review.reviewer, proposal)
    if not _is_approved(proposal, application):
        return Outcome(review)
    try:
        with (
            register_lock()
        ):  # a savepoint: a refusal takes back what publishing began, and leaves the review
            changeset = publish_proposal(proposal, version, application)
    except ChangesRefused as refusal:
        return _conflict(proposal, review, refusal)
    proposal.state = target_of("publish", proposal.state)
    proposal.changeset = changeset.number
    proposal.ended = timezone.now()
    proposal.save()
    _announce("proposal.published", review.reviewer, proposal, changeset=changeset.number)
    return Outcome(review, "published", changeset.number)


def _is_approved(proposal: Proposal, application: Application) -> bool:
    return len(standing_approvals(proposal, application.coverages)) >= application.weight.approvals_needed


def _conflict(proposal: Proposal, review: Review, refusal: ChangesRefused) -> Outcome:
    proposal.state = target_of("conflict", proposal.state)
    proposal.conflicts = [
        {"sort": problem.sort, "change": problem.change, "field": problem.field, "message": problem.message}
        for problem in refusal.problems
    ]
    proposal.save()
    _announce("proposal.conflicting", review.reviewer, proposal)
    return Outcome(review, "conflicting", conflicts=tuple(refusal.problems))


def _announce(verb: str, actor: Contributor, proposal: Proposal, **details: Any) -> None:
    record_activity(
        verb, actor=actor, subject=f"proposal:{proposal.number}", version=proposal.version, **details
    )


def _clean_verdict(verdict: str, comment: str) -> str:
    if verdict not in VERDICTS:
        raise InvalidProposal(
            [Problem("field", HEAD, "verdict", f"A verdict is one of: {', '.join(VERDICTS)}.")]
        )
    try:
        comment = check_text(comment, lines=True, limit=20_000).replace("\r\n", "\n").strip()
    except FieldError as error:
        raise InvalidProposal([Problem("field", HEAD, "comment", str(error))]) from error
    if verdict != "approve" and not comment:
        raise InvalidProposal([Problem("field", HEAD, "comment", "Say why: the author needs your reason.")])
    return comment
