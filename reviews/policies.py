"""Policies: what a change needs by its effect, and why somebody may not act (pure)."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from chokepoints.corroboration import count_origins
from chokepoints.status import Judgement, current, status_on, turning_days
from chokepoints.vocabularies import SUPPORTING_STANCES

from .kinds import CONTENT, EXISTENCE, STATUS
from .workflow import MEMBER, MOVES, PARTICIPANT, REVIEWER, target_of


@dataclass(frozen=True)
class Requirement:
    """What one effect needs."""

    approvals: int
    evidence: int


# In force until a policy record says otherwise.
DEFAULTS = {STATUS: Requirement(2, 1), EXISTENCE: Requirement(2, 0), CONTENT: Requirement(1, 0)}


@dataclass(frozen=True)
class Turn:
    """A chokepoint's status on one day, before and after some changes."""

    chokepoint: str
    day: dt.date
    before: str
    after: str
    rests_on: tuple[str, ...]  # the evidence of the assessment that is current afterwards


def turns(
    chokepoint: str, before: Iterable[Judgement], after: Iterable[Judgement], today: dt.date
) -> list[Turn]:
    """Return the chokepoint's status, before and after, on each day on which it may turn from today on."""
    before, after = list(before), list(after)
    result = []
    for day in sorted({*turning_days(before, today), *turning_days(after, today)}):
        judgement = current(after, day)
        evidence = judgement.evidence if judgement else ()
        result.append(Turn(chokepoint, day, status_on(before, day), status_on(after, day), evidence))
    return result


def stances_carry(status: str, pieces: Mapping[str, tuple[str, frozenset[str]]], needed: int) -> bool:
    """Tell whether pieces of evidence carry a status: evidence id → (stance, origins).

    `needed` are needed on each side that the status takes. One piece is a piece; from two on it is origins that count, so
    that no origin is counted twice. "unassessed" is carried by any evidence: somebody had a reason to take a judgement away.
    """
    for side in SUPPORTING_STANCES.get(status, SUPPORTING_STANCES["undetermined"]):
        matching = [origins for stance, origins in pieces.values() if stance in side]
        if (len(matching) if needed <= 1 else count_origins(matching)) < needed:
            return False
    return True


def why_not(
    move: str, *, state: str, is_author: bool, is_editor: bool, is_reviewer: bool
) -> tuple[str, str] | None:
    """Return (what is wrong, why somebody may not make a move), or None if they may.

    What is wrong is "person" or "state".
    """
    person = _why_not_by(MOVES[move].role, is_author, is_editor, is_reviewer)
    if person:
        return "person", person
    try:
        target_of(move, state)
    except ValueError as error:
        return "state", str(error)
    return None


_NO_REVIEWER = "Only members of the group Reviewers give verdicts. An admin can add you."
_NO_EDITOR = "Only members of the group Editors propose changes. An admin can add you."
_OWN = "Nobody reviews what they wrote any part of, and you are an author of this proposal."
_NO_AUTHOR = "Only the authors of a proposal can do this."


def _why_not_by(role: str, is_author: bool, is_editor: bool, is_reviewer: bool) -> str:
    """Return why somebody isn't in a role, or "" if they are."""
    if role == MEMBER:
        return "" if is_editor or is_reviewer else "Only editors and reviewers do this. An admin can add you."
    if role == REVIEWER or (role == PARTICIPANT and not is_author):
        if not is_reviewer:
            return _NO_REVIEWER if role == REVIEWER else "Only its authors and its reviewers can do this."
        return _OWN if is_author else ""
    if not is_author:
        return _NO_AUTHOR
    return "" if is_editor else _NO_EDITOR
