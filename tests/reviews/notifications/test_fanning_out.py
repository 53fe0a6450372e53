"""From one activity to everybody who hears of it: who, why, how, once; never the actor."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from chokepoints.models import Activity, Outbox
from chokepoints.services.contributing import contributor_for
from reviews import attention
from reviews.models import Authorship, Mail, Notification, Subscription, Webhook, WebhookDelivery
from reviews.notifications import fanning_out
from reviews.notifications.choosing import MOST_REASONS, Reason, shortened
from reviews.notifications.messages import message_of, reason_words, why_heard
from reviews.services.discussing import comment_on_proposal, hide_comment
from reviews.services.subscribing import mute, watch

from ..conftest import change, reduced

pytestmark = pytest.mark.django_db


def heard(user) -> list[tuple[str, str]]:
    return [(row.sort, row.event) for row in Notification.objects.filter(owner=user).order_by("pk")]


def test_a_submission_asks_reviewers_and_tells_watchers(people, register, propose, tell_all):
    tell_all()
    watch(actor=people.nobody, what="chokepoint", target=register.chokepoint)
    number = propose(*reduced(register))
    tell_all()
    assert ("request", "request") in heard(people.rita)
    assert heard(people.nobody) == [("news", "submitted")]
    assert heard(people.emma) == []
    row = Notification.objects.get(owner=people.nobody)
    assert "you watch the chokepoint" in message_of(row).why
    assert row.digest == "daily" and row.proposal_id == number


def test_a_message_gives_every_reason(people, register, propose, tell_all):
    tell_all()
    watch(actor=people.nobody, what="chokepoint", target=register.chokepoint)
    watch(actor=people.nobody, what="everything")
    propose(*reduced(register))
    tell_all()
    why = message_of(Notification.objects.get(owner=people.nobody)).why
    assert "you watch the chokepoint" in why and "; you watch everything" in why


def test_twice_is_once(people, register, propose, tell_all):
    tell_all()
    propose(*reduced(register))
    numbers = list(Activity.objects.values_list("pk", flat=True))
    tell_all()
    before = Notification.objects.count(), Mail.objects.count()
    for pk in numbers:
        Outbox.objects.get_or_create(activity_id=pk)
    tell_all()
    assert (Notification.objects.count(), Mail.objects.count()) == before
    assert before[0] and before[1]


def test_what_it_costs_to_publish_does_not_depend_on_who_watches(people, register, build):
    def cost(words: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            build.update("chokepoint", register.chokepoint, summary=words)
        return len(queries)

    cost("to begin with")
    unwatched = cost("nobody watches")
    User.objects.bulk_create(User(username=f"reader-{n}") for n in range(200))
    Subscription.objects.bulk_create(
        Subscription(owner=user, what="chokepoint", target=register.chokepoint)
        for user in User.objects.filter(username__startswith="reader-")
    )
    assert cost("two hundred watch") == unwatched


def test_what_fails_is_written_down_and_told_later(people, register, propose, monkeypatch, tell_all):
    tell_all()
    number = propose(*reduced(register))
    owed = Outbox.objects.get(activity__verb="proposal.opened")
    with monkeypatch.context() as broken:
        broken.setattr(fanning_out, "hearers", lambda activity: 1 / 0)
        fanning_out.fan_out(owed.pk)
    owed.refresh_from_db()
    assert owed.attempts == 1 and "ZeroDivisionError" in owed.error and owed.due > timezone.now()
    fanning_out.sweep_outbox(now=owed.due + timedelta(minutes=1))
    assert not Outbox.objects.filter(pk=owed.pk).exists()
    assert Notification.objects.filter(proposal=number, event="request").count() == 4


def test_what_was_hidden_or_may_not_be_seen_any_more_is_not_shown(people, register, propose, tell_all):
    number = propose(*reduced(register))
    comment = comment_on_proposal(actor=people.rita, number=number, text="@emma see 国产微球 <b>here</b>")
    tell_all()
    row = Notification.objects.get(owner=people.emma, event="commented")
    assert [reason["scope"] for reason in row.reasons] == ["mine", "mentioned"]
    assert message_of(row).words == "@emma see 国产微球 <b>here</b>"
    hide_comment(actor=people.admin, comment=comment.pk, reason="Not fit to be read.")
    assert message_of(row).words == ""


def test_a_webhook_is_owed_what_its_owner_may_see_and_not_what_they_did(people, register, propose, tell_all):
    tell_all()
    for user in (people.emma, people.rita):
        Webhook.objects.create(
            owner=user, name="program", url="https://example.org/", events=["submitted"], secret="x"
        )
    Webhook.objects.create(
        owner=people.emma,
        name="mirror",
        url="https://example.org/",
        events=["submitted"],
        secret="x",
        with_own=True,
    )
    Webhook.objects.create(
        owner=people.ravi, name="other", url="https://example.org/", events=["released"], secret="x"
    )
    propose(*reduced(register))
    tell_all()
    owed = WebhookDelivery.objects.values_list("webhook__owner__username", "webhook__name").order_by("pk")
    assert list(owed) == [("rita", "program"), ("emma", "mirror")]


def test_who_watches_a_chokepoint_hears_when_its_ground_moves_and_reads_why(
    people, register, propose, tell_all
):
    """As its feed has it: the rule is the same one (chokepoints/ground.py)."""
    tell_all()
    watch(actor=people.nobody, what="chokepoint", target=register.chokepoint)
    propose(change("source", register.source, publisher="The Daily"))
    tell_all()
    assert heard(people.nobody) == []
    weaker = change("source", register.source, reliability="E")
    propose(weaker, title="A campaign by fake accounts")
    tell_all()
    (row,) = Notification.objects.filter(owner=people.nobody)
    words = "the chokepoint Microspheres, whose evidence rests on a source that this is about"
    assert row.event == "submitted" and words in message_of(row).why
    propose(change("chokepoint", register.chokepoint, summary="Beads."), title="Itself")
    tell_all()
    row = Notification.objects.filter(owner=people.nobody).order_by("pk").last()
    assert message_of(row).why == "You get this because you watch the chokepoint Microspheres."


def test_a_changeset_that_moves_the_ground_is_told_too(people, register, build, tell_all):
    tell_all()
    watch(actor=people.nobody, what="chokepoint", target=register.chokepoint)
    build.update("source", register.source, title="A better title")
    build.update("source", register.source, reliability="E")
    build.source("on-which-nothing-rests")
    tell_all()
    assert heard(people.nobody) == [("news", "published")]


def test_a_request_says_what_is_asked_and_whose_proposal_it_is(people, register, propose, tell_all):
    tell_all()
    number = propose(*reduced(register))
    for name in ("erik", "both", "nobody"):
        Authorship.objects.create(
            proposal_id=number, contributor=contributor_for(getattr(people, name)), position=5
        )
    tell_all()
    asked = Notification.objects.get(owner=people.rita, sort="request")
    assert (
        message_of(asked).heading
        == f"You are asked to review proposal {number} by emma, erik, both and others"
    )
    asked.step, asked.turn = 1, attention.CHANGES_REQUESTED
    assert message_of(asked).heading == f"Reminder: you are asked to act on your proposal {number}"
    asked.step, asked.turn = 0, attention.TOO_OLD
    assert message_of(asked).heading.startswith(f"You are asked to act on proposal {number} by emma, erik")


@pytest.mark.parametrize(
    ("subject", "words"),
    [
        ("proposal:1", "the proposal is yours"), ("export:x", "the export is yours"),
        ("account:1", "it is about your account"), ("webhook:1", "the webhook is yours"),
    ],
)  # fmt: skip
def test_what_is_somebodys_own_is_named(subject, words):
    assert reason_words({"scope": "mine", "subject": "", "label": ""}, subject) == words


def test_a_muted_proposal_is_heard_of_only_where_one_is_named(people, register, propose, tell_all):
    number = propose(*reduced(register))
    watch(actor=people.nobody, what="chokepoint", target=register.chokepoint)
    mute(actor=people.nobody, number=number)
    comment_on_proposal(actor=people.emma, number=number, text="Nothing for anybody.")
    comment_on_proposal(actor=people.emma, number=number, text="Look, @erik and @reviewers")
    mute(actor=people.erik, number=number)
    tell_all()
    assert not Notification.objects.filter(owner=people.nobody, proposal=number).exists()
    (row,) = Notification.objects.filter(owner=people.erik, proposal=number)
    assert row.reasons[0]["scope"] == "mentioned"


def test_of_many_reasons_only_some_are_kept_and_of_each_scope_one():
    watched = [Reason("watched", f"chokepoint:{number}", f"Number {number}") for number in range(500)]
    kept = shortened([*watched, Reason("sector", "sector:1", "Magnets")])
    assert kept == [*watched[: MOST_REASONS - 1], Reason("sector", "sector:1", "Magnets")]
    assert shortened(watched[:3]) == watched[:3]


def test_of_many_reasons_some_are_said_and_of_each_sort_one(people):
    watched = [Reason("watched", f"chokepoint:{n}", f"Number {n}").as_json() for n in range(9)]
    row = Notification(
        owner=people.nobody, subject="changeset:1", reasons=[*watched, Reason("member").as_json()]
    )
    words = ", ".join(f"you watch the chokepoint Number {n}" for n in range(3)).replace(", ", "; ")
    assert why_heard(row) == f"You get this because {words}; you are a member; and more."
    row.reasons = watched[:4]
    assert "more" not in why_heard(row)


def test_who_watches_all_that_a_changeset_touches_has_an_inbox_that_can_be_read(
    people, register, propose, tell_all, monkeypatch
):
    tell_all()
    many = [Reason("watched", f"chokepoint:{number}", f"Number {number}") for number in range(500)]
    monkeypatch.setattr(fanning_out, "hearers", lambda activity: {people.emma.pk: many})
    propose(*reduced(register))
    tell_all()
    assert len(Notification.objects.get(owner=people.emma).reasons) == MOST_REASONS


def test_what_fails_in_words_that_no_database_takes_is_written_down_all_the_same(
    people, register, propose, monkeypatch, tell_all
):
    def stumble(activity):
        raise ValueError("a\0b")

    tell_all()
    propose(*reduced(register))
    monkeypatch.setattr(fanning_out, "hearers", stumble)
    tell_all()
    assert set(Outbox.objects.values_list("error", flat=True)) <= {"ValueError: ab", ""}
