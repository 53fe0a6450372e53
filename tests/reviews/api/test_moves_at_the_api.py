"""The table of states, acts and roles, asked of the API: `moves` offers what is allowed, and the rest is refused with why."""

import pytest
from django.db import transaction

from reviews.api.rendering import ADDRESSES
from reviews.api.views import base
from reviews.workflow import MOVES, REGISTER
from tests.reviews.moves_table import ACTS, ROLES, STATES, Case, case_in, make_ready, refusal_of, tomorrow

pytestmark = pytest.mark.django_db
STATUS = {"hidden": 404, "person": 403, "state": 409}
CODE = {"hidden": "not-found", "person": "not-allowed", "state": "wrong-state"}
ANSWERED = {
    **dict.fromkeys(
        ["resolve", "take", "approve", "request_changes", "reject", "suggest", "split", "comment"], 201
    ),
    **dict.fromkeys(["revise", "submit", "add_author", "decline", "undo", "dismiss"], 200),
    **dict.fromkeys(["claim", "release", "hand_over", "hold", "resume", "nudge"], 200),
}
# The API calls the editing of a draft by the name that the table of moves has for it.
NAMES = {("revise", "draft"): "edit"}
# The services answer for every state and role (services/test_moves.py). Here everybody is asked at an open proposal, and
# those for whom the other states could differ there.
EVERYBODY = [*ROLES, "signed out"]
ASKED = {"draft": ["author", "reviewer", "signed out"], "open": EVERYBODY}
# Allowed, but nothing would come of it: there is no conflict to resolve.
NEEDLESS = {("resolve", "draft"), ("resolve", "open"), ("resolve", "changes_requested")}
# What needs the version that was seen.
HEEDING = {"revise", "submit", "resolve", "take", "approve", "request_changes", "reject", "suggest", "split"}


def what_is_sent(act: str, case: Case) -> dict:
    sent = SENT[act](case) if act in SENT else {}
    return sent | ({"version": case.proposal.version} if act in HEEDING else {})


def resolutions(case: Case) -> list[dict]:
    in_conflict = case.proposal.state == "conflicting"
    return [{"id": case.chokepoint, "seen": 2, "units": {"summary": "proposed"}}] if in_conflict else []


def without_the_chokepoint(case: Case) -> list[dict]:
    """Return the changes as an author sends them again, new records by their ids, without the one that may conflict."""
    return [
        {
            "record": one.kind,
            "operation": one.operation,
            "id": one.record,
            "fields": one.fields,
            "cites": one.cites,
        }
        for one in case.changes
        if one.kind != "chokepoint"
    ]


SENT = {
    "revise": lambda case: {"title": "Revised", "changes": without_the_chokepoint(case)},
    "resolve": lambda case: {"resolutions": resolutions(case)},
    "add_author": lambda case: {"name": "erik"},
    "approve": lambda case: {"verdict": "approve"},
    "request_changes": lambda case: {"verdict": "request_changes", "comment": "Words."},
    "reject": lambda case: {"verdict": "reject", "comment": "Words.", "reason": "known"},
    "dismiss": lambda case: {"reason": "Answered."},
    "suggest": lambda case: {"id": case.chokepoint, "field": "summary", "value": "Other words."},
    "hand_over": lambda case: {"name": "rosa"},
    "split": lambda case: {"records": [case.chokepoint]},
    "hold": lambda case: {"reason": "Later.", "until": tomorrow().isoformat()},
    "comment": lambda case: {"text": "A remark."},
}


def send(act: str, case: Case, client):
    path = f"{case.number}/" + ADDRESSES[act].format(suggestion=case.suggestion)
    return client.send(path, what_is_sent(act, case), method="POST" if ADDRESSES[act] else "PATCH")


def test_every_move_that_people_make_has_its_address():
    assert set(ADDRESSES) == {name for name, move in MOVES.items() if move.role != REGISTER}


@pytest.mark.parametrize("state", STATES)
def test_each_act_is_done_or_refused_with_its_reason(state, people, register, program, monkeypatch):
    case = case_in(state, people, register)
    monkeypatch.setattr(base, "render_proposal", only_the_state)
    wrong = {}
    for role in ASKED.get(state, ["author", "reviewer"]):
        client = program(ROLES.get(role))
        offered = offered_to(client, case)
        for act in ACTS:
            with transaction.atomic():
                make_ready(act, case, people)
                # What these need besides state and role is there only now.
                now = offered_to(client, case) if act in {"undo", "release"} else offered
                if problem := compare_with_table(act, state, role, case, client, now):
                    wrong[role, act] = problem
                transaction.set_rollback(True)
    assert not wrong


def only_the_state(proposal, user, addresses):
    """Stands in for what writes answer; what reads answer is whole."""
    return {"number": proposal.number, "changes": [], "state": proposal.state}


def offered_to(client, case: Case) -> set[str] | None:
    """Return the moves that a proposal's answer offers; None if there is no such answer."""
    shown = client.read(f"{case.number}/")
    return {move["move"] for move in shown.json()["moves"]} if shown.status_code == 200 else None


def compare_with_table(act, state, role, case, client, offered) -> str:
    """Return what differs from the table, or "" if nothing does."""
    refusal = None if role == "signed out" else refusal_of(act, state, role)
    is_allowed = role != "signed out" and refusal is None
    is_offered = NAMES.get((act, state), act) in (offered or ())
    if is_offered and not is_allowed:
        return "offered, though it isn't allowed"
    answer = send(act, case, client)
    body = answer.json() if answer.content else {}
    if is_allowed:
        expected = 204 if (act, state) == ("withdraw", "draft") else ANSWERED.get(act, 200)
        if answer.status_code != expected:
            return f"refused: {answer.status_code} {body}"
        return "" if is_offered == ((act, state) not in NEEDLESS) else "done, though it wasn't offered"
    if role == "signed out":
        is_hidden = offered is None
        fits = answer.status_code in {401, 403} and is_hidden == (state == "draft")
        return "" if fits else f"answered {answer.status_code}"
    if (answer.status_code, body.get("code")) != (STATUS[refusal.kind], CODE[refusal.kind]):
        return f"expected {refusal}, got {answer.status_code} {body}"
    return "" if refusal.words in body["detail"] else f"doesn't say: {refusal.words}"
