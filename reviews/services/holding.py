"""Holding: setting a proposal aside until a day or an event. It returns by itself."""

import datetime as dt
from typing import Any

from django.utils import timezone

from chokepoints.exceptions import FIELD, Problem
from chokepoints.services.contributing import contributor_for
from chokepoints.services.locking import register_lock

from ..exceptions import InvalidProposal
from ..models import Hold, Proposal
from ..workflow import PENDING
from .admitting import check_may, locked_proposal
from .settling import announce, enter, note_weight, return_held
from .writing import HEAD, clean_words

LONGEST = dt.timedelta(days=366 * 2)


def hold_proposal(
    *, actor: Any, number: int, reason: str, until: dt.date | None = None, awaited: int | None = None
) -> Hold:
    """Set a proposal aside until a day begins (UTC) or another proposal has ended, whichever comes first.

    Raises NotAllowed, NotFound, WrongState and InvalidProposal.
    """
    words = clean_words(reason, "reason", required="Say what it waits for.", limit=2_000)
    with register_lock():
        proposal, contributor = locked_proposal(number, actor), contributor_for(actor)
        check_may("hold", proposal, actor, contributor)
        _check_until(until, awaited)
        hold = Hold.objects.create(
            proposal=proposal,
            reason=words,
            until=until,
            awaited=_awaited(proposal, awaited) if awaited is not None else None,
            held_from=proposal.state,
            placed_by=contributor,
        )
        enter(proposal, "on_hold")
        announce("proposal.held", contributor, proposal, hold=hold.pk)
        note_weight(proposal)
    return hold


def resume_proposal(*, actor: Any, number: int) -> Proposal:
    """Take a proposal up again before its time. Raises NotAllowed, NotFound and WrongState."""
    with register_lock():
        proposal, contributor = locked_proposal(number, actor), contributor_for(actor)
        check_may("resume", proposal, actor, contributor)
        hold = proposal.holds.get(ended=None)
        hold.proposal = proposal
        return_held(hold, contributor)
    return proposal


def return_from_hold(*, today: dt.date | None = None) -> int:
    """Bring back every proposal whose day has come, and return how many. May run twice: the second finds nothing."""
    today = today or timezone.now().date()
    returned = 0
    for pk in list(Hold.objects.filter(ended=None, until__lte=today).values_list("pk", flat=True)):
        with register_lock():
            hold = Hold.objects.filter(pk=pk, ended=None).first()
            if hold:
                hold.proposal = Proposal.objects.select_for_update().get(pk=hold.proposal_id)
                return_held(hold, None)
                returned += 1
    return returned


def _check_until(until: dt.date | None, awaited: int | None) -> None:
    today = timezone.now().date()
    if until is None and awaited is None:
        raise _wrong("until", "Say until which day, or which proposal it waits for.")
    if until is not None and not today < until <= today + LONGEST:
        raise _wrong("until", f"The day is after today and not after {today + LONGEST}.")


def _awaited(proposal: Proposal, number: int) -> Proposal:
    """Return the pending proposal that is waited for; waiting must not go round in a circle."""
    if number == proposal.pk:
        raise _wrong("awaited", "A proposal can't wait for itself.")
    other = Proposal.objects.filter(pk=number, state__in=PENDING).first()
    if other is None:
        raise _wrong("awaited", f"There is no pending proposal {number} to wait for.")
    step: Proposal | None = other
    while step is not None:
        if step.pk == proposal.pk:
            raise _wrong("awaited", f"Proposal {number} waits for this one already.")
        hold = step.holds.filter(ended=None).select_related("awaited").first()
        step = hold.awaited if hold else None
    return other


def _wrong(field: str, message: str) -> InvalidProposal:
    return InvalidProposal([Problem(FIELD, HEAD, field, message)])
