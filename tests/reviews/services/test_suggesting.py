"""Suggestions: taken in one click, the reviewer keeps the vote, and an approval in advance counts for that and nothing else."""

import pytest

from chokepoints.models import Changeset, Chokepoint
from reviews.exceptions import InvalidProposal, NotAllowed, NotFound, StaleVersion, WrongState
from reviews.models import Proposal, Review, Suggestion
from reviews.selectors import needs_of
from reviews.services.drafting import add_author, draft_proposal, revise_proposal, withdraw_proposal
from reviews.services.governing import change_policy
from reviews.services.holding import hold_proposal
from reviews.services.reviewing import review_proposal
from reviews.services.suggesting import decline_suggestion, suggest_value, take_suggestion
from tests.reviews.conftest import change, create, reduced

pytestmark = pytest.mark.django_db


@pytest.fixture
def number(register, propose) -> int:
    """Emma proposes a summary and a scope for one chokepoint; one approval would publish it."""
    return propose(change("chokepoint", register.chokepoint, summary="Smal beads.", scope="Spacers."))


def get(number) -> Proposal:
    return Proposal.objects.get(pk=number)


def suggest(person, number, record, *, field="summary", value="Small beads.", **more) -> Suggestion:
    version = get(number).version
    return suggest_value(
        actor=person, number=number, version=version, record=record, field=field, value=value, **more
    )


def take(person, suggestion, version=None):
    number = Suggestion.objects.get(pk=suggestion.pk).proposal_id
    return take_suggestion(
        actor=person, number=number, suggestion=suggestion.pk, version=version or get(number).version
    )


def approve(person, number):
    return review_proposal(actor=person, number=number, version=get(number).version, verdict="approve")


def ask(person, number, **more):
    return review_proposal(
        actor=person,
        number=number,
        version=get(number).version,
        verdict="request_changes",
        comment="Not yet.",
        **more,
    )


def edit(person, number, register, title="A title", rationale="Because it is so.", **fields):
    """Write the next version; fields are what it proposes."""
    changes = [change("chokepoint", register.chokepoint, **fields)]
    return revise_proposal(
        actor=person,
        number=number,
        version=get(number).version,
        title=title,
        rationale=rationale,
        changes=changes,
    )


def state_of(suggestion) -> str:
    return Suggestion.objects.get(pk=suggestion.pk).state


# --- the story


def test_the_version_that_takes_a_value_is_the_authors_and_the_suggester_votes_on_it(
    people, register, number
):
    suggestion = suggest(people.rita, number, register.chokepoint, words="A letter is missing.")
    assert take(people.emma, suggestion).outcome is None
    proposal = get(number)
    version = proposal.present_version()
    assert (proposal.state, proposal.version, version.how) == ("open", 2, "suggested")
    assert version.editor.user == people.emma
    assert [author.user for author in proposal.authors.all()] == [people.emma]
    assert version.changes.get().fields == {"summary": "Small beads.", "scope": "Spacers."}
    assert state_of(suggestion) == "taken"
    assert approve(people.rita, number).outcome == "published"


def test_an_approval_in_advance_is_published_by_the_authors_click(people, register, number):
    suggestion = suggest(people.rita, number, register.chokepoint, approve=True)
    assert get(number).state == "open"
    done = take(people.emma, suggestion)
    assert (done.outcome, get(number).state) == ("published", "published")
    assert Chokepoint.objects.get(pk=register.chokepoint).summary == "Small beads."
    changeset = Changeset.objects.get(number=done.changeset)
    assert changeset.authors == [str(people.emma.contributor.pk)]
    assert [(one["reviewer"], one["version"]) for one in changeset.reviews] == [
        (str(people.rita.contributor.pk), 1)
    ]


def test_an_approval_in_advance_is_one_of_those_that_are_needed(people, register, propose):
    changes = reduced(register)
    number = propose(*changes)
    suggestion = suggest(
        people.rita, number, changes[1].record, field="claim", value="It delivers.", approve=True
    )
    assert take(people.emma, suggestion).outcome is None
    assert [review.reviewer.user for review in needs_of(get(number)).approvals] == [people.rita]
    assert approve(people.ravi, number).outcome == "published"


def test_an_approval_in_advance_does_not_count_while_the_value_is_not_taken(people, register, number):
    suggestion = suggest(people.rita, number, register.chokepoint, approve=True)
    assert needs_of(get(number)).approvals == []
    decline_suggestion(actor=people.emma, number=number, suggestion=suggestion.pk)
    assert (state_of(suggestion), get(number).state, get(number).version) == ("declined", "open", 1)
    assert needs_of(get(number)).approvals == []
    assert get(number).present_version().changes.get().fields["summary"] == "Smal beads."


def test_two_values_approved_in_advance_are_published_when_both_are_taken(people, register, number):
    first = suggest(people.rita, number, register.chokepoint, approve=True)
    second = suggest(
        people.rita, number, register.chokepoint, field="scope", value="Spacers only.", approve=True
    )
    assert Review.objects.count() == 1
    assert take(people.emma, first).outcome is None
    assert take(people.emma, second).outcome == "published"
    published = Chokepoint.objects.get(pk=register.chokepoint)
    assert (published.summary, published.scope) == ("Small beads.", "Spacers only.")


def test_of_two_values_approved_in_advance_one_alone_is_not_enough(people, register, number):
    first = suggest(people.rita, number, register.chokepoint, approve=True)
    second = suggest(
        people.rita, number, register.chokepoint, field="scope", value="Spacers only.", approve=True
    )
    take(people.emma, second)
    decline_suggestion(actor=people.emma, number=number, suggestion=first.pk)
    assert needs_of(get(number)).approvals == []
    assert get(number).state == "open"


def test_a_value_suggested_without_approval_is_no_part_of_one_given_for_another(people, register, number):
    suggest(people.rita, number, register.chokepoint)
    second = suggest(
        people.rita, number, register.chokepoint, field="scope", value="Spacers only.", approve=True
    )
    assert take(people.emma, second).outcome == "published"
    assert Chokepoint.objects.get(pk=register.chokepoint).summary == "Smal beads."


def test_what_two_reviewers_suggest_alike_is_taken_in_one_click_with_both_approvals(
    people, register, propose
):
    changes = reduced(register)
    number = propose(*changes)
    typed = {"field": "claim", "value": "It delivers.", "approve": True}
    one = suggest(people.rita, number, changes[1].record, **typed)
    other = suggest(people.ravi, number, changes[1].record, **typed)
    assert take(people.emma, one).outcome == "published"
    assert (state_of(one), state_of(other)) == ("taken", "taken")


def test_reviewers_who_suggest_differently_wait_beside_each_other(people, register, number):
    one = suggest(people.rita, number, register.chokepoint)
    other = suggest(people.ravi, number, register.chokepoint, value="Tiny beads.")
    take(people.emma, one)
    assert state_of(other) == "open"
    take(people.emma, other)
    assert get(number).present_version().changes.get().fields["summary"] == "Tiny beads."


def test_a_newer_suggestion_replaces_the_older_one_with_its_approval(people, register, number):
    older = suggest(people.rita, number, register.chokepoint, approve=True)
    newer = suggest(people.rita, number, register.chokepoint, value="Tiny beads.")
    assert (state_of(older), state_of(newer)) == ("outdated", "open")
    with pytest.raises(WrongState, match="settled already"):
        take(people.emma, older)
    assert take(people.emma, newer).outcome is None
    assert needs_of(get(number)).approvals == []


def test_a_published_records_field_can_be_suggested_empty(people, register, number):
    suggestion = suggest(people.rita, number, register.chokepoint, value=" \n ")
    assert suggestion.value is None
    take(people.emma, suggestion)
    assert get(number).present_version().changes.get().fields["summary"] is None


def test_a_new_records_empty_field_can_be_filled_and_a_filled_one_emptied(people, register, propose):
    changes = reduced(register)
    number = propose(*changes)
    take(people.emma, suggest(people.rita, number, changes[1].record, field="said_by", value="A maker"))
    fields = get(number).present_version().changes.all()[1].fields
    assert fields["said_by"] == "A maker"
    take(people.emma, suggest(people.rita, number, changes[1].record, field="said_by", value=None))
    assert "said_by" not in get(number).present_version().changes.all()[1].fields


def test_an_approval_in_advance_counts_for_nothing_else(people, register, propose):
    """Two who each want something else, and one who approves it as it is, are no two who approve one and the same."""
    changes = reduced(register)
    number = propose(*changes)
    suggest(people.rita, number, changes[1].record, field="claim", value="It delivers.", approve=True)
    suggest(people.both, number, changes[0].record, field="title", value="Its delivery", approve=True)
    assert approve(people.ravi, number).outcome is None
    assert [review.reviewer.user for review in needs_of(get(number)).approvals] == [people.ravi]
    done = approve(people.rosa, number)
    assert done.outcome == "published"
    reviewers = [one["reviewer"] for one in Changeset.objects.get(number=done.changeset).reviews]
    assert reviewers == [str(people.ravi.contributor.pk), str(people.rosa.contributor.pk)]


def test_a_value_that_its_author_writes_as_suggested_is_taken(people, register, number):
    suggestion = suggest(people.rita, number, register.chokepoint, approve=True)
    edit(people.emma, number, register, summary="Small beads.", scope="Spacers.")
    assert state_of(suggestion) == "taken"
    assert [review.reviewer.user for review in needs_of(get(number)).approvals] == [people.rita]
    assert get(number).state == "open"


def test_what_is_suggested_for_an_empty_field_outlives_the_next_version(people, register, propose):
    changes = reduced(register)
    number = propose(*changes)
    empty = suggest(people.rita, number, changes[1].record, field="said_by", value="A maker")
    take(people.emma, suggest(people.rita, number, changes[1].record, field="claim", value="It delivers."))
    assert state_of(empty) == "open"
    take(people.emma, empty)
    assert get(number).present_version().changes.all()[1].fields["said_by"] == "A maker"


# --- what moves meanwhile


def test_a_value_that_the_author_changed_meanwhile_is_still_there_to_take(people, register, number):
    suggestion = suggest(people.rita, number, register.chokepoint, approve=True)
    edit(people.emma, number, register, summary="Smaller beads.", scope="Spacers.")
    assert state_of(suggestion) == "open"
    assert take(people.emma, suggestion).outcome == "published"


def test_an_approval_in_advance_lapses_for_what_the_author_changed_beside_it(people, register, number):
    suggestion = suggest(people.rita, number, register.chokepoint, approve=True)
    edit(people.emma, number, register, summary="Smal beads.", scope="Something else.")
    assert take(people.emma, suggestion).outcome is None
    assert needs_of(get(number)).approvals == []


@pytest.mark.parametrize("words", [{"title": "Read me"}, {"rationale": "Nobody has read this."}])
def test_a_title_or_reason_that_nobody_read_is_not_published_by_a_click(people, register, number, words):
    suggestion = suggest(people.rita, number, register.chokepoint, approve=True)
    edit(people.emma, number, register, summary="Smal beads.", scope="Spacers.", **words)
    assert take(people.emma, suggestion).outcome is None
    assert get(number).state == "open"
    assert approve(people.ravi, number).outcome == "published"


def test_a_suggestion_is_outdated_by_a_version_without_its_field(people, register, number):
    suggestion = suggest(people.rita, number, register.chokepoint)
    edit(people.emma, number, register, scope="Spacers.")
    assert state_of(suggestion) == "outdated"
    with pytest.raises(WrongState):
        take(people.emma, suggestion)


def test_suggestions_end_with_the_proposal(people, register, number):
    suggestion = suggest(people.rita, number, register.chokepoint)
    approve(people.ravi, number)
    assert state_of(suggestion) == "outdated"


def test_a_later_request_takes_the_approval_in_advance_back(people, register, number):
    suggestion = suggest(people.rita, number, register.chokepoint, approve=True)
    ask(people.rita, number)
    assert take(people.emma, suggestion).outcome is None
    assert get(number).state == "open"


def test_who_becomes_an_author_loses_the_approval_given_in_advance(people, register, number):
    suggestion = suggest(people.both, number, register.chokepoint, approve=True)
    add_author(actor=people.emma, number=number, name="both")
    assert take(people.both, suggestion).outcome is None


# --- changes requested


def test_the_last_suggestion_of_who_requested_changes_opens_the_proposal_again(people, register, number):
    ask(people.rita, number)
    first = suggest(people.rita, number, register.chokepoint)
    second = suggest(people.rita, number, register.chokepoint, field="scope", value="Spacers only.")
    take(people.emma, first)
    assert get(number).state == "changes_requested"
    take(people.emma, second)
    assert get(number).state == "open"


def test_declining_what_was_suggested_does_not_meet_a_request(people, register, number):
    ask(people.rita, number)
    suggestion = suggest(people.rita, number, register.chokepoint)
    decline_suggestion(actor=people.emma, number=number, suggestion=suggestion.pk)
    assert get(number).state == "changes_requested"


def test_the_suggestion_of_another_reviewer_does_not_meet_a_request(people, register, number):
    ask(people.ravi, number)
    suggestion = suggest(people.rita, number, register.chokepoint, approve=True)
    assert take(people.emma, suggestion).outcome is None
    assert get(number).state == "changes_requested"
    edit(people.emma, number, register, summary="Small beads.", scope="Spacers.")
    assert get(number).state == "open"


def test_an_older_request_that_was_met_by_a_version_asks_for_nothing_more(people, register, number):
    ask(people.ravi, number)
    suggest(people.ravi, number, register.chokepoint, field="scope", value="Spacers only.")
    edit(people.emma, number, register, summary="Smal beads.", scope="Spacers.")
    ask(people.rita, number)
    take(people.emma, suggest(people.rita, number, register.chokepoint))
    assert get(number).state == "open"


# --- refusals


@pytest.mark.parametrize("name", ["emma", "erik", "nobody", "admin"])
def test_only_reviewers_suggest(people, register, number, name):
    with pytest.raises(NotAllowed):
        suggest(getattr(people, name), number, register.chokepoint)
    assert not Suggestion.objects.exists()


def test_nobody_suggests_for_their_own(people, register, propose):
    number = propose(change("chokepoint", register.chokepoint, summary="New."), actor=people.both)
    with pytest.raises(NotAllowed, match="wrote any part"):
        suggest(people.both, number, register.chokepoint)


def test_an_older_version_is_refused(people, register, number):
    suggestion = suggest(people.rita, number, register.chokepoint)
    edit(people.emma, number, register, summary="Other.")
    with pytest.raises(StaleVersion):
        take(people.emma, suggestion, version=1)
    with pytest.raises(StaleVersion):
        suggest_value(
            actor=people.rita,
            number=number,
            version=1,
            record=register.chokepoint,
            field="summary",
            value="x",
        )


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"value": "Smal beads."}, "says already"),
        ({"value": "x" * 30_000}, "at most"),
        ({"value": "a\0b"}, "control character"),
        ({"value": "\ud800"}, "surrogate"),
        ({"value": ["Small beads."]}, "must be a text"),
        ({"field": "name", "value": "Beads"}, "no such field"),
        ({"field": "retired", "value": True}, "no such field"),
        ({"field": "x" * 999}, "no such field"),
        ({"words": "a\0b"}, "control character"),
        ({"words": "x" * 6_000}, "at most"),
        ({"record": "none"}, "no such change"),
        ({"record": "00000000-0000-4000-8000-000000000000"}, "no such change"),
    ],
)
def test_what_cannot_be_suggested_is_refused_in_words(people, register, number, typed, words):
    record = typed.pop("record", register.chokepoint)
    with pytest.raises(InvalidProposal, match=words):
        suggest(people.rita, number, record, **typed)
    assert not Suggestion.objects.exists()


def test_what_a_record_must_have_cannot_be_suggested_away(people, register, propose):
    changes = reduced(register)
    number = propose(*changes)
    with pytest.raises(InvalidProposal, match="Claim can't be left empty"):
        suggest(people.rita, number, changes[1].record, field="claim", value="")


def test_there_is_nothing_to_suggest_for_a_retirement(people, propose, build):
    spare = build.source("spare")
    number = propose(change("source", spare, "retire"))
    with pytest.raises(InvalidProposal, match="no such change"):
        suggest(people.rita, number, spare, field="title", value="Other")


def test_what_could_not_be_published_is_not_approved_in_advance(people, register, propose):
    changes = reduced(register)
    number = propose(*changes)
    typed = {"field": "quote_language", "value": None}
    with pytest.raises(InvalidProposal, match="which language"):
        suggest(people.rita, number, changes[1].record, approve=True, **typed)
    assert not Suggestion.objects.exists()
    assert not Review.objects.exists()


def test_a_value_that_breaks_a_rule_is_refused_when_it_is_taken_and_stays_open(people, register, propose):
    changes = reduced(register)
    number = propose(*changes)
    suggestion = suggest(people.rita, number, changes[1].record, field="nature", value="forecast")
    with pytest.raises(InvalidProposal, match="evidence that bears on it"):
        take(people.emma, suggestion)
    assert (get(number).version, state_of(suggestion)) == (1, "open")


@pytest.mark.parametrize("name", ["rita", "ravi", "erik", "nobody", "admin"])
@pytest.mark.parametrize("act", ["take", "decline"])
def test_only_authors_settle_suggestions(people, register, number, name, act):
    suggestion = suggest(people.rita, number, register.chokepoint)
    with pytest.raises(NotAllowed):
        if act == "take":
            take(getattr(people, name), suggestion)
        else:
            decline_suggestion(actor=getattr(people, name), number=number, suggestion=suggestion.pk)
    assert state_of(suggestion) == "open"


def test_a_suggestion_is_settled_once(people, register, number):
    suggestion = suggest(people.rita, number, register.chokepoint)
    take(people.emma, suggestion)
    with pytest.raises(WrongState):
        take(people.emma, suggestion)
    with pytest.raises(WrongState):
        decline_suggestion(actor=people.emma, number=number, suggestion=suggestion.pk)
    assert get(number).version == 2


def test_a_suggestion_is_settled_under_its_own_proposal_only(people, register, number, propose):
    other = propose(change("source", register.source, title="Other"))
    suggestion = suggest(people.rita, number, register.chokepoint)
    with pytest.raises(WrongState):
        take_suggestion(actor=people.emma, number=other, suggestion=suggestion.pk, version=1)
    assert get(number).version == get(other).version == 1


def test_on_hold_a_suggestion_can_be_left_aside_but_not_taken(people, register, number, propose):
    suggestion = suggest(people.rita, number, register.chokepoint)
    other = propose(change("source", register.source, title="Other"))
    hold_proposal(actor=people.rita, number=number, reason="Wait.", awaited=other)
    with pytest.raises(WrongState, match="on hold"):
        take(people.emma, suggestion)
    with pytest.raises(WrongState, match="on hold"):
        suggest(people.ravi, number, register.chokepoint, value="Other.")
    decline_suggestion(actor=people.emma, number=number, suggestion=suggestion.pk)
    assert state_of(suggestion) == "declined"


def test_nothing_is_suggested_for_what_has_ended_or_is_a_draft(people, register, number):
    withdraw_proposal(actor=people.emma, number=number)
    with pytest.raises(WrongState, match="withdrawn"):
        suggest(people.rita, number, register.chokepoint)
    draft = draft_proposal(
        actor=people.emma, title="T", rationale="R", changes=[create("sector", key="a", name="A")]
    )
    with pytest.raises(NotFound):
        suggest(people.rita, draft.number, register.chokepoint)


def test_a_conflict_is_mended_by_suggesting_what_the_register_says(people, register, number, build):
    build.update("chokepoint", register.chokepoint, summary="Theirs.")
    assert approve(people.rita, number).outcome == "conflicting"
    suggestion = suggest(people.ravi, number, register.chokepoint, value="Theirs.")
    assert (
        take(people.emma, suggestion).outcome == "published"
    )  # rita's approval stands for what was in no conflict
    published = Chokepoint.objects.get(pk=register.chokepoint)
    assert (published.summary, published.scope) == ("Theirs.", "Spacers.")


def test_the_policy_of_the_day_decides_what_a_click_publishes(people, register, number):
    suggestion = suggest(people.rita, number, register.chokepoint, approve=True)
    change_policy(actor=people.admin, key="content", approvals=2, evidence=0, reason="More eyes.")
    assert take(people.emma, suggestion).outcome is None
    assert approve(people.ravi, number).outcome == "published"
