"""What was rejected or withdrawn isn't lost: its author goes on with it in a new draft."""

import pytest

from chokepoints.models import Assessment
from reviews.exceptions import AlreadyProposed, NotAllowed, NotFound, RememberedDecision, WrongState
from reviews.models import Proposal
from reviews.services.drafting import (
    add_author,
    draft_again,
    draft_proposal,
    submit_proposal,
    withdraw_proposal,
)
from reviews.services.holding import hold_proposal
from reviews.services.reviewing import review_proposal, undo_review
from tests.reviews.conftest import change, create, reduced

pytestmark = pytest.mark.django_db


@pytest.fixture
def story(register) -> list:
    """A source, evidence from it, and an assessment that rests on it."""
    return reduced(register)


def get(number) -> Proposal:
    return Proposal.objects.get(pk=number)


def reject(person, number):
    review_proposal(
        actor=person, number=number, version=1, verdict="reject", comment="No.", reason="incomplete"
    )


def said(proposal) -> list:
    return list(proposal.present_version().changes.values_list("kind", "operation", "base_revision"))


@pytest.mark.parametrize("end", ["rejected", "withdrawn"])
def test_a_new_draft_says_the_same_and_what_ended_stays_as_it_ended(people, propose, story, end):
    number = propose(*story, title="Reduced", rationale="They deliver.")
    Proposal.objects.filter(pk=number).update(batch="May")
    reject(people.rita, number) if end == "rejected" else withdraw_proposal(actor=people.emma, number=number)
    draft = draft_again(actor=people.emma, number=number)
    version = draft.present_version()
    assert (draft.state, draft.batch, version.title, version.rationale) == (
        "draft",
        "May",
        "Reduced",
        "They deliver.",
    )
    assert said(draft) == said(get(number)) and get(number).state == end


def test_its_new_records_are_its_own_and_still_name_each_other(people, register, propose, story):
    number = propose(*story, change("chokepoint", register.chokepoint, summary="Fewer are imported."))
    reject(people.rita, number)
    draft = draft_again(actor=people.emma, number=number)
    source, evidence, assessment, words = draft.present_version().changes.all()
    assert not {str(one.record) for one in (source, evidence, assessment)} & {one.record for one in story}
    assert str(words.record) == register.chokepoint
    assert evidence.fields["source"] == str(source.record)
    assert assessment.fields["evidence"] == [str(evidence.record)]
    undo_review(actor=people.rita, number=number)
    with pytest.raises(AlreadyProposed):  # it is known again under its other ids
        submit_proposal(actor=people.emma, number=draft.number, version=1)


def test_a_remembered_rejection_asks_what_is_new_and_the_rest_goes_its_way(people, propose, story):
    number = propose(*story)
    reject(people.rita, number)
    draft = draft_again(actor=people.emma, number=number)
    with pytest.raises(RememberedDecision):
        submit_proposal(actor=people.emma, number=draft.number, version=1)
    submit_proposal(
        actor=people.emma, number=draft.number, version=1, what_is_new="Another source says so too."
    )
    for person in (people.rita, people.ravi):
        done = review_proposal(actor=person, number=draft.number, version=1, verdict="approve")
    assert done.outcome == "published"
    assert Assessment.objects.filter(rationale__startswith="A domestic maker").exists()


def test_only_authors_who_are_editors_go_on(people, propose, story):
    number = propose(*story)
    add_author(actor=people.emma, number=number, name="erik")
    reject(people.rita, number)
    assert draft_again(actor=people.erik, number=number).authors.get().user == people.erik
    for name in ("rita", "nobody", "both"):
        with pytest.raises(NotAllowed):
            draft_again(actor=getattr(people, name), number=number)
    people.emma.groups.clear()
    with pytest.raises(NotAllowed):
        draft_again(actor=people.emma, number=number)


def test_only_what_was_rejected_or_withdrawn_is_gone_on_with(people, propose, story):
    number, other = propose(*story), propose(create("organization", name="Maker", key="maker"))
    draft = draft_proposal(actor=people.emma, title="T", rationale="R.", changes=[]).number
    hold_proposal(actor=people.emma, number=number, reason="A paper.", awaited=other)
    review_proposal(actor=people.rita, number=other, version=1, verdict="approve")
    for one in (number, other, draft):
        with pytest.raises(WrongState):
            draft_again(actor=people.emma, number=one)
    with pytest.raises(NotFound):
        draft_again(actor=people.erik, number=draft)
