"""Mails in the admin: to look at, and to have those sent again that were refused; demo accounts have addresses."""

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from reviews.demo import make_accounts
from reviews.exceptions import NotAllowed
from reviews.models import Mail, NotificationSettings
from reviews.services.mailing import send_again
from reviews.services.subscribing import note_bounce, settings_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def refused(people):
    """A digest to emma that was refused, and one to rita of which nobody knows."""
    rows = {"kind": "daily", "period": "2026-11-27", "due": timezone.now(), "ended": timezone.now()}
    note_bounce(owner=people.emma, address="emma@example.org", why="550 No such user")
    return (
        Mail.objects.create(owner=people.emma, state="failed", error="550 No such user", **rows),
        Mail.objects.create(owner=people.rita, state="uncertain", **rows),
    )


def test_admins_look_at_mails_and_change_none(signed_in, refused):
    admin = signed_in("admin")
    page = admin.get("/admin/reviews/mail/").content.decode()
    assert "550 No such user" in page and "refused for good" in page
    assert admin.get("/admin/reviews/mail/?q=emma").status_code == 200
    assert "Save" not in admin.get(f"/admin/reviews/mail/{refused[0].pk}/change/").content.decode()
    assert admin.get("/admin/reviews/mail/add/").status_code == 403
    assert "emma@example.org" in admin.get("/admin/reviews/notificationsettings/").content.decode()
    assert signed_in("emma").get("/admin/reviews/mail/").status_code == 302


def test_what_was_refused_is_sent_again_and_what_is_uncertain_is_not(signed_in, refused, people):
    answer = signed_in("admin").post(
        "/admin/reviews/mail/",
        {"action": "send_again", "_selected_action": [mail.pk for mail in refused]},
        follow=True,
    )
    assert "1 will be sent again." in answer.content.decode()
    assert set(Mail.objects.values_list("owner__username", "state")) == {
        ("emma", "waiting"),
        ("rita", "uncertain"),
    }
    assert settings_of(people.emma).bounced_address == ""


def test_nobody_else_has_mails_sent_again(refused, people):
    with pytest.raises(NotAllowed):
        send_again(actor=people.emma, numbers=[refused[0].pk])
    assert NotificationSettings.objects.get().bounced_address


def test_demo_accounts_have_addresses_also_those_that_were_there(db):
    make_accounts()
    User.objects.filter(username="emma").update(email="")
    User.objects.filter(username="erik").update(email="mine@example.com")
    accounts = make_accounts()
    assert accounts["emma"].email == "emma@example.org"
    assert User.objects.get(username="erik").email == "mine@example.com"
    assert User.objects.get(username="rita").email == "rita@example.org"
