"""Making, changing and ending webhooks: everybody their own, within limits, with an activity and without their address in it."""

import uuid

import pytest

from chokepoints.models import Activity, Outbox
from reviews.exceptions import InvalidProposal, NotFound
from reviews.models import Limit, Notification, Webhook
from reviews.notifications.fanning_out import fan_out
from reviews.notifications.messages import message_of
from reviews.services import hooking

pytestmark = pytest.mark.django_db
URL = "https://hooks.example.org/rooms/secret-of-the-room"


def tell() -> None:
    for pk in list(Outbox.objects.order_by("pk").values_list("pk", flat=True)):
        fan_out(pk)


def make(user, **more) -> Webhook:
    asked = {"name": "A program", "url": URL, "events": ["published", "submitted"]} | more
    return hooking.create_webhook(actor=user, **asked)


def test_a_webhook_is_made_with_a_secret_that_the_standard_allows(people):
    webhook = make(people.emma, name=" 笔记本 ", events=["published", "submitted"])
    assert (webhook.name, webhook.events, webhook.is_on) == ("笔记本", ["submitted", "published"], True)
    assert webhook.secret.startswith("whsec_") and len(webhook.secret) > 40
    assert webhook.secret != make(people.emma).secret
    activity = Activity.objects.filter(verb="webhook.created").last()
    assert activity.actor.user == people.emma and activity.subject == f"webhook:{webhook.pk}"


def test_no_activity_holds_address_or_secret(people):
    webhook = make(people.emma)
    hooking.change_webhook(actor=people.emma, pk=webhook.pk, url=f"{URL}/2", name="Another")
    secret = hooking.rotate_secret(actor=people.emma, pk=webhook.pk).secret
    hooking.switch_off(actor=people.emma, pk=webhook.pk)
    hooking.switch_on(actor=people.emma, pk=webhook.pk)
    hooking.delete_webhook(actor=people.emma, pk=webhook.pk)
    kept = str(list(Activity.objects.values()))
    assert "secret-of-the-room" not in kept and secret not in kept and webhook.secret not in kept
    assert list(Activity.objects.order_by("pk").values_list("verb", flat=True)) == [
        "webhook.created",
        "webhook.changed",
        "webhook.secret_rotated",
        "webhook.switched_off",
        "webhook.switched_on",
        "webhook.deleted",
    ]


def test_only_admins_have_programs_told_of_what_only_admins_may_see(people):
    with pytest.raises(InvalidProposal) as refusal:
        make(people.emma, events=["published", "release_trouble"])
    assert [problem.field for problem in refusal.value.problems] == ["events"]
    assert make(people.admin, events=["release_trouble"]).events == ["release_trouble"]
    assert make(people.nobody, events=["release"]).events == ["release"]  # releases are for everybody to see


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        *(({"name": name}, "name") for name in ("", "  ", "\0", "\u202e", "n" * 61, None, 5, [])),
        *(({"url": url}, "url") for url in ("", None, 5, "\0", "x", "http://127.1/", "http://0x7f.1:8000/", "ftp://a.org")),
        *(({"url": url}, "url") for url in ("http://user:word@a.org/", "https://[::1]/", "https://a.org/" + "x" * 500)),
        *(({"events": events}, "events") for events in ([], None, "published", ["nothing"], [{}], [["published"]], 5)),
        ({"events": ["published", "request"]}, "events"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_by_field_and_changes_nothing(wrong, field, people):
    with pytest.raises(InvalidProposal) as refused:
        make(people.emma, **wrong)
    assert {problem.field for problem in refused.value.problems} == {field}
    assert not Webhook.objects.exists() and not Activity.objects.exists()
    webhook = make(people.emma)
    [(name, value)] = wrong.items()
    if value is not None:
        with pytest.raises(InvalidProposal):
            hooking.change_webhook(actor=people.emma, pk=webhook.pk, **wrong)
        assert getattr(Webhook.objects.get(), name) == getattr(webhook, name)


def test_everything_that_is_wrong_is_said_at_once(people):
    with pytest.raises(InvalidProposal) as refused:
        make(people.emma, name="", url="http://10.0.0.1/", events=[])
    assert [problem.field for problem in refused.value.problems] == ["name", "url", "events"]


def test_a_name_is_given_once_and_there_are_as_many_as_the_limit_says(people):
    Limit.objects.create(key="webhooks", value=2)
    first = make(people.emma)
    with pytest.raises(InvalidProposal, match="this name already"):
        make(people.emma)
    second = make(people.emma, name="Second")
    with pytest.raises(InvalidProposal, match="You have 2 webhooks"):
        make(people.emma, name="Third")
    with pytest.raises(InvalidProposal, match="this name already"):
        hooking.change_webhook(actor=people.emma, pk=second.pk, name=first.name)
    assert make(people.erik).name == first.name
    hooking.delete_webhook(actor=people.emma, pk=first.pk)
    assert make(people.emma, name="Third")


def test_everybody_has_their_own_and_an_admin_may_only_switch_off(people):
    webhook = make(people.emma)
    for actor in (people.erik, people.admin):
        for act in (
            lambda actor: hooking.change_webhook(actor=actor, pk=webhook.pk, url="https://evil.example.org/"),
            lambda actor: hooking.rotate_secret(actor=actor, pk=webhook.pk),
            lambda actor: hooking.switch_on(actor=actor, pk=webhook.pk),
            lambda actor: hooking.send_test(actor=actor, pk=webhook.pk),
            lambda actor: hooking.resend(actor=actor, pk=webhook.pk, message=uuid.uuid4()),
            lambda actor: hooking.delete_webhook(actor=actor, pk=webhook.pk),
        ):
            with pytest.raises(NotFound):
                act(actor)
    with pytest.raises(NotFound):
        hooking.switch_off(actor=people.erik, pk=webhook.pk)
    with pytest.raises(NotFound):
        hooking.rotate_secret(actor=people.emma, pk=10**30)
    assert Webhook.objects.get().secret == webhook.secret


def test_whoever_has_their_webhook_switched_off_by_an_admin_is_told_and_otherwise_nobody(people):
    webhook = make(people.emma)
    hooking.switch_off(actor=people.emma, pk=webhook.pk)
    tell()
    assert not Notification.objects.exists() and not Outbox.objects.exists()
    hooking.switch_on(actor=people.emma, pk=webhook.pk)
    hooking.switch_off(actor=people.admin, pk=webhook.pk)
    hooking.switch_off(actor=people.admin, pk=webhook.pk)
    tell()
    [notice] = Notification.objects.all()
    assert notice.owner == people.emma and notice.event == "webhook_off"
    assert message_of(notice).words == "An admin switched it off."
    assert Webhook.objects.get().off_why == "An admin switched it off."


def test_a_change_that_changes_nothing_is_none(people):
    webhook = make(people.emma)
    hooking.change_webhook(actor=people.emma, pk=webhook.pk, name="A program", url=URL, with_own=False)
    assert Activity.objects.count() == 1
    hooking.change_webhook(actor=people.emma, pk=webhook.pk, with_own=True)
    assert Activity.objects.first().details == {"fields": ["with_own"]}


def test_of_two_rotations_only_the_last_secret_before_holds_on(people):
    first = make(people.emma)
    second = hooking.rotate_secret(actor=people.emma, pk=first.pk)
    third = hooking.rotate_secret(actor=people.emma, pk=first.pk)
    assert third.old_secret == second.secret and len({first.secret, second.secret, third.secret}) == 3
