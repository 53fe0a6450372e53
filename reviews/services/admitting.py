"""Admitting: may this person do this with this proposal, as it is now? Asked inside the register lock."""

from typing import Any

from chokepoints.models import Contributor

from ..exceptions import NotAllowed, NotFound, StaleVersion, WrongState
from ..models import Proposal
from ..policies import why_not
from .roles import is_editor, is_reviewer


def locked_proposal(number: int, actor: Any) -> Proposal:
    """Return a proposal locked until the transaction ends; somebody else's draft is as if it weren't there."""
    try:
        proposal = Proposal.objects.select_for_update().get(pk=number)
    except (Proposal.DoesNotExist, OverflowError, ValueError) as error:
        raise NotFound(f"There is no proposal {str(number)[:20]}.") from error
    if proposal.state == "draft" and not proposal.authors.filter(user=actor).exists():
        raise NotFound(f"There is no proposal {number}.")
    return proposal


def check_version(proposal: Proposal, version: int) -> None:
    """Raise StaleVersion unless `version` is the present one."""
    if version != proposal.version:
        raise StaleVersion(
            f"You looked at version {version}, but version {proposal.version} is the present one. Look at it first."
        )


def check_may(move: str, proposal: Proposal, actor: Any, contributor: Contributor) -> None:
    """Raise NotAllowed or WrongState, with the reason, unless `actor` may make a move."""
    refusal = why_not(
        move,
        state=proposal.state,
        is_author=proposal.authors.filter(pk=contributor.pk).exists(),
        is_editor=is_editor(actor),
        is_reviewer=is_reviewer(actor),
    )
    if refusal:
        raise (NotAllowed if refusal[0] == "person" else WrongState)(refusal[1])
