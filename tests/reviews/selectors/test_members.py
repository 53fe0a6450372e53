"""Who is present, and what the present members can't decide."""

from uuid import UUID

import pytest

from chokepoints.services.contributing import contributor_for
from reviews.models import Expertise, Proposal
from reviews.selectors.members import (
    Team,
    named,
    present_team,
    reviewing_contributors,
    sectors_known,
    shortage_of,
    undecidable,
    with_parts,
    with_wholes,
)
from reviews.services.drafting import add_author
from reviews.services.reviewing import review_proposal
from tests.reviews.conftest import change, reduced

pytestmark = pytest.mark.django_db


def leave(*users):
    for user in users:
        user.groups.clear()


def test_the_team_names_those_in_office(people):
    people.rosa.is_active = False
    people.rosa.save()
    team = present_team()
    assert set(team.reviewers) == {people.rita.pk, people.ravi.pk, people.both.pk}
    assert set(team.editors) == {people.emma.pk, people.erik.pk, people.both.pk}
    assert set(team.admins) == {people.admin.pk}


def test_people_are_named_as_the_ledger_names_them(people):
    contributor = contributor_for(people.rita)
    contributor.display_name = "Rita Example"
    contributor.save()
    people.ravi.first_name = "Ravi"
    people.ravi.save()
    assert {present_team().reviewers[user.pk] for user in (people.rita, people.ravi, people.rosa)} == {
        "Rita Example",
        "Ravi",
        "rosa",
    }


TEAM = Team({1: "Rita", 2: "Ravi", 3: "Rosa"})


@pytest.mark.parametrize(
    ("taken", "missing", "words"),
    [
        ([], 3, ""),
        ([1], 2, ""),
        ([1, 9, None], 2, ""),
        ([], 0, ""),
        ([1, 2], 0, ""),
        ([1, 2], -1, ""),
        ([1], 3, "3 approvals are missing, and of the present reviewers only Ravi and Rosa could give one. Missing: 1 more"),
        ([1, 2], 3, "only Rosa could give one. Missing: 2 more members of the group Reviewers"),
        ([1, 2, 3], 1, "1 approval is missing, and of the present reviewers nobody could give one. Missing: 1 more member of"),
    ],
)  # fmt: skip
def test_a_shortage_says_how_many_are_missing_and_who_could(taken, missing, words):
    said = TEAM.shortage(taken, missing)
    assert words in said
    assert bool(said) == bool(words)


@pytest.mark.parametrize(
    ("names", "words"), [((), "nobody"), ("A", "A"), ("AB", "A and B"), ("ABC", "A, B and C")]
)
def test_names_make_a_sentence(names, words):
    assert named(names) == words


def test_a_shortage_looks_at_the_accounts_in_office(people):
    assert shortage_of([people.both.pk, people.rita.pk], 2) == ""
    leave(people.rosa)
    assert "only ravi could" in shortage_of([people.both.pk, people.rita.pk], 2)


def test_who_never_acted_is_a_reviewer_all_the_same(people):
    contributor_for(people.rita)
    assert {person.display_name for person in reviewing_contributors()} == {"rita", "ravi", "rosa", "both"}
    assert not hasattr(people.ravi, "contributor")  # nothing was written by looking


# --- what can't be decided


def stuck():
    return list(undecidable().values_list("pk", flat=True))


def test_what_needs_more_approvals_than_the_reviewers_can_give_is_undecidable(people, register, propose):
    number = propose(*reduced(register))
    assert stuck() == []
    leave(people.rosa, people.both)
    assert stuck() == []
    leave(people.ravi)
    assert stuck() == [number]


def test_an_author_among_the_reviewers_is_one_less(people, register, propose):
    leave(people.rosa, people.ravi)
    number = propose(*reduced(register))
    assert stuck() == []
    add_author(actor=people.emma, number=number, name="both")
    assert stuck() == [number]


def test_who_approved_already_gives_no_other_approval(people, register, propose):
    number = propose(*reduced(register))
    review_proposal(actor=people.rita, number=number, version=1, verdict="approve")
    leave(people.ravi, people.both)
    assert stuck() == []
    leave(people.rosa)
    assert stuck() == [number]


@pytest.mark.parametrize("state", ["changes_requested", "rejected"])
def test_only_what_is_open_waits_for_reviewers(people, register, propose, state):
    number = propose(*reduced(register))
    leave(people.ravi, people.rosa, people.both, people.rita)
    Proposal.objects.filter(pk=number).update(state=state)
    assert stuck() == []


def test_a_small_change_needs_one_reviewer_alone(people, register, propose):
    number = propose(change("chokepoint", register.chokepoint, summary="New."))
    leave(people.ravi, people.rosa, people.both)
    assert stuck() == []
    leave(people.rita)
    assert stuck() == [number]


# --- what they know


@pytest.fixture
def tree(build):
    """Two sectors, of which one has a part that has a part."""
    top = build.sector("top")
    middle = build.sector("middle", parent=top)
    return {
        "top": top,
        "middle": middle,
        "low": build.sector("low", parent=middle),
        "other": build.sector("other"),
    }


@pytest.mark.parametrize(
    ("start", "below", "above"),
    [
        ("top", {"top", "middle", "low"}, {"top"}),
        ("middle", {"middle", "low"}, {"middle", "top"}),
        ("low", {"low"}, {"low", "middle", "top"}),
        ("other", {"other"}, {"other"}),
    ],
)
def test_sectors_come_with_their_parts_or_wholes(tree, start, below, above):
    names = {UUID(pk): name for name, pk in tree.items()}
    assert {names[pk] for pk in with_parts([UUID(tree[start])])} == below
    assert {names[pk] for pk in with_wholes([UUID(tree[start])])} == above


def test_a_reviewer_knows_the_parts_of_a_sector_too(people, tree):
    rita = contributor_for(people.rita)
    Expertise.objects.create(reviewer=rita, sector=tree["middle"])
    assert {str(pk) for pk in sectors_known(rita)} == {tree["middle"], tree["low"]}
