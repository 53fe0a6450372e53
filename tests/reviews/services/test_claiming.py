"""Who is on it, who is reminded, and who is told when nobody acts."""

import datetime as dt

import pytest
from django.db.models import F
from django.utils import timezone

from chokepoints.models import Activity
from reviews.exceptions import InvalidProposal, NotAllowed, WrongState
from reviews.models import Claim, Proposal
from reviews.selectors import next_in_queue, queue_for
from reviews.services.claiming import (
    claim_proposal,
    escalate_old,
    hand_over,
    nudge_proposal,
    release_claim,
    standing_claim,
)
from reviews.services.drafting import add_author, draft_proposal
from reviews.services.holding import hold_proposal
from reviews.services.limiting import set_limit
from reviews.services.reviewing import review_proposal
from tests.reviews.conftest import change, reduced

pytestmark = pytest.mark.django_db


@pytest.fixture
def number(register, propose) -> int:
    return propose(*reduced(register))


def get(number) -> Proposal:
    return Proposal.objects.get(pk=number)


def on_it(number):
    claim = standing_claim(get(number))
    return claim.reviewer.user if claim else None


def judge(person, number, verdict="approve"):
    return review_proposal(
        actor=person,
        number=number,
        version=get(number).version,
        verdict=verdict,
        comment="Not so.",
        reason="known",
    )


def an_hour_passes(hours=1):
    Claim.objects.update(lapses=F("lapses") - dt.timedelta(hours=hours))
    Activity.objects.update(time=F("time") - dt.timedelta(hours=hours))


# --- claims


def test_a_claim_keeps_others_out_and_lapses_by_itself(people, number):
    claim = claim_proposal(actor=people.rita, number=number)
    assert claim.lapses - timezone.now() > dt.timedelta(hours=23)
    with pytest.raises(WrongState, match="rita is on it until"):
        claim_proposal(actor=people.ravi, number=number)
    an_hour_passes(24)
    assert on_it(number) is None
    claim_proposal(actor=people.ravi, number=number)
    assert on_it(number) == people.ravi


def test_a_claim_lasts_as_long_as_the_limit_says(people, number):
    set_limit(actor=people.admin, key="claim", value=1)
    claim_proposal(actor=people.rita, number=number)
    assert on_it(number) == people.rita
    an_hour_passes()
    assert on_it(number) is None


def test_claiming_again_renews_it(people, number):
    first = claim_proposal(actor=people.rita, number=number)
    an_hour_passes(20)
    second = claim_proposal(actor=people.rita, number=number)
    assert second.lapses - timezone.now() > dt.timedelta(hours=23)
    assert Claim.objects.get(pk=first.pk).ended is not None
    assert Claim.objects.filter(ended=None).count() == 1


def test_a_claim_is_given_back_by_whoever_has_it(people, number):
    claim_proposal(actor=people.rita, number=number)
    with pytest.raises(WrongState, match="haven't claimed"):
        release_claim(actor=people.ravi, number=number)
    assert on_it(number) == people.rita
    release_claim(actor=people.rita, number=number)
    assert on_it(number) is None
    with pytest.raises(WrongState, match="haven't claimed"):
        release_claim(actor=people.rita, number=number)


def test_a_lapsed_claim_is_nothing_to_give_back(people, number):
    claim_proposal(actor=people.rita, number=number)
    an_hour_passes(24)
    with pytest.raises(WrongState, match="haven't claimed"):
        release_claim(actor=people.rita, number=number)


def test_a_claim_ends_with_its_reviewers_verdict_and_not_with_anothers(people, number):
    claim_proposal(actor=people.ravi, number=number)
    judge(people.rita, number)
    assert on_it(number) == people.ravi
    release_claim(actor=people.ravi, number=number)
    claim_proposal(actor=people.rita, number=number)
    judge(people.rita, number)
    assert (get(number).state, on_it(number)) == ("open", None)


@pytest.mark.parametrize("verdict", ["request_changes", "reject"])
def test_a_claim_ends_where_reviewers_have_nothing_to_do(people, number, verdict):
    claim_proposal(actor=people.rita, number=number)
    judge(people.ravi, number, verdict)
    assert on_it(number) is None


def test_who_becomes_an_author_is_on_it_no_more(people, number):
    claim_proposal(actor=people.both, number=number)
    add_author(actor=people.emma, number=number, name="both")
    assert on_it(number) is None
    assert next_in_queue(people.ravi, queue_for(people.ravi), 0).number == number


def test_a_claim_binds_nobody(people, number):
    claim_proposal(actor=people.rita, number=number)
    judge(people.ravi, number)
    assert judge(people.rosa, number).outcome == "published"


@pytest.mark.parametrize("name", ["emma", "erik", "nobody", "admin"])
def test_only_reviewers_claim(people, number, name):
    for act in (claim_proposal, release_claim):
        with pytest.raises(NotAllowed):
            act(actor=getattr(people, name), number=number)
    with pytest.raises(NotAllowed):
        hand_over(actor=getattr(people, name), number=number, name="rita")


def test_only_what_is_open_is_claimed(people, number):
    judge(people.rita, number, "request_changes")
    with pytest.raises(WrongState, match="changes requested"):
        claim_proposal(actor=people.ravi, number=number)


# --- handing over


@pytest.mark.parametrize("typed", ["ravi", "@ravi", " RAVI "])
def test_a_review_is_handed_to_another_reviewer(people, number, typed):
    claim_proposal(actor=people.rita, number=number)
    claim = hand_over(actor=people.rita, number=number, name=typed)
    assert (on_it(number), claim.given_by.user) == (people.ravi, people.rita)
    assert claim.lapses - timezone.now() > dt.timedelta(hours=23)


def test_what_nobody_is_on_can_be_handed_to_somebody(people, number):
    hand_over(actor=people.rita, number=number, name="ravi")
    assert on_it(number) == people.ravi


def test_only_who_is_on_it_hands_it_over(people, number):
    claim_proposal(actor=people.rita, number=number)
    with pytest.raises(WrongState, match="only they can hand it over"):
        hand_over(actor=people.ravi, number=number, name="rosa")
    assert on_it(number) == people.rita


@pytest.mark.parametrize(
    "typed", ["emma", "erik", "both", "nobody", "admin", "nemo", "", "a\0b", "x" * 9_999]
)
def test_nobody_takes_over_what_they_may_not_judge(people, number, typed):
    add_author(actor=people.emma, number=number, name="both")
    claim_proposal(actor=people.rita, number=number)
    with pytest.raises(InvalidProposal, match="no reviewer of this name"):
        hand_over(actor=people.rita, number=number, name=typed)
    assert on_it(number) == people.rita


def test_nobody_hands_it_over_to_themselves(people, number):
    with pytest.raises(InvalidProposal, match="That is you"):
        hand_over(actor=people.rita, number=number, name="rita")
    assert on_it(number) is None


# --- nudging


@pytest.mark.parametrize("name", ["emma", "rita"])
def test_a_proposal_is_nudged_once_in_the_limit_by_whomever(people, number, name):
    nudge_proposal(actor=getattr(people, name), number=number)
    for person in (people.emma, people.rita, people.ravi):
        with pytest.raises(WrongState, match="less than 24 hours ago"):
            nudge_proposal(actor=person, number=number)
    an_hour_passes(23)
    with pytest.raises(WrongState):
        nudge_proposal(actor=people.emma, number=number)
    an_hour_passes(1)
    nudge_proposal(actor=people.emma, number=number)
    assert Activity.objects.filter(verb="proposal.nudged", subject=f"proposal:{number}").count() == 2


def test_the_nudge_of_one_proposal_is_not_that_of_another(people, number, propose, register):
    other = propose(change("source", register.source, title="Another title"))
    nudge_proposal(actor=people.emma, number=other)
    nudge_proposal(actor=people.emma, number=number)
    assert Activity.objects.filter(verb="proposal.nudged").count() == 2


@pytest.mark.parametrize("name", ["erik", "nobody", "admin"])
def test_only_authors_and_reviewers_nudge(people, number, name):
    with pytest.raises(NotAllowed):
        nudge_proposal(actor=getattr(people, name), number=number)


def test_nobody_is_reminded_of_what_is_aside(people, number):
    hold_proposal(actor=people.emma, number=number, reason="Wait.", until=tomorrow())
    with pytest.raises(WrongState, match="on hold"):
        nudge_proposal(actor=people.rita, number=number)


def tomorrow() -> dt.date:
    return timezone.now().date() + dt.timedelta(days=1)


# --- what grows too old


def later(days: int, seconds: int = 0) -> dt.datetime:
    return timezone.now() + dt.timedelta(days=days, seconds=seconds)


def test_what_waits_too_long_is_escalated_once_a_wait(people, number):
    assert escalate_old(now=later(13)) == 0
    assert escalate_old(now=later(15)) == 1
    assert get(number).escalated is not None
    assert escalate_old(now=later(16)) == 0
    assert Activity.objects.filter(verb="proposal.escalated").count() == 1
    judge(people.rita, number, "request_changes")
    assert get(number).escalated is None
    assert escalate_old(now=later(15)) == 1


def test_the_limit_says_what_is_too_long(people, number):
    set_limit(actor=people.admin, key="escalation", value=2)
    assert escalate_old(now=later(1)) == 0
    assert escalate_old(now=later(2, seconds=1)) == 1


@pytest.mark.parametrize("state", ["draft", "on_hold", "rejected"])
def test_what_waits_for_nobody_is_not_escalated(people, register, propose, state):
    changes = [change("source", register.source, title="Another title")]
    if state == "draft":
        draft_proposal(actor=people.emma, title="T", rationale="R", changes=changes)
    else:
        number = propose(*changes)
        if state == "on_hold":
            hold_proposal(actor=people.emma, number=number, reason="Wait.", until=tomorrow())
        else:
            judge(people.rita, number, "reject")
    assert escalate_old(now=later(400)) == 0
