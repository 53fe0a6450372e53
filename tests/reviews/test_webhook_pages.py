"""The account pages for webhooks, without JavaScript; what admins see of them."""

import ipaddress
import re
import uuid

import pytest
from django.urls import reverse
from django.utils import timezone

from reviews.models import Webhook, WebhookDelivery
from reviews.notifications.webhooks.delivering import deliver_due
from reviews.services import hooking

from .notifications.receiver import Receiver

pytestmark = pytest.mark.django_db
PAGE = "/accounts/webhooks/"


def form(**more):
    return {
        "name": "My 笔记本 <b>",
        "url": "https://hooks.example.org/a?key=1",
        "events": ["published"],
    } | more


def secret_on(page):
    found = re.search(r'value="(whsec_[^"]+)"', page.content.decode())
    return found and found[1]


@pytest.fixture
def webhook(people) -> Webhook:
    return hooking.create_webhook(
        actor=people.emma,
        name="The laboratory",
        url="https://hooks.example.org/a?key=1",
        events=["published"],
    )


@pytest.fixture
def delivery(webhook) -> WebhookDelivery:
    return WebhookDelivery.objects.create(
        webhook=webhook, event="test", due=timezone.now(), state="failed", error="It answered 500.", tries=8
    )


def test_a_secret_is_shown_once_after_making_and_after_rotating(signed_in):
    browser = signed_in("emma")
    made = browser.post(PAGE, form())
    first = secret_on(made)
    webhook = Webhook.objects.get()
    assert made.status_code == 200 and first == webhook.secret and "no-store" in made["Cache-Control"]
    assert "&lt;b&gt;" in made.content.decode() and "<b>" not in made.content.decode()
    detail = browser.get(webhook.get_absolute_url())
    assert secret_on(detail) is None and first not in detail.content.decode()
    rotated = browser.post(reverse("webhook-rotate", args=[webhook.pk]))
    assert secret_on(rotated) not in (None, first) and "signs too until" in rotated.content.decode()
    again = browser.post(PAGE, form())  # the page that showed it, reloaded
    assert again.status_code == 422 and secret_on(again) is None and Webhook.objects.count() == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""}, {"name": "\0"}, {"name": "\u202e"}, {"name": "n" * 5000}, {"events": []}, {"events": ["nothing"]},
        {"url": ""}, {"url": "\0"}, {"url": "中"}, {"url": "http://0177.1/"}, {"url": "http://①②⑦.⓪.⓪.①/"},
        {"url": "https://a.org/" + "u" * 5000}, {"url": "javascript:alert(1)"},
    ],
)  # fmt: skip
def test_a_refused_form_stands_as_it_was_typed_and_changes_nothing(wrong, signed_in, webhook):
    browser = signed_in("emma")
    for address in (PAGE, webhook.get_absolute_url()):
        answer = browser.post(address, form(**wrong))
        assert answer.status_code == 422, address
        assert 'class="errors"' in answer.content.decode()
    assert Webhook.objects.get().name == "The laboratory"


def test_a_webhook_is_changed_switched_tried_out_and_deleted_by_buttons(signed_in, webhook):
    browser = signed_in("emma")

    def press(name, *more):
        return browser.post(
            reverse(f"webhook-{name}", args=[webhook.pk, *more]), follow=True
        ).content.decode()

    changed = browser.post(
        webhook.get_absolute_url(), form(name="Other", events=["rejected"], with_own="on"), follow=True
    )
    assert "It is changed." in changed.content.decode()
    webhook.refresh_from_db()
    assert (webhook.name, webhook.events, webhook.with_own) == ("Other", ["rejected"], True)
    assert "It is off, and told nothing." in press("off")
    assert "A test is on its way" in press("test")
    assert "under way already" in press("test")
    assert "Switch off" in press("on")
    test = webhook.deliveries.get()
    assert "under way" in press("resend", test.message)
    WebhookDelivery.objects.update(state="delivered")
    assert "sent again" in press("resend", test.message)
    assert "is deleted" in press("delete")
    assert not Webhook.objects.exists() and not WebhookDelivery.objects.exists()


def test_the_log_says_in_our_words_what_became_of_each_message(signed_in, webhook, delivery):
    page = signed_in("emma").get(webhook.get_absolute_url()).content.decode()
    assert "It answered 500." in page and delivery.message_id in page and "given up" in page
    empty = signed_in("emma").get(f"{webhook.get_absolute_url()}?page=nonsense")
    assert empty.status_code == 200


def test_everybody_has_their_own_webhooks(signed_in, webhook, delivery):
    addresses = [
        (reverse("webhook-detail", args=[webhook.pk])),
        *(
            reverse(f"webhook-{name}", args=[webhook.pk])
            for name in ("rotate", "on", "off", "test", "delete")
        ),
        reverse("webhook-resend", args=[webhook.pk, delivery.message]),
    ]
    for name in ("erik", "admin"):
        browser = signed_in(name)
        assert "The laboratory" not in browser.get(PAGE).content.decode()
        assert [browser.post(address, form()).status_code for address in addresses] == [404] * 7
        assert [browser.get(address).status_code for address in addresses] == [404] * 7
    assert [signed_in().post(address).status_code for address in [PAGE, *addresses]] == [302] * 8
    emma = signed_in("emma")
    assert [emma.get(address).status_code for address in addresses] == [200, *[302] * 6]
    assert emma.get(f"{PAGE}{10**25}/").status_code == 404
    assert emma.post(reverse("webhook-resend", args=[webhook.pk, uuid.uuid4()])).status_code == 404
    kept = Webhook.objects.get()
    assert kept.secret == webhook.secret and kept.is_on and webhook.deliveries.count() == 1


def test_the_page_of_tokens_leads_there(signed_in):
    assert f'href="{PAGE}"' in signed_in("emma").get("/accounts/tokens/").content.decode()


def test_a_test_is_seen_to_arrive(signed_in, people, settings):
    settings.WEBHOOK_ALLOWED_NETWORKS = [ipaddress.ip_network("127.0.0.1/32")]
    browser = signed_in("emma")
    with Receiver() as receiver:
        browser.post(PAGE, form(url=receiver.url))
        webhook = Webhook.objects.get()
        browser.post(reverse("webhook-test", args=[webhook.pk]))
        deliver_due()
        assert len(receiver.requests) == 1
    page = browser.get(webhook.get_absolute_url()).content.decode()
    assert "delivered" in page and receiver.ids[0] in page


def test_admins_list_webhooks_and_deliveries_switch_off_and_never_see_secrets_or_addresses(
    signed_in, webhook, delivery
):
    browser = signed_in("admin")
    listing = reverse("admin:reviews_webhook_changelist")
    pages = [
        browser.get(listing),
        browser.get(reverse("admin:reviews_webhook_change", args=[webhook.pk])),
        browser.get(reverse("admin:reviews_webhookdelivery_changelist")),
        browser.get(reverse("admin:reviews_webhookdelivery_change", args=[delivery.pk])),
    ]
    for page in pages:
        text = page.content.decode()
        assert page.status_code == 200 and "The laboratory" in text
        assert "key=1" not in text and webhook.secret not in text
    assert browser.get(reverse("admin:reviews_webhook_add")).status_code == 403
    browser.post(listing, {"action": "switch_off", "_selected_action": [webhook.pk]})
    webhook.refresh_from_db()
    assert not webhook.is_on and webhook.off_why == "An admin switched it off."
