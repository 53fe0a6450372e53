"""Which moves somebody may make with a proposal: by the table, and as things stand."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.utils import timezone

from chokepoints.models import Contributor

from ..models import Proposal
from ..policies import why_not
from ..services.claiming import last_nudge, standing_claim
from ..services.limiting import limit_of
from ..services.resolving import conflicts_of
from ..services.reviewing import is_absent, standing_request, undoable_review
from ..services.roles import is_editor, is_reviewer
from ..services.splitting import waits_for
from ..workflow import MOVES, REGISTER
from .members import contributor_of


def facts_for_moves(user: Any, proposal: Proposal) -> dict[str, Any]:
    """Return what policies.why_not asks about somebody and a proposal."""
    return {
        "state": proposal.state,
        "is_author": proposal.authors.filter(user=user).exists(),
        "is_editor": is_editor(user),
        "is_reviewer": is_reviewer(user),
    }


def allowed_moves(facts: Mapping[str, Any]) -> dict[str, bool]:
    """Return for each move that people make whether role and state allow it."""
    return {name: why_not(name, **facts) is None for name, move in MOVES.items() if move.role != REGISTER}


def moves_now(user: Any, proposal: Proposal) -> list[str]:
    """Return the moves that somebody could make now: allowed, and with what they are about at hand."""
    if not user.is_authenticated:
        return []
    allowed = [name for name, may in allowed_moves(facts_for_moves(user, proposal)).items() if may]
    if "edit" in allowed:  # a draft's conflicts are resolved by editing it
        allowed.append("resolve")
    me = contributor_of(user)
    return [name for name in allowed if name not in _AT_HAND or _AT_HAND[name](proposal, me)]


def _is_mine(proposal: Proposal, me: Contributor | None) -> bool:
    claim = standing_claim(proposal)
    return bool(claim and me and claim.reviewer_id == me.pk)


def _is_free(proposal: Proposal, me: Contributor | None) -> bool:
    claim = standing_claim(proposal)
    return claim is None or bool(me and claim.reviewer_id == me.pk)


def _may_dismiss(proposal: Proposal, me: Contributor | None) -> bool:
    request = standing_request(proposal)
    return request is not None and (bool(me and request.reviewer_id == me.pk) or is_absent(request))


def _is_quiet(proposal: Proposal, me: Contributor | None) -> bool:
    return last_nudge(proposal, timezone.now() - dt.timedelta(hours=limit_of("nudge"))) is None


def _has_suggestions(proposal: Proposal, me: Contributor | None) -> bool:
    return proposal.suggestions.filter(state="open").exists()


def _has_several(proposal: Proposal, me: Contributor | None) -> bool:
    return proposal.present_version().changes.count() > 1


def _is_obstructed(proposal: Proposal, me: Contributor | None) -> bool:
    if proposal.state == "draft":  # drafts are not weighed
        return bool(conflicts_of(proposal.present_version()))
    return proposal.state == "conflicting" or bool(proposal.obstacles)


# What a move needs besides role and state.
_AT_HAND = {
    "approve": lambda proposal, me: not waits_for(proposal),
    "resolve": _is_obstructed,
    "undo": lambda proposal, me: undoable_review(proposal, me) is not None,
    "dismiss": _may_dismiss,
    "claim": _is_free,
    "release": _is_mine,
    "hand_over": _is_free,
    "nudge": _is_quiet,
    "take": _has_suggestions,
    "decline": _has_suggestions,
    "split": _has_several,
}
