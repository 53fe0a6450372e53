"""Every state, every move, every sort of person: allowed, or refused with its reason."""

import itertools

import pytest

from reviews.policies import why_not
from reviews.workflow import ENDED, MOVES, REGISTER, STATES, moves_from, target_of

ALLOWED = {
    ("edit", "draft"): "draft",
    ("submit", "draft"): "open",
    ("revise", "open"): "open",
    ("revise", "changes_requested"): "open",
    ("revise", "conflicting"): "open",
    ("withdraw", "draft"): "withdrawn",
    ("withdraw", "open"): "withdrawn",
    ("withdraw", "changes_requested"): "withdrawn",
    ("withdraw", "conflicting"): "withdrawn",
    ("approve", "open"): "open",
    ("request_changes", "open"): "changes_requested",
    ("reject", "open"): "rejected",
    ("reject", "changes_requested"): "rejected",
    ("reject", "conflicting"): "rejected",
    ("publish", "open"): "published",
    ("conflict", "open"): "conflicting",
}
BY_PEOPLE = [name for name, move in MOVES.items() if move.role != REGISTER]


@pytest.mark.parametrize(("move", "state"), list(itertools.product(MOVES, STATES)))
def test_a_move_leads_where_the_table_says_or_is_refused(move, state):
    if (move, state) in ALLOWED:
        assert target_of(move, state) == ALLOWED[move, state]
    else:
        with pytest.raises(ValueError, match=STATES[state]):
            target_of(move, state)


@pytest.mark.parametrize("state", ENDED)
def test_nothing_leads_out_of_an_end(state):
    assert moves_from(state) == ()


@pytest.mark.parametrize(
    ("move", "state", "author", "editor", "reviewer"),
    list(itertools.product(BY_PEOPLE, STATES, *[(False, True)] * 3)),
)
def test_who_may_do_what(move, state, author, editor, reviewer):
    refusal = why_not(move, state=state, is_author=author, is_editor=editor, is_reviewer=reviewer)
    judging = move in {"approve", "request_changes", "reject"}
    right_person = (reviewer and not author) if judging else (author and editor)
    if not right_person:
        assert refusal and refusal[0] == "person"
    elif (move, state) not in ALLOWED:
        assert refusal and refusal[0] == "state"
    else:
        assert refusal is None
