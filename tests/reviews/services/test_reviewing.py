"""The story from proposal to published status, and each refusal on the way, at the service."""

import datetime as dt

import pytest

from chokepoints.models import Changeset, Chokepoint, Evidence
from chokepoints.services.verifying import verify_register
from reviews.exceptions import InvalidProposal, NotAllowed, NotFound, StaleVersion, WrongState
from reviews.models import Proposal, Review
from reviews.selectors import needs_of, queue_for
from reviews.services.drafting import draft_proposal, revise_proposal, submit_proposal, withdraw_proposal
from reviews.services.governing import change_policy
from reviews.services.reviewing import review_proposal
from tests.reviews.conftest import change, create, reduced


def status_of(chokepoint: str) -> str:
    return Chokepoint.objects.with_status(dt.date(2026, 11, 24)).get(pk=chokepoint).status


def approve(user, number, version=1):
    return review_proposal(actor=user, number=number, version=version, verdict="approve")


def test_two_approvals_publish_a_new_status(people, register, propose):
    number = propose(*reduced(register), title="Microspheres: reduced")
    first = approve(people.rita, number)
    assert first.outcome is None
    assert status_of(register.chokepoint) == "critical"
    second = approve(people.ravi, number)
    assert second.outcome == "published"
    assert status_of(register.chokepoint) == "reduced"
    changeset = Changeset.objects.get(number=second.changeset)
    assert [review["reviewer"] for review in changeset.reviews] == [
        str(person.contributor.pk) for person in (people.rita, people.ravi)
    ]
    assert changeset.authors == [str(people.emma.contributor.pk)]
    assert changeset.reference == f"proposal:{number}"
    assert Evidence.objects.get(quote__contains="微球").quote == "国产微球已批量供货"
    assert verify_register().problem is None


def test_nobody_reviews_what_they_wrote(people, register, propose):
    number = propose(change("chokepoint", register.chokepoint, summary="New."), actor=people.both)
    with pytest.raises(NotAllowed, match="wrote any part"):
        approve(people.both, number)
    assert not Review.objects.exists()


def test_a_superuser_is_no_exception(people, register, propose):
    number = propose(change("chokepoint", register.chokepoint, summary="New."))
    with pytest.raises(NotAllowed, match="Reviewers"):
        approve(people.admin, number)


@pytest.mark.parametrize("name", ["nobody", "erik"])
def test_only_reviewers_give_verdicts(people, register, propose, name):
    number = propose(change("chokepoint", register.chokepoint, summary="New."))
    with pytest.raises(NotAllowed):
        approve(getattr(people, name), number)


@pytest.mark.parametrize("name", ["nobody", "rita", "admin"])
def test_only_editors_propose(people, register, name):
    with pytest.raises(NotAllowed):
        draft_proposal(actor=getattr(people, name), title="T", rationale="R", changes=[])
    assert not Proposal.objects.exists()


def test_a_verdict_on_an_older_version_is_refused(people, register, propose):
    number = propose(change("chokepoint", register.chokepoint, summary="New."))
    revise_proposal(
        actor=people.emma,
        number=number,
        version=1,
        title="T",
        rationale="R",
        changes=[change("chokepoint", register.chokepoint, summary="Newer.")],
    )
    with pytest.raises(StaleVersion):
        approve(people.rita, number, version=1)
    with pytest.raises(StaleVersion):
        approve(people.rita, number, version=99)


@pytest.mark.parametrize(
    "altered",
    [
        {"stance": "supports"},
        {"stance": "context"},
        {"nature": "announcement"},
        {"nature": "forecast"},
        {"standing": "retracted"},
        {"standing": "vanished"},
    ],
)
def test_a_status_needs_evidence_that_carries_it(people, register, propose, altered):
    with pytest.raises(InvalidProposal, match="evidence that bears on it"):
        propose(*reduced(register, **altered))
    assert Proposal.objects.get().state == "draft"


def test_a_status_without_evidence_is_refused(people, register, propose):
    with pytest.raises(InvalidProposal, match="evidence that bears on it"):
        propose(*reduced(register, evidence=[]))


def test_evidence_of_another_chokepoint_carries_nothing(people, register, propose, build):
    other = build.chokepoint("other-thing")
    evidence = build.evidence(chokepoint=other, stance="shows-reduction")
    with pytest.raises(InvalidProposal, match="evidence that bears on it"):
        propose(*reduced(register, evidence=[evidence]))


def test_a_rank_that_turns_the_status_needs_two(people, register, propose, build):
    newer = build.assessment(
        chokepoint=register.chokepoint, evidence=[register.evidence], status="dependent", as_of="2020"
    )
    number = propose(change("assessment", newer, rank="deprecated", rank_reason="Refuted."))
    assert approve(people.rita, number).outcome is None
    assert status_of(register.chokepoint) == "dependent"
    assert approve(people.ravi, number).outcome == "published"
    assert status_of(register.chokepoint) == "critical"


def test_a_retirement_that_turns_the_status_needs_two(people, register, propose, build):
    newer = build.assessment(
        chokepoint=register.chokepoint, evidence=[register.evidence], status="dependent", as_of="2020"
    )
    number = propose(change("assessment", newer, "retire"))
    assert approve(people.rita, number).outcome is None
    assert status_of(register.chokepoint) == "dependent"
    assert approve(people.ravi, number).outcome == "published"


def test_an_assessment_that_counts_only_later_needs_two_as_well(people, register, propose):
    number = propose(*reduced(register, as_of="2199"))
    assert needs_of(Proposal.objects.get(pk=number)).approvals_needed == 2


@pytest.mark.parametrize(
    "fields",
    [
        {"nature": "opinion"},
        {"bears_on": "context"},
    ],
)
def test_evidence_that_carries_a_status_cannot_be_taken_away_quietly(people, register, propose, fields):
    if "bears_on" in fields:
        fields = {"bears_on": [{"chokepoint": register.chokepoint, "stance": "context"}]}
    with pytest.raises(InvalidProposal, match="takes away the evidence"):
        propose(change("evidence", register.evidence, **fields))


def test_retracting_the_source_of_a_status_takes_its_evidence_away(people, register, propose):
    with pytest.raises(InvalidProposal, match="takes away the evidence"):
        propose(change("source", register.source, standing="retracted", standing_reason="Taken back."))


def test_taking_one_of_two_pieces_away_needs_two_approvals(people, propose, build):
    chokepoint = build.chokepoint()
    pieces = [build.evidence(chokepoint=chokepoint) for _ in range(2)]
    build.assessment(chokepoint=chokepoint, evidence=pieces)
    number = propose(change("evidence", pieces[0], nature="opinion"))
    assert approve(people.rita, number).outcome is None
    assert approve(people.ravi, number).outcome == "published"


def test_other_content_needs_one(people, register, propose):
    number = propose(change("chokepoint", register.chokepoint, summary="New."))
    assert approve(people.rita, number).outcome == "published"


def test_a_unit_that_moved_meanwhile_conflicts_and_keeps_the_review(people, register, propose, build):
    number = propose(change("chokepoint", register.chokepoint, summary="Mine."))
    build.update("chokepoint", register.chokepoint, summary="Theirs.")
    outcome = approve(people.rita, number)
    assert outcome.outcome == "conflicting"
    assert outcome.conflicts[0].sort == "field" and outcome.conflicts[0].field == "summary"
    assert Proposal.objects.get(pk=number).state == "conflicting"
    assert Review.objects.count() == 1
    assert Chokepoint.objects.get(pk=register.chokepoint).summary == "Theirs."


def test_disjoint_units_both_get_in(people, register, propose, build):
    number = propose(change("chokepoint", register.chokepoint, summary="Mine."))
    build.update("chokepoint", register.chokepoint, scope="Theirs.")
    assert approve(people.rita, number).outcome == "published"
    row = Chokepoint.objects.get(pk=register.chokepoint)
    assert (row.summary, row.scope) == ("Mine.", "Theirs.")


def test_a_key_taken_meanwhile_is_a_conflict_of_key(people, register, propose, build):
    number = propose(create("sector", key="optics", name="Optics"))
    build.sector("optics")
    assert approve(people.rita, number).conflicts[0].sort == "key"


def test_a_target_retired_meanwhile_is_a_conflict_of_reference(people, register, propose, build):
    sector = build.sector("optics")
    number = propose(change("chokepoint", register.chokepoint, sector=sector))
    build.retire("sector", sector)
    assert approve(people.rita, number).conflicts[0].sort == "reference"


def test_a_cycle_by_way_of_two_proposals_is_a_conflict_of_rule(people, propose, build):
    one, other = build.sector("one"), build.sector("other")
    first = propose(change("sector", one, parent=other))
    second = propose(change("sector", other, parent=one))
    assert approve(people.rita, first).outcome == "published"
    assert approve(people.rita, second).conflicts[0].sort == "rule"


def test_an_approval_lapses_when_the_evidence_it_read_moves(people, register, propose, build):
    evidence = build.evidence(chokepoint=register.chokepoint, stance="shows-reduction")
    number = propose(*reduced(register, evidence=[evidence])[2:])
    approve(people.rita, number)
    build.update("evidence", evidence, claim="Something else.")
    assert approve(people.ravi, number).outcome is None
    needs = needs_of(Proposal.objects.get(pk=number))
    assert [review.reviewer.user for review in needs.approvals] == [people.ravi]
    assert [lapse.review.reviewer.user for lapse in needs.lapsed] == [people.rita]
    assert approve(people.rita, number).outcome == "published"


def test_an_approval_stands_for_what_a_new_version_left_alone_only_if_that_is_all(people, register, propose):
    changes = reduced(register)
    number = propose(*changes)
    approve(people.rita, number)
    edited = reduced(register)
    revise_proposal(actor=people.emma, number=number, version=1, title="T", rationale="R", changes=edited)
    assert approve(people.ravi, number, version=2).outcome is None
    assert approve(people.rita, number, version=2).outcome == "published"


def test_an_approval_stands_when_only_the_words_around_it_change(people, register, propose):
    changes = reduced(register)
    number = propose(*changes)
    approve(people.rita, number)
    revise_proposal(actor=people.emma, number=number, version=1, title="T2", rationale="R2", changes=changes)
    assert approve(people.ravi, number, version=2).outcome == "published"


def test_the_approval_of_somebody_who_left_the_reviewers_does_not_count(people, register, propose):
    number = propose(*reduced(register))
    approve(people.rita, number)
    people.rita.groups.clear()
    assert approve(people.ravi, number).outcome is None
    assert approve(people.rosa, number).outcome == "published"


@pytest.mark.parametrize(
    ("verdict", "state"), [("request_changes", "changes_requested"), ("reject", "rejected")]
)
def test_other_verdicts_need_words_and_move_the_proposal(people, register, propose, verdict, state):
    number = propose(change("chokepoint", register.chokepoint, summary="New."))
    with pytest.raises(InvalidProposal, match="Say why"):
        review_proposal(
            actor=people.rita, number=number, version=1, verdict=verdict, comment=" \n", reason="other"
        )
    review_proposal(
        actor=people.rita, number=number, version=1, verdict=verdict, comment="Not so.", reason="other"
    )
    assert Proposal.objects.get(pk=number).state == state


def test_a_rejection_needs_a_reason_from_the_list(people, register, propose):
    number = propose(change("chokepoint", register.chokepoint, summary="New."))
    for reason in ("", "because", "other\0"):
        with pytest.raises(InvalidProposal, match="Choose a reason") as refusal:
            review_proposal(
                actor=people.rita, number=number, version=1, verdict="reject", comment="No.", reason=reason
            )
        assert [problem.field for problem in refusal.value.problems] == ["reason"]


def test_editing_after_feedback_opens_a_new_version(people, register, propose):
    number = propose(change("chokepoint", register.chokepoint, summary="New."))
    review_proposal(
        actor=people.rita, number=number, version=1, verdict="request_changes", comment="Shorter."
    )
    proposal = revise_proposal(
        actor=people.emma,
        number=number,
        version=1,
        title="T",
        rationale="R",
        changes=[change("chokepoint", register.chokepoint, summary="Short.")],
    )
    assert (proposal.state, proposal.version, proposal.versions.count()) == ("open", 2, 2)
    assert approve(people.rita, number, version=2).outcome == "published"


def test_what_has_ended_stays_so(people, register, propose):
    number = propose(change("chokepoint", register.chokepoint, summary="New."))
    withdraw_proposal(actor=people.emma, number=number)
    with pytest.raises(WrongState):
        approve(people.rita, number)
    with pytest.raises(WrongState):
        withdraw_proposal(actor=people.emma, number=number)


def test_only_authors_withdraw(people, register, propose):
    number = propose(change("chokepoint", register.chokepoint, summary="New."))
    with pytest.raises(NotAllowed):
        withdraw_proposal(actor=people.erik, number=number)


def test_a_draft_is_as_if_it_were_not_there_for_others(people, register):
    draft = draft_proposal(actor=people.emma, title="T", rationale="R", changes=[])
    for act in (
        lambda: submit_proposal(actor=people.erik, number=draft.number, version=1),
        lambda: approve(people.rita, draft.number),
        lambda: withdraw_proposal(actor=people.erik, number=draft.number),
    ):
        with pytest.raises(NotFound):
            act()
    assert not Proposal.objects.visible_to(people.erik.__dict__.get("contributor")).exists()


def test_empty_and_no_change_proposals_are_refused(people, register, propose):
    with pytest.raises(InvalidProposal, match="changes nothing"):
        propose()
    standing = Chokepoint.objects.get(pk=register.chokepoint).name
    with pytest.raises(InvalidProposal, match="already says"):
        propose(change("chokepoint", register.chokepoint, name=standing))


def test_a_rationale_is_required(people, register, propose):
    with pytest.raises(InvalidProposal, match="rationale"):
        propose(change("chokepoint", register.chokepoint, summary="New."), rationale="  ")


@pytest.mark.parametrize("base", [0, 2, 10**30, -1, "1"])
def test_a_forged_base_revision_is_refused(people, register, base):
    forged = change("chokepoint", register.chokepoint, summary="New.").__class__(
        "chokepoint", register.chokepoint, "update", {"summary": "New."}, {}, base
    )
    with pytest.raises(InvalidProposal, match="revision"):
        draft_proposal(actor=people.emma, title="T", rationale="R", changes=[forged])
    assert not Proposal.objects.exists()


def test_policy_is_data_and_changes_through_the_door(people, register, propose):
    change_policy(actor=people.admin, key="content", approvals=2, evidence=0, reason="We are more now.")
    number = propose(change("chokepoint", register.chokepoint, summary="New."))
    assert approve(people.rita, number).outcome is None
    change_policy(actor=people.admin, key="content", approvals=1, evidence=0, reason="Fewer again.")
    assert approve(people.ravi, number).outcome == "published"
    assert verify_register().problem is None


def test_a_policy_that_asks_for_two_origins_counts_origins_not_pages(people, register, propose, build):
    change_policy(actor=people.admin, key="status", approvals=2, evidence=2, reason="Two origins.")
    origin = build.source("origin")
    reprint = build.source("reprint", derivation="derived", derived_from=[origin])
    unknown = build.source("unknown", derivation="unknown")
    stance = {"chokepoint": register.chokepoint, "stance": "shows-reduction"}
    pieces = [
        build.evidence(chokepoint=register.chokepoint, source=source, bears_on=[stance])
        for source in (origin, reprint, unknown)
    ]
    with pytest.raises(InvalidProposal, match="2 pieces of different origin"):
        propose(*reduced(register, evidence=pieces)[2:])
    second = build.evidence(chokepoint=register.chokepoint, bears_on=[stance])
    propose(*reduced(register, evidence=[*pieces, second])[2:])


@pytest.mark.parametrize("approvals", [0, 10, -1])
def test_a_policy_always_asks_for_somebody_else(people, register, approvals):
    with pytest.raises(InvalidProposal):
        change_policy(actor=people.admin, key="content", approvals=approvals, evidence=0, reason="Because.")


def test_only_admins_change_policies(people, register):
    with pytest.raises(NotAllowed):
        change_policy(actor=people.rita, key="content", approvals=1, evidence=0, reason="Because.")


def test_a_proposal_says_when_the_members_cannot_decide_it(people, register, propose):
    number = propose(*reduced(register))
    for person in (people.rita, people.ravi, people.both):
        person.groups.clear()
    missing = needs_of(Proposal.objects.get(pk=number)).missing
    assert any("Missing: 1 more member of the group Reviewers" in words for words in missing)
    assert any("rosa could give one" in words for words in missing)


def test_the_queue_is_oldest_first_without_ones_own(people, register, propose):
    first = propose(change("chokepoint", register.chokepoint, summary="One."))
    own = propose(change("chokepoint", register.chokepoint, scope="Two."), actor=people.both)
    third = propose(change("chokepoint", register.chokepoint, note="Three."))
    assert [proposal.number for proposal in queue_for(people.rita)] == [first, own, third]
    assert [proposal.number for proposal in queue_for(people.both)] == [first, third]


def test_a_draft_that_was_rewritten_in_another_tab_is_not_overwritten(people, register):
    draft = draft_proposal(actor=people.emma, title="T", rationale="R", changes=[])
    save = {"actor": people.emma, "number": draft.number, "rationale": "R", "changes": []}
    assert revise_proposal(version=1, title="First tab", **save).version == 2
    with pytest.raises(StaleVersion):
        revise_proposal(version=1, title="Second tab", **save)
    assert Proposal.objects.get().present_version().title == "First tab"
    assert Proposal.objects.get().versions.count() == 1


def test_a_draft_that_was_saved_in_another_tab_is_read_as_it_is_now(people, register):
    words = change("chokepoint", register.chokepoint, summary="Typed.")
    number = draft_proposal(actor=people.emma, title="One", rationale="", changes=[words]).number
    read_before = Proposal.objects.get(pk=number)
    revise_proposal(actor=people.emma, number=number, version=1, title="Two", rationale="", changes=[words])
    assert read_before.present_version().title == "Two"
    assert read_before.version == 2
