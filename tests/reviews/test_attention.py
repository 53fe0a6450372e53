"""Whose turn it is, as a table and by property."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviews.attention import (
    CHANGES_REQUESTED,
    CONFLICTING,
    HANDED_OVER,
    KNOWS_SECTOR,
    MAY_REVIEW,
    OBSTRUCTED,
    ON_IT,
    TOO_FEW,
    TOO_OLD,
    Facts,
    whose_turn,
)
from reviews.workflow import ENDED, STATES

THREE = {"rita": True, "ravi": False, "rosa": False}


def turns(**facts):
    default = {"state": "open", "authors": ["emma"], "reviewers": THREE}
    return [(turn.person, turn.why, turn.rank) for turn in whose_turn(Facts(**default | facts))]


TABLE = {
    "those who know the sector are asked before others": (
        {},
        [("rita", KNOWS_SECTOR, 2), ("ravi", MAY_REVIEW, 3), ("rosa", MAY_REVIEW, 3)],
    ),
    "who is on it is asked first": (
        {"claimed_by": "rosa"},
        [("rosa", ON_IT, 1), ("rita", KNOWS_SECTOR, 2), ("ravi", MAY_REVIEW, 3)],
    ),
    "who was handed it is asked first": (
        {"claimed_by": "rita", "handed_over": True},
        [("rita", HANDED_OVER, 1), ("ravi", MAY_REVIEW, 3), ("rosa", MAY_REVIEW, 3)],
    ),
    "who approved has done their part": (
        {"approvers": ["rita"]},
        [("ravi", MAY_REVIEW, 3), ("rosa", MAY_REVIEW, 3)],
    ),
    "a claim of somebody who approved meanwhile counts no more": (
        {"approvers": ["rita"], "claimed_by": "rita"},
        [("ravi", MAY_REVIEW, 3), ("rosa", MAY_REVIEW, 3)],
    ),
    "a reviewer who wrote a part of it isn't asked": (
        {"authors": ["emma", "rita"], "approvals_missing": 2},
        [("ravi", MAY_REVIEW, 3), ("rosa", MAY_REVIEW, 3)],
    ),
    "admins are asked where the reviewers are too few": (
        {"authors": ["rita"], "approvals_missing": 3},
        [("ravi", MAY_REVIEW, 3), ("rosa", MAY_REVIEW, 3), (None, TOO_FEW, 4)],
    ),
    "admins are asked where there is no reviewer at all": ({"reviewers": {}}, [(None, TOO_FEW, 4)]),
    "authors act after changes were requested": (
        {"state": "changes_requested", "authors": ["emma", "erik"]},
        [("emma", CHANGES_REQUESTED, 1), ("erik", CHANGES_REQUESTED, 1)],
    ),
    "authors act after a conflict": ({"state": "conflicting"}, [("emma", CONFLICTING, 1)]),
    "authors act where it can't be published": ({"is_obstructed": True}, [("emma", OBSTRUCTED, 1)]),
    "admins are told of what waits too long for its author": (
        {"state": "changes_requested", "is_escalated": True},
        [("emma", CHANGES_REQUESTED, 1), (None, TOO_OLD, 4)],
    ),
    "admins are told of what waits too long for reviewers": (
        {"reviewers": {"ravi": False}, "is_escalated": True},
        [("ravi", MAY_REVIEW, 3), (None, TOO_OLD, 4)],
    ),
    "nobody acts on what is on hold": ({"state": "on_hold", "is_escalated": True}, []),
    "nobody acts on a draft but who writes it": ({"state": "draft"}, []),
}


@pytest.mark.parametrize(("facts", "expected"), TABLE.values(), ids=TABLE)
def test_turns(facts, expected):
    assert turns(**facts) == expected


# --- by property

people = st.sampled_from("abcdefgh")
some_facts = st.builds(
    Facts,
    state=st.sampled_from(sorted(STATES)),
    authors=st.lists(people, min_size=1, unique=True),
    reviewers=st.dictionaries(people, st.booleans()),
    approvers=st.lists(people, unique=True),
    claimed_by=st.none() | people,
    handed_over=st.booleans(),
    approvals_missing=st.integers(0, 9),
    is_obstructed=st.booleans(),
    is_escalated=st.booleans(),
)


@given(some_facts)
def test_nobody_acts_on_what_is_over_aside_or_not_yet_handed_in(facts):
    if facts.state in {*ENDED, "on_hold", "draft"}:
        assert whose_turn(facts) == []


@given(some_facts)
def test_somebody_acts_on_everything_else_that_lacks_an_approval(facts):
    if facts.state in {"open", "changes_requested", "conflicting"} and facts.approvals_missing:
        assert whose_turn(facts)


@given(some_facts)
def test_nobody_is_asked_to_review_what_they_wrote_or_approved(facts):
    asked = {
        turn.person
        for turn in whose_turn(facts)
        if turn.why in {ON_IT, HANDED_OVER, KNOWS_SECTOR, MAY_REVIEW}
    }
    assert not asked & {*facts.authors, *facts.approvers}
    assert asked <= set(facts.reviewers)


@given(some_facts)
def test_authors_and_reviewers_are_never_asked_at_the_same_time(facts):
    reasons = {turn.why for turn in whose_turn(facts)} - {TOO_OLD, TOO_FEW}
    assert not reasons & {CHANGES_REQUESTED, CONFLICTING, OBSTRUCTED} or len(reasons) == 1


@given(some_facts)
def test_nobody_is_asked_twice_and_people_come_in_the_order_of_their_ranks(facts):
    turns = [turn for turn in whose_turn(facts) if turn.person is not None]
    persons = [turn.person for turn in turns]
    assert len(persons) == len(set(persons))
    assert [turn.rank for turn in turns] == sorted(turn.rank for turn in turns)


@given(some_facts)
def test_admins_are_told_of_what_waits_too_long_while_it_waits(facts):
    told = [turn for turn in whose_turn(facts) if turn.why == TOO_OLD]
    waits = facts.state in {"open", "changes_requested", "conflicting"}
    assert len(told) == (facts.is_escalated and waits)
