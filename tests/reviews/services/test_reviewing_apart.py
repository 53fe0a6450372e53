"""Evidence yes, judgement no: in one act some changes are approved and the others sent back."""

from dataclasses import replace

import pytest

from chokepoints.models import Assessment, Evidence
from chokepoints.services.verifying import verify_register
from reviews.exceptions import InvalidProposal, NotAllowed, StaleVersion, WrongState
from reviews.models import Proposal, Review
from reviews.selectors import needs_of
from reviews.services.drafting import revise_proposal
from reviews.services.governing import change_policy
from reviews.services.reviewing import review_apart, review_proposal, undo_review, undoable_review
from tests.reviews.conftest import reduced

pytestmark = pytest.mark.django_db


@pytest.fixture
def story(register):
    """A source, evidence from it, and an assessment that rests on it."""
    return reduced(register)


def get(number) -> Proposal:
    return Proposal.objects.get(pk=number)


def apart(person, number, approved, verdict="request_changes", comment="Too strong.", **more):
    return review_apart(
        actor=person,
        number=number,
        version=more.pop("version", get(number).version),
        approve=[one.record for one in approved],
        verdict=verdict,
        comment=comment,
        **more,
    )


@pytest.mark.parametrize(
    ("verdict", "reason", "state"),
    [("request_changes", "", "changes_requested"), ("reject", "not-carried", "rejected")],
)
def test_the_evidence_is_published_and_the_judgement_is_not(people, propose, story, verdict, reason, state):
    number = propose(*story)
    done = apart(people.rita, number, story[:2], verdict, reason=reason)
    assert (done.outcome, done.part.state, get(number).state) == ("published", "published", state)
    assert done.changeset == done.part.changeset
    assert (done.review.proposal_id, done.review.verdict, done.review.reason) == (number, verdict, reason)
    assert Evidence.objects.filter(pk=story[1].record).exists()
    assert not Assessment.objects.filter(pk=story[2].record).exists()
    assert verify_register().problem is None


def test_what_is_said_of_the_rest_is_not_said_of_what_is_approved(people, propose, story):
    done = apart(people.rita, propose(*story), story[:2], comment="The judgement is too strong.")
    assert done.review.comment == "The judgement is too strong."
    assert done.part.reviews.get().comment == ""


def test_the_judgement_goes_on_by_itself_once_its_author_has_mended_it(people, propose, story):
    number = propose(*story)
    apart(people.rita, number, story[:2])
    mended = replace(
        story[2], fields={**story[2].fields, "rationale": "Delivered, but to one customer only."}
    )
    revise_proposal(actor=people.emma, number=number, version=2, title="T", rationale="R", changes=[mended])
    assert get(number).state == "open"
    for person in (people.rita, people.ravi):
        last = review_proposal(actor=person, number=number, version=3, verdict="approve")
    assert last.outcome == "published"


def test_the_approved_part_waits_for_the_approvals_that_it_lacks(people, propose, story):
    change_policy(actor=people.admin, key="content", approvals=2, evidence=0, reason="More eyes.")
    number = propose(*story)
    done = apart(people.rita, number, story[:2])
    assert (done.outcome, done.part.state, get(number).state) == (None, "open", "changes_requested")
    assert [review.reviewer.user for review in needs_of(done.part).approvals] == [people.rita]
    second = review_proposal(actor=people.ravi, number=done.part.number, version=1, verdict="approve")
    assert second.outcome == "published"


def test_what_is_approved_must_stand_without_the_rest(people, propose, story):
    number = propose(*story)
    with pytest.raises(InvalidProposal, match="builds on the new evidence"):
        apart(people.rita, number, [story[2]])
    assert (Proposal.objects.count(), Review.objects.count(), get(number).state) == (1, 0, "open")


@pytest.mark.parametrize("approved", [(), (0, 1, 2)])
def test_some_changes_are_approved_but_not_all(people, propose, story, approved):
    number = propose(*story)
    with pytest.raises(InvalidProposal, match="not all of them"):
        apart(people.rita, number, [story[place] for place in approved])
    assert Review.objects.count() == 0


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"verdict": "approve"}, "Approve some changes"),
        ({"verdict": "nonsense"}, "A verdict is one of"),
        ({"comment": " "}, "Say why"),
        ({"verdict": "reject"}, "reason from the list"),
        ({"comment": "a\0b"}, "control character"),
    ],
)
def test_the_verdict_on_the_rest_is_a_whole_one(people, propose, story, more, words):
    number = propose(*story)
    with pytest.raises(InvalidProposal, match=words):
        apart(people.rita, number, story[:2], **more)
    assert (Proposal.objects.count(), Review.objects.count()) == (1, 0)


def test_nobody_judges_their_own_apart(people, propose, story):
    number = propose(*story, actor=people.both)
    with pytest.raises(NotAllowed, match="wrote any part"):
        apart(people.both, number, story[:2])
    for name in ("emma", "erik", "admin"):
        with pytest.raises(NotAllowed):
            apart(getattr(people, name), number, story[:2])


def test_an_older_version_or_an_ended_proposal_is_refused(people, propose, story):
    number = propose(*story)
    with pytest.raises(StaleVersion):
        apart(people.rita, number, story[:2], version=2)
    review_proposal(
        actor=people.ravi, number=number, version=1, verdict="reject", comment="No.", reason="known"
    )
    with pytest.raises(WrongState):
        apart(people.rita, number, story[:2])


def test_a_verdict_that_divided_the_proposal_is_not_undone(people, propose, story):
    number = propose(*story)
    apart(people.rita, number, story[:2])
    assert undoable_review(get(number), people.rita.contributor) is None
    with pytest.raises(WrongState, match="can't be undone"):
        undo_review(actor=people.rita, number=number)
