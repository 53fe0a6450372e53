"""The queue: who finds what in it, in which order, and what comes next; and whose turn a proposal is."""

import datetime as dt

import pytest
from django.utils import timezone

from chokepoints.services.contributing import contributor_for
from reviews.attention import CHANGES_REQUESTED, HANDED_OVER, KNOWS_SECTOR, MAY_REVIEW, TOO_FEW
from reviews.models import Claim, Proposal
from reviews.selectors.queue import (
    APPROVED,
    FREE,
    MINE,
    OBSTRUCTED,
    RANKS,
    SECTOR,
    TAKEN,
    kinds_of,
    next_in_queue,
    queue_for,
    sectors_of,
    turns_of,
)
from reviews.services.arranging import set_expertise
from reviews.services.claiming import claim_proposal, hand_over, release_claim
from reviews.services.drafting import revise_proposal
from reviews.services.reviewing import review_proposal
from tests.reviews.conftest import change, create, reduced

pytestmark = pytest.mark.django_db


def ranks(user):
    return {proposal.number: proposal.rank for proposal in queue_for(user)}


def order(user, queue=None):
    return [proposal.number for proposal in (queue if queue is not None else queue_for(user))]


def since(number, days):
    Proposal.objects.filter(pk=number).update(waiting_since=timezone.now() - dt.timedelta(days=days))


def approve(user, number):
    return review_proposal(actor=user, number=number, version=1, verdict="approve")


@pytest.fixture
def makers(propose):
    """A function that hands in some small proposals, about nothing in particular, and returns their numbers."""

    def makers(count, **options):
        return [
            propose(
                create("organization", name=f"Maker {n}", key=f"maker-{n}"), title=f"Maker {n}", **options
            )
            for n in range(count)
        ]

    return makers


# --- who finds what


def test_own_proposals_and_what_is_not_open_are_not_in_the_queue(people, register, makers):
    first, second, third = makers(3, actor=people.both)
    review_proposal(
        actor=people.rita, number=second, version=1, verdict="request_changes", comment="Say more."
    )
    assert order(people.both) == []
    assert order(people.rita) == [first, third]


def test_ranks_are_all_there(people, register, propose, makers, build):
    """One proposal for each group of the queue, as rita sees it."""
    set_expertise(actor=people.rita, sectors=[register.sector])
    mine, taken, free = makers(3)
    obstructed = propose(change("chokepoint", register.chokepoint, summary="Mine."))
    build.update("chokepoint", register.chokepoint, summary="Theirs.")
    Proposal.objects.filter(pk=obstructed).update(obstacles=["Summary was changed meanwhile."])
    known = propose(change("chokepoint", register.chokepoint, scope="New."))
    approved = propose(*reduced(register))
    approve(people.rita, approved)
    claim_proposal(actor=people.rita, number=mine)
    claim_proposal(actor=people.ravi, number=taken)
    expected = {
        mine: MINE,
        known: SECTOR,
        free: FREE,
        obstructed: OBSTRUCTED,
        taken: TAKEN,
        approved: APPROVED,
    }
    assert ranks(people.rita) == expected
    assert order(people.rita) == sorted(expected, key=expected.get)
    assert list(expected.values()) == list(RANKS)


def test_those_that_wait_longest_stand_first(people, makers):
    first, second, third = makers(3)
    since(third, 5)
    since(second, 2)
    assert order(people.rita) == [third, second, first]


def test_equal_waits_go_by_number(people, makers):
    numbers = makers(3)
    Proposal.objects.update(waiting_since=timezone.now())
    assert order(people.rita) == numbers


def test_a_claim_that_has_lapsed_counts_no_more(people, makers):
    (number,) = makers(1)
    claim_proposal(actor=people.ravi, number=number)
    assert ranks(people.rita) == {number: TAKEN}
    Claim.objects.update(lapses=timezone.now() - dt.timedelta(seconds=1))
    assert ranks(people.rita) == {number: FREE}
    assert queue_for(people.rita).get().claimer is None


def test_what_is_handed_over_is_the_heirs(people, makers):
    (number,) = makers(1)
    claim_proposal(actor=people.ravi, number=number)
    hand_over(actor=people.ravi, number=number, name="rita")
    assert (ranks(people.rita), ranks(people.ravi)) == ({number: MINE}, {number: TAKEN})


def test_what_is_given_back_is_free_again(people, makers):
    (number,) = makers(1)
    claim_proposal(actor=people.rita, number=number)
    release_claim(actor=people.rita, number=number)
    assert ranks(people.rita) == {number: FREE}


# --- sectors


def test_a_part_of_a_known_sector_is_known_and_its_whole_is_not(people, build, propose):
    whole = build.sector("whole")
    part = build.sector("part", parent=whole)
    in_whole = propose(change("chokepoint", build.chokepoint("one", sector=whole), summary="New."))
    in_part = propose(change("chokepoint", build.chokepoint("two", sector=part), summary="New."))
    set_expertise(actor=people.rita, sectors=[whole])
    assert ranks(people.rita) == {in_whole: SECTOR, in_part: SECTOR}
    set_expertise(actor=people.rita, sectors=[part])
    assert ranks(people.rita) == {in_whole: FREE, in_part: SECTOR}


def test_a_proposal_is_about_the_sectors_of_its_chokepoints_and_those_that_it_names(register, propose, build):
    about = propose(*reduced(register))
    new = propose(create("chokepoint", name="New", key="new", dependent_country="CN", sector=register.sector))
    nothing = propose(create("organization", name="Maker", key="maker"))
    proposals = list(Proposal.objects.filter(pk__in=[about, new, nothing]))
    sectors = {
        number: [str(sector.pk) for sector in found] for number, found in sectors_of(proposals).items()
    }
    assert sectors == {about: [register.sector], new: [register.sector], nothing: []}
    assert kinds_of(proposals) == {
        about: ["assessment", "evidence", "source"],
        new: ["chokepoint"],
        nothing: ["organization"],
    }


def test_only_the_present_version_counts(people, register, propose):
    number = propose(change("chokepoint", register.chokepoint, summary="New."))
    revise_proposal(
        actor=people.emma,
        number=number,
        version=1,
        title="T",
        rationale="R",
        changes=[change("source", register.source, title="Another title")],
    )
    proposal = Proposal.objects.get(pk=number)
    assert kinds_of([proposal]) == {number: ["source"]}
    assert sectors_of([proposal]) == {number: []}


# --- what comes next


def following(user, after, queue=None, left_aside=()):
    found = next_in_queue(user, queue_for(user) if queue is None else queue, after, left_aside)
    return found.number if found else None


def test_the_next_one_stands_behind_the_one_that_was_decided(people, makers):
    first, second, third, fourth = makers(4)
    review_proposal(
        actor=people.rita, number=second, version=1, verdict="reject", comment="No.", reason="known"
    )
    assert following(people.rita, second) == third
    assert following(people.rita, fourth) == first  # and begins anew at the end


def test_what_one_is_on_comes_before_what_stands_behind(people, makers):
    first, second = makers(2)
    claim_proposal(actor=people.rita, number=first)
    assert following(people.rita, second) == first
    assert following(people.rita, first) == second
    assert following(people.ravi, first) == second


def test_after_ones_own_claim_comes_what_waits_longest_and_not_what_came_after_it(people, makers):
    oldest, second, newest = makers(3)
    claim_proposal(actor=people.rita, number=second)
    assert following(people.rita, second) == oldest  # it stood before all others
    approve(people.rita, second)  # which ends the claim
    assert following(people.rita, second) == oldest
    assert following(people.ravi, second) == newest


def test_what_one_left_aside_comes_again_when_all_else_is_seen(people, makers):
    first, second, third = makers(3)
    for number in (first, second):
        claim_proposal(actor=people.rita, number=number)
    assert following(people.rita, second, left_aside=[first, second]) == third
    assert following(people.rita, third, left_aside=[first, second]) == first
    assert following(people.rita, first, left_aside=[first, second, third]) == second


def test_after_the_last_of_a_known_sector_come_the_others_from_their_beginning(
    people, register, propose, makers
):
    oldest, newest = makers(2)
    known = propose(change("chokepoint", register.chokepoint, summary="New."))
    since(oldest, 9)
    set_expertise(actor=people.rita, sectors=[register.sector])
    approve(people.rita, known)
    assert following(people.rita, known) == oldest
    assert following(people.rita, oldest) == newest


def test_what_can_not_be_decided_at_once_is_never_next(people, makers):
    taken, obstructed, decided = makers(3)
    claim_proposal(actor=people.ravi, number=taken)
    Proposal.objects.filter(pk=obstructed).update(obstacles=["It says nothing new."])
    assert following(people.rita, decided) is None


def test_the_next_one_stays_within_a_filter(people, makers):
    first, second, third = makers(3)
    only = queue_for(people.rita).exclude(pk=second)
    assert following(people.rita, first, only) == third


@pytest.mark.parametrize("after", [0, 10**12])
def test_what_never_was_in_the_queue_leads_to_its_beginning(people, makers, after):
    first, _ = makers(2)
    assert following(people.rita, after) == first


# --- whose turn


def turned(number):
    return {
        (turn.person.display_name if turn.person else None, turn.why)
        for turn in turns_of(Proposal.objects.get(pk=number))
    }


def test_reviewers_are_asked_also_those_who_never_acted(people, register, propose):
    set_expertise(actor=people.rita, sectors=[register.sector])
    number = propose(*reduced(register))
    assert turned(number) == {
        ("rita", KNOWS_SECTOR),
        ("ravi", MAY_REVIEW),
        ("rosa", MAY_REVIEW),
        ("both", MAY_REVIEW),
    }
    for user in (people.ravi, people.rosa, people.both):
        user.groups.clear()
    assert turned(number) == {("rita", KNOWS_SECTOR), (None, TOO_FEW)}


def test_who_was_handed_it_is_asked_first(people, register, propose):
    number = propose(*reduced(register))
    hand_over(actor=people.rita, number=number, name="ravi")
    first = turns_of(Proposal.objects.get(pk=number))[0]
    assert (first.person, first.why) == (contributor_for(people.ravi), HANDED_OVER)


def test_an_author_is_asked_after_changes_were_requested(people, register, propose):
    number = propose(*reduced(register))
    review_proposal(actor=people.rita, number=number, version=1, verdict="request_changes", comment="More.")
    assert turned(number) == {("emma", CHANGES_REQUESTED)}


def test_whose_turn_it_is_does_not_ask_once_a_reviewer(
    people, register, propose, django_assert_max_num_queries
):
    for user in (people.rita, people.ravi, people.rosa, people.both):
        set_expertise(actor=user, sectors=[register.sector])
    proposal = Proposal.objects.get(pk=propose(*reduced(register)))
    with django_assert_max_num_queries(11):
        turns_of(proposal)
