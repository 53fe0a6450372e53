"""What was proposed or decided before is remembered: at submission, in a revision, and for the reviewer."""

import re

import pytest
from django.db import connection
from django.template.loader import render_to_string
from django.test.utils import CaptureQueriesContext

from reviews.exceptions import AlreadyProposed, RememberedDecision
from reviews.likeness import marks
from reviews.models import Mark, Proposal, Version
from reviews.services.drafting import draft_proposal, revise_proposal, submit_proposal, withdraw_proposal
from reviews.services.remembering import MOST, Memory, note_marks, note_missing_marks, remember
from reviews.services.reviewing import review_proposal
from reviews.services.splitting import split_proposal
from tests.reviews.conftest import change, create, reduced

REFUTED = {
    "status": "reduced",
    "as_of": "2020-05",
    "rank": "deprecated",
    "rank_reason": "The factory was never built.",
}


@pytest.fixture
def draft(people):
    """A function that drafts a proposal by erik and returns it."""

    def draft(*changes, actor=None, title="Another title") -> Proposal:
        return draft_proposal(
            actor=actor or people.erik, title=title, rationale="Because it is so.", changes=changes
        )

    return draft


@pytest.fixture
def submit(people):
    """A function that hands in erik's draft."""

    def submit(proposal: Proposal, **answer) -> Proposal:
        return submit_proposal(actor=people.erik, number=proposal.number, version=proposal.version, **answer)

    return submit


@pytest.fixture
def reject(people):
    """A function that rejects a proposal."""

    def reject(number: int, comment="The article retells a press release.") -> None:
        version = Proposal.objects.get(pk=number).version
        review_proposal(
            actor=people.rita,
            number=number,
            version=version,
            verdict="reject",
            reason="no-new-origin",
            comment=comment,
        )

    return reject


def memory_of(proposal) -> Memory:
    number = getattr(proposal, "number", proposal)
    return remember(Proposal.objects.get(pk=number).present_version())


def numbers(proposals) -> list[int]:
    return [proposal.number for proposal in proposals]


def same_pair(register):
    """Two versions that say the same with other ids, in another order."""
    fields = {"key": "works", "name": "Works"}
    about = {"role": "domestic-alternative", "chokepoint": register.chokepoint}

    def version(*, turned):
        organization = create("organization", **fields)
        changes = [organization, create("supply", organization=organization.record, **about)]
        return changes[::-1] if turned else changes

    return version(turned=False), version(turned=True)


# --- the same


def test_the_same_is_refused_while_it_is_pending(register, propose, draft, submit):
    one, other = same_pair(register)
    first = propose(*one, title="Works are a supplier")
    second = draft(*other)
    with pytest.raises(AlreadyProposed, match=f"#{first} “Works are a supplier”") as refused:
        submit(second)
    assert refused.value.status == 409
    assert refused.value.proposal.get_absolute_url() == f"/proposals/{first}/"
    second.refresh_from_db()
    assert second.state == "draft"
    assert numbers(memory_of(second).identical) == [first]
    assert memory_of(second).overlapping == []


def test_the_same_is_refused_whatever_is_said_to_be_new(register, propose, draft, submit):
    one, other = same_pair(register)
    propose(*one)
    with pytest.raises(AlreadyProposed):
        submit(draft(*other), what_is_new="Everything.")


def test_what_was_withdrawn_may_be_proposed_again(people, register, propose, draft, submit):
    one, other = same_pair(register)
    withdraw_proposal(actor=people.emma, number=propose(*one))
    assert submit(draft(*other)).state == "open"


def test_a_draft_like_it_is_nobodys_business(register, draft, propose):
    one, other = same_pair(register)
    draft(*one)
    number = propose(*other)
    assert not memory_of(number)


def test_one_value_more_is_not_the_same_but_overlaps(register, propose, draft, submit):
    one, other = same_pair(register)
    first = propose(*one)
    second = submit(draft(*other, change("chokepoint", register.chokepoint, summary="New.")))
    assert memory_of(second).identical == []
    assert numbers(memory_of(second).overlapping) == [first]
    assert numbers(memory_of(first).overlapping) == [second.number]


def test_a_revision_does_not_become_what_another_says_already(people, register, propose):
    first = propose(change("chokepoint", register.chokepoint, summary="One."))
    second = propose(change("chokepoint", register.chokepoint, summary="Two."), actor=people.erik)
    with pytest.raises(AlreadyProposed, match=f"#{first}"):
        revise_proposal(
            actor=people.erik,
            number=second,
            version=1,
            title="A title",
            rationale="Because.",
            changes=[change("chokepoint", register.chokepoint, summary="One.")],
        )
    assert Proposal.objects.get(pk=second).version == 1


def test_a_proposal_is_no_obstacle_to_its_own_next_version(people, register, propose):
    one = change("chokepoint", register.chokepoint, summary="One.")
    number = propose(one)
    revise_proposal(
        actor=people.emma,
        number=number,
        version=1,
        title="Another title",
        rationale="Because.",
        changes=[one],
    )
    assert Proposal.objects.get(pk=number).version == 2


def test_only_the_present_version_counts(people, register, propose, draft, submit):
    number = propose(change("chokepoint", register.chokepoint, summary="One."))
    revise_proposal(
        actor=people.emma,
        number=number,
        version=1,
        title="A title",
        rationale="Because.",
        changes=[change("chokepoint", register.chokepoint, scope="Two.")],
    )
    second = submit(draft(change("chokepoint", register.chokepoint, summary="One.")))
    assert second.state == "open"
    assert memory_of(second).overlapping == []


# --- what overlaps, what is on the same record


def test_two_values_of_one_unit_overlap(register, propose, draft):
    number = propose(change("evidence", register.evidence, locator="p. 1"))
    other = draft(change("evidence", register.evidence, quote="微球", quote_language="zh"))
    assert numbers(memory_of(other).overlapping) == [number]


def test_other_units_of_a_record_do_not_overlap_but_are_shown(register, propose, draft):
    number = propose(change("chokepoint", register.chokepoint, summary="One."))
    memory = memory_of(draft(change("chokepoint", register.chokepoint, scope="Two.")))
    assert memory.overlapping == []
    assert numbers(memory.same_record) == [number]


def test_retiring_overlaps_with_whatever_changes_the_record(register, propose, draft):
    number = propose(change("source", register.source, publisher="A publisher"))
    retiring = draft(change("source", register.source, "retire"))
    assert numbers(memory_of(retiring).overlapping) == [number]


def test_changing_overlaps_with_the_retirement_of_the_record(build, register, propose, draft):
    spare = build.source("spare")
    number = propose(change("source", spare, "retire"))
    memory = memory_of(draft(change("source", spare, publisher="A publisher")))
    assert numbers(memory.overlapping) == [number]
    assert memory.same_record == []


def test_what_is_about_the_chokepoint_is_shown(register, propose, draft):
    number = propose(*reduced(register))
    assessment = draft(
        create("assessment", chokepoint=register.chokepoint, status="resolved", as_of="2025", rationale="So.")
    )
    memory = memory_of(assessment)
    assert numbers(memory.same_record) == [number]
    assert memory.overlapping == []


def test_one_sector_alone_brings_nobody_together(register, propose, draft):
    common = {"dependent_country": "CN", "sector": register.sector}
    propose(create("chokepoint", key="one", name="One", **common))
    assert not memory_of(draft(create("chokepoint", key="two", name="Two", **common)))


def test_what_ended_is_neither_overlapping_nor_on_the_same_record(people, register, propose, draft):
    withdraw_proposal(
        actor=people.emma, number=propose(change("chokepoint", register.chokepoint, summary="One."))
    )
    assert not memory_of(draft(change("chokepoint", register.chokepoint, summary="One.")))


def test_other_fields_of_a_source_are_shown_too(register, propose, draft):
    number = propose(change("source", register.source, publisher="A publisher"))
    memory = memory_of(draft(change("source", register.source, author="An author")))
    assert numbers(memory.same_record) == [number]


def test_evidence_for_one_list_is_shown(build, register, propose, draft):
    def statement(claim, stance):
        bears_on = [{"list": listed, "stance": stance}]
        return create("evidence", source=register.source, claim=claim, nature="opinion", bears_on=bears_on)

    listed = build.list()
    number = propose(statement("It is complete.", "supports"))
    memory = memory_of(draft(statement("It leaves much out.", "disputes")))
    assert numbers(memory.same_record) == [number]


def test_parts_of_one_split_are_shown_as_such_and_nowhere_else(people, register, propose):
    parts = [
        change("source", register.source, publisher="A publisher"),
        change("evidence", register.evidence, said_by="A minister"),
    ]
    number = propose(change("chokepoint", register.chokepoint, summary="One."), *parts)
    first, second = (
        split_proposal(actor=people.emma, number=number, version=version, records=[part.record]).part.number
        for version, part in enumerate(parts, start=1)
    )
    for one in (number, first, second):
        assert memory_of(one) == Memory(
            split=sorted(Proposal.objects.exclude(pk=one), key=lambda proposal: proposal.number, reverse=True)
        )


def test_a_part_that_is_a_draft_is_nobodys_business(people, register, propose):
    moved = change("source", register.source, publisher="A publisher")
    number = propose(change("chokepoint", register.chokepoint, summary="One."), moved)
    part = split_proposal(actor=people.emma, number=number, version=1, records=[moved.record]).part
    Proposal.objects.filter(pk=part.pk).update(state="draft")
    assert memory_of(number).split == []


def test_no_more_are_shown_than_somebody_reads(register, propose, draft):
    for number in range(MOST + 1):
        propose(change("chokepoint", register.chokepoint, summary=f"Version {number}."))
    memory = memory_of(draft(change("chokepoint", register.chokepoint, summary="Another.")))
    assert len(memory.overlapping) == MOST
    assert numbers(memory.overlapping) == sorted(numbers(memory.overlapping), reverse=True)
    assert len(memory.same_record) == 1


# --- what was decided


def test_what_was_rejected_goes_on_only_by_saying_what_is_new(register, propose, draft, submit, reject):
    number = propose(*reduced(register), title="Microspheres: reduced")
    reject(number)
    again = draft(*reduced(register, as_of="2025"))
    with pytest.raises(RememberedDecision) as refused:
        submit(again)
    assert refused.value.status == 409
    message = refused.value.message
    assert re.search(rf"rejected on \d{{4}}-\d\d-\d\d, #{number} “Microspheres: reduced”", message)
    assert "it repeats an origin that is counted already: The article retells a press release." in message
    assert message.endswith("Say what is new.")
    ((rejected, review),) = refused.value.memory.rejected
    assert (rejected.number, review.comment) == (number, "The article retells a press release.")
    again.refresh_from_db()
    assert again.state == "draft"
    assert submit(again, what_is_new="An audit of 2025 counted the deliveries.").state == "open"


@pytest.mark.parametrize("words", ["", "  \n", "…", "-", "\u200b"])
def test_what_says_nothing_does_not_say_what_is_new(register, propose, draft, submit, reject, words):
    reject(propose(*reduced(register)))
    with pytest.raises(RememberedDecision):
        submit(draft(*reduced(register)), what_is_new=words)


def test_the_answer_holds_for_later_versions(people, register, propose, draft, submit, reject):
    reject(propose(*reduced(register)))
    again = submit(draft(*reduced(register)), what_is_new="An audit.")
    revise_proposal(
        actor=people.erik,
        number=again.number,
        version=1,
        title="A title",
        rationale="Because.",
        changes=reduced(register, as_of="2025"),
    )
    assert Proposal.objects.get(pk=again.number).version == 2


def test_the_evidence_of_a_rejected_judgement_may_come_alone(register, propose, draft, submit, reject):
    changes = reduced(register)
    reject(propose(*changes))
    alone = submit(draft(*changes[:2]))
    assert alone.state == "open"
    assert memory_of(alone).rejected == []


def test_rejected_evidence_does_not_come_back_unseen_beside_a_judgement(register, propose, draft, reject):
    changes = reduced(register)
    number = propose(*changes[:2])
    reject(number)
    assert [proposal.number for proposal, _ in memory_of(draft(*changes)).rejected] == [number]


def test_a_rejected_proposal_does_not_remember_itself(register, propose, reject):
    number = propose(*reduced(register))
    reject(number)
    assert not memory_of(number)


def test_rejected_evidence_is_remembered_by_its_quote(register, propose, draft, submit, reject):
    reject(propose(*reduced(register)[:2]))
    with pytest.raises(RememberedDecision):
        submit(draft(*reduced(register)[:2]))


def test_a_rejected_part_of_a_split_is_remembered(people, register, propose, reject):
    moved = change("source", register.source, publisher="A publisher")
    number = propose(change("chokepoint", register.chokepoint, summary="One."), moved)
    reject(split_proposal(actor=people.emma, number=number, version=1, records=[moved.record]).part.number)
    with pytest.raises(RememberedDecision):
        revise_proposal(
            actor=people.emma,
            number=number,
            version=2,
            title="A title",
            rationale="Because.",
            changes=[change("chokepoint", register.chokepoint, summary="One."), moved],
        )


def test_a_deprecated_assessment_is_remembered_with_its_reason(build, register, draft, submit):
    refuted = build.assessment(**REFUTED | {"chokepoint": register.chokepoint})
    again = draft(*reduced(register))
    with pytest.raises(
        RememberedDecision, match=r"deprecated: The factory was never built\. Say what"
    ) as refused:
        submit(again)
    assert [str(assessment.pk) for assessment in refused.value.memory.deprecated] == [refuted]
    assert submit(again, what_is_new="It was built in 2024.").state == "open"


@pytest.mark.parametrize(
    "differs", [{"status": "resolved"}, {"rank": "normal", "rank_reason": None}], ids=["status", "rank"]
)
def test_other_assessments_are_not_like_it(build, register, draft, differs):
    build.assessment(**REFUTED | {"chokepoint": register.chokepoint} | differs)
    assert memory_of(draft(*reduced(register))).deprecated == []


def test_the_assessment_of_another_chokepoint_is_not_like_it(build, register, draft):
    build.assessment(**REFUTED | {"chokepoint": build.chokepoint("another"), "status": "critical"})
    judgement = create("assessment", chokepoint=register.chokepoint, status="critical")
    assert memory_of(draft(judgement)).deprecated == []


def test_a_retired_assessment_is_not_shown(build, register, draft):
    refuted = build.assessment(**REFUTED | {"chokepoint": register.chokepoint})
    again = draft(*reduced(register))
    assert len(memory_of(again).deprecated) == 1
    build.retire("assessment", refuted)
    assert memory_of(again).deprecated == []


# --- marks


def test_marks_follow_a_draft_through_its_rewriting(people, register, draft):
    first = draft(change("chokepoint", register.chokepoint, summary="One."))
    before = first.present_version().fingerprint
    changes = [change("chokepoint", register.chokepoint, scope="Two.")]
    revise_proposal(
        actor=people.erik, number=first.number, version=1, title="A title", rationale="", changes=changes
    )
    version = Version.objects.get(proposal=first)
    assert version.fingerprint not in {before, ""}
    assert sorted(version.marks.values_list("text", "leading")) == sorted(marks(changes))
    assert Mark.objects.count() == len(marks(changes))


def test_noting_marks_again_changes_nothing(register, draft):
    version = draft(*reduced(register)).present_version()
    before = sorted(version.marks.values_list("text", "leading"))
    made = version.made
    note_marks(version)
    version.refresh_from_db()
    assert sorted(version.marks.values_list("text", "leading")) == before
    assert version.made == made


def test_marks_that_are_missing_are_noted_once(register, propose, draft):
    number = propose(*reduced(register))
    noted = Version.objects.get(proposal=number).fingerprint
    kept = set(Mark.objects.values_list("version", "text", "leading"))
    Mark.objects.all().delete()
    Version.objects.update(fingerprint="")
    assert note_missing_marks() == 1
    assert set(Mark.objects.values_list("version", "text", "leading")) == kept
    assert Version.objects.get(proposal=number).fingerprint == noted
    assert note_missing_marks() == 0


def test_a_draft_from_before_there_were_marks_is_checked_all_the_same(register, propose, draft, submit):
    one, other = same_pair(register)
    propose(*one)
    old = draft(*other)
    old.versions.update(fingerprint="")
    Mark.objects.filter(version__proposal=old).delete()
    with pytest.raises(AlreadyProposed):
        submit(old)


def test_versions_without_a_fingerprint_are_not_the_same(people, register, propose):
    pending = [
        propose(change("source", register.source, publisher="One"), actor=people.erik),
        propose(change("chokepoint", register.chokepoint, summary="Two.")),
    ]
    Version.objects.update(fingerprint="")
    assert [memory_of(number).identical for number in pending] == [[], []]


def test_remembering_takes_as_many_queries_for_many_as_for_one(build, register, draft, submit, reject):
    def fill(year):
        """Add one proposal or assessment to each group."""
        judgement = draft(*reduced(register, as_of=f"{year}"))
        reject(submit(judgement, what_is_new=f"It is {year}.").number)
        submit(draft(change("chokepoint", register.chokepoint, summary=f"As of {year}.")))
        submit(draft(change("chokepoint", register.chokepoint, scope=f"As of {year}.")))
        refuted = {"rank": "deprecated", "rank_reason": "Refuted."}
        build.assessment(chokepoint=register.chokepoint, status="reduced", as_of=f"{year}", **refuted)

    def queries_of(proposal, count):
        version = proposal.present_version()
        with CaptureQueriesContext(connection) as captured:
            memory = remember(version)
            render_to_string("reviews/_memory.html", {"memory": memory})
        groups = (memory.rejected, memory.overlapping, memory.same_record, memory.deprecated)
        assert [len(group) for group in groups] == [count] * 4
        return len(captured)

    mine = draft(*reduced(register), change("chokepoint", register.chokepoint, summary="Mine."))
    fill(2020)
    few = queries_of(mine, 1)
    for year in (2021, 2022, 2023):
        fill(year)
    assert queries_of(mine, 4) == few


# --- the fragment


def test_the_fragment_is_quiet_when_there_is_nothing(register, draft):
    memory = memory_of(draft(change("chokepoint", register.chokepoint, summary="One.")))
    assert render_to_string("reviews/_memory.html", {"memory": memory}).strip() == ""
    assert render_to_string("reviews/_memory.html", {}).strip() == ""


def test_the_fragment_shows_each_decision_with_link_and_reason(build, register, propose, draft, reject):
    number = propose(*reduced(register), title="<b>Reduced</b>")
    reject(number, comment="Retold <i>again</i>.\nTwice.")
    pending = propose(change("chokepoint", register.chokepoint, summary="One."), title="A new summary")
    assessment = build.assessment(**REFUTED | {"chokepoint": register.chokepoint})
    html = render_to_string(
        "reviews/_memory.html",
        {"memory": memory_of(draft(*reduced(register))), "what_is_new": "An <u>audit</u>."},
    )
    for words in (
        f'href="/proposals/{number}/"',
        "&lt;b&gt;Reduced&lt;/b&gt;",
        "It repeats an origin that is counted already.",
        "Retold &lt;i&gt;again&lt;/i&gt;.<br>Twice.",
        f'href="/records/assessment/{assessment}/"',
        "2020-05",
        "The factory was never built.",
        "An &lt;u&gt;audit&lt;/u&gt;.",
        f'href="/proposals/{pending}/"',
    ):
        assert words in html, words
