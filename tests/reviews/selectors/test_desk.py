"""What stands on a desk: what is to do, what was said, and what became of it."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from reviews.models import Proposal
from reviews.selectors.desk import SHOWN, desk_of, moved_drafts
from reviews.services.claiming import claim_proposal, escalate_old
from reviews.services.discussing import comment_on_proposal, hide_comment, resolve_comment
from reviews.services.drafting import add_author, draft_proposal, withdraw_proposal
from reviews.services.holding import hold_proposal
from reviews.services.reviewing import review_proposal
from reviews.services.suggesting import suggest_value
from tests.reviews.conftest import change, create, reduced

pytestmark = pytest.mark.django_db


def numbers(proposals):
    return [proposal.number for proposal in proposals]


def judge(user, number, verdict, **options):
    words = {"comment": "So it is.", "reason": "known" if verdict == "reject" else ""}
    return review_proposal(actor=user, number=number, version=1, verdict=verdict, **words | options)


@pytest.fixture
def small(propose):
    """A function that hands in a small proposal about a new maker."""
    count = iter(range(1_000))

    def small(**options) -> int:
        n = next(count)
        return propose(
            create("organization", name=f"Maker {n}", key=f"maker-{n}"), title=f"Maker {n}", **options
        )

    return small


@pytest.mark.parametrize("name", ["nobody", "emma", "rita", "admin"])
def test_a_new_members_desk_is_empty(people, name):
    desk = desk_of(getattr(people, name))
    lists = (desk.drafts, desk.waiting, desk.suggestions, desk.mentions, desk.claimed, desk.under_review)
    assert not any([*lists, desk.reviews, desk.comments, desk.ended, desk.escalated])
    assert desk.queue_length == (0 if name == "rita" else None)


# --- what an author has to do


def test_own_proposals_lie_where_they_belong(people, register, small):
    draft = draft_proposal(actor=people.emma, title="A", rationale="B", changes=[]).number
    is_open, sent_back, rejected, on_hold, withdrawn = (small() for _ in range(5))
    judge(people.rita, sent_back, "request_changes")
    judge(people.rita, rejected, "reject")
    tomorrow = timezone.now().date() + dt.timedelta(days=1)
    hold_proposal(actor=people.emma, number=on_hold, reason="A paper comes out.", until=tomorrow)
    withdraw_proposal(actor=people.emma, number=withdrawn)
    desk = desk_of(people.emma)
    assert numbers(desk.drafts) == [draft]
    assert numbers(desk.waiting) == [sent_back]
    assert set(numbers(desk.under_review)) == {is_open, on_hold}
    assert numbers(desk.ended) == [withdrawn, rejected]
    held = next(one for one in desk.under_review if one.number == on_hold)
    assert held.standing_holds[0].reason == "A paper comes out."
    assert not any([*desk_of(people.erik).drafts, *desk_of(people.erik).under_review])


def test_what_can_not_be_published_waits_for_its_author(people, small):
    number = small()
    Proposal.objects.update(obstacles=["It can't be published."])
    desk = desk_of(people.emma)
    assert (numbers(desk.waiting), numbers(desk.under_review)) == ([number], [])


def test_a_second_author_has_it_on_their_desk_too(people, small):
    number = small()
    add_author(actor=people.emma, number=number, name="erik")
    assert numbers(desk_of(people.erik).under_review) == [number]


def test_a_draft_whose_base_has_moved_is_marked(people, register, build):
    moved, same, new = (
        draft_proposal(actor=people.emma, title=title, rationale="B", changes=changes)
        for title, changes in (
            ("Moved", [change("chokepoint", register.chokepoint, summary="Mine.")]),
            ("Same", [change("source", register.source, title="Mine")]),
            ("New", [create("organization", name="Maker", key="maker")]),
        )
    )
    assert desk_of(people.emma).moved == set()
    build.update("chokepoint", register.chokepoint, scope="Theirs.")
    assert desk_of(people.emma).moved == {moved.number}
    assert moved_drafts([same, new]) == set()
    assert moved_drafts([]) == set()


def test_open_suggestions_lie_with_the_author_under_the_fields_name(people, register, propose):
    number = propose(change("chokepoint", register.chokepoint, summary="Mine."))
    suggest_value(
        actor=people.rita,
        number=number,
        version=1,
        record=register.chokepoint,
        field="summary",
        value="Better.",
        words="Shorter.",
    )
    (suggestion,) = desk_of(people.emma).suggestions
    assert (suggestion.label, suggestion.words, suggestion.proposal.title) == (
        "Summary",
        "Shorter.",
        "A title",
    )
    assert desk_of(people.erik).suggestions == desk_of(people.rita).suggestions == []
    withdraw_proposal(actor=people.emma, number=number)
    assert desk_of(people.emma).suggestions == []


# --- what became of it


def test_the_reason_of_a_rejection_and_the_changeset_are_at_hand(people, small):
    rejected, published = small(), small()
    judge(people.rita, rejected, "reject", reason="no-new-origin", comment="The same press release.")
    done = judge(people.rita, published, "approve")
    by_number = {one.number: one for one in desk_of(people.emma).ended}
    (review,) = by_number[rejected].rejections
    assert (review.reason, review.comment) == ("no-new-origin", "The same press release.")
    assert (by_number[published].rejections, by_number[published].changeset) == ([], done.changeset)


def test_reviews_and_remarks_come_with_the_proposal_as_it_is_now(people, register, propose, small):
    number, other = propose(*reduced(register)), small()
    judge(people.rita, number, "approve")
    judge(people.rita, other, "approve")
    comment_on_proposal(actor=people.rita, number=number, text="A good find.")
    desk = desk_of(people.rita)
    assert [(one.proposal.number, one.proposal.state) for one in desk.reviews] == [
        (other, "published"),
        (number, "open"),
    ]
    assert [(one.text, one.proposal.title) for one in desk.comments] == [("A good find.", "A title")]


def test_only_the_latest_of_what_was_said_is_shown(people, small):
    numbers_of = [small() for _ in range(SHOWN + 1)]
    for number in numbers_of:
        judge(people.rita, number, "reject")
    assert [one.proposal_id for one in desk_of(people.rita).reviews] == numbers_of[:0:-1]
    assert numbers(desk_of(people.emma).ended) == numbers_of[:0:-1]


# --- who is called


def test_who_is_mentioned_finds_the_remark_until_it_is_resolved(people, small):
    number = small()
    remark = comment_on_proposal(actor=people.rita, number=number, text="@ravi do you know this maker?")
    assert [one.text for one in desk_of(people.ravi).mentions] == ["@ravi do you know this maker?"]
    assert desk_of(people.rosa).mentions == desk_of(people.rita).mentions == []
    resolve_comment(actor=people.rita, comment=remark.pk)
    assert desk_of(people.ravi).mentions == []


def test_a_call_for_reviewers_reaches_those_who_may_review(people, small):
    number = small(actor=people.both)
    comment_on_proposal(actor=people.rita, number=number, text="@reviewers please look at this.")
    assert len(desk_of(people.ravi).mentions) == 1
    for name in (
        "rita",
        "both",
        "emma",
        "nobody",
    ):  # who wrote the remark, who wrote the proposal, no reviewers
        assert desk_of(getattr(people, name)).mentions == [], name


def test_neither_what_is_hidden_nor_what_is_over_calls_anybody(people, small):
    hidden, over = small(), small()
    remark = comment_on_proposal(actor=people.rita, number=hidden, text="@ravi look at that!")
    hide_comment(actor=people.admin, comment=remark.pk, reason="Rude.")
    comment_on_proposal(actor=people.rita, number=over, text="@ravi look.")
    judge(people.rita, over, "reject")
    assert desk_of(people.ravi).mentions == []


# --- reviewers and admins


def test_the_queue_is_counted_and_claims_lie_on_the_desk(people, small):
    claimed, _free, taken = small(), small(), small()
    claim_proposal(actor=people.rita, number=claimed)
    claim_proposal(actor=people.ravi, number=taken)
    desk = desk_of(people.rita)
    assert (desk.queue_length, numbers(desk.claimed)) == (2, [claimed])
    assert desk.claimed[0].claim_lapses > timezone.now()


def test_what_waits_too_long_lies_with_admins_alone(people, small):
    old, older, _new = small(), small(), small()
    for number, days in ((old, 20), (older, 30)):
        Proposal.objects.filter(pk=number).update(waiting_since=timezone.now() - dt.timedelta(days=days))
    assert escalate_old() == 2
    assert numbers(desk_of(people.admin).escalated) == [older, old]
    assert desk_of(people.rita).escalated == []


def test_a_long_desk_asks_no_more_than_a_short_one(people, register, small, django_assert_num_queries):
    def fill():
        judge(people.rita, small(actor=people.both), "request_changes")
        judge(people.rita, small(actor=people.both), "reject")
        number = small(actor=people.both)
        comment_on_proposal(actor=people.rita, number=number, text="@both is it?")
        comment_on_proposal(actor=people.both, number=number, text="It is.")
        draft_proposal(
            actor=people.both,
            title="D",
            rationale="R",
            changes=[change("source", register.source, title=f"T{number}")],
        )
        claim_proposal(actor=people.both, number=small())
        judge(people.both, small(), "reject")

    fill()
    with CaptureQueriesContext(connection) as short:
        desk_of(people.both)
    for _ in range(3):
        fill()
    with django_assert_num_queries(len(short)):
        desk_of(people.both)
