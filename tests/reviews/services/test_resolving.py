"""Conflicts of each kind, and how their author resolves them: what isn't in conflict stays approved."""

import pytest

from chokepoints.models import Chokepoint
from chokepoints.services.verifying import verify_register
from reviews.exceptions import InvalidProposal, NotAllowed, StaleVersion, WrongState
from reviews.models import Proposal
from reviews.selectors import needs_of
from reviews.services.drafting import draft_proposal
from reviews.services.resolving import Resolution, conflicts_of, resolve_proposal
from reviews.services.reviewing import review_proposal
from tests.reviews.conftest import change, create


def approve(person, number, version=1):
    return review_proposal(actor=person, number=number, version=version, verdict="approve")


def found(number) -> Proposal:
    return Proposal.objects.get(pk=number)


def resolve(people, number, resolutions, version=None, actor=None):
    return resolve_proposal(
        actor=actor or people.emma,
        number=number,
        version=version or found(number).version,
        resolutions=resolutions,
    )


@pytest.fixture
def torn(people, build, register, propose):
    """A proposal for summary, country and an alias; the country was published otherwise, and so was the same sentence."""
    build.update("chokepoint", register.chokepoint, summary="They are imported.")
    number = propose(
        change(
            "chokepoint",
            register.chokepoint,
            summary="They are mostly imported.",
            aliases=["MS"],
            scope="Spacers.",
        )
    )
    build.update(
        "chokepoint", register.chokepoint, summary="They are nearly all imported.", aliases=["balls"]
    )
    return number


def test_only_what_moved_on_both_sides_is_in_conflict(register, torn):
    (conflict,) = conflicts_of(found(torn).present_version())
    (unit,) = conflict.units
    assert unit.unit == "summary"
    assert unit.base == {"summary": "They are imported."}
    assert unit.current == {"summary": "They are nearly all imported."}
    assert unit.proposed == {"summary": "They are mostly imported."}
    assert not conflict.problems
    assert conflict.seen == 3


def test_an_approval_that_meets_a_conflict_is_recorded_and_sends_it_back(people, torn):
    outcome = approve(people.rita, torn)
    assert outcome.outcome == "conflicting"
    assert [problem.sort for problem in outcome.conflicts] == ["field"]
    assert found(torn).state == "conflicting"
    assert found(torn).reviews.count() == 1


@pytest.mark.parametrize(
    ("choice", "summary", "state"),
    [
        # Rita's approval covers what wasn't in conflict; with the register's side taken that is all there is.
        ("current", "They are nearly all imported.", "published"),
        ("proposed", "They are mostly imported.", "open"),
        ({"summary": "They are imported, but for some."}, "They are imported, but for some.", "open"),
    ],
)
def test_its_author_takes_one_side_the_other_or_a_third(people, register, torn, choice, summary, state):
    approve(people.rita, torn)
    resolve(people, torn, {register.chokepoint: Resolution(3, {"summary": choice})})
    proposal = found(torn)
    assert (proposal.state, proposal.version) == (state, 2)
    assert proposal.present_version().how == "resolved"
    assert proposal.present_version().changes.get().base_revision == 3
    if state == "open":
        assert approve(people.ravi, torn, 2).outcome == "published"
    chokepoint = Chokepoint.objects.get(pk=register.chokepoint)
    assert (chokepoint.summary, chokepoint.aliases, chokepoint.scope) == (
        summary,
        ["MS", "balls"],
        "Spacers.",
    )
    assert verify_register().problem is None


def test_what_is_not_in_conflict_stays_approved(people, build, register, propose):
    """Rita approved all of it; the summary conflicts afterwards. Once resolved, her approval covers all but the summary."""
    build.update("chokepoint", register.chokepoint, summary="They are imported.")
    policy_of_two(people)
    number = propose(
        change("chokepoint", register.chokepoint, summary="They are mostly imported.", aliases=["MS"])
    )
    approve(people.rita, number)
    build.update(
        "chokepoint", register.chokepoint, summary="They are nearly all imported.", aliases=["balls"]
    )
    resolve(people, number, {register.chokepoint: Resolution(3, {"summary": {"summary": "They are."}})})
    (lapse,) = needs_of(found(number)).lapsed
    assert lapse.parts == [(register.chokepoint, "summary")]


def policy_of_two(people):
    from reviews.services.governing import change_policy

    change_policy(actor=people.admin, key="content", approvals=2, evidence=0, reason="To need two.")


def test_with_the_registers_side_taken_nothing_lapses(people, build, register, propose):
    build.update("chokepoint", register.chokepoint, summary="They are imported.")
    policy_of_two(people)
    number = propose(
        change("chokepoint", register.chokepoint, summary="They are mostly imported.", aliases=["MS"])
    )
    approve(people.rita, number)
    build.update("chokepoint", register.chokepoint, summary="They are nearly all imported.")
    resolve(people, number, {register.chokepoint: Resolution(3, {"summary": "current"})})
    needs = needs_of(found(number))
    assert [review.reviewer.user for review in needs.approvals] == [people.rita]
    assert needs.lapsed == []


def test_taking_ones_own_side_over_a_published_one_asks_for_approval_again(people, build, register, propose):
    """The approvers judged it against another value than the one that it would overwrite now."""
    build.update("chokepoint", register.chokepoint, summary="They are imported.")
    policy_of_two(people)
    number = propose(change("chokepoint", register.chokepoint, summary="They are mostly imported."))
    approve(people.rita, number)
    build.update("chokepoint", register.chokepoint, summary="They are nearly all imported.")
    resolve(people, number, {register.chokepoint: Resolution(3, {"summary": "proposed"})})
    assert needs_of(found(number)).approvals == []


def test_what_was_approved_already_is_published_by_resolving(people, build, register, propose):
    """The approval that met the conflict covers what isn't in conflict, so resolving by the register's side publishes."""
    other = build.organization()
    number = propose(
        change("chokepoint", register.chokepoint, summary="Mostly imported.", aliases=["MS"]),
        change("organization", other, website="https://example.org/"),
    )
    build.update("chokepoint", register.chokepoint, summary="Nearly all imported.")
    assert approve(people.rita, number).outcome == "conflicting"
    done = resolve(people, number, {register.chokepoint: Resolution(2, {"summary": "current"})})
    assert done.outcome == "published"
    chokepoint = Chokepoint.objects.get(pk=register.chokepoint)
    assert (chokepoint.summary, chokepoint.aliases) == ("Nearly all imported.", ["MS"])


def test_each_conflict_must_be_decided(people, register, torn):
    with pytest.raises(InvalidProposal):
        resolve(people, torn, {register.chokepoint: Resolution(3)})
    with pytest.raises(InvalidProposal):
        resolve(people, torn, {register.chokepoint: Resolution(3, {"summary": "both"})})
    with pytest.raises(InvalidProposal):
        resolve(
            people, torn, {register.chokepoint: Resolution(3, {"summary": "current", "scope": "current"})}
        )
    assert found(torn).version == 1


def test_a_conflict_that_moved_on_is_looked_at_again(people, build, register, torn):
    build.update("chokepoint", register.chokepoint, summary="They are all imported.")
    with pytest.raises(StaleVersion, match="changed again"):
        resolve(people, torn, {register.chokepoint: Resolution(3, {"summary": "proposed"})})


def test_only_an_author_resolves(people, register, torn):
    with pytest.raises(NotAllowed):
        resolve(people, torn, {register.chokepoint: Resolution(3, {"summary": "current"})}, actor=people.erik)
    with pytest.raises(NotAllowed):
        resolve(people, torn, {register.chokepoint: Resolution(3, {"summary": "current"})}, actor=people.rita)


def test_what_is_over_is_not_resolved(people, register, torn):
    review_proposal(
        actor=people.rita, number=torn, version=1, verdict="reject", comment="No.", reason="other"
    )
    with pytest.raises(WrongState):
        resolve(people, torn, {register.chokepoint: Resolution(3, {"summary": "current"})})


def test_a_key_that_was_taken_meanwhile_is_a_conflict_of_its_own_kind(people, build, register, propose):
    new = create("organization", key="example-works", name="Example Works", country="JP", kind="company")
    number = propose(new)
    build.organization("example-works")
    outcome = approve(people.rita, number)
    assert [(problem.sort, problem.field) for problem in outcome.conflicts] == [("key", "key")]
    resolve(people, number, {new.record: Resolution(fields={"key": "example-works-jp"})})
    assert approve(people.rita, number, 2).outcome == "published"


def test_a_target_that_was_retired_meanwhile_is_a_conflict_of_its_own_kind(people, build, register, propose):
    gone, stays = build.sector("gone"), build.sector("stays")
    number = propose(change("chokepoint", register.chokepoint, sector=gone))
    build.retire("sector", gone)
    outcome = approve(people.rita, number)
    assert [(problem.sort, problem.field) for problem in outcome.conflicts] == [("reference", "sector")]
    resolve(people, number, {register.chokepoint: Resolution(1, fields={"sector": stays})})
    assert approve(people.rita, number, 2).outcome == "published"


def test_a_record_that_was_retired_meanwhile_says_so_at_once_and_can_be_given_up(
    people, build, register, propose
):
    maker, other = build.organization("maker"), build.organization("other")
    number = propose(
        change("organization", maker, website="https://example.org/"),
        change("organization", other, website="https://example.com/"),
    )
    build.retire("organization", maker)
    assert "retired meanwhile" in needs_of(found(number)).problems[0].message
    (conflict,) = conflicts_of(found(number).present_version())
    assert [problem.sort for problem in conflict.problems] == ["reference"]
    with pytest.raises(InvalidProposal, match="restore the record"):
        resolve(people, number, {maker: Resolution(conflict.seen)})
    resolve(people, number, {maker: Resolution(drop=True)})
    assert approve(people.rita, number, 2).outcome == "published"


def test_a_cycle_by_way_of_two_proposals_is_a_conflict_of_rule(people, build, register, propose):
    one, other = build.sector("one"), build.sector("other")
    first = propose(change("sector", one, parent=other))
    second = propose(change("sector", other, parent=one))
    assert approve(people.rita, first).outcome == "published"
    outcome = approve(people.rita, second)
    assert [(problem.sort, problem.field) for problem in outcome.conflicts] == [("rule", "parent")]
    resolve(people, second, {other: Resolution(1, fields={"parent": None, "description": "Alone."})})
    assert approve(people.rita, second, 2).outcome == "published"


def test_nothing_left_is_refused_with_what_to_do_instead(people, register, torn):
    with pytest.raises(InvalidProposal, match="Withdraw it instead"):
        resolve(people, torn, {register.chokepoint: Resolution(drop=True)})


def test_a_merged_text_is_published_only_once_somebody_approved_it(people, build, register, propose):
    build.update("chokepoint", register.chokepoint, summary="One. Two.")
    policy_of_two(people)
    number = propose(change("chokepoint", register.chokepoint, summary="One. Two, in 2024."))
    approve(people.rita, number)
    build.update("chokepoint", register.chokepoint, summary="One, as ever. Two.")
    needs = needs_of(found(number))
    assert needs.merged_texts == {(register.chokepoint, "summary"): "One, as ever. Two, in 2024."}
    assert needs.approvals == []
    assert approve(people.ravi, number).outcome is None
    assert Chokepoint.objects.get(pk=register.chokepoint).summary == "One, as ever. Two."
    assert approve(people.rita, number).outcome == "published"
    assert Chokepoint.objects.get(pk=register.chokepoint).summary == "One, as ever. Two, in 2024."


def test_a_draft_is_written_against_the_register_as_it_is_now(people, build, register):
    draft = draft_proposal(
        actor=people.emma,
        title="T",
        rationale="R",
        changes=[change("chokepoint", register.chokepoint, name="Balls", aliases=["MS"])],
    )
    build.update("chokepoint", register.chokepoint, name="Spheres", aliases=["balls"])
    resolve(people, draft.number, {register.chokepoint: Resolution(2, {"name": "proposed"})})
    (standing,) = found(draft.number).present_version().changes.all()
    assert found(draft.number).state == "draft"
    assert standing.base_revision == 2
    assert standing.fields == {"name": "Balls", "aliases": ["MS", "balls"]}
