"""What can move under an approval, and for what it lapses: exactly there.

Rita and Ravi approve all of a proposal that needs three: a summary that cites evidence, an alias, and an assessment on
evidence of its own. Then one thing moves. The table says which parts their approvals no longer cover.
"""

from types import SimpleNamespace

import pytest

from reviews.models import Proposal
from reviews.selectors import needs_of
from reviews.services.applying import prepare, standing_approvals
from reviews.services.drafting import add_author, revise_proposal
from reviews.services.governing import change_policy
from reviews.services.reviewing import review_proposal
from reviews.services.writing import DraftChange
from tests.reviews.conftest import change, create

WHOLE = {"summary", "aliases", "cites", "judgement", "grounds", "rationale"}


@pytest.fixture
def case(people, build, register, propose):
    """The proposal, approved by rita and ravi, and what it rests on."""
    build.update("chokepoint", register.chokepoint, summary="One. Two.")
    other_source = build.source("other-article")
    reduction = build.evidence(chokepoint=register.chokepoint, source=other_source, stance="shows-reduction")
    unrelated = build.evidence(chokepoint=register.chokepoint)
    change_policy(
        actor=people.admin, key="status", approvals=3, evidence=1, reason="To look at two approvals."
    )
    judgement = create(
        "assessment",
        chokepoint=register.chokepoint,
        status="reduced",
        as_of="2024-05",
        rationale="Delivered in volume.",
        evidence=[reduction],
        rank="normal",
    )
    words = change(
        "chokepoint",
        register.chokepoint,
        "update",
        {"summary": [register.evidence]},
        summary="One. Two, in 2024.",
        aliases=["MS"],
    )
    number = propose(words, judgement)
    for person in (people.rita, people.ravi):
        assert approve(person, number).outcome is None
    return SimpleNamespace(
        people=people,
        build=build,
        register=register,
        number=number,
        words=words,
        judgement=judgement,
        reduction=reduction,
        other_source=other_source,
        unrelated=unrelated,
    )


def approve(person, number, version=1):
    return review_proposal(actor=person, number=number, version=version, verdict="approve")


def edit(case, words=None, judgement=None, cites=None, title="A title", rationale="Because it is so."):
    """Write the next version, with some fields of the two changes different."""
    changes = [
        _with(case.words, words or {}, cites),
        _with(case.judgement, judgement or {}),
    ]
    revise_proposal(
        actor=case.people.emma,
        number=case.number,
        version=1,
        title=title,
        rationale=rationale,
        changes=changes,
    )


def _with(one: DraftChange, fields, cites=None) -> DraftChange:
    return DraftChange(
        one.kind, one.record, one.operation, {**one.fields, **fields}, cites or one.cites, one.base_revision
    )


def parts_of(case) -> dict[tuple[str, str], str]:
    """The parts of the proposal under the names that the table uses."""
    chokepoint, assessment = case.register.chokepoint, case.judgement.record
    return {
        (chokepoint, "summary"): "summary",
        (chokepoint, "aliases"): "aliases",
        (chokepoint, ""): "cites",
        (assessment, "status"): "judgement",
        (assessment, "evidence"): "grounds",
        (assessment, "rationale"): "rationale",
    }


def lapsed(case, person) -> set[str]:
    """Return the named parts that somebody's approvals don't cover as things stand; all others must agree with them."""
    proposal = Proposal.objects.get(pk=case.number)
    standing = standing_approvals(proposal, prepare(proposal.present_version()).coverages)
    names = parts_of(case)
    found = standing.lapsed_for(person.contributor.pk)
    unnamed = [part for part in found if part not in names]
    gone = {names[part] for part in found if part in names}
    assert not unnamed or gone == WHOLE, f"parts lapsed that the table doesn't name: {unnamed}"
    return gone


MOVES = {
    "nothing": (lambda c: None, set()),
    "title and reason": (lambda c: edit(c, title="Another", rationale="In other words."), set()),
    "a proposed value": (lambda c: edit(c, words={"summary": "One. Two, in 2025."}), {"summary"}),
    "a proposed set": (lambda c: edit(c, words={"aliases": ["MS", "spacers"]}), {"aliases"}),
    "a value of a new record": (
        lambda c: edit(c, judgement={"rationale": "In great volume."}),
        {"rationale"},
    ),
    "the cited evidence": (lambda c: edit(c, cites={"summary": [c.unrelated]}), {"summary"}),
    "evidence cited for the whole change": (
        lambda c: edit(c, cites={"summary": [c.register.evidence], "": [c.unrelated]}),
        {"cites"},
    ),
    "which evidence a judgement rests on": (
        lambda c: edit(c, judgement={"evidence": sorted([c.reduction, c.unrelated])}),
        {"grounds"},
    ),
    "the revision of the cited evidence": (
        lambda c: c.build.update("evidence", c.register.evidence, claim="Said otherwise."),
        {"summary"},
    ),
    "the revision of the evidence that the judgement rests on": (
        lambda c: c.build.update("evidence", c.reduction, credibility=5),
        {"grounds"},
    ),
    "the revision of other evidence": (
        lambda c: c.build.update("evidence", c.unrelated, claim="Said otherwise."),
        set(),
    ),
    "the standing of the cited evidence's source": (
        lambda c: c.build.update(
            "source", c.register.source, standing="corrected", standing_reason="A figure."
        ),
        {"summary"},
    ),
    "the standing of the judgement's source": (
        lambda c: c.build.update(
            "source", c.other_source, standing="retracted", standing_reason="Taken back."
        ),
        {"grounds"},
    ),
    "another field of a source": (
        lambda c: c.build.update("source", c.register.source, publisher="Somebody"),
        set(),
    ),
    "another field of the record": (
        lambda c: c.build.update("chokepoint", c.register.chokepoint, scope="All of them."),
        set(),
    ),
    "another entry of the set": (
        lambda c: c.build.update("chokepoint", c.register.chokepoint, aliases=["balls"]),
        set(),
    ),
    "the same entry of the set, published by others": (
        lambda c: c.build.update("chokepoint", c.register.chokepoint, aliases=["MS"]),
        set(),
    ),
    "another sentence of the text": (
        lambda c: c.build.update("chokepoint", c.register.chokepoint, summary="One, as ever. Two."),
        {"summary"},
    ),
    "what the policy asks for": (
        lambda c: change_policy(
            actor=c.people.admin, key="status", approvals=4, evidence=1, reason="To be sure."
        ),
        set(),
    ),
}


@pytest.mark.parametrize("moved", MOVES)
def test_an_approval_lapses_for_what_moved_and_only_for_that(case, moved):
    move, parts = MOVES[moved]
    move(case)
    assert lapsed(case, case.people.rita) == parts
    assert lapsed(case, case.people.ravi) == parts


@pytest.mark.parametrize(
    "change_rita",
    [
        lambda c: c.people.rita.groups.clear(),
        lambda c: type(c.people.rita).objects.filter(pk=c.people.rita.pk).update(is_active=False),
    ],
    ids=["no reviewer any more", "the account is closed"],
)
def test_who_leaves_the_office_takes_their_approval_along_and_nobody_elses(case, change_rita):
    change_rita(case)
    assert lapsed(case, case.people.rita) == WHOLE
    assert lapsed(case, case.people.ravi) == set()


def test_who_becomes_an_author_loses_their_approval_and_nobody_else_does(case):
    from django.contrib.auth.models import Group

    case.people.rita.groups.add(Group.objects.get(name="Editors"))
    add_author(actor=case.people.emma, number=case.number, name="rita")
    assert lapsed(case, case.people.rita) == WHOLE
    assert lapsed(case, case.people.ravi) == set()


def test_a_part_needs_as_many_approvals_as_the_whole(case):
    edit(case, words={"summary": "One. Two, in 2025."})
    proposal = Proposal.objects.get(pk=case.number)
    standing = standing_approvals(proposal, prepare(proposal.present_version()).coverages)
    assert standing.count == 0
    assert {len(reviews) for reviews in standing.parts.values()} == {0, 2}
    assert [lapse.review.reviewer.user for lapse in needs_of(proposal).lapsed] == [
        case.people.rita,
        case.people.ravi,
    ]


def test_different_people_may_cover_different_parts(case):
    """Three approve the text as it was, then it changes and three others would be needed for it alone."""
    edit(case, words={"summary": "One. Two, in 2025."})
    for person in (case.people.rita, case.people.ravi):
        assert approve(person, case.number, 2).outcome is None
    assert approve(case.people.rosa, case.number, 2).outcome == "published"


def test_a_later_request_for_changes_takes_back_ones_approval(case):
    review_proposal(
        actor=case.people.rita,
        number=case.number,
        version=1,
        verdict="request_changes",
        comment="On second thought.",
    )
    edit(case)
    assert lapsed(case, case.people.rita) == WHOLE
    assert lapsed(case, case.people.ravi) == set()
