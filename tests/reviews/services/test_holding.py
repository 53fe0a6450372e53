"""On hold until a day or an event, with a reason; it returns by itself, once, to where it was."""

import datetime as dt

import pytest
from django.utils import timezone

from reviews.exceptions import InvalidProposal, NotAllowed, WrongState
from reviews.models import Hold, Proposal
from reviews.services.drafting import add_author, draft_proposal, revise_proposal, withdraw_proposal
from reviews.services.governing import change_policy
from reviews.services.holding import hold_proposal, resume_proposal, return_from_hold
from reviews.services.reviewing import review_proposal
from tests.reviews.conftest import change, reduced

pytestmark = pytest.mark.django_db


@pytest.fixture
def number(register, propose) -> int:
    return propose(change("chokepoint", register.chokepoint, summary="Small beads."))


@pytest.fixture
def other(register, propose) -> int:
    return propose(change("source", register.source, title="Another title"))


def get(number) -> Proposal:
    return Proposal.objects.get(pk=number)


def day(later: int) -> dt.date:
    return timezone.now().date() + dt.timedelta(days=later)


def hold(person, number, **more) -> Hold:
    return hold_proposal(actor=person, number=number, reason=more.pop("reason", "The report is due."), **more)


def judge(person, number, verdict="approve", **more):
    return review_proposal(
        actor=person,
        number=number,
        version=get(number).version,
        verdict=verdict,
        comment="Not so.",
        reason="known",
        **more,
    )


# --- by day


@pytest.mark.parametrize("name", ["emma", "rita"])
def test_a_proposal_returns_when_its_day_begins_and_only_once(people, number, name):
    kept = hold(getattr(people, name), number, until=day(3))
    assert (get(number).state, kept.reason) == ("on_hold", "The report is due.")
    assert return_from_hold(today=day(2)) == 0
    assert get(number).state == "on_hold"
    assert return_from_hold(today=day(3)) == 1
    assert get(number).state == "open"
    since = get(number).waiting_since
    assert return_from_hold(today=day(3)) == 0
    assert get(number).waiting_since == since
    assert Hold.objects.get().ended is not None


def test_a_day_that_was_missed_is_made_up_for(people, number):
    hold(people.emma, number, until=day(3))
    assert return_from_hold(today=day(90)) == 1


@pytest.mark.parametrize("state", ["open", "changes_requested", "conflicting"])
def test_it_returns_to_where_it_was(people, register, number, build, state):
    if state == "changes_requested":
        judge(people.rita, number, "request_changes")
    if state == "conflicting":
        build.update("chokepoint", register.chokepoint, summary="Theirs.")
        judge(people.rita, number)
    conflicts = get(number).conflicts
    hold(people.ravi, number, until=day(1))
    return_from_hold(today=day(1))
    assert (get(number).state, get(number).conflicts) == (state, conflicts)
    assert bool(conflicts) == (state == "conflicting")


def test_while_it_is_aside_nobody_decides_it(people, register, number):
    hold(people.emma, number, until=day(1))
    for verdict in ("approve", "request_changes", "reject"):
        with pytest.raises(WrongState, match="on hold"):
            judge(people.rita, number, verdict)
    with pytest.raises(WrongState, match="on hold"):
        revise_proposal(actor=people.emma, number=number, version=1, title="T", rationale="R", changes=[])
    with pytest.raises(WrongState, match="on hold"):
        hold(people.rita, number, until=day(2))


def test_it_is_taken_up_again_before_its_time(people, number):
    hold(people.emma, number, until=day(9))
    resume_proposal(actor=people.rita, number=number)
    assert get(number).state == "open"
    with pytest.raises(WrongState):
        resume_proposal(actor=people.rita, number=number)
    assert return_from_hold(today=day(9)) == 0
    assert judge(people.rita, number).outcome == "published"


def test_a_second_hold_does_not_end_with_the_first_one(people, number):
    hold(people.emma, number, until=day(3))
    resume_proposal(actor=people.emma, number=number)
    hold(people.emma, number, until=day(9))
    assert return_from_hold(today=day(3)) == 0
    assert return_from_hold(today=day(9)) == 1


# --- by event


@pytest.mark.parametrize(
    ("end", "state"),
    [
        (lambda people, number: judge(people.rita, number), "published"),
        (lambda people, number: judge(people.rita, number, "reject"), "rejected"),
        (lambda people, number: withdraw_proposal(actor=people.emma, number=number), "withdrawn"),
    ],
)
def test_a_proposal_returns_when_the_one_it_waits_for_has_ended(people, number, other, end, state):
    hold(people.rita, number, awaited=other)
    end(people, other)
    assert (get(other).state, get(number).state) == (state, "open")
    assert Hold.objects.get().ended is not None


def test_a_move_that_is_no_end_brings_nothing_back(people, number, other):
    hold(people.rita, number, awaited=other)
    judge(people.rita, other, "request_changes")
    assert get(number).state == "on_hold"


@pytest.mark.parametrize("first", ["day", "event"])
def test_whichever_comes_first_brings_it_back_and_the_other_does_no_harm(people, number, other, first):
    hold(people.rita, number, until=day(5), awaited=other)
    if first == "day":
        return_from_hold(today=day(5))
    judge(people.rita, other)
    assert get(number).state == "open"
    judge(people.rita, number, "reject")
    assert return_from_hold(today=day(5)) == 0
    assert get(number).state == "rejected"


def test_one_end_brings_back_all_that_waited_for_it(people, register, number, other, propose):
    third = propose(change("chokepoint", register.chokepoint, note="A note."))
    hold(people.emma, number, awaited=other)
    hold(people.emma, third, awaited=other)
    judge(people.rita, other)
    assert (get(number).state, get(third).state) == ("open", "open")


def test_what_was_withdrawn_while_it_was_aside_stays_withdrawn(people, number, other):
    hold(people.emma, number, until=day(3), awaited=other)
    withdraw_proposal(actor=people.emma, number=number)
    assert return_from_hold(today=day(3)) == 0
    judge(people.rita, other)
    assert get(number).state == "withdrawn"


def test_a_return_publishes_what_has_all_its_approvals_by_now(people, propose, register):
    number = propose(*reduced(register))
    judge(people.rita, number)
    hold(people.emma, number, until=day(1))
    change_policy(actor=people.admin, key="status", approvals=1, evidence=1, reason="Fewer.")
    return_from_hold(today=day(1))
    assert get(number).state == "published"


@pytest.mark.parametrize("way", ["day", "person"])
def test_a_return_does_not_publish_words_that_nobody_read(people, propose, register, way):
    changes = reduced(register)
    number = propose(*changes)
    judge(people.rita, number)
    change_policy(actor=people.admin, key="status", approvals=1, evidence=1, reason="Fewer.")
    revise_proposal(
        actor=people.emma, number=number, version=1, title="Unread", rationale="Unread.", changes=changes
    )
    hold(people.emma, number, until=day(1))
    if way == "day":
        return_from_hold(today=day(1))
    else:
        resume_proposal(actor=people.emma, number=number)
    assert get(number).state == "open"
    assert judge(people.ravi, number).outcome == "published"


# --- refusals


def test_waiting_does_not_go_round_in_a_circle(people, register, number, other, propose):
    third = propose(change("chokepoint", register.chokepoint, note="A note."))
    hold(people.emma, number, awaited=other)
    hold(people.emma, other, awaited=third)
    with pytest.raises(InvalidProposal, match=f"{number} waits for this one"):
        hold(people.emma, third, awaited=number)
    with pytest.raises(InvalidProposal, match=f"{other} waits for this one"):
        hold(people.emma, third, awaited=other)
    assert get(third).state == "open"
    resume_proposal(actor=people.emma, number=number)
    hold(people.emma, third, awaited=number)
    assert get(third).state == "on_hold"


@pytest.mark.parametrize(
    ("typed", "field", "words"),
    [
        ({}, "until", "until which day"),
        ({"until": 0}, "until", "after today"),
        ({"until": -1}, "until", "after today"),
        ({"until": 9_000}, "until", "not after"),
        ({"awaited": "self"}, "awaited", "wait for itself"),
        ({"awaited": 999}, "awaited", "no pending proposal"),
        ({"awaited": 10**30}, "awaited", "no pending proposal"),
        ({"awaited": -1}, "awaited", "no pending proposal"),
        ({"awaited": "ended"}, "awaited", "no pending proposal"),
        ({"awaited": "draft"}, "awaited", "no pending proposal"),
        ({"until": 1, "reason": " \n"}, "reason", "what it waits for"),
        ({"until": 1, "reason": "a\0b"}, "reason", "control character"),
        ({"until": 1, "reason": "x" * 3_000}, "reason", "at most"),
    ],
)
def test_a_hold_that_makes_no_sense_is_refused_beside_its_field(people, number, other, typed, field, words):
    withdraw_proposal(actor=people.emma, number=other)
    draft = draft_proposal(actor=people.emma, title="T", rationale="R", changes=[])
    named = {"self": number, "ended": other, "draft": draft.number}
    more = dict(typed)
    if "until" in more:
        more["until"] = day(more["until"])
    if "awaited" in more:
        more["awaited"] = named.get(more["awaited"], more["awaited"])
    with pytest.raises(InvalidProposal, match=words) as refusal:
        hold(people.emma, number, **more)
    assert [problem.field for problem in refusal.value.problems] == [field]
    assert get(number).state == "open"
    assert not Hold.objects.exists()


@pytest.mark.parametrize("name", ["erik", "nobody", "admin"])
def test_only_authors_and_reviewers_hold_and_resume(people, number, name):
    person = getattr(people, name)
    with pytest.raises(NotAllowed):
        hold(person, number, until=day(1))
    hold(people.emma, number, until=day(1))
    with pytest.raises(NotAllowed):
        resume_proposal(actor=person, number=number)
    assert get(number).state == "on_hold"


def test_who_joins_as_an_author_may_resume(people, number):
    hold(people.rita, number, until=day(1))
    add_author(actor=people.emma, number=number, name="erik")
    resume_proposal(actor=people.erik, number=number)
    assert get(number).state == "open"
