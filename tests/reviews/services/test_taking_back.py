"""Verdicts taken back: one's own while nobody can have built on it, an absent reviewer's request with a reason."""

import datetime as dt

import pytest
from django.db.models import F
from django.utils import timezone

from chokepoints.models import Activity
from reviews.exceptions import InvalidProposal, NotAllowed, WrongState
from reviews.models import Proposal, Review, Version
from reviews.selectors import needs_of
from reviews.services.claiming import claim_proposal, release_claim, standing_claim
from reviews.services.drafting import revise_proposal
from reviews.services.governing import change_policy
from reviews.services.holding import hold_proposal, return_from_hold
from reviews.services.limiting import set_limit
from reviews.services.reviewing import dismiss_request, review_proposal, undo_review, undoable_review
from reviews.services.suggesting import suggest_value, take_suggestion
from tests.reviews.conftest import reduced

pytestmark = pytest.mark.django_db


@pytest.fixture
def story(register) -> list:
    return reduced(register)


@pytest.fixture
def number(propose, story) -> int:
    """A proposal that needs two approvals."""
    return propose(*story)


def get(number) -> Proposal:
    return Proposal.objects.get(pk=number)


def judge(person, number, verdict="approve"):
    return review_proposal(
        actor=person,
        number=number,
        version=get(number).version,
        verdict=verdict,
        comment="Not so.",
        reason="known",
    )


def passes(**time):
    """Let all verdicts be older by a time."""
    Review.objects.update(given=F("given") - dt.timedelta(**time))


# --- undoing


@pytest.mark.parametrize("verdict", ["approve", "request_changes", "reject"])
def test_a_verdict_is_undone_within_its_seconds(people, number, verdict):
    judge(people.rita, number, verdict)
    undo_review(actor=people.rita, number=number)
    assert (get(number).state, get(number).ended) == ("open", None)
    assert not Review.objects.exists()
    assert Activity.objects.get(verb="proposal.verdict_undone").details["verdict"] == verdict
    judge(people.rita, number)
    assert judge(people.ravi, number).outcome == "published"


@pytest.mark.parametrize("verdict", ["approve", "request_changes", "reject"])
def test_a_verdict_that_is_older_stays(people, number, verdict):
    judge(people.rita, number, verdict)
    passes(seconds=11)
    with pytest.raises(WrongState, match="can't be undone any more"):
        undo_review(actor=people.rita, number=number)
    assert Review.objects.count() == 1


def test_the_limit_says_how_long(people, number):
    set_limit(actor=people.admin, key="undo", value=60)
    judge(people.rita, number)
    passes(seconds=59)
    assert undoable_review(get(number), people.rita.contributor)
    passes(seconds=2)
    assert undoable_review(get(number), people.rita.contributor) is None


def test_a_rejection_that_followed_a_request_leads_back_to_it(people, number):
    judge(people.ravi, number, "request_changes")
    judge(people.rita, number, "reject")
    undo_review(actor=people.rita, number=number)
    assert get(number).state == "changes_requested"
    with pytest.raises(WrongState):
        undo_review(actor=people.rita, number=number)


@pytest.mark.parametrize("verdict", ["approve", "request_changes", "reject"])
def test_an_undone_verdict_leaves_no_trace_in_the_queue(people, number, verdict):
    claim = claim_proposal(actor=people.ravi, number=number)
    a_week_ago = timezone.now() - dt.timedelta(days=7)
    Proposal.objects.update(waiting_since=a_week_ago, opened=a_week_ago)
    Version.objects.update(made=a_week_ago)
    judge(people.rita, number, verdict)
    undo_review(actor=people.rita, number=number)
    assert get(number).waiting_since == a_week_ago
    assert standing_claim(get(number)) == claim


@pytest.mark.parametrize("claimed_before", [True, False])
def test_an_undone_approval_brings_no_claim_back_that_was_given_back_after_it(people, number, claimed_before):
    if claimed_before:
        claim_proposal(actor=people.rita, number=number)
    judge(people.rita, number, "approve")
    for _ in range(2):
        claim_proposal(actor=people.rita, number=number)
        release_claim(actor=people.rita, number=number)
    undo_review(actor=people.rita, number=number)
    assert (
        standing_claim(get(number)) is None and undoable_review(get(number), people.rita.contributor) is None
    )


def test_an_undone_approval_gives_back_the_claim_that_it_ended_and_no_other(people, number):
    for _ in range(2):
        claim_proposal(actor=people.rita, number=number)  # the second ends the first
    judge(people.rita, number)
    assert standing_claim(get(number)) is None
    undo_review(actor=people.rita, number=number)
    assert standing_claim(get(number)).reviewer.user == people.rita
    release_claim(actor=people.rita, number=number)
    judge(people.rita, number)
    undo_review(actor=people.rita, number=number)
    assert standing_claim(get(number)) is None


def test_an_undone_rejection_gives_back_the_suggestions_that_it_ended(people, number, story):
    suggest = {"number": number, "version": 1, "record": story[0].record, "field": "title"}
    older = suggest_value(actor=people.ravi, value="First thought", **suggest)
    open_one = suggest_value(actor=people.ravi, value="Delivered", approve=True, **suggest)
    judge(people.rita, number, "reject")
    undo_review(actor=people.rita, number=number)
    older.refresh_from_db()
    assert older.state == "outdated"
    take_suggestion(actor=people.emma, number=number, suggestion=open_one.pk, version=1)
    assert judge(people.rita, number).outcome == "published"  # ravi's approval in advance still counts


def test_an_approval_that_published_is_not_undone(people, number):
    judge(people.rita, number)
    judge(people.ravi, number)
    with pytest.raises(WrongState, match="published"):
        undo_review(actor=people.ravi, number=number)


def test_only_the_last_verdict_is_undone_and_only_by_who_gave_it(people, number):
    judge(people.rita, number)
    with pytest.raises(WrongState):
        undo_review(actor=people.ravi, number=number)
    with pytest.raises(NotAllowed):
        undo_review(actor=people.emma, number=number)
    judge(people.ravi, number, "request_changes")
    with pytest.raises(WrongState):
        undo_review(actor=people.rita, number=number)
    assert Review.objects.count() == 2


def test_what_the_author_answered_is_not_undone(people, number, story):
    judge(people.rita, number, "request_changes")
    revise_proposal(actor=people.emma, number=number, version=1, title="T", rationale="R", changes=story)
    with pytest.raises(WrongState):
        undo_review(actor=people.rita, number=number)


def test_what_was_dismissed_is_not_undone(people, number):
    judge(people.rita, number, "request_changes")
    dismiss_request(actor=people.rita, number=number, reason="A mistake.")
    with pytest.raises(WrongState):
        undo_review(actor=people.rita, number=number)


def test_an_approval_in_advance_is_not_undone(people, number, story):
    suggest_value(
        actor=people.rita,
        number=number,
        version=1,
        record=story[1].record,
        field="claim",
        value="It delivers.",
        approve=True,
    )
    with pytest.raises(WrongState):
        undo_review(actor=people.rita, number=number)


def test_a_suggestion_that_was_taken_ends_the_undoing_of_what_came_before(people, number, story):
    typed = {"actor": people.rita, "number": number, "version": 1, "record": story[1].record}
    suggestion = suggest_value(**typed, field="claim", value="It delivers.")
    judge(people.rita, number)
    take_suggestion(actor=people.emma, number=number, suggestion=suggestion.pk, version=1)
    with pytest.raises(WrongState):
        undo_review(actor=people.rita, number=number)


def test_nobody_undoes_while_it_is_aside(people, number):
    judge(people.rita, number)
    day = get(number).opened.date() + dt.timedelta(days=1)
    hold_proposal(actor=people.emma, number=number, reason="Wait.", until=day)
    with pytest.raises(WrongState, match="on hold"):
        undo_review(actor=people.rita, number=number)
    return_from_hold(today=day)
    assert undoable_review(get(number), people.rita.contributor)


# --- dismissing


def test_a_request_of_somebody_absent_is_dismissed_with_a_reason(people, number):
    judge(people.rita, number, "request_changes")
    passes(days=7, seconds=1)
    dismiss_request(actor=people.ravi, number=number, reason="She is on leave.")
    review = Review.objects.get()
    assert (review.dismissed_by.user, review.dismissal) == (people.ravi, "She is on leave.")
    assert get(number).state == "open"
    judge(people.ravi, number)
    assert judge(people.rosa, number).outcome == "published"


def test_a_request_of_who_may_still_answer_is_not_dismissed_by_others(people, number):
    judge(people.rita, number, "request_changes")
    passes(days=6, hours=23)
    with pytest.raises(NotAllowed, match="rita may still answer"):
        dismiss_request(actor=people.ravi, number=number, reason="Impatience.")
    assert get(number).state == "changes_requested"
    set_limit(actor=people.admin, key="absence", value=6)
    dismiss_request(actor=people.ravi, number=number, reason="She is on leave.")
    assert get(number).state == "open"


@pytest.mark.parametrize("way", ["left the group", "account closed", "account erased"])
def test_who_has_left_is_absent_at_once(people, number, way):
    judge(people.rita, number, "request_changes")
    if way == "left the group":
        people.rita.groups.clear()
    elif way == "account closed":
        people.rita.is_active = False
        people.rita.save()
    else:
        people.rita.delete()
    dismiss_request(actor=people.ravi, number=number, reason="Gone.")
    assert get(number).state == "open"


def test_ones_own_request_is_taken_back_at_any_time(people, number):
    judge(people.rita, number, "request_changes")
    dismiss_request(actor=people.rita, number=number, reason="I misread it.")
    assert get(number).state == "open"


@pytest.mark.parametrize("name", ["emma", "erik", "admin"])
def test_only_reviewers_dismiss(people, number, name):
    judge(people.rita, number, "request_changes")
    passes(days=30)
    with pytest.raises(NotAllowed):
        dismiss_request(actor=getattr(people, name), number=number, reason="Because.")


@pytest.mark.parametrize("reason", ["", " \n", "a\0b", "x" * 20_001])
def test_a_dismissal_needs_words(people, number, reason):
    judge(people.rita, number, "request_changes")
    with pytest.raises(InvalidProposal):
        dismiss_request(actor=people.rita, number=number, reason=reason)
    assert get(number).state == "changes_requested"


def test_there_is_nothing_to_dismiss_where_nothing_was_requested(people, number):
    with pytest.raises(WrongState):
        dismiss_request(actor=people.rita, number=number, reason="Because.")


def test_a_dismissal_publishes_what_has_all_its_approvals(people, number):
    judge(people.ravi, number)
    judge(people.rita, number, "request_changes")
    change_policy(actor=people.admin, key="status", approvals=1, evidence=1, reason="Fewer.")
    assert dismiss_request(actor=people.rita, number=number, reason="Fine.").outcome == "published"


def test_a_request_takes_back_the_approval_that_its_reviewer_gave_before(people, number):
    judge(people.rita, number)
    judge(people.rita, number, "request_changes")
    assert needs_of(get(number)).approvals == []


@pytest.mark.parametrize(("name", "counts"), [("rita", True), ("ravi", False)])
def test_an_approval_before_a_request_counts_again_only_if_its_reviewer_took_the_request_back(
    people, number, name, counts
):
    judge(people.rita, number)
    judge(people.rita, number, "request_changes")
    passes(days=8)
    dismiss_request(actor=getattr(people, name), number=number, reason="Fine.")
    assert [review.reviewer.user for review in needs_of(get(number)).approvals] == [people.rita] * counts
