"""A lost password: a link by mail, once, to the account's own address, and no page that says whose addresses are known."""

import re
import uuid

import pytest
from django.core import mail as outbox
from django.core.cache.backends.locmem import LocMemCache
from django.test import Client

from reviews.notifications import passwords
from reviews.notifications.passwords import build_password_mail, send_password_link
from reviews.services.subscribing import set_language
from reviews.views import passwords as views

pytestmark = pytest.mark.django_db


@pytest.fixture
def handed_out(monkeypatch):
    """What was handed to the broker; nobody had a link before."""
    found = []
    monkeypatch.setattr(views, "caches", {views.CACHE: LocMemCache(uuid.uuid4().hex, {})})
    monkeypatch.setattr(views, "hand_out_soon", lambda task, row: found.append((task, row)))
    return found


def test_the_page_answers_alike_whoever_asks_and_leaves_the_sending_to_a_worker(addressed, handed_out):
    answers = [
        Client().post("/accounts/password_reset/", {"email": address})
        for address in ("emma@example.org", "nobody-here@example.org")
    ]
    assert [(answer.status_code, answer["Location"]) for answer in answers] == [
        (302, "/accounts/password_reset/done/")
    ] * 2
    assert handed_out == [("reviews.tasks.send_password_link", addressed.emma.pk)]
    assert not outbox.outbox


def test_the_link_sets_a_new_password_once(addressed):
    assert send_password_link(addressed.emma.pk)
    (mail,) = outbox.outbox
    assert mail.to == ["emma@example.org"] and mail.subject == "[Register] Set a new password"
    path = re.search(r"http://127\.0\.0\.1:8000(/accounts/reset/\S+)", mail.body)[1]
    client = Client()
    form = client.get(path, follow=True)
    assert "Set a new password" in form.content.decode()
    done = client.post(
        form.redirect_chain[-1][0],
        {"new_password1": "a good long one 57", "new_password2": "a good long one 57"},
        follow=True,
    )
    assert "Your password is set" in done.content.decode()
    assert Client().login(username="emma", password="a good long one 57")
    assert "This link is used up" in Client().get(path, follow=True).content.decode()


def test_it_is_in_its_readers_language_and_leads_to_this_site_whoever_asked(addressed):
    set_language(actor=addressed.emma, language="zh-hans")
    mail = build_password_mail(addressed.emma)
    assert "设置新密码" in mail.subject and "emma" in mail.body and "http://127.0.0.1:8000/" in mail.body


@pytest.mark.parametrize("change", [{"is_active": False}, {"email": ""}, {"password": "!unusable"}])
def test_closed_accounts_and_those_without_address_or_password_get_none(addressed, change):
    type(addressed.emma).objects.filter(pk=addressed.emma.pk).update(**change)
    assert not send_password_link(addressed.emma.pk)
    assert not send_password_link(10**9)
    assert not outbox.outbox


def test_a_server_that_is_down_breaks_nothing(addressed, smtp, monkeypatch):
    smtp.stop()
    assert passwords.send_password_link(addressed.emma.pk) is False
    smtp.start()


@pytest.mark.parametrize(
    "path", ["/accounts/reset/x/y/", "/accounts/reset/MQ/x-y/", "/accounts/password_reset/"]
)
def test_broken_links_are_answered_in_words(path, db):
    answer = Client(raise_request_exception=False).get(path, follow=True)
    assert answer.status_code == 200


def test_sign_in_leads_there(db):
    assert "/accounts/password_reset/" in Client().get("/accounts/login/").content.decode()


def test_whoever_asks_a_hundred_times_has_one_mail_sent(addressed, handed_out, monkeypatch):
    answers = {
        Client().post("/accounts/password_reset/", {"email": "emma@example.org"}).status_code
        for _click in range(100)
    }
    assert answers == {302} and handed_out == [("reviews.tasks.send_password_link", addressed.emma.pk)]
    Client().post("/accounts/password_reset/", {"email": "rita@example.org"})
    assert len(handed_out) == 2
    monkeypatch.setattr(views, "caches", {})  # counters that can't be reached cost nobody their link
    Client().post("/accounts/password_reset/", {"email": "emma@example.org"})
    assert len(handed_out) == 3
