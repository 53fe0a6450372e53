"""Every state, every move, every sort of person: allowed, or refused with its reason."""

import itertools

import pytest

from reviews.policies import why_not
from reviews.workflow import (
    ENDED,
    MOVES,
    PENDING,
    REJECTION_REASONS,
    STATES,
    SUGGESTION_STATES,
    VERDICTS,
    WAYS,
    moves_from,
    target_of,
)

# Where each move leads from each state in which it can start; every other pair is refused.
LEADS = {
    "edit": {"draft": "draft"},
    "submit": {"draft": "open"},
    "revise": {"open": "open", "changes_requested": "open", "conflicting": "open"},
    "resolve": {"open": "open", "changes_requested": "open", "conflicting": "open"},
    "withdraw": {
        "draft": "withdrawn",
        "open": "withdrawn",
        "changes_requested": "withdrawn",
        "conflicting": "withdrawn",
        "on_hold": "withdrawn",
    },
    "add_author": {
        "draft": "draft",
        "open": "open",
        "changes_requested": "changes_requested",
        "conflicting": "conflicting",
        "on_hold": "on_hold",
    },
    "take": {"open": "open", "changes_requested": "changes_requested", "conflicting": "conflicting"},
    "decline": {
        "open": "open",
        "changes_requested": "changes_requested",
        "conflicting": "conflicting",
        "on_hold": "on_hold",
    },
    "approve": {"open": "open"},
    "request_changes": {"open": "changes_requested"},
    "reject": {"open": "rejected", "changes_requested": "rejected", "conflicting": "rejected"},
    "undo": {"open": "open", "changes_requested": "changes_requested", "rejected": "rejected"},
    "dismiss": {"changes_requested": "open"},
    "suggest": {"open": "open", "changes_requested": "changes_requested", "conflicting": "conflicting"},
    "claim": {"open": "open"},
    "release": {"open": "open"},
    "hand_over": {"open": "open"},
    "split": {"open": "open", "changes_requested": "changes_requested", "conflicting": "conflicting"},
    "hold": {"open": "on_hold", "changes_requested": "on_hold", "conflicting": "on_hold"},
    "resume": {"on_hold": "on_hold"},
    "nudge": {"open": "open", "changes_requested": "changes_requested", "conflicting": "conflicting"},
    "comment": {
        "open": "open",
        "changes_requested": "changes_requested",
        "conflicting": "conflicting",
        "on_hold": "on_hold",
        "rejected": "rejected",
        "withdrawn": "withdrawn",
        "published": "published",
    },
    "publish": {"open": "published"},
    "conflict": {"open": "conflicting"},
    "return": {"on_hold": "on_hold"},
}

# Who makes each move: (author, editor, reviewer) → may they? Whoever isn't listed may not.
OWN = {(True, True, False), (True, True, True)}  # an author who is an editor still
OTHERS = {(False, False, True), (False, True, True)}  # a reviewer who wrote no part of it
MEMBERS = {
    (False, True, False),
    (False, False, True),
    (False, True, True),
    (True, True, False),
    (True, False, True),
    (True, True, True),
}
MAY = {
    "edit": OWN,
    "submit": OWN,
    "revise": OWN,
    "resolve": OWN,
    "withdraw": OWN,
    "add_author": OWN,
    "take": OWN,
    "decline": OWN,
    "approve": OTHERS,
    "request_changes": OTHERS,
    "reject": OTHERS,
    "undo": OTHERS,
    "dismiss": OTHERS,
    "suggest": OTHERS,
    "claim": OTHERS,
    "release": OTHERS,
    "hand_over": OTHERS,
    "split": OWN | OTHERS,
    "hold": OWN | OTHERS,
    "resume": OWN | OTHERS,
    "nudge": OWN | OTHERS,
    "comment": MEMBERS,
}
BY_NOBODY = {"publish", "conflict", "return"}


def test_the_tables_here_know_every_move():
    assert set(LEADS) == set(MOVES)
    assert set(MAY) | BY_NOBODY == set(MOVES)


@pytest.mark.parametrize(("move", "state"), list(itertools.product(LEADS, STATES)))
def test_a_move_leads_where_the_table_says_or_is_refused(move, state):
    if state in LEADS[move]:
        assert target_of(move, state) == LEADS[move][state]
    else:
        with pytest.raises(ValueError, match=STATES[state]):
            target_of(move, state)


def test_of_an_end_only_words_and_a_hasty_rejection_are_left():
    assert {state: set(moves_from(state)) for state in ENDED} == {
        "rejected": {"comment", "undo"},
        "withdrawn": {"comment"},
        "published": {"comment"},
    }


def test_a_state_is_a_draft_pending_or_an_end():
    assert {"draft", *PENDING, *ENDED} == set(STATES)
    assert len(STATES) == 1 + len(PENDING) + len(ENDED)


@pytest.mark.parametrize(
    ("move", "state", "author", "editor", "reviewer"),
    list(itertools.product(MAY, STATES, *[(False, True)] * 3)),
)
def test_who_may_do_what(move, state, author, editor, reviewer):
    refusal = why_not(move, state=state, is_author=author, is_editor=editor, is_reviewer=reviewer)
    if (author, editor, reviewer) not in MAY[move]:
        assert refusal and refusal[0] == "person"
    elif state not in LEADS[move]:
        assert refusal == ("state", f"This can't be done while the proposal is {STATES[state]}.")
    else:
        assert refusal is None


@pytest.mark.parametrize(
    ("move", "facts", "words"),
    [
        (
            "approve",
            {"is_author": False, "is_reviewer": False},
            "Only members of the group Reviewers give verdicts",
        ),
        ("approve", {"is_author": True, "is_reviewer": True}, "wrote any part of"),
        ("claim", {"is_author": True, "is_reviewer": True}, "wrote any part of"),
        ("hold", {"is_author": False, "is_reviewer": False}, "Only its authors and its reviewers"),
        ("take", {"is_author": False, "is_reviewer": True}, "Only the authors of a proposal"),
        ("withdraw", {"is_author": True, "is_reviewer": True}, "Only members of the group Editors"),
        ("comment", {"is_author": False, "is_reviewer": False}, "Only editors and reviewers"),
    ],
)
def test_a_person_is_told_why(move, facts, words):
    refusal = why_not(move, state="open", is_editor=False, **facts)
    assert refusal and words in refusal[1]


def test_the_words_of_closed_vocabularies_fit_their_columns():
    for words in (VERDICTS, REJECTION_REASONS, WAYS, SUGGESTION_STATES, STATES):
        assert all(len(key) <= 20 and text for key, text in words.items())
