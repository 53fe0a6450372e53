"""The states of a proposal, its moves, and who may make each, as one table (pure)."""

from dataclasses import dataclass

STATES = {
    "draft": "draft",
    "open": "open",
    "changes_requested": "changes requested",
    "conflicting": "conflicting",
    "on_hold": "on hold",
    "rejected": "rejected",
    "withdrawn": "withdrawn",
    "published": "published",
}
ENDED = ("rejected", "withdrawn", "published")
PENDING = ("open", "changes_requested", "conflicting", "on_hold")
VERDICTS = {"approve": "approved", "request_changes": "requested changes", "reject": "rejected"}

# Why a proposal was rejected: short enough to choose from, distinct enough to count by. Words of the reviewer's own follow.
REJECTION_REASONS = {
    "not-carried": "the evidence doesn't carry it",
    "unreliable": "the source isn't reliable enough for it",
    "no-new-origin": "it repeats an origin that is counted already",
    "known": "the register says so already",
    "wrong-record": "it is about another record",
    "out-of-scope": "it isn't about a chokepoint as the register means it",
    "incomplete": "too much is missing to judge it",
    "other": "another reason",
}

# How a version came to be.
WAYS = {
    "written": "written",
    "suggested": "a suggestion was taken",
    "split": "changes were split off",
    "resolved": "a conflict was resolved",
}

SUGGESTION_STATES = {
    "open": "waits for the author",
    "taken": "taken",
    "declined": "declined",
    "outdated": "outdated by a later version",
}

AUTHOR, REVIEWER, PARTICIPANT, MEMBER, REGISTER = "author", "reviewer", "participant", "member", "register"


@dataclass(frozen=True)
class Move:
    """A step from some states to another, by whoever has the role.

    `target` is None where the proposal stays in its state or goes back to an earlier one. A participant is an author or
    somebody who may review the proposal; a member is any editor or reviewer; the register itself publishes and conflicts.
    """

    sources: tuple[str, ...]
    target: str | None
    role: str


MOVES = {
    "edit": Move(("draft",), "draft", AUTHOR),
    "submit": Move(("draft",), "open", AUTHOR),
    "revise": Move(("open", "changes_requested", "conflicting"), "open", AUTHOR),
    "resolve": Move(("open", "changes_requested", "conflicting"), "open", AUTHOR),
    "withdraw": Move(("draft", *PENDING), "withdrawn", AUTHOR),
    "add_author": Move(("draft", *PENDING), None, AUTHOR),
    "take": Move(("open", "changes_requested", "conflicting"), None, AUTHOR),
    "decline": Move(PENDING, None, AUTHOR),
    "approve": Move(("open",), "open", REVIEWER),
    "request_changes": Move(("open",), "changes_requested", REVIEWER),
    "reject": Move(("open", "changes_requested", "conflicting"), "rejected", REVIEWER),
    "undo": Move(("open", "changes_requested", "rejected"), None, REVIEWER),
    "dismiss": Move(("changes_requested",), "open", REVIEWER),
    "suggest": Move(("open", "changes_requested", "conflicting"), None, REVIEWER),
    "claim": Move(("open",), None, REVIEWER),
    "release": Move(("open",), None, REVIEWER),
    "hand_over": Move(("open",), None, REVIEWER),
    "split": Move(("open", "changes_requested", "conflicting"), None, PARTICIPANT),
    "hold": Move(("open", "changes_requested", "conflicting"), "on_hold", PARTICIPANT),
    "resume": Move(("on_hold",), None, PARTICIPANT),
    "nudge": Move(("open", "changes_requested", "conflicting"), None, PARTICIPANT),
    "comment": Move((*PENDING, *ENDED), None, MEMBER),
    "publish": Move(("open",), "published", REGISTER),
    "conflict": Move(("open",), "conflicting", REGISTER),
    "return": Move(("on_hold",), None, REGISTER),
}


def target_of(move: str, state: str) -> str:
    """Return the state that a move leads to; `state` itself where the table names no other.

    Raises ValueError, in words for people, if the move can't start there.
    """
    if state not in MOVES[move].sources:
        raise ValueError(f"This can't be done while the proposal is {STATES[state]}.")
    return MOVES[move].target or state


def moves_from(state: str) -> tuple[str, ...]:
    """Return the moves that can start at a state."""
    return tuple(name for name, move in MOVES.items() if state in move.sources)
