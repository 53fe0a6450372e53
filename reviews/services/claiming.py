"""Claiming: who is on it, who should be, and who is told when nobody is."""

import datetime as dt
from typing import Any

from django.utils import timezone

from chokepoints.exceptions import RULE, Problem
from chokepoints.models import Activity, Contributor
from chokepoints.services.contributing import contributor_for
from chokepoints.services.locking import register_lock

from ..exceptions import InvalidProposal, NotAllowed, WrongState
from ..models import Claim, Proposal
from ..policies import why_not
from ..workflow import PENDING
from .admitting import check_may, locked_proposal
from .limiting import limit_of
from .roles import is_editor, is_reviewer, member_named
from .settling import announce
from .writing import HEAD


def claim_proposal(*, actor: Any, number: int) -> Claim:
    """Say "I am on it"; it lapses by itself after the limit "claim". Claiming again renews it.

    Raises NotAllowed, NotFound, and WrongState if somebody else is on it.
    """
    with register_lock():
        proposal, reviewer = locked_proposal(number, actor), contributor_for(actor)
        check_may("claim", proposal, actor, reviewer)
        standing = standing_claim(proposal)
        if standing and standing.reviewer_id != reviewer.pk:
            raise WrongState(f"{standing.reviewer} is on it until {standing.lapses:%Y-%m-%d %H:%M} UTC.")
        claim = _give(proposal, reviewer, None)
        announce("proposal.claimed", reviewer, proposal)
    return claim


def release_claim(*, actor: Any, number: int) -> Proposal:
    """Give a claim back. Raises NotAllowed, NotFound, and WrongState if it isn't one's own."""
    with register_lock():
        proposal, reviewer = locked_proposal(number, actor), contributor_for(actor)
        check_may("release", proposal, actor, reviewer)
        standing = standing_claim(proposal)
        if standing is None or standing.reviewer_id != reviewer.pk:
            raise WrongState("You haven't claimed it.")
        _end(proposal)
        announce("proposal.released", reviewer, proposal)
    return proposal


def hand_over(*, actor: Any, number: int, name: str) -> Claim:
    """Give the claim to another reviewer, by user name. Nobody takes over what they wrote.

    Raises NotAllowed, NotFound, WrongState and InvalidProposal.
    """
    with register_lock():
        proposal, reviewer = locked_proposal(number, actor), contributor_for(actor)
        check_may("hand_over", proposal, actor, reviewer)
        standing = standing_claim(proposal)
        if standing and standing.reviewer_id != reviewer.pk:
            raise WrongState(f"{standing.reviewer} is on it, so only they can hand it over.")
        other = member_named(name)
        heir = contributor_for(other) if other else None
        if heir is None or _why_not_theirs(proposal, other, heir):
            words = "There is no reviewer of this name who may judge this proposal."
            raise InvalidProposal([Problem(RULE, HEAD, "name", words)])
        if heir == reviewer:
            raise InvalidProposal([Problem(RULE, HEAD, "name", "That is you. Claim it instead.")])
        claim = _give(proposal, heir, reviewer)
        announce("proposal.handed_over", reviewer, proposal, to=str(heir.pk))
    return claim


def nudge_proposal(*, actor: Any, number: int) -> Proposal:
    """Remind those whose turn it is, at most once in the limit "nudge".

    Raises NotAllowed, NotFound and WrongState.
    """
    with register_lock():
        proposal, contributor = locked_proposal(number, actor), contributor_for(actor)
        check_may("nudge", proposal, actor, contributor)
        since = timezone.now() - dt.timedelta(hours=limit_of("nudge"))
        if last_nudge(proposal, since):
            raise WrongState(f"It was nudged less than {limit_of('nudge')} hours ago. Give them some time.")
        announce("proposal.nudged", contributor, proposal)
    return proposal


def last_nudge(proposal: Proposal, since: dt.datetime) -> Activity | None:
    """Return the last nudge of a proposal after a moment."""
    return Activity.objects.filter(
        subject=f"proposal:{proposal.number}", verb="proposal.nudged", time__gte=since
    ).first()


def escalate_old(*, now: dt.datetime | None = None) -> int:
    """Tell admins of what waits longer than the limit "escalation", once a wait; return how many those are now.

    May run twice: the second finds nothing.
    """
    now = now or timezone.now()
    too_old = Proposal.objects.filter(
        state__in=PENDING, escalated=None, waiting_since__lt=now - dt.timedelta(days=limit_of("escalation"))
    ).exclude(state="on_hold")
    escalated = 0
    for number in list(too_old.values_list("pk", flat=True)):
        with register_lock():
            proposal = too_old.select_for_update().filter(pk=number).first()
            if proposal:
                proposal.escalated = now
                proposal.save(update_fields=["escalated"])
                announce("proposal.escalated", None, proposal)
                escalated += 1
    return escalated


def standing_claim(proposal: Proposal) -> Claim | None:
    """Return the claim that stands now, if somebody is on it."""
    return proposal.claims.standing(timezone.now()).select_related("reviewer").first()


def check_reviewer(actor: Any) -> Contributor:
    """Return the contributor of a reviewer. Raises NotAllowed for anybody else."""
    if not is_reviewer(actor):
        raise NotAllowed("Only members of the group Reviewers do this.")
    return contributor_for(actor)


def _give(proposal: Proposal, reviewer: Contributor, given_by: Contributor | None) -> Claim:
    _end(proposal)
    lapses = timezone.now() + dt.timedelta(hours=limit_of("claim"))
    return Claim.objects.create(proposal=proposal, reviewer=reviewer, given_by=given_by, lapses=lapses)


def _end(proposal: Proposal) -> None:
    proposal.claims.filter(ended=None).update(ended=timezone.now())


def _why_not_theirs(proposal: Proposal, user: Any, contributor: Contributor) -> tuple[str, str] | None:
    return why_not(
        "claim",
        state=proposal.state,
        is_author=proposal.authors.filter(pk=contributor.pk).exists(),
        is_editor=is_editor(user),
        is_reviewer=is_reviewer(user),
    )
