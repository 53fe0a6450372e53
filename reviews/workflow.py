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
VERDICTS = {"approve": "approved", "request_changes": "requested changes", "reject": "rejected"}

AUTHOR, EDITOR, REVIEWER, REGISTER = "author", "editor", "reviewer", "register"


@dataclass(frozen=True)
class Move:
    """A step from some states to another, by whoever has the role."""

    sources: tuple[str, ...]
    target: str
    role: str


MOVES = {
    "edit": Move(("draft",), "draft", AUTHOR),
    "submit": Move(("draft",), "open", AUTHOR),
    "revise": Move(("open", "changes_requested", "conflicting"), "open", AUTHOR),
    "withdraw": Move(("draft", "open", "changes_requested", "conflicting"), "withdrawn", AUTHOR),
    "approve": Move(("open",), "open", REVIEWER),
    "request_changes": Move(("open",), "changes_requested", REVIEWER),
    "reject": Move(("open", "changes_requested", "conflicting"), "rejected", REVIEWER),
    "publish": Move(("open",), "published", REGISTER),
    "conflict": Move(("open",), "conflicting", REGISTER),
}


def target_of(move: str, state: str) -> str:
    """Return the state that a move leads to. Raises ValueError, in words for people, if it can't start at `state`."""
    if state not in MOVES[move].sources:
        raise ValueError(f"This can't be done while the proposal is {STATES[state]}.")
    return MOVES[move].target


def moves_from(state: str) -> tuple[str, ...]:
    """Return the moves that can start at a state."""
    return tuple(name for name, move in MOVES.items() if state in move.sources)
