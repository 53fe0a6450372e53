"""docs/webhooks.md says what a receiver gets: its example, its table, its code and its numbers are held against a delivery."""

import ipaddress
import json
import re
from pathlib import Path

import pytest
from django.urls import reverse

from reviews.limits import LIMITS
from reviews.models import Webhook
from reviews.notifications.webhooks.delivering import BACK_OFF, SPREAD, deliver_due
from reviews.notifications.webhooks.sending import USER_AGENT
from reviews.services.hooking import create_webhook, rotate_secret, send_test
from reviews.services.reviewing import review_proposal

from ..conftest import reduced
from .receiver import Receiver

pytestmark = pytest.mark.django_db
DOCUMENT = (Path(__file__).resolve().parents[3] / "docs/webhooks.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    return re.search(rf"```{language}\n(.+?)```", DOCUMENT, re.DOTALL)[1]


@pytest.fixture
def told(people, register, propose, tell_all, settings):
    """A publication and a test as a receiver got them, and the webhook."""
    settings.WEBHOOK_ALLOWED_NETWORKS = [ipaddress.ip_network("127.0.0.1/32")]
    tell_all()
    with Receiver() as receiver:
        webhook = create_webhook(
            actor=people.nobody, name="A program", url=receiver.url, events=["published"]
        )
        old = webhook.secret
        number = propose(*reduced(register))
        for reviewer in (people.rita, people.ravi):
            review_proposal(actor=reviewer, number=number, version=1, verdict="approve", comment="Yes.")
        tell_all()
        deliver_due()
        send_test(actor=people.nobody, pk=webhook.pk)
        webhook = rotate_secret(actor=people.nobody, pk=webhook.pk)
        deliver_due()
        published, test = receiver.requests
    return published, test, webhook, old


def test_the_example_has_the_members_and_sorts_of_values_that_are_sent(told):
    published, test, _webhook, _old = told
    example, said = json.loads(block("json")), json.loads(published.body)
    assert said["type"] == example["type"] and said["data"]["event"] == example["data"]["event"]
    for shown, sent in ((example, said), (example["data"], said["data"])):
        assert list(shown) == list(sent)
        assert [type(value) for value in shown.values()] == [type(value) for value in sent.values()]
    assert list(json.loads(test.body)["data"]) == list(said["data"])
    heading = re.sub(r"\d+", "17", said["data"]["heading"])
    assert heading == example["data"]["heading"]


def test_every_member_is_explained_and_the_headers_are_those_that_are_sent(told):
    published, *_ = told
    table = DOCUMENT.partition("| member |")[2].partition("\n\n")[0]
    said = json.loads(published.body)
    assert all(f"`{name}`" in table for name in {*said, *said["data"]} - {"data"})
    shown = dict(line.split(": ", 1) for line in block("").splitlines()[1:])
    assert {name.lower() for name in shown} <= set(published.headers)
    assert shown["User-Agent"] == USER_AGENT == published.headers["user-agent"]
    assert re.fullmatch("msg_[0-9a-f]{32}", shown["webhook-id"])
    assert re.fullmatch("msg_[0-9a-f]{32}", published.headers["webhook-id"])


def test_the_code_verifies_what_is_sent_and_nothing_else(told):
    published, test, webhook, old = told
    code: dict = {}
    exec(block("python"), code)
    verify = code["verify"]
    assert verify(old, published.headers, published.body)
    assert verify(old, test.headers, test.body) and verify(webhook.secret, test.headers, test.body)
    assert not verify(webhook.secret, published.headers, published.body)
    assert not verify(old, published.headers, published.body + b" ")
    stale = published.headers | {"webhook-timestamp": str(int(published.headers["webhook-timestamp"]) - 301)}
    assert not verify(old, stale, published.body)


def test_the_numbers_are_those_of_the_program(settings):
    words = re.search(
        r"\*\*Again\*\* after (.+?), each up to a fifth longer. After the (\w+) attempt", DOCUMENT, re.DOTALL
    )
    seconds = {"seconds": 1, "minutes": 60, "hours": 3600}
    waits = [int(number) * seconds[unit] for number, unit in re.findall(r"(\d+) (\w+)", words[1])]
    assert tuple(waits) == BACK_OFF and SPREAD == 1 / 5 and words[2] == "eighth" and len(BACK_OFF) == 7
    assert f"within {settings.WEBHOOK_TIMEOUT_SECONDS:g} seconds" in DOCUMENT
    assert f"for {settings.WEBHOOK_OLD_SECRET_HOURS:g} hours" in DOCUMENT
    assert f"when {LIMITS['webhook_failures'].default} messages in a row" in DOCUMENT
    assert f"for {LIMITS['deliveries'].default} days" in DOCUMENT


def test_every_address_of_the_api_is_named():
    for name in ("list", "detail", "rotate", "test", "deliveries"):
        path = reverse(f"api-webhook-{name}", args=[] if name == "list" else [1]).removeprefix("/api/v1/")
        assert path.replace("/1/", "/{id}/") in DOCUMENT
    assert Webhook._meta.get_field("url").max_length == 500
