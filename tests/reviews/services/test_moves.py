"""The table of states, acts and roles, asked of the services: each act is done, or refused with its reason."""

import itertools

import pytest
from django.db import transaction

from reviews.exceptions import NotAllowed, NotFound, WrongState
from reviews.services.claiming import claim_proposal, hand_over, nudge_proposal, release_claim
from reviews.services.discussing import comment_on_proposal
from reviews.services.drafting import add_author, revise_proposal, submit_proposal, withdraw_proposal
from reviews.services.holding import hold_proposal, resume_proposal
from reviews.services.resolving import Resolution, resolve_proposal
from reviews.services.reviewing import dismiss_request, review_proposal, undo_review
from reviews.services.splitting import split_proposal
from reviews.services.suggesting import decline_suggestion, suggest_value, take_suggestion
from tests.reviews.moves_table import (
    ACTS,
    ROLES,
    STATES,
    TABLE,
    Case,
    case_in,
    make_ready,
    refusal_of,
    tomorrow,
)

pytestmark = pytest.mark.django_db
ERRORS = {"hidden": NotFound, "person": NotAllowed, "state": WrongState}


def _review(verdict):
    def review(actor, case: Case):
        review_proposal(
            actor=actor,
            number=case.number,
            version=case.proposal.version,
            verdict=verdict,
            comment="Words.",
            reason="known",
        )

    return review


def _revise(actor, case: Case):
    kept = [one for one in case.changes if one.kind != "chokepoint"]
    revise_proposal(
        actor=actor,
        number=case.number,
        version=case.proposal.version,
        title="Revised",
        rationale="Why.",
        changes=kept,
    )


def _resolve(actor, case: Case):
    in_conflict = case.proposal.state == "conflicting"
    resolutions = {case.chokepoint: Resolution(2, {"summary": "proposed"})} if in_conflict else {}
    resolve_proposal(actor=actor, number=case.number, version=case.proposal.version, resolutions=resolutions)


def _take(actor, case: Case):
    version = case.proposal.version
    take_suggestion(actor=actor, number=case.number, suggestion=case.suggestion, version=version)


def _suggest(actor, case: Case):
    suggest_value(
        actor=actor,
        number=case.number,
        version=case.proposal.version,
        record=case.chokepoint,
        field="summary",
        value="Other words.",
    )


def _split(actor, case: Case):
    version = case.proposal.version
    split_proposal(actor=actor, number=case.number, version=version, records=[case.chokepoint])


DOING = {
    "revise": _revise,
    "submit": lambda actor, case: submit_proposal(
        actor=actor, number=case.number, version=case.proposal.version
    ),
    "resolve": _resolve,
    "withdraw": lambda actor, case: withdraw_proposal(actor=actor, number=case.number),
    "add_author": lambda actor, case: add_author(actor=actor, number=case.number, name="erik"),
    "take": _take,
    "decline": lambda actor, case: decline_suggestion(
        actor=actor, number=case.number, suggestion=case.suggestion
    ),
    "approve": _review("approve"),
    "request_changes": _review("request_changes"),
    "reject": _review("reject"),
    "undo": lambda actor, case: undo_review(actor=actor, number=case.number),
    "dismiss": lambda actor, case: dismiss_request(actor=actor, number=case.number, reason="Answered."),
    "suggest": _suggest,
    "claim": lambda actor, case: claim_proposal(actor=actor, number=case.number),
    "release": lambda actor, case: release_claim(actor=actor, number=case.number),
    "hand_over": lambda actor, case: hand_over(actor=actor, number=case.number, name="rosa"),
    "split": _split,
    "hold": lambda actor, case: hold_proposal(
        actor=actor, number=case.number, reason="Later.", until=tomorrow()
    ),
    "resume": lambda actor, case: resume_proposal(actor=actor, number=case.number),
    "nudge": lambda actor, case: nudge_proposal(actor=actor, number=case.number),
    "comment": lambda actor, case: comment_on_proposal(actor=actor, number=case.number, text="A remark."),
}


def test_the_table_knows_every_act_and_role():
    assert set(DOING) == set(ACTS)
    assert set(TABLE) == set(ROLES)
    assert set().union(*TABLE.values()) == set(ACTS)


@pytest.mark.parametrize("state", STATES)
def test_each_act_is_done_or_refused_with_its_reason(state, people, register):
    """One proposal is enough for all roles and acts, since each act is rolled back."""
    case = case_in(state, people, register)
    wrong = {}
    for role, act in itertools.product(ROLES, ACTS):
        with transaction.atomic():
            make_ready(act, case, people)
            outcome = attempt(act, getattr(people, ROLES[role]), case)
            transaction.set_rollback(True)
        expected = refusal_of(act, state, role)
        if expected is None and outcome is not None:
            wrong[role, act] = f"refused: {outcome!r}"
        elif expected is not None and (
            not isinstance(outcome, ERRORS[expected.kind]) or expected.words not in str(outcome)
        ):
            wrong[role, act] = f"expected {expected}, got {outcome!r}"
    assert not wrong


def attempt(act, actor, case):
    """Return the refusal that an act met, or None if it was done."""
    try:
        with transaction.atomic():
            DOING[act](actor, case)
    except (NotFound, NotAllowed, WrongState) as refusal:
        return refusal
    return None
