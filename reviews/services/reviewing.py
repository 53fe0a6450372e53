"""Reviewing: one reviewer's verdict on one version; the approval that fulfils the policy publishes.

lock register, lock proposal → may they? is it the present version? → record the review
→ approve: enough that count? → publish, or find a conflict;  request changes, reject: move
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from chokepoints.exceptions import FIELD, Problem
from chokepoints.models import Contributor
from chokepoints.services.contributing import contributor_for
from chokepoints.services.locking import register_lock

from ..exceptions import InvalidProposal, NotAllowed, ReviewError, WrongState
from ..models import Proposal, Review
from ..workflow import MOVES, REJECTION_REASONS, VERDICTS, target_of
from .admitting import check_may, check_version, locked_proposal
from .applying import cover, merge_changes
from .limiting import limit_of
from .roles import is_reviewer
from .settling import Outcome, announce, enter, settle, standing_request
from .splitting import split_off, waits_for
from .writing import HEAD, clean_words

MOST_AT_ONCE = 100

_VERBS = {
    "approve": "proposal.approved",
    "request_changes": "proposal.changes_requested",
    "reject": "proposal.rejected",
}


@dataclass(frozen=True)
class Judgement:
    """A verdict as somebody gives it: in their words, for a rejection with a reason from the list, for a request with the
    records whose changes it is about (none: all)."""

    verdict: str
    comment: str = ""
    reason: str = ""
    about: tuple[str, ...] = ()

    def cleaned(self) -> "Judgement":
        """Return it with clean words. Raises InvalidProposal."""
        if self.verdict not in VERDICTS:
            raise _wrong("verdict", f"A verdict is one of: {', '.join(VERDICTS)}.")
        problems: list[Problem] = []
        if self.verdict == "reject" and self.reason not in REJECTION_REASONS:
            problems += _wrong("reason", "Choose a reason from the list.").problems
        needed = "" if self.verdict == "approve" else "Say why: the author needs your reason."
        try:
            comment = clean_words(self.comment, "comment", required=needed)
        except InvalidProposal as refusal:
            problems += refusal.problems
        if problems:
            raise InvalidProposal(problems)
        reason = self.reason if self.verdict == "reject" else ""
        about = tuple(sorted(set(self.about))) if self.verdict == "request_changes" else ()
        return Judgement(self.verdict, comment, reason, about)


def review_proposal(
    *,
    actor: Any,
    number: int,
    version: int,
    verdict: str,
    comment: str = "",
    reason: str = "",
    about: Sequence[str] = (),
) -> Outcome:
    """Give a verdict ("approve", "request_changes" or "reject") on the version that the reviewer looked at.

    All but approval need words; a rejection also needs a reason from workflow.REJECTION_REASONS. `about` are the ids of
    the records whose changes a request is about. Raises NotAllowed, NotFound, StaleVersion, WrongState, InvalidProposal.
    """
    judgement = Judgement(verdict, comment, reason, tuple(about)).cleaned()
    with register_lock():
        proposal, reviewer = locked_proposal(number, actor), contributor_for(actor)
        check_may(verdict, proposal, actor, reviewer)
        check_version(proposal, version)
        return _give(proposal, reviewer, judgement)


def review_apart(
    *,
    actor: Any,
    number: int,
    version: int,
    approve: Sequence[str],
    verdict: str,
    comment: str,
    reason: str = "",
) -> Outcome:
    """Approve the changes of some records and give another verdict on the rest, in one act: "evidence yes, judgement no".

    The approved changes are split off into a proposal of their own, `part` of the outcome, which may be published by it.
    Raises what review_proposal raises, and InvalidProposal if an approved change can't stand without one that isn't.
    """
    judgement = Judgement(verdict, comment, reason).cleaned()
    if verdict == "approve":
        raise _wrong("verdict", "Approve some changes, and request changes to the others or reject them.")
    with register_lock():
        proposal, reviewer = locked_proposal(number, actor), contributor_for(actor)
        for move in ("approve", verdict, "split"):
            check_may(move, proposal, actor, reviewer)
        check_version(proposal, version)
        part = split_off(proposal, reviewer, approve)
        published = _give(part, reviewer, Judgement("approve"))  # the words are about the rest
        rest = _give(proposal, reviewer, judgement)
    return Outcome(rest.review, published.outcome, published.changeset, published.conflicts, part)


def _give(proposal: Proposal, reviewer: Contributor, judgement: Judgement) -> Outcome:
    """Record a clean judgement on a locked proposal, and do what follows from it."""
    _check_about(proposal, judgement.about)
    review = Review(
        proposal=proposal,
        version=proposal.version,
        reviewer=reviewer,
        verdict=judgement.verdict,
        comment=judgement.comment,
        reason=judgement.reason,
        about=list(judgement.about),
        state_before=proposal.state,
    )
    if judgement.verdict == "approve":
        return _approve(proposal, review)
    review.save()
    enter(proposal, target_of(judgement.verdict, proposal.state))
    announce(_VERBS[judgement.verdict], reviewer, proposal, review=review.pk)
    return settle(proposal, reviewer, review=review)


def _approve(proposal: Proposal, review: Review) -> Outcome:
    if waiting := waits_for(proposal):
        raise WrongState(
            f"It refers to what proposal {waiting[0].number} creates. That one must be published first."
        )
    # Also an approval that meets a conflict covers what isn't in conflict.
    review.covers = cover(merge_changes(list(proposal.present_version().changes.all())))
    review.save()
    announce("proposal.approved", review.reviewer, proposal, review=review.pk)
    return settle(proposal, review.reviewer, review=review)


def undo_review(*, actor: Any, number: int) -> Proposal:
    """Take back one's own last verdict while nobody can have built on it: within the limit "undo", before it published.

    Raises NotAllowed, NotFound and WrongState.
    """
    with register_lock():
        proposal, reviewer = locked_proposal(number, actor), contributor_for(actor)
        check_may("undo", proposal, actor, reviewer)
        review = undoable_review(proposal, reviewer)
        if review is None:
            raise WrongState("This verdict can't be undone any more. Give another one instead.")
        review.delete()
        if proposal.state != review.state_before:
            _bring_back(proposal, review.state_before)
        else:
            _claim_again(proposal, review)
        announce("proposal.verdict_undone", reviewer, proposal, verdict=review.verdict)
        settle(proposal, reviewer)
    return proposal


def _bring_back(proposal: Proposal, state: str) -> None:
    """Put a proposal back to where it was before a verdict: what that set aside stands again, and its wait isn't cut short."""
    then, now = proposal.waiting_since, timezone.now()
    enter(proposal, state)
    proposal.suggestions.filter(state="outdated", settled=then).update(state="open", settled=None)
    proposal.claims.filter(ended=then, lapses__gt=now).update(ended=None)
    proposal.waiting_since = _last_moved(proposal)
    proposal.save(update_fields=["waiting_since"])


def _claim_again(proposal: Proposal, review: Review) -> None:
    """Let a reviewer's claim that their approval ended stand again, unless anybody has taken it up since."""
    if proposal.claims.filter(taken__gte=review.given).exists():
        return
    ended = proposal.claims.filter(
        reviewer=review.reviewer_id, ended__gte=review.given, lapses__gt=timezone.now()
    )
    ended.update(ended=None)  # one at most: it stood when the approval came


def _last_moved(proposal: Proposal) -> dt.datetime:
    """Return when a proposal came into its state, by what is there to tell; an approval moves it only into a conflict."""
    verdicts = proposal.reviews.all()
    if proposal.state != "conflicting":
        verdicts = verdicts.exclude(verdict="approve")
    moments = [
        proposal.opened,
        proposal.present_version().made,
        *proposal.holds.exclude(ended=None).values_list("ended", flat=True),
        *verdicts.values_list("given", flat=True),
        *verdicts.exclude(dismissed=None).values_list("dismissed", flat=True),
    ]
    return max(moment for moment in moments if moment)


def undoable_review(proposal: Proposal, reviewer: Contributor | None) -> Review | None:
    """Return the verdict that a reviewer could undo now, if there is one."""
    last = proposal.reviews.order_by("-pk").first()
    if (
        last is None
        or reviewer is None
        or last.reviewer_id != reviewer.pk
        or last.version != proposal.version
    ):
        return None
    led_to = last.state_before if last.verdict == "approve" else MOVES[last.verdict].target
    if proposal.state != led_to or last.carried_from_id or last.dismissed:
        return None
    is_young = timezone.now() - last.given <= dt.timedelta(seconds=limit_of("undo"))
    # What was split off stays split off, so a verdict given together with that stays as well.
    version = proposal.present_version()
    apart = version.how == "split" and version.editor_id == reviewer.pk
    in_advance = last.verdict == "approve" and proposal.suggestions.filter(approval=last).exists()
    return last if is_young and not apart and not in_advance else None


def dismiss_request(*, actor: Any, number: int, reason: str) -> Outcome:
    """Set an absent reviewer's request for changes aside, with a reason; the proposal is open again.

    Absent is who is no reviewer any more, or asked longer ago than the limit "absence"; one's own request may be taken
    back at any time. Raises NotAllowed, NotFound, WrongState and InvalidProposal.
    """
    words = clean_words(reason, "reason", required="Say why the request is dismissed.")
    with register_lock():
        proposal, reviewer = locked_proposal(number, actor), contributor_for(actor)
        check_may("dismiss", proposal, actor, reviewer)
        review = standing_request(proposal)
        if review is None:
            raise WrongState("There is no request for changes to dismiss.")
        if review.reviewer_id != reviewer.pk and not is_absent(review):
            raise NotAllowed(
                f"{review.reviewer} may still answer: a request can be dismissed by others after "
                f"{limit_of('absence')} days, or when its reviewer has left."
            )
        review.dismissed, review.dismissed_by, review.dismissal = timezone.now(), reviewer, words
        review.save()
        enter(proposal, target_of("dismiss", proposal.state))
        announce("proposal.request_dismissed", reviewer, proposal, review=review.pk)
        return settle(proposal, reviewer)


def is_absent(review: Review) -> bool:
    """Tell whether the reviewer of a request has left, or has been asked for nothing else than patience too long."""
    old = timezone.now() - review.given > dt.timedelta(days=limit_of("absence"))
    return old or not is_reviewer(review.reviewer.user)


@dataclass(frozen=True)
class BatchResult:
    """What became of one proposal of a batch: the outcome, or why nothing was done."""

    number: int
    outcome: Outcome | None = None
    refusal: ReviewError | None = None


def review_batch(
    *,
    actor: Any,
    proposals: Iterable[tuple[int, int]],
    verdict: str,
    comment: str = "",
    reason: str = "",
) -> list[BatchResult]:
    """Give the same verdict on several proposals, (number, version seen) each, under every rule that a single one is.

    Each is decided by itself: one that is refused stops no other. Raises InvalidProposal if the verdict itself can't be
    given, or for more than MOST_AT_ONCE.
    """
    wanted = list(dict.fromkeys(proposals))
    Judgement(verdict, comment, reason).cleaned()
    if not wanted or len(wanted) > MOST_AT_ONCE:
        raise _wrong("proposals", f"Choose between one and {MOST_AT_ONCE} proposals.")
    results = []
    for number, version in wanted:
        try:
            outcome = review_proposal(
                actor=actor, number=number, version=version, verdict=verdict, comment=comment, reason=reason
            )
            results.append(BatchResult(number, outcome))
        except ReviewError as refusal:
            results.append(BatchResult(number, refusal=refusal))
    return results


def _check_about(proposal: Proposal, about: Iterable[str]) -> None:
    records = {str(record) for record in proposal.present_version().changes.values_list("record", flat=True)}
    if not set(about) <= records:
        raise _wrong("about", "A request is about changes of this proposal.")


def _wrong(field: str, message: str) -> InvalidProposal:
    return InvalidProposal([Problem(FIELD, HEAD, field, message)])
