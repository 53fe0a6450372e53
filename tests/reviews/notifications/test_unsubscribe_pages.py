"""One click in a mail ends mails like it, without signing in; opening the link doesn't, and a forged one does nothing."""

import re
from urllib.parse import urlsplit

import pytest
from django.core import signing
from django.test import Client

from reviews.models import Mail, Notification, NotificationChoice, NotificationSettings, Subscription
from reviews.notifications.events import EVENTS
from reviews.notifications.mails import build_mail
from reviews.services.subscribing import choices_of, set_choice, settings_of, standing_of
from reviews.services.unsubscribing import Wish, fulfil, token_for

from ..conftest import reduced

pytestmark = pytest.mark.django_db

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


def address(wish: Wish) -> str:
    return f"/unsubscribe/{token_for(wish)}/"


def chosen(user):
    return choices_of(user), settings_of(user).requests


@pytest.fixture
def robot() -> Client:
    """A mail program: no cookies, no token of a form."""
    return Client(enforce_csrf_checks=True, raise_request_exception=False)


def test_the_button_of_a_mail_program_ends_mails_like_it(people, register, propose, robot):
    row = Notification(
        owner=people.emma, event="published", reasons=[{"scope": "mine"}, {"scope": "watched"}]
    )
    answer = robot.post(address(Wish.of_notification(row)), ONE_CLICK)
    assert answer.status_code == 200
    assert chosen(people.emma)[0] == {("published", "mine"): "inbox", ("published", "watched"): "inbox"}


def test_what_was_not_mailed_stays_as_it_was_chosen(people, robot):
    set_choice(actor=people.emma, event="published", scope="watched", level="never")
    robot.post(
        address(Wish(people.emma.pk, cells=(("published", "watched"), ("published", "mine")))), ONE_CLICK
    )
    assert chosen(people.emma)[0] == {("published", "watched"): "never", ("published", "mine"): "inbox"}


@pytest.mark.parametrize("method", ["get", "head"])
def test_opening_the_link_changes_nothing_and_shows_a_button(people, robot, method):
    wish = Wish(people.emma.pk, cells=(("published", "mine"),))
    answer = getattr(robot, method)(address(wish))
    assert answer.status_code == 200
    assert not NotificationChoice.objects.exists()
    if method == "get":
        page = answer.content.decode()
        assert (
            "No more of them" in page
            and "mails when something is published, sent because the proposal is yours" in page
        )
    assert "no-store" in answer["Cache-Control"]


def test_it_can_be_undone(people, robot):
    set_choice(actor=people.emma, event="published", scope="mine", level="weekly")
    answer = robot.post(address(Wish(people.emma.pk, cells=(("published", "mine"), ("rejected", "mine")))))
    page = answer.content.decode()
    undo = page.partition('action="/unsubscribe/')[2].partition('"')[0]
    assert undo
    assert robot.get(f"/unsubscribe/{undo}").status_code == 200
    assert chosen(people.emma)[0][("published", "mine")] == "inbox"
    assert "It is as it was" in robot.post(f"/unsubscribe/{undo}").content.decode()
    assert chosen(people.emma)[0] == {("published", "mine"): "weekly"}


def test_twice_is_once_and_says_so(people, robot):
    wish = Wish(people.emma.pk, cells=(("published", "mine"),))
    assert "From now on" in robot.post(address(wish)).content.decode()
    page = robot.post(address(wish)).content.decode()
    assert "That was so already" in page and "Undo" not in page


def test_requests_stay_in_the_inbox(people, robot):
    robot.post(address(Wish(people.rita.pk, requests=True)), ONE_CLICK)
    assert chosen(people.rita)[1] == "inbox"
    fulfil(token=fulfil_undo(people.rita, requests="now"))
    assert chosen(people.rita)[1] == "now"


def fulfil_undo(user, requests):
    return token_for(Wish(user.pk, before={"q": requests}))


def test_a_digest_ends_with_all_that_was_to_be_in_it(people, robot):
    NotificationSettings.objects.create(owner=people.emma, requests="daily")
    answer = robot.post(address(Wish(people.emma.pk, digest="daily")), ONE_CLICK)
    assert answer.status_code == 200
    choices, requests = chosen(people.emma)
    assert requests == "inbox"
    assert choices[("commented", "involved")] == choices[("submitted", "watched")] == "inbox"
    assert ("release", "member") not in choices  # that one is weekly


def test_what_waited_for_the_digest_waits_no_more(people, register, propose, tell_all, robot):
    tell_all()
    Subscription.objects.create(owner=people.nobody, what="everything")
    propose(*reduced(register))
    tell_all()
    assert Notification.objects.filter(owner=people.nobody, digest="daily").count() == 1
    robot.post(address(Wish(people.nobody.pk, digest="daily")), ONE_CLICK)
    assert Notification.objects.filter(owner=people.nobody, digest="").count() == 1


def test_a_proposal_is_muted_and_what_was_watched_is_watched_again_after_undoing(
    people, register, propose, robot
):
    number = propose(*reduced(register))
    Subscription.objects.create(owner=people.rita, what="proposal", target=str(number))
    page = robot.post(address(Wish(people.rita.pk, mute=number))).content.decode()
    assert standing_of(people.rita, "proposal", number) == (True, True)
    robot.post("/unsubscribe/" + page.partition('action="/unsubscribe/')[2].partition('"')[0])
    assert standing_of(people.rita, "proposal", number) == (True, False)
    again = robot.post(address(Wish(people.ravi.pk, mute=number))).content.decode()
    robot.post("/unsubscribe/" + again.partition('action="/unsubscribe/')[2].partition('"')[0])
    assert standing_of(people.ravi, "proposal", number) == (False, False)


def test_the_page_says_in_words_of_the_mail_what_ends(people, robot):
    """Whoever opens it holds a mail, and may never have seen the matrix of choices."""
    seen = []
    for event, kind in EVENTS.items():
        for scope in kind.defaults:
            page = robot.get(address(Wish(people.emma.pk, cells=((event, scope),)))).content.decode()
            (words,) = re.findall(r"<li>(mails when .*)</li>", page)
            assert "sent because" in words and "%" not in words
            seen.append(words)
    assert len(set(seen)) == len(seen)
    assert "mails when somebody comments, sent because you watch something that it is about" in seen
    assert "mails when a webhook is switched off, sent because the webhook is yours" in seen
    assert "mails when somebody&#x27;s role changes, sent because it is about your account" in seen


@pytest.mark.parametrize(
    "token",
    [
        "x",
        "::",
        "a" * 3000,
        "%00",
        "名",
        "another salt",
        "another ending",
    ],
)
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_forged_link_changes_nothing_and_says_so(people, robot, token, method):
    if token == "another salt":
        token = signing.dumps({"u": people.emma.pk, "q": 1}, salt="another")
    elif token == "another ending":
        whole = token_for(Wish(people.emma.pk, requests=True))
        token = whole[:-2] + ("A" if whole[-2] != "A" else "B") + whole[-1]
    answer = getattr(robot, method)(f"/unsubscribe/{token}/")
    assert answer.status_code == 404
    assert not NotificationSettings.objects.exists() and not NotificationChoice.objects.exists()
    assert "isn" in answer.content.decode()


def test_a_link_of_one_account_says_nothing_about_another(people, robot):
    first, second = (token_for(Wish(user.pk, requests=True)) for user in (people.emma, people.rita))
    mixed = second.split(":")[0] + ":" + first.partition(":")[2]
    assert robot.post(f"/unsubscribe/{mixed}/").status_code == 404
    assert not NotificationSettings.objects.exists()


def test_the_link_of_a_closed_account_says_that_it_gets_no_mails(people, robot):
    people.emma.is_active = False
    people.emma.save()
    answer = robot.post(address(Wish(people.emma.pk, requests=True)))
    assert answer.status_code == 404 and "closed" in answer.content.decode()


def test_the_link_in_a_mail_works(people, register, propose, tell_all, robot):
    tell_all()
    propose(*reduced(register))
    tell_all()
    mail = Mail.objects.filter(owner=people.rita).get()
    message = build_mail(mail, address="rita@example.org").message()
    path = urlsplit(str(message["List-Unsubscribe"]).strip("<> \n")).path
    Mail.objects.all().delete()  # it stands for itself
    assert robot.post(path, ONE_CLICK).status_code == 200
    assert chosen(people.rita)[1] == "inbox"
