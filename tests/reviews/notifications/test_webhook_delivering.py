"""From an event to a real receiver: signed, in order, again under the same id, until it is given up and its owner told."""

import datetime as dt
import ipaddress
import json

import pytest
from django.utils import timezone
from standardwebhooks.webhooks import Webhook as Verifier

from chokepoints.models import Activity, Outbox
from chokepoints.services.recording import record_activity
from reviews.exceptions import NotAllowed, NotFound, WrongState
from reviews.models import Limit, Notification, Proposal, Webhook, WebhookDelivery
from reviews.notifications import fanning_out
from reviews.notifications.messages import message_of
from reviews.notifications.webhooks import delivering
from reviews.notifications.webhooks.delivering import BACK_OFF, back_off, deliver_due, drop_old_deliveries
from reviews.services import hooking

from ..conftest import reduced
from .receiver import WORDS, Receiver, hang, later

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def this_machine_is_open(settings):
    settings.WEBHOOK_ALLOWED_NETWORKS = [ipaddress.ip_network("127.0.0.0/8")]
    settings.WEBHOOK_TIMEOUT_SECONDS = 5


@pytest.fixture
def receiver():
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def hook(people, receiver):
    """A function that makes a webhook of rita's (or `owner`'s) at the receiver."""

    def hook(owner=None, **more) -> Webhook:
        asked = {"name": "A program", "url": receiver.url, "events": ["submitted", "commented", "published"]}
        return hooking.create_webhook(actor=owner or people.rita, **(asked | more))

    return hook


@pytest.fixture
def owe(build):
    """A function that owes a webhook a delivery for each activity: of a subject, in order."""

    def owe(webhook: Webhook, *subjects: str, due=None) -> list[WebhookDelivery]:
        found = []
        for subject in subjects:
            activity = record_activity("changeset.published", actor=build.author, subject=subject)
            Outbox.objects.filter(pk=activity.pk).delete()
            found.append(
                WebhookDelivery.objects.create(
                    webhook=webhook,
                    activity=activity,
                    event="published",
                    subject=subject,
                    due=due or timezone.now(),
                )
            )
        return found

    return owe


def left_at(row: WebhookDelivery) -> dt.datetime:
    """When the first attempt of a delivery that waits was over."""
    return row.due - back_off(str(row.message), 1)


def make_due() -> None:
    """Let the time until every next try be over."""
    WebhookDelivery.objects.filter(state="waiting").update(due=timezone.now() - dt.timedelta(seconds=1))


def test_a_submission_is_told_with_what_its_receiver_needs_and_no_more(
    people, register, propose, hook, receiver, tell_all, settings
):
    settings.SITE_URL = "https://register.example.org"
    tell_all()
    webhook = hook()
    number = propose(*reduced(register), title="国产微球已批量供货 & <b>")
    tell_all()
    assert deliver_due() == 1
    [came] = receiver.requests
    said = Verifier(webhook.secret).verify(came.body, came.headers)
    assert said["type"] == "proposal.opened"
    assert said["data"] == {
        "event": "submitted",
        "subject": f"proposal:{number}",
        "heading": f"emma submitted proposal {number} for review",
        "title": "国产微球已批量供货 & <b>",
        "actor": "emma",
        "version": 1,
        "changeset": None,
        "page": f"https://register.example.org/proposals/{number}/",
        "api": f"https://register.example.org/api/v1/proposals/{number}/",
    }
    assert "国产微球" in came.body.decode() and len(came.body) < 5000
    row = WebhookDelivery.objects.get()
    assert (row.state, row.status, row.error, row.tries) == ("delivered", 200, "", 1)
    assert came.headers["webhook-id"] == f"msg_{row.message.hex}"
    assert deliver_due() == 0


def test_nobody_is_told_of_their_own_acts_unless_they_ask_for_it(people, register, propose, hook, tell_all):
    tell_all()
    silent = hook(people.emma)
    own = hook(people.emma, name="Own too", with_own=True)
    propose(*reduced(register))
    tell_all()
    assert not silent.deliveries.exists() and own.deliveries.count() == 1


def test_what_the_owner_may_not_see_any_more_is_not_sent(people, register, propose, hook, receiver, tell_all):
    tell_all()
    webhook = hook(people.erik)
    propose(*reduced(register))
    tell_all()
    Proposal.objects.update(state="draft")
    deliver_due()
    row = webhook.deliveries.get()
    assert not receiver.requests and row.state == "failed" and row.error == delivering.MAY_NOT_SEE
    webhook.refresh_from_db()
    assert webhook.failures == 0


def test_what_fails_comes_again_later_and_later_under_the_same_id_until_it_is_given_up(hook, owe, receiver):
    receiver.answers = [500]
    [row] = owe(hook(), "changeset:1")
    waits = []
    for tries in range(1, len(BACK_OFF) + 1):
        now = timezone.now()
        assert deliver_due(now=now) == 1
        row.refresh_from_db()
        assert (row.state, row.tries, row.status) == ("waiting", tries, 500)
        waits.append((row.due - now).total_seconds())
        assert deliver_due(now=now) == 0
        make_due()
    assert all(low <= wait <= low * 1.2 for low, wait in zip(BACK_OFF, waits, strict=True))
    deliver_due()
    row.refresh_from_db()
    assert (row.state, row.tries) == ("failed", len(BACK_OFF) + 1)
    assert row.error == "It answered 500 Internal Server Error."
    assert len(receiver.requests) == len(BACK_OFF) + 1 and len(set(receiver.ids)) == 1
    assert Webhook.objects.get().failures == 1


def test_the_spread_follows_from_the_message():
    assert back_off("a", 1) == back_off("a", 1) != back_off("b", 1)
    assert back_off("a", len(BACK_OFF) + 1) is None


def test_nothing_that_the_other_side_says_is_kept_or_shown(hook, owe, receiver, signed_in):
    receiver.answers = [500]
    webhook = hook()
    owe(webhook, "changeset:1")
    deliver_due()
    page = signed_in("rita").get(webhook.get_absolute_url()).content.decode()
    kept = str(list(WebhookDelivery.objects.values())) + str(list(Activity.objects.values())) + page
    assert WORDS.decode() not in kept and "In the receiver's own words" not in kept
    assert "500 Internal Server Error" in page


def test_a_receiver_that_asks_for_time_gets_it(hook, owe, receiver):
    receiver.answers = [later(4000)]
    [row] = owe(hook(), "changeset:1")
    now = timezone.now()
    deliver_due(now=now)
    row.refresh_from_db()
    assert row.due == now + dt.timedelta(seconds=4000)


def test_each_subject_is_told_in_order_and_none_waits_for_another(hook, owe, receiver):
    receiver.answers = [500, 200]
    first, second, other = owe(hook(), "changeset:1", "changeset:1", "changeset:2")
    deliver_due()  # the first fails, and the webhook rests
    deliver_due()  # the other subject doesn't wait for it
    assert receiver.ids == [first.message_id, other.message_id]
    deliver_due()
    assert len(receiver.requests) == 2
    make_due()
    deliver_due()
    assert receiver.ids == [first.message_id, other.message_id, first.message_id, second.message_id]


def test_a_later_event_waits_for_an_earlier_one_that_is_not_told_yet(hook, owe, receiver, build):
    webhook = hook()
    untold = record_activity("changeset.published", actor=build.author, subject="changeset:1")
    [row] = owe(webhook, "changeset:1")
    assert deliver_due() == 0
    Outbox.objects.filter(pk=untold.pk).update(
        attempts=3
    )  # it can't be told, so nobody waits for it any more
    assert deliver_due() == 1 and receiver.ids == [row.message_id]


def test_when_the_one_before_is_given_up_the_next_goes_out(hook, owe, receiver):
    receiver.answers = [500, 200]
    first, second = owe(hook(), "changeset:1", "changeset:1")
    WebhookDelivery.objects.filter(pk=first.pk).update(tries=len(BACK_OFF))
    deliver_due()
    deliver_due()
    first.refresh_from_db()
    assert first.state == "failed" and receiver.ids == [first.message_id, second.message_id]
    assert Webhook.objects.get().failures == 0  # what is taken ends the row


def test_a_slow_receiver_holds_nobody_else_up(people, hook, owe, receiver, settings):
    settings.WEBHOOK_TIMEOUT_SECONDS = 2
    with Receiver([hang]) as slow:
        stuck = hook(url=slow.url)
        quick = hook(people.erik)
        owe(stuck, *(f"changeset:{number}" for number in range(1, 6)))
        owe(quick, *(f"changeset:{number}" for number in range(1, 21)))
        assert deliver_due() == 21
        assert len(slow.requests) == 1 and len(receiver.requests) == 20
    ended = quick.deliveries.order_by("-ended").first().ended
    assert ended < left_at(stuck.deliveries.order_by("pk").first())


def test_what_becomes_due_while_a_slow_receiver_is_waited_for_goes_out_meanwhile(
    people, hook, owe, receiver, settings, monkeypatch
):
    settings.WEBHOOK_TIMEOUT_SECONDS = 2
    monkeypatch.setattr(delivering, "LOOK_AGAIN", 0.05)
    quick, real = hook(people.erik), delivering.wait
    owed = []

    def wait(*args, **options):
        if not owed:
            owed.extend(owe(quick, "changeset:2"))
        return real(*args, **options)

    monkeypatch.setattr(delivering, "wait", wait)
    with Receiver([hang]) as slow:
        [stuck] = owe(hook(url=slow.url), "changeset:1")
        assert deliver_due() == 2
    stuck.refresh_from_db()
    owed[0].refresh_from_db()
    assert owed[0].state == "delivered" and owed[0].ended < left_at(stuck)


def test_a_run_ends_in_time_and_leaves_the_rest_to_the_next(hook, owe, receiver):
    owe(hook(), *(f"changeset:{number}" for number in range(1, 4)))
    assert deliver_due(seconds=0) == 0
    assert deliver_due() == 3


def test_webhooks_take_turns(people, hook, owe, receiver, monkeypatch):
    monkeypatch.setattr(delivering, "AT_ONCE", 1)
    busy, calm = hook(), hook(people.erik)
    many = owe(busy, *(f"changeset:{number}" for number in range(1, 6)))
    [one] = owe(calm, "changeset:9")
    deliver_due()
    assert receiver.ids.index(one.message_id) <= 1 and len(receiver.ids) == len(many) + 1


def test_what_a_lost_worker_held_goes_out_again_under_the_same_id(hook, owe, receiver):
    [row] = owe(hook(), "changeset:1")
    now = timezone.now()
    WebhookDelivery.objects.filter(pk=row.pk).update(
        state="sending", attempt=1, lease_until=now - dt.timedelta(seconds=1)
    )
    assert deliver_due(now=now) == 0
    row.refresh_from_db()
    assert (row.state, row.error, row.tries) == ("waiting", delivering.LOST, 1)
    make_due()
    assert deliver_due() == 1 and receiver.ids == [row.message_id]


def test_what_another_worker_is_sending_is_left_to_it_and_a_late_answer_changes_nothing(hook, owe, receiver):
    webhook = hook()
    [row] = owe(webhook, "changeset:1")
    sending = delivering._Sending(row.pk, 1, 0, webhook.pk, False)
    WebhookDelivery.objects.filter(pk=row.pk).update(
        state="sending", attempt=2, lease_until=timezone.now() + dt.timedelta(seconds=60)
    )
    owe(webhook, "changeset:2")
    assert deliver_due() == 0 and not receiver.requests
    delivering._settle(sending, delivering.Answer(200), timezone.now())
    row.refresh_from_db()
    assert row.state == "sending"


def test_after_repeated_failure_it_is_switched_off_and_its_owner_gets_a_notice(
    hook, owe, receiver, people, tell_all
):
    tell_all()
    receiver.answers = [500]
    webhook = hook()
    Limit.objects.create(key="webhook_failures", value=2)
    owe(webhook, "changeset:1", "changeset:2", "changeset:3")
    webhook.deliveries.update(tries=len(BACK_OFF))
    deliver_due()
    webhook.refresh_from_db()
    assert webhook.is_on and webhook.failures == 1
    deliver_due()
    webhook.refresh_from_db()
    assert not webhook.is_on and webhook.failures == 2
    assert webhook.off_why == (
        "2 deliveries in a row were given up. The last one: It answered 500 Internal Server Error."
    )
    assert deliver_due() == 0
    tell_all()
    [notice] = Notification.objects.filter(event="webhook_off")
    message = message_of(notice)
    assert notice.owner == people.rita and notice.level == "now"
    assert message.heading == "The register itself switched off your webhook “A program”"
    assert "2 deliveries" in message.words and message.address == webhook.get_absolute_url()
    # What waits goes out once it is on again.
    receiver.answers = [200]
    hooking.switch_on(actor=people.rita, pk=webhook.pk)
    assert deliver_due() == 1


def test_410_switches_it_off_at_once(hook, owe, receiver):
    receiver.answers = [410]
    webhook = hook()
    owe(webhook, "changeset:1", "changeset:2")
    deliver_due()
    webhook.refresh_from_db()
    assert not webhook.is_on and "410 Gone" in webhook.off_why
    assert len(receiver.requests) == 1
    assert Activity.objects.filter(verb="webhook.switched_off", actor=None).count() == 1


def test_a_deactivated_member_is_told_nothing(hook, owe, receiver, people):
    owe(hook(), "changeset:1")
    people.rita.is_active = False
    people.rita.save()
    assert deliver_due() == 0 and not receiver.requests


def test_an_address_that_leads_inside_by_the_time_of_delivery_is_not_connected_to(
    hook, owe, receiver, settings
):
    webhook = hook()
    settings.WEBHOOK_ALLOWED_NETWORKS = []
    [row] = owe(webhook, "changeset:1")
    deliver_due()
    row.refresh_from_db()
    assert not receiver.requests and row.state == "waiting" and "public internet" in row.error


def test_a_test_is_tried_once_even_if_it_is_off_and_counts_for_nothing(hook, receiver, people):
    webhook = hook()
    hooking.switch_off(actor=people.rita, pk=webhook.pk)
    test = hooking.send_test(actor=people.rita, pk=webhook.pk)
    with pytest.raises(WrongState):
        hooking.send_test(actor=people.rita, pk=webhook.pk)
    deliver_due()
    came = receiver.requests[0]
    said = Verifier(webhook.secret).verify(came.body, came.headers)
    assert said["type"] == "webhook.test" and "A program" in said["data"]["heading"]
    receiver.answers = [500]
    again = hooking.send_test(actor=people.rita, pk=webhook.pk)
    deliver_due()
    test.refresh_from_db()
    again.refresh_from_db()
    webhook.refresh_from_db()
    assert (test.state, again.state, again.tries, webhook.failures) == ("delivered", "failed", 1, 0)


def test_a_message_is_sent_again_under_its_id_whether_it_arrived_or_not(hook, owe, receiver, people):
    webhook = hook()
    [row] = owe(webhook, "changeset:1")
    with pytest.raises(WrongState):
        hooking.resend(actor=people.rita, pk=webhook.pk, message=row.message)
    deliver_due()
    hooking.resend(actor=people.rita, pk=webhook.pk, message=row.message)
    deliver_due()
    assert receiver.ids == [row.message_id] * 2
    assert {json.dumps(json.loads(each.body)) for each in receiver.requests} == {
        json.dumps(json.loads(receiver.requests[0].body))
    }
    for actor in (people.erik, people.admin):
        with pytest.raises(NotFound):
            hooking.resend(actor=actor, pk=webhook.pk, message=row.message)
    hooking.switch_off(actor=people.rita, pk=webhook.pk)
    with pytest.raises(WrongState):
        hooking.resend(actor=people.rita, pk=webhook.pk, message=row.message)


def test_after_a_rotation_both_secrets_verify_until_the_old_ones_time_is_over(
    hook, owe, receiver, people, settings
):
    settings.WEBHOOK_OLD_SECRET_HOURS = 1
    webhook = hook()
    old = webhook.secret
    new = hooking.rotate_secret(actor=people.rita, pk=webhook.pk).secret
    owe(webhook, "changeset:1")
    deliver_due()
    for secret in (old, new):
        Verifier(secret).verify(receiver.requests[0].body, receiver.requests[0].headers)
    Webhook.objects.update(old_until=timezone.now() - dt.timedelta(seconds=1))
    owe(webhook, "changeset:2")
    deliver_due()
    came = receiver.requests[1]
    assert came.headers["webhook-signature"].count("v1,") == 1
    Verifier(new).verify(came.body, came.headers)


def test_what_waits_goes_to_the_new_address(hook, owe, receiver, people):
    webhook = hook()
    owe(webhook, "changeset:1")
    with Receiver() as other:
        hooking.change_webhook(actor=people.rita, pk=webhook.pk, url=other.url)
        deliver_due()
    assert len(other.requests) == 1 and not receiver.requests


def test_old_deliveries_go(hook, owe):
    old, _new = owe(hook(), "changeset:1", "changeset:2")
    WebhookDelivery.objects.filter(pk=old.pk).update(made=timezone.now() - dt.timedelta(days=31))
    assert drop_old_deliveries(now=timezone.now()) == 1
    assert not WebhookDelivery.objects.filter(pk=old.pk).exists()


def test_a_payload_that_cannot_be_put_together_is_a_failure_and_stops_nothing(
    hook, owe, receiver, monkeypatch
):
    broken, fine = owe(hook(), "changeset:1", "changeset:2")
    real = delivering.body_of

    def body_of(delivery):
        if delivery.pk == broken.pk:
            raise RuntimeError("broken")
        return real(delivery)

    monkeypatch.setattr(delivering, "body_of", body_of)
    deliver_due()
    broken.refresh_from_db()
    fine.refresh_from_db()
    assert (broken.state, broken.error, fine.state) == ("waiting", delivering.BROKEN, "delivered")


def test_fan_out_hands_the_delivery_to_the_broker(hook, register, propose, tell_all, monkeypatch):
    tell_all()
    handed = []
    monkeypatch.setattr(fanning_out, "hand_out_soon", lambda task, row: handed.append(task))
    propose(*reduced(register))
    tell_all()
    assert handed == []  # there is no webhook
    hook()
    propose(*reduced(register))
    tell_all()
    assert handed == ["reviews.tasks.deliver_webhooks"]
    # A run that is under way finds what is owed meanwhile.
    WebhookDelivery.objects.update(state="sending", lease_until=timezone.now() + dt.timedelta(minutes=1))
    propose(*reduced(register))
    tell_all()
    assert len(handed) == 1


def test_who_is_not_there_makes_no_webhook(people, receiver):
    people.rita.is_active = False
    with pytest.raises(NotAllowed):
        hooking.create_webhook(actor=people.rita, name="n", url=receiver.url, events=["submitted"])


def test_a_webhook_that_is_deleted_while_its_message_is_taken_costs_no_other_theirs(
    people, hook, owe, receiver, monkeypatch
):
    gone, stays = hook(), hook(owner=people.ravi)
    owe(gone, "changeset:1")
    owe(stays, "changeset:2")
    look_up = WebhookDelivery.objects.select_related

    def delete_first(*names):
        Webhook.objects.filter(pk=gone.pk).delete()
        return look_up(*names)

    monkeypatch.setattr(WebhookDelivery.objects, "select_related", delete_first)
    deliver_due()
    assert [json.loads(came.body)["data"]["changeset"] for came in receiver.requests] == [2]
