"""Requests to act: who is asked, when again, and that neither "never" nor a mute hides them among news."""

import datetime as dt

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from chokepoints.services.contributing import contributor_for
from reviews.models import Mail, Notification, NotificationChoice, Proposal
from reviews.notifications import asking
from reviews.notifications.asking import ask, remind
from reviews.notifications.digests import make_digests
from reviews.notifications.events import EVENTS, NEVER
from reviews.notifications.letters import NotNeeded, letter_for
from reviews.notifications.messages import message_of
from reviews.services.arranging import set_expertise
from reviews.services.claiming import claim_proposal, escalate_old, hand_over, nudge_proposal, release_claim
from reviews.services.discussing import comment_on_proposal
from reviews.services.drafting import draft_proposal, submit_proposal, withdraw_proposal
from reviews.services.reviewing import review_proposal
from reviews.services.subscribing import mute, pause, set_requests, watch

from ..conftest import change

pytestmark = pytest.mark.django_db
DAYS = dt.timedelta(days=1)


@pytest.fixture
def opened(people, register, propose, tell_all):
    """A proposal of emma's, which the worker has told everybody of."""
    tell_all()
    Notification.objects.all().delete()
    number = propose(change("chokepoint", register.chokepoint, summary="Another summary."))
    tell_all()
    return number


def asked(number: int) -> set[str]:
    """Return who is asked to act now."""
    return set(
        Notification.objects.requests().filter(proposal=number).values_list("owner__username", flat=True)
    )


def mails_to(user) -> int:
    return Mail.objects.filter(owner=user).count()


def verdict(number, actor, kind="request_changes", **more):
    more = {"comment": "Please say since when."} | more
    return review_proposal(
        actor=actor, number=number, version=Proposal.objects.get(pk=number).version, verdict=kind, **more
    )


def test_those_who_know_the_sector_are_asked_before_the_others(people, register, propose, tell_all):
    set_expertise(actor=people.ravi, sectors=[register.sector])
    number = propose(change("chokepoint", register.chokepoint, summary="Another summary."))
    tell_all()
    assert asked(number) == {"ravi"}
    remind(now=timezone.now() + 3 * DAYS)
    assert asked(number) == {"ravi", "rita", "rosa", "both"}


def test_who_is_on_it_is_asked_alone_and_the_others_again_when_they_give_it_back(people, opened, tell_all):
    assert asked(opened) == {"rita", "ravi", "rosa", "both"}
    claim_proposal(actor=people.rosa, number=opened)
    tell_all()
    assert asked(opened) == {"rosa"}
    release_claim(actor=people.rosa, number=opened)
    tell_all()
    # Rosa gave it back herself: nobody hears of their own acts, and she is still asked from before.
    assert asked(opened) == {"rita", "ravi", "rosa", "both"}


def test_never_on_all_news_and_a_mute_silence_no_request(people, register, propose, tell_all):
    for event, about in EVENTS.items():
        for scope in about.defaults:
            NotificationChoice.objects.create(owner=people.rita, event=event, scope=scope, level=NEVER)
    number = propose(change("chokepoint", register.chokepoint, summary="Another summary."))
    mute(actor=people.rita, number=number)
    tell_all()
    (row,) = Notification.objects.filter(owner=people.rita)
    assert row.event == "request" and mails_to(people.rita) == 1
    assert message_of(row).why == "You get this because it is your turn: you may review it."


def test_changes_that_were_requested_are_one_message_and_the_authors_turn(people, opened, tell_all):
    verdict(opened, people.rita)
    tell_all()
    (row,) = Notification.objects.filter(owner=people.emma)
    assert row.event == "request" and row.activity.verb == "proposal.changes_requested"
    assert asked(opened) == {"emma"}
    message = message_of(row)
    assert message.words == "Please say since when."
    assert "changes were requested" in message.why


def test_a_reminder_comes_after_each_limit_and_not_before(people, opened):
    first = Notification.objects.get(owner=people.rita)
    assert remind(now=timezone.now() + 2 * DAYS) == 0
    assert remind(now=timezone.now() + 3 * DAYS) == 4
    again = Notification.objects.requests().get(owner=people.rita)
    assert again.pk != first.pk and again.step == 1 and "Reminder" in message_of(again).heading
    assert mails_to(people.rita) == 2
    # Nothing else happens on that day, however often the clock comes by.
    Notification.objects.filter(pk=again.pk).update(made=timezone.now() + 3 * DAYS)
    Notification.objects.exclude(pk=again.pk).update(made=timezone.now() + 3 * DAYS)
    assert remind(now=timezone.now() + 3 * DAYS) == 0


def test_reminders_end_and_admins_are_asked_when_it_waits_too_long(people, opened, tell_all):
    now = timezone.now()
    for turn in range(1, 8):
        moment = now + turn * 3 * DAYS
        remind(now=moment)
        Notification.objects.filter(made__gte=now - DAYS, settled=None, made__lt=moment - 2 * DAYS).update(
            made=moment
        )
    assert Notification.objects.filter(owner=people.rita).count() == 4  # the request and three reminders
    assert "admin" not in asked(opened)
    escalate_old(now=now + 20 * DAYS)
    tell_all()
    assert "admin" in asked(opened)


def test_a_nudge_asks_again_at_once_but_never_the_one_who_nudges(people, opened, tell_all):
    claim_proposal(actor=people.rosa, number=opened)
    tell_all()
    before = mails_to(people.rosa)
    nudge_proposal(actor=people.emma, number=opened)
    tell_all()
    assert mails_to(people.rosa) == before + 1
    assert not Notification.objects.filter(owner=people.emma).exists()


def test_who_is_handed_it_is_asked_anew(people, opened, tell_all):
    claim_proposal(actor=people.rosa, number=opened)
    hand_over(actor=people.rosa, number=opened, name="rita")
    tell_all()
    assert asked(opened) == {"rita"} and mails_to(people.rita) == 2
    assert "it was handed over" in message_of(Notification.objects.requests().get(owner=people.rita)).why


def test_what_is_withdrawn_asks_nobody_any_more(people, opened, tell_all):
    withdraw_proposal(actor=people.emma, number=opened)
    tell_all()
    assert asked(opened) == set()


def test_who_leaves_the_reviewers_is_asked_no_more(people, opened):
    people.rita.groups.remove(Group.objects.get(name="Reviewers"))
    ask(Proposal.objects.get(pk=opened))
    assert asked(opened) == {"ravi", "rosa", "both"}


def test_a_draft_asks_nobody_and_tells_nobody(people, register, tell_all):
    tell_all()
    changes = [change("chokepoint", register.chokepoint, summary="Another summary.")]
    draft_proposal(actor=people.emma, title="A title", rationale="Because.", changes=changes)
    tell_all()
    assert not Notification.objects.exists()


def test_an_author_who_reviews_elsewhere_is_not_asked_to_judge_their_own(people, register, tell_all):
    changes = [change("chokepoint", register.chokepoint, summary="Another summary.")]
    proposal = draft_proposal(actor=people.both, title="A title", rationale="Because.", changes=changes)
    submit_proposal(actor=people.both, number=proposal.number, version=1)
    tell_all()
    assert asked(proposal.number) == {"rita", "ravi", "rosa"}


def test_requests_are_told_as_their_owner_chose_and_a_pause_delays_their_mail(
    people, register, propose, tell_all
):
    set_requests(actor=people.rita, level="inbox")
    set_requests(actor=people.ravi, level="daily")
    pause(actor=people.rosa, until=timezone.now() + DAYS)
    number = propose(change("chokepoint", register.chokepoint, summary="Another summary."))
    tell_all()
    rows = {row.owner.username: row for row in Notification.objects.filter(proposal=number, event="request")}
    assert {name: row.digest for name, row in rows.items()} == {
        "rita": "",
        "ravi": "daily",
        "rosa": "daily",
        "both": "",
    }
    assert [mails_to(getattr(people, name)) for name in ("rita", "ravi", "rosa", "both")] == [0, 0, 0, 1]


def test_an_approval_that_publishes_is_told_as_the_publication_alone(people, opened, tell_all):
    verdict(opened, people.rita, "approve", comment="")
    tell_all()
    assert [row.event for row in Notification.objects.filter(owner=people.emma)] == ["published"]


def test_a_person_without_an_account_any_more_is_no_obstacle(people, opened, tell_all):
    contributor = contributor_for(people.rita)
    verdict(opened, people.ravi)
    people.rita.delete()
    contributor.refresh_from_db()
    tell_all()
    assert asked(opened) == {"emma"}


def test_who_takes_a_proposal_themselves_is_not_asked_for_it_at_the_next_turn_of_the_clock(
    people, register, propose, tell_all
):
    set_expertise(actor=people.ravi, sectors=[register.sector])
    number = propose(change("chokepoint", register.chokepoint, summary="Another summary."))
    tell_all()
    claim_proposal(actor=people.rosa, number=number)
    tell_all()
    remind(now=timezone.now() + dt.timedelta(hours=1))
    assert asked(number) == set() and mails_to(people.rosa) == 0
    remind(now=timezone.now() + 3 * DAYS)
    assert "rosa" in asked(number)


def test_what_one_proposal_meets_costs_no_other_its_reminders(
    people, register, propose, tell_all, monkeypatch
):
    numbers = [
        propose(change("chokepoint", register.chokepoint, summary=summary)) for summary in ("One.", "Two.")
    ]
    tell_all()
    asked_now = asking.asked_now

    def stumble(proposal, now):
        if proposal.pk == numbers[0]:
            raise RuntimeError("This one can't be weighed.")
        return asked_now(proposal, now)

    monkeypatch.setattr(asking, "asked_now", stumble)
    assert remind(now=timezone.now() + 3 * DAYS) == 4
    steps = Notification.objects.requests().filter(step=1).values_list("proposal", flat=True)
    assert set(steps) == {numbers[1]}


def test_where_nobody_is_to_be_asked_anew_the_clock_takes_no_lock(opened):
    with CaptureQueriesContext(connection) as queries:
        remind()
    begun = [query["sql"] for query in queries if query["sql"].startswith(("SAVEPOINT", "BEGIN"))]
    assert begun == []


def test_who_takes_what_only_others_were_asked_about_is_not_asked_for_it_afterwards(
    people, register, propose, tell_all
):
    set_expertise(actor=people.ravi, sectors=[register.sector])
    number = propose(change("chokepoint", register.chokepoint, summary="Another summary."))
    tell_all()
    claim_proposal(actor=people.rita, number=number)
    comment_on_proposal(actor=people.emma, number=number, text="Thank you.")
    tell_all()
    remind()
    assert asked(number) == set()  # rita said that she is on it; nobody needs to tell her
    assert mails_to(people.rita) == 0


def test_a_request_that_waits_for_its_server_is_not_sent_to_who_lost_the_role(people, opened):
    mail = Mail.objects.get(owner=people.rita)
    assert "your turn" in letter_for(mail).why
    people.rita.groups.clear()
    with pytest.raises(NotNeeded):
        letter_for(Mail.objects.get(owner=people.rita))


def test_a_digest_leaves_out_what_was_muted_since_but_not_where_one_is_named(
    people, register, propose, tell_all
):
    number = propose(change("chokepoint", register.chokepoint, summary="Another summary."))
    tell_all()
    NotificationChoice.objects.create(owner=people.nobody, event="commented", scope="watched", level="daily")
    watch(actor=people.nobody, what="proposal", target=number)
    comment_on_proposal(actor=people.emma, number=number, text="One more thing.")
    tell_all()
    make_digests(now=timezone.now() + DAYS)
    digest = Mail.objects.get(owner=people.nobody, kind="daily")
    assert len(letter_for(digest).items) == 1
    mute(actor=people.nobody, number=number)
    with pytest.raises(NotNeeded):
        letter_for(digest)
