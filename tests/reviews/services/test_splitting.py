"""Splitting: approvals of what is unchanged stand on both sides, and what builds on what moves with it or waits for it."""

import datetime as dt

import pytest
from django.utils import timezone

from chokepoints.models import Chokepoint, Evidence
from chokepoints.services.verifying import verify_register
from reviews.exceptions import InvalidProposal, NotAllowed, StaleVersion, WrongState
from reviews.models import Comment, Proposal, Suggestion
from reviews.selectors import needs_of
from reviews.services.claiming import claim_proposal, standing_claim
from reviews.services.discussing import comment_on_proposal
from reviews.services.drafting import revise_proposal, withdraw_proposal
from reviews.services.governing import change_policy
from reviews.services.holding import hold_proposal, resume_proposal
from reviews.services.reviewing import dismiss_request, review_proposal, undo_review
from reviews.services.splitting import builds_on, split_proposal, waits_for
from reviews.services.suggesting import suggest_value, take_suggestion
from tests.reviews.conftest import change, create, reduced

pytestmark = pytest.mark.django_db


@pytest.fixture
def story(register) -> list:
    """A source, evidence from it, and an assessment that rests on it, which needs two approvals."""
    return reduced(register)


@pytest.fixture
def two_words(register) -> list:
    """A new summary and a new title: nothing to do with each other; one approval publishes either."""
    return [
        change("chokepoint", register.chokepoint, summary="Small beads."),
        change("source", register.source, title="Another title"),
    ]


def get(number) -> Proposal:
    return Proposal.objects.get(pk=number)


def split(person, number, *changes, version=None):
    return split_proposal(
        actor=person,
        number=number,
        version=version or get(number).version,
        records=[getattr(one, "record", one) for one in changes],
    )


def judge(person, number, verdict="approve", comment="Not so.", **more):
    return review_proposal(
        actor=person, number=number, version=get(number).version, verdict=verdict, comment=comment, **more
    )


def records_of(proposal) -> list[str]:
    return [str(one.record) for one in proposal.present_version().changes.all()]


def approvers_of(number) -> list:
    return [review.reviewer.user for review in needs_of(get(number)).approvals]


# --- approvals


@pytest.mark.parametrize("name", ["emma", "rita"])
def test_changes_move_to_a_sibling_by_the_same_authors(people, propose, two_words, name):
    number = propose(*two_words, title="Two things", rationale="Both are so.")
    part = split(getattr(people, name), number, two_words[1]).part
    proposal = get(number)
    assert (proposal.state, proposal.version, part.state, part.version) == ("open", 2, "open", 1)
    assert (records_of(proposal), records_of(part)) == ([two_words[0].record], [two_words[1].record])
    for side in (proposal, part):
        version = side.present_version()
        assert (version.title, version.rationale, version.how) == ("Two things", "Both are so.", "split")
        assert [author.user for author in side.authors.all()] == [people.emma]
    assert part.split_from == proposal
    assert part.opened == proposal.opened


def test_approvals_of_what_is_unchanged_stand_on_both_sides(people, register, propose):
    change_policy(actor=people.admin, key="content", approvals=2, evidence=0, reason="More eyes.")
    first = change("chokepoint", register.chokepoint, summary="Small beads.")
    second = change("source", register.source, title="Another title")
    number = propose(first, second)
    judge(people.rita, number)
    part = split(people.ravi, number, second).part
    assert approvers_of(number) == approvers_of(part.number) == [people.rita]
    assert judge(people.ravi, number).outcome == "published"
    assert judge(people.ravi, part.number).outcome == "published"
    assert verify_register().problem is None


def test_a_side_that_has_enough_approvals_is_published_by_the_division(people, propose, story):
    number = propose(*story)
    judge(people.rita, number)
    done = split(people.emma, number, *story[:2])
    assert (done.outcome, done.part.state) == ("published", "published")
    assert Evidence.objects.filter(pk=story[1].record).exists()
    assert (get(number).state, approvers_of(number)) == ("open", [people.rita])
    assert judge(people.ravi, number).outcome == "published"


def test_the_side_that_stays_is_published_too_once_it_needs_less(people, register, propose, story):
    words = change("source", register.source, title="Another title")
    number = propose(*story, words)
    judge(people.rita, number)
    done = split(people.emma, number, *story)
    assert (done.outcome, done.part.state, get(number).state) == (None, "open", "published")


def test_title_and_reason_that_nobody_read_are_not_published_by_a_division(people, propose, story):
    number = propose(*story)
    judge(people.rita, number)
    revise_proposal(
        actor=people.emma, number=number, version=1, title="Unread", rationale="Unread.", changes=story
    )
    done = split(people.emma, number, *story[:2])
    assert (done.outcome, done.part.state) == (None, "open")
    assert approvers_of(done.part.number) == [people.rita]
    assert judge(people.ravi, done.part.number).outcome == "published"


def test_the_author_gains_no_vote_and_the_divider_loses_none(people, propose, two_words):
    number = propose(*two_words)
    part = split(people.rita, number, two_words[1]).part
    with pytest.raises(NotAllowed):
        judge(people.emma, part.number)
    assert judge(people.rita, part.number).outcome == "published"
    assert judge(people.rita, number).outcome == "published"


def test_an_approval_is_not_undone_by_way_of_the_part_it_came_to(people, register, propose, story):
    number = propose(*story, change("source", register.source, title="Another title"))
    judge(people.rita, number)
    part = split(people.ravi, number, *story).part
    with pytest.raises(WrongState):
        undo_review(actor=people.rita, number=part.number)
    assert approvers_of(part.number) == [people.rita]


# --- what goes with what


def test_what_moves_takes_along_the_new_records_that_it_builds_on(people, propose, story):
    number = propose(*story)
    with pytest.raises(InvalidProposal) as refusal:
        split(people.rita, number, story[1], story[2])
    assert [(one.change, one.message) for one in refusal.value.problems] == [
        (1, "This evidence builds on the new source, so that must go with it.")
    ]
    assert (Proposal.objects.count(), get(number).version) == (1, 1)


def test_cited_new_evidence_is_built_on_too(people, register, propose, story):
    words = change(
        "chokepoint", register.chokepoint, "update", {"summary": [story[1].record]}, summary="Delivered."
    )
    number = propose(*story, words)
    with pytest.raises(InvalidProposal, match="builds on the new evidence"):
        split(people.rita, number, words)


def test_a_version_says_what_builds_on_what(propose, story):
    changes = list(get(propose(*story)).present_version().changes.all())
    grounds = {record: [one.kind for one in ground] for record, ground in builds_on(changes).items()}
    assert grounds == {story[0].record: [], story[1].record: ["source"], story[2].record: ["evidence"]}


@pytest.fixture
def waiting(people, propose, story):
    """The assessment waits for the part with its evidence, which needs two approvals here."""
    change_policy(actor=people.admin, key="content", approvals=2, evidence=0, reason="More eyes.")
    number = propose(*story)
    judge(people.rita, number)
    part = split(people.emma, number, *story[:2]).part
    return number, part.number


def test_the_rest_waits_for_the_part_that_it_builds_on_and_returns_by_itself(people, waiting):
    number, part = waiting
    hold = get(number).holds.get(ended=None)
    assert (get(number).state, hold.awaited_id, hold.held_from) == ("on_hold", part, "open")
    assert waits_for(get(number)) == [get(part)]
    assert judge(people.ravi, part).outcome == "published"
    assert get(number).state == "open"
    assert get(number).holds.filter(ended=None).count() == 0
    assert approvers_of(number) == [people.rita]
    assert judge(people.ravi, number).outcome == "published"


def test_the_rest_is_not_approved_before_its_part_is_there(people, waiting):
    number, part = waiting
    resume_proposal(actor=people.emma, number=number)
    with pytest.raises(WrongState, match=f"proposal {part} creates"):
        judge(people.ravi, number)
    assert judge(people.ravi, part).outcome == "published"
    assert judge(people.ravi, number).outcome == "published"


def test_the_rest_returns_when_the_part_is_taken_back_and_cannot_be_published(people, waiting):
    number, part = waiting
    withdraw_proposal(actor=people.emma, number=part)
    assert get(number).state == "open"
    assert judge(people.ravi, number).outcome == "conflicting"


def test_the_rest_is_published_by_its_return_if_nothing_more_is_needed(people, register, propose, build):
    spare, note = build.source("spare"), create("sector", key="beads", name="Beads")
    words = change("chokepoint", register.chokepoint, sector=note.record)
    gone = change("source", spare, "retire")
    number = propose(note, gone, words)
    judge(people.rita, number)
    part = split(people.emma, number, note, gone).part
    assert (part.state, get(number).state) == ("open", "on_hold")
    assert judge(people.ravi, part.number).outcome == "published"
    assert get(number).state == "published"
    assert str(Chokepoint.objects.get(pk=register.chokepoint).sector_id) == note.record
    assert verify_register().problem is None


def test_what_waited_for_another_part_before_is_not_set_aside_for_this_one(people, register, propose, story):
    change_policy(actor=people.admin, key="content", approvals=2, evidence=0, reason="More eyes.")
    words = change("source", register.source, title="Another title")
    number = propose(*story, words)
    first = split(people.emma, number, *story[:2]).part
    resume_proposal(actor=people.emma, number=number)
    second = split(people.rita, number, words).part
    assert (second.state, get(number).state) == ("open", "open")
    assert waits_for(get(number)) == [first]


# --- requests, suggestions, remarks


@pytest.mark.parametrize(
    ("about", "rest", "part"),
    [
        ((), "changes_requested", "changes_requested"),
        ((0,), "changes_requested", "open"),
        ((1,), "open", "changes_requested"),
        ((0, 1), "changes_requested", "changes_requested"),
    ],
)
def test_a_request_goes_where_its_changes_go(people, propose, two_words, about, rest, part):
    number = propose(*two_words)
    judge(people.rita, number, "request_changes", about=[two_words[place].record for place in about])
    other = split(people.emma, number, two_words[1]).part
    assert (get(number).state, other.state) == (rest, part)
    if part == "changes_requested":
        carried = other.reviews.get()
        assert (carried.reviewer.user, carried.comment) == (people.rita, "Not so.")
        assert carried.about == ([two_words[1].record] if about else [])
        dismiss_request(actor=people.rita, number=other.number, reason="Fine now.")
        assert get(other.number).state == "open"


def test_a_request_that_was_answered_is_not_made_again_by_a_division(people, propose, two_words):
    number = propose(*two_words)
    judge(people.ravi, number, "request_changes")
    revise_proposal(actor=people.emma, number=number, version=1, title="T", rationale="R.", changes=two_words)
    judge(people.rita, number, "request_changes", about=[two_words[0].record])
    part = split(people.emma, number, two_words[1]).part
    assert (get(number).state, part.state) == ("changes_requested", "open")


def test_a_division_cuts_nobodys_wait_short(people, propose, two_words):
    number, then = propose(*two_words), timezone.now() - dt.timedelta(days=20)
    Proposal.objects.filter(pk=number).update(waiting_since=then, escalated=then)
    part = split(people.rita, number, two_words[1]).part
    for side in (get(number), get(part.number)):
        assert (side.state, side.waiting_since, side.escalated) == ("open", then, then)


def test_who_is_to_act_after_a_division_waits_from_then_on(people, propose, two_words):
    number = propose(*two_words)
    judge(people.ravi, number, "request_changes", about=[two_words[0].record])
    Proposal.objects.filter(pk=number).update(waiting_since=timezone.now() - dt.timedelta(days=20))
    part = split(people.emma, number, two_words[1]).part
    assert part.state == "open"  # it was its author's turn, and is the reviewers' now
    assert timezone.now() - part.waiting_since < dt.timedelta(hours=1)


def test_a_conflict_stays_on_the_side_that_has_it(people, register, propose, two_words, build):
    number = propose(*two_words)
    build.update("chokepoint", register.chokepoint, summary="Theirs.")
    assert judge(people.rita, number).outcome == "conflicting"
    part = split(people.emma, number, two_words[1]).part
    assert part.state == "published"  # rita's approval covers what was in no conflict
    assert get(number).state == "conflicting"
    assert "changed meanwhile" in get(number).conflicts[0]["message"]


def test_suggestions_and_remarks_move_with_their_changes(people, propose, two_words):
    number = propose(*two_words)
    typed = {"actor": people.rita, "number": number, "version": 1}
    moved = suggest_value(**typed, record=two_words[1].record, field="title", value="A better title")
    stays = suggest_value(**typed, record=two_words[0].record, field="summary", value="Beads.")
    remark = comment_on_proposal(
        actor=people.rita, number=number, text="Hm.", record=two_words[1].record, field="title"
    )
    general = comment_on_proposal(actor=people.rita, number=number, text="Well.")
    part = split(people.emma, number, two_words[1]).part
    assert [one.pk for one in part.suggestions.all()] == [moved.pk]
    assert [one.pk for one in get(number).suggestions.all()] == [stays.pk]
    assert [one.pk for one in part.comments.all()] == [remark.pk]
    assert [one.pk for one in get(number).comments.all()] == [general.pk]
    assert Comment.objects.get(pk=remark.pk).version == Suggestion.objects.get(pk=moved.pk).version == 1
    take_suggestion(actor=people.emma, number=part.number, suggestion=moved.pk, version=1)
    assert get(part.number).present_version().changes.get().fields == {"title": "A better title"}


def test_an_approval_in_advance_does_not_outlive_a_division_of_what_it_was_given_for(
    people, propose, two_words
):
    number = propose(*two_words)
    suggestion = suggest_value(
        actor=people.rita,
        number=number,
        version=1,
        record=two_words[1].record,
        field="title",
        value="A better title",
        approve=True,
    )
    part = split(people.ravi, number, two_words[1]).part
    assert (part.state, get(number).state) == ("open", "open")
    assert approvers_of(number) == approvers_of(part.number) == []
    done = take_suggestion(actor=people.emma, number=part.number, suggestion=suggestion.pk, version=1)
    assert done.outcome is None


def test_whoever_is_on_it_stays_on_what_stays(people, propose, two_words):
    number = propose(*two_words)
    claim_proposal(actor=people.rita, number=number)
    part = split(people.rita, number, two_words[1]).part
    assert standing_claim(get(number)).reviewer.user == people.rita
    assert standing_claim(part) is None


# --- refusals


@pytest.mark.parametrize("name", ["erik", "nobody", "admin"])
def test_only_authors_and_reviewers_split(people, propose, two_words, name):
    number = propose(*two_words)
    with pytest.raises(NotAllowed):
        split(getattr(people, name), number, two_words[0])


@pytest.mark.parametrize(
    "records",
    [
        lambda words: [],
        lambda words: [one.record for one in words],
        lambda words: ["nonsense"],
        lambda words: [words[0].record, "00000000-0000-4000-8000-000000000000"],
        lambda words: [words[0].record.upper()],
    ],
)
def test_both_sides_hold_something(people, propose, two_words, records):
    number = propose(*two_words)
    with pytest.raises(InvalidProposal, match="not all of them"):
        split(people.rita, number, *records(two_words))
    assert (Proposal.objects.count(), get(number).version) == (1, 1)


def test_a_division_of_an_older_version_is_refused(people, propose, two_words):
    number = propose(*two_words)
    with pytest.raises(StaleVersion):
        split(people.rita, number, two_words[0], version=7)


def test_what_is_aside_or_over_is_not_split(people, propose, two_words, register):
    number = propose(*two_words)
    other = propose(change("chokepoint", register.chokepoint, note="Another."))
    hold_proposal(actor=people.emma, number=number, reason="Wait.", awaited=other)
    with pytest.raises(WrongState, match="on hold"):
        split(people.rita, number, two_words[0])
    withdraw_proposal(actor=people.emma, number=number)
    with pytest.raises(WrongState, match="withdrawn"):
        split(people.rita, number, two_words[0])
