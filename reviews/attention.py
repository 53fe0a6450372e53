"""Whose turn it is: who is to act on a proposal, and why (pure)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# Why somebody is to act, in words that follow on "you" or a name.
CHANGES_REQUESTED = "changes were requested"
CONFLICTING = "it conflicts with what was published meanwhile"
OBSTRUCTED = "it can't be published as it stands"
ON_IT = "is on it"
HANDED_OVER = "it was handed over"
KNOWS_SECTOR = "knows the sector"
MAY_REVIEW = "may review it"
TOO_FEW = "the present reviewers can't give the approvals that it needs"
TOO_OLD = "it waits too long"


@dataclass(frozen=True)
class Facts:
    """What whose_turn() looks at. People are named by ids of any sort.

    `reviewers` maps those in office to whether they know the sector; `approvers` are those whose approval covers all of it.
    """

    state: str
    authors: Sequence[Any] = ()
    reviewers: Mapping[Any, bool] | None = None
    approvers: Sequence[Any] = ()
    claimed_by: Any = None
    handed_over: bool = False
    approvals_missing: int = 1
    is_obstructed: bool = False
    is_escalated: bool = False


@dataclass(frozen=True)
class Turn:
    """Somebody is to act. `rank` orders them: 1 is asked first. An admin's turn has no person."""

    person: Any
    why: str
    rank: int = 1


def whose_turn(facts: Facts) -> list[Turn]:
    """Return who is to act, those who are asked first at the beginning; nobody for a proposal that is aside or over."""
    turns: list[Turn] = []
    if facts.state in {"changes_requested", "conflicting"}:
        why = CHANGES_REQUESTED if facts.state == "changes_requested" else CONFLICTING
        turns = [Turn(author, why) for author in facts.authors]
    elif facts.state == "open" and facts.is_obstructed:
        turns = [Turn(author, OBSTRUCTED) for author in facts.authors]
    elif facts.state == "open":
        turns = _reviewers(facts)
    if facts.is_escalated and facts.state in {"open", "changes_requested", "conflicting"}:
        turns.append(Turn(None, TOO_OLD, 4))
    return turns


def _reviewers(facts: Facts) -> list[Turn]:
    free = {
        person: knows
        for person, knows in (facts.reviewers or {}).items()
        if person not in facts.authors and person not in facts.approvers
    }
    turns = []
    if facts.claimed_by in free:
        turns.append(Turn(facts.claimed_by, HANDED_OVER if facts.handed_over else ON_IT))
    turns += [
        Turn(person, KNOWS_SECTOR, 2)
        for person, knows in free.items()
        if knows and person != facts.claimed_by
    ]
    turns += [
        Turn(person, MAY_REVIEW, 3)
        for person, knows in free.items()
        if not knows and person != facts.claimed_by
    ]
    if len(free) < facts.approvals_missing:
        turns.append(Turn(None, TOO_FEW, 4))
    return turns
