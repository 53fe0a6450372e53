"""The button by which somebody hears of a thing: fetched by the register's pages, a page of its own without JavaScript."""

import uuid

import pytest
from django.urls import reverse

from chokepoints.models import Sector
from reviews.models import Proposal, Subscription
from reviews.notifications.events import EVENTS, INVOLVED, NEVER
from reviews.services import subscribing
from reviews.services.discussing import comment_on_proposal
from reviews.services.subscribing import set_choices, watch

from .conftest import reduced

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def number(register, propose):
    return propose(*reduced(register))


@pytest.fixture
def things(register, number):
    """What can be watched: its page, and the address of its button."""
    return {
        ("chokepoint", register.chokepoint): "/chokepoints/microspheres/",
        ("sector", register.sector): reverse("record-detail", args=["sector", register.sector]),
        ("source", register.source): reverse("source-detail", args=["example-article"]),
        ("proposal", str(number)): f"/proposals/{number}/",
    }


def subscriptions(user):
    return set(Subscription.objects.filter(owner=user).values_list("what", "target", "is_muted"))


def test_every_page_offers_it_to_who_is_signed_in_and_to_nobody_else(things, signed_in, client, register):
    from chokepoints.models import Source

    things = dict(things) | {
        ("source", register.source): Source.objects.get(pk=register.source).get_absolute_url()
    }
    browser = signed_in("nobody")
    for (what, target), page in things.items():
        address = reverse("watching", args=[what, target])
        assert address in browser.get(page).content.decode(), page
        assert address not in client.get(page).content.decode(), page
    assert reverse("watching-everything") in browser.get("/history/").content.decode()
    assert reverse("watching-everything") not in client.get("/history/").content.decode()


def test_the_list_of_a_sector_leads_to_its_page_its_feed_and_its_button(register, signed_in, client):
    page = f"/chokepoints/?sector={Sector.objects.get(pk=register.sector).key}"
    address = reverse("watching", args=["sector", register.sector])
    body = signed_in("nobody").get(page).content.decode()
    assert address in body and reverse("record-detail", args=["sector", register.sector]) in body
    assert address not in client.get(page).content.decode() and "feed.atom" in body
    assert "/watching/" not in signed_in("nobody").get("/chokepoints/").content.decode()


def test_watching_and_stopping_in_one_click_each_with_and_without_javascript(things, signed_in, people):
    browser = signed_in("nobody")
    for (what, target), _page in things.items():
        address = reverse("watching", args=[what, target])
        assert 'value="watch"' in browser.get(address, headers=HTMX).content.decode()
        answer = browser.post(address, {"does": "watch", "quietly": "1"}, headers=HTMX)
        assert answer.status_code == 200 and "✓ Watching" in answer.content.decode()
        assert "<html" not in answer.content.decode() and (what, target, False) in subscriptions(
            people.nobody
        )
        page = browser.get(address)
        assert "<html" in page.content.decode() and 'aria-pressed="true"' in page.content.decode()
        answer = browser.post(address, {"does": "stop", "next": "/history/"}, follow=True)
        assert answer.redirect_chain == [("/history/", 302)]
        assert "You don&#x27;t watch" in answer.content.decode()
    assert subscriptions(people.nobody) == set()


def test_everything_is_watched_by_itself(signed_in, people):
    signed_in("nobody").post("/watching/everything/", {"does": "watch"})
    assert subscriptions(people.nobody) == {("everything", "", False)}


def test_a_proposal_is_muted_and_unmuted_on_its_page(number, signed_in, people):
    browser, address = signed_in("nobody"), f"/watching/proposal/{number}/"
    watch(actor=people.nobody, what="proposal", target=number)
    answer = browser.post(address, {"does": "mute", "quietly": "1"}, headers=HTMX)
    assert "unmute" in answer.content.decode()
    assert ("proposal", str(number), True) in subscriptions(people.nobody)
    assert "Muted – unmute" in browser.get(f"/proposals/{number}/").content.decode()
    assert "You have muted" in browser.get(address).content.decode()
    browser.post(address, {"does": "unmute"})
    assert ("proposal", str(number), True) not in subscriptions(people.nobody)


def test_whoever_unmutes_watches_what_they_watched_before(number, signed_in, people):
    browser, address = signed_in("nobody"), f"/watching/proposal/{number}/"
    for before in (set(), {("proposal", str(number), False)}):
        if before:
            browser.post(address, {"does": "watch"})
        browser.post(address, {"does": "mute"})
        assert "muted now" in browser.get("/accounts/notifications/").content.decode() or not before
        browser.post(address, {"does": "unmute"})
        assert subscriptions(people.nobody) == before
    browser.post(address, {"does": "mute"})
    browser.post(address, {"does": "watch"})  # watching says that one wants to hear
    assert subscriptions(people.nobody) == {("proposal", str(number), False)}


def test_without_javascript_link_and_page_are_true_whether_it_is_watched_or_not(register, signed_in):
    browser = signed_in("nobody")
    page = "/chokepoints/microspheres/"
    address = reverse("watching", args=["chokepoint", register.chokepoint])
    for does, words in (("watch", "You watch Microspheres"), ("stop", "You don’t watch Microspheres")):
        browser.post(address, {"does": does})
        assert f'href="{address}">Watching…</a>' in browser.get(page).content.decode()
        assert f"<h1>{words}</h1>" in browser.get(address).content.decode()


@pytest.mark.parametrize(
    ("name", "why"), [("emma", "the proposal is yours"), ("rita", "you took part"), ("ravi", "")]
)
def test_who_hears_of_a_proposal_anyway_is_told_so_instead_of_being_asked_to_watch(
    number, signed_in, people, name, why
):
    comment_on_proposal(actor=people.rita, number=number, text="Which page?")
    page = signed_in(name).get(f"/proposals/{number}/").content.decode()
    assert ("You hear of it" in page, ">Watch<" in page) == (bool(why), not why)
    assert why in page and 'value="mute"' in page
    answer = signed_in(name).post(
        f"/watching/proposal/{number}/", {"does": "mute", "quietly": "1"}, headers=HTMX
    )
    assert "Muted – unmute" in answer.content.decode()


def test_who_chose_to_hear_nothing_of_such_is_asked_to_watch(number, signed_in, people):
    comment_on_proposal(actor=people.rita, number=number, text="Which page?")
    set_choices(
        actor=people.rita,
        choices={(event, INVOLVED): NEVER for event in EVENTS if INVOLVED in EVENTS[event].defaults},
    )
    page = signed_in("rita").get(f"/proposals/{number}/").content.decode()
    assert "You hear of it" not in page and ">Watch<" in page


@pytest.mark.parametrize(
    "address",
    [
        f"/watching/chokepoint/{uuid.UUID(int=5)}/", "/watching/chokepoint/microspheres/", "/watching/nothing/1/",
        "/watching/proposal/999/", "/watching/proposal/x/", "/watching/proposal/-1/", "/watching/everything/1/",
        "/watching/organization/00000000-0000-0000-0000-000000000001/", "/watching/proposal/" + "9" * 40 + "/",
        "/watching/chokepoint/%00/",
    ],
)  # fmt: skip
def test_what_isnt_there_cant_be_watched(address, signed_in, people, register):
    browser = signed_in("nobody")
    assert browser.get(address).status_code == 404
    for does in ("watch", "mute"):
        for headers in ({}, HTMX):
            answer = browser.post(address, {"does": does, "quietly": "1"}, headers=headers)
            assert answer.status_code in (302, 404)
    assert browser.post(address, {"does": "stop"}).status_code == 302
    assert subscriptions(people.nobody) == set()


def test_only_proposals_are_muted(register, signed_in, people):
    address = reverse("watching", args=["chokepoint", register.chokepoint])
    signed_in("nobody").post(address, {"does": "mute"})
    assert signed_in("nobody").post(address, {"does": "anything"}).status_code == 400
    assert subscriptions(people.nobody) == set()


def test_others_drafts_are_not_there_to_be_watched(number, signed_in, people):
    Proposal.objects.filter(pk=number).update(state="draft")
    browser = signed_in("nobody")
    assert browser.get(f"/watching/proposal/{number}/").status_code == 404
    assert browser.post(f"/watching/proposal/{number}/", {"does": "watch"}).status_code == 404


def test_who_watches_too_much_is_told_so_beside_the_button(register, signed_in, people, monkeypatch):
    monkeypatch.setattr(subscribing, "MOST_SUBSCRIPTIONS", 0)
    address = reverse("watching", args=["chokepoint", register.chokepoint])
    answer = signed_in("nobody").post(address, {"does": "watch", "quietly": "1"}, headers=HTMX)
    assert 'role="alert"' in answer.content.decode() and subscriptions(people.nobody) == set()
    assert (
        "Stop watching some"
        in signed_in("nobody").post(address, {"does": "watch"}, follow=True).content.decode()
    )


def test_a_visitor_comes_to_the_button_after_signing_in(register, client):
    address = reverse("watching", args=["chokepoint", register.chokepoint])
    for answer in (client.get(address), client.post(address, {"does": "watch"})):
        assert answer["Location"] == f"/accounts/login/?next={address}"
