"""The table of states, acts and roles, asked of the pages: the button is there if the act is allowed, and whoever posts
all the same gets the reason."""

import html
import itertools
import re

import pytest
from django.db import transaction
from django.http import HttpResponse
from django.urls import reverse

from reviews.views import asking, deciding
from tests.reviews.moves_table import (
    ACTS,
    ROLES,
    STATES,
    Case,
    case_in,
    make_ready,
    refusal_of,
    tomorrow,
)
from tests.reviews.typing_in import form_on

pytestmark = pytest.mark.django_db
STATUS = {"hidden": 404, "person": 403, "state": 409}

# Where an act's address differs from the proposal's own, and what its form sends.
ADDRESSES = {
    "revise": "proposal-edit",
    "submit": "proposal-submit",
    "resolve": "proposal-resolve",
    "withdraw": "proposal-withdraw",
    "add_author": "author-new",
    "approve": "review-new",
    "request_changes": "review-new",
    "reject": "review-new",
    "undo": "review-undo",
    "dismiss": "request-dismiss",
    "claim": "proposal-claim",
    "release": "proposal-release",
    "hand_over": "proposal-hand-over",
    "split": "proposal-split",
    "hold": "proposal-hold",
    "resume": "proposal-resume",
    "nudge": "proposal-nudge",
    "comment": "comment-new",
}
VERDICTS = {"approve", "request_changes", "reject"}
# These pages stand behind a door for editors, which says in its own words, and of every proposal, that it is closed.
BEHIND_A_DOOR = {"revise", "resolve"}
NO_EDITORS = {"reviewer", "nobody", "admin without group"}
# Allowed, but nothing would come of it: no conflict to resolve.
NEEDLESS = {("resolve", "draft"), ("resolve", "open"), ("resolve", "changes_requested")}


def address(act: str, case: Case) -> str:
    if act in {"take", "decline"}:
        return reverse(f"suggestion-{act}", args=[case.number, case.suggestion])
    if act == "suggest":
        return reverse("suggestion-new", args=[case.number, case.chokepoint, "summary"])
    return reverse(ADDRESSES[act], args=[case.number])


def what_is_sent(act: str, case: Case) -> dict:
    sent = {
        "revise": {"title": "Revised", "rationale": "Why.", "remove": case.chokepoint},
        "add_author": {"name": "erik"},
        "approve": {"verdict": "approve"},
        "request_changes": {"verdict": "request_changes", "comment": "Words."},
        "reject": {"verdict": "reject", "comment": "Words.", "reason": "known"},
        "dismiss": {"reason": "Answered."},
        "suggest": {"summary": "Other words."},
        "hand_over": {"name": "rosa"},
        "split": {"records": [case.chokepoint]},
        "hold": {"reason": "Later.", "until": tomorrow().isoformat()},
        "comment": {"text": "A remark."},
    }
    return {"version": str(case.proposal.version)} | sent.get(act, {})


def is_offered(act: str, case: Case, page: str) -> bool:
    """Tell whether the page of a proposal has an act's button: a form that posts it, or a link to its form."""
    if act in VERDICTS:
        return bool(re.search(rf'<input type="radio" name="verdict" value="{act}"', page))
    there = address(act, case)
    return f'action="{there}"' in page or f'href="{there}"' in page


@pytest.mark.parametrize(("state", "role"), list(itertools.product(STATES, [*ROLES, "signed out"])))
def test_the_page_offers_what_is_allowed_and_refuses_the_rest(
    state, role, people, register, signed_in, monkeypatch
):
    for views in (deciding, asking):
        monkeypatch.setattr(views, "show_proposal", whole_only_once(views.show_proposal))
    case = case_in(state, people, register)
    client = signed_in(ROLES.get(role))
    page = page_of(case, client)
    wrong = {}
    for act in ACTS:
        with transaction.atomic():
            make_ready(act, case, people)
            if act in {"undo", "release"}:  # what it needs besides state and role is there only now
                page_now = page_of(case, client)
            else:
                page_now = page
            problem = compare_with_table(act, state, role, case, client, page_now)
            if problem:
                wrong[act] = problem
            transaction.set_rollback(True)
    assert not wrong


def whole_only_once(show_proposal):
    """Return show_proposal as it is for the first refusal; of the others its words and status are enough."""
    shown = []

    def show(request, proposal, *, refusal="", problems=(), status=200, **more):
        if not shown:
            shown.append(proposal)
            return show_proposal(request, proposal, refusal=refusal, problems=problems, status=status, **more)
        return HttpResponse(" ".join([refusal, *(problem.message for problem in problems)]), status=status)

    return show


def page_of(case: Case, client) -> str:
    return client.get(reverse("proposal-detail", args=[case.number])).content.decode()


def compare_with_table(act, state, role, case, client, page) -> str:
    """Return what differs from the table, or "" if nothing does."""
    refusal = None if role == "signed out" else refusal_of(act, state, role)
    is_allowed = role != "signed out" and refusal is None
    wanted = is_allowed and (act, state) not in NEEDLESS
    if is_offered(act, case, page) != wanted:
        return "no button" if wanted else "a button that leads nowhere"
    answer = client.post(address(act, case), sent_by(act, case, client, is_allowed))
    words = html.unescape(answer.content.decode())
    if role == "signed out":
        leads_in = answer.status_code == 302 and answer.url.startswith(reverse("login"))
        return "" if leads_in or (answer.status_code == 403 and reverse("login") in words) else "no sign-in"
    if is_allowed:
        return "" if answer.status_code == 302 else f"refused: {answer.status_code}"
    is_door = act in BEHIND_A_DOOR and role in NO_EDITORS
    if answer.status_code != (403 if is_door else STATUS[refusal.kind]):
        return f"answered {answer.status_code}"
    says_why = refusal.kind == "state" or (refusal.kind == "person" and act not in BEHIND_A_DOOR)
    return f"doesn't say: {refusal.words}" if says_why and refusal.words not in words else ""


def sent_by(act: str, case: Case, client, is_allowed: bool) -> dict:
    """Return what a browser would send for an act."""
    if act == "resolve" and is_allowed:
        form = form_on(client.get(address(act, case)), having="version")
        page = client.get(address(act, case)).content.decode()
        choices = set(re.findall(r'name="([^"]*take)"', page))
        return form | dict.fromkeys(choices, "proposed")
    return what_is_sent(act, case)
