"""Webhooks for programs: made, read, changed, tried out, ended; one's own, and not by a token that may only read."""

import json
import uuid
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from jsonschema import Draft202012Validator

from config.api_schema import schema
from reviews.models import IdempotentRequest, Webhook, WebhookDelivery

pytestmark = pytest.mark.django_db
LIST = "/api/v1/webhooks/"
NEW = {"name": "A 程序", "url": "https://hooks.example.org/a", "events": ["published", "rejected"]}


@pytest.fixture
def asker(token_of):
    """A function that returns somebody's client, with a token of some scopes."""

    def asker(name: str = "emma", *scopes: str) -> Client:
        token = token_of(name, *(scopes or ("read", "propose")))[1]
        return Client(raise_request_exception=False, HTTP_AUTHORIZATION=f"Bearer {token}")

    return asker


def send(client: Client, method: str, path: str, body: Any = None, **headers: str) -> Any:
    return client.generic(
        method, path, json.dumps({} if body is None else body), content_type="application/json", **headers
    )


def is_as_described(answer: Any, path: str, method: str) -> bool:
    """Tell whether an answer is what the schema says of it."""
    whole = schema()
    shape = whole["paths"][path][method]["responses"][str(answer.status_code)]["content"]["application/json"]
    validator = Draft202012Validator(
        {"components": whole["components"], **shape["schema"]},
        format_checker=Draft202012Validator.FORMAT_CHECKER,
    )
    return not list(validator.iter_errors(answer.json()))


def test_a_webhook_from_its_making_to_its_end(asker):
    emma = asker()
    made = send(emma, "POST", LIST, NEW)
    assert made.status_code == 201 and made["Location"] == made.json()["self"]
    assert is_as_described(made, "/api/v1/webhooks/", "post")
    webhook = Webhook.objects.get()
    assert made.json()["secret"] == webhook.secret and made["Cache-Control"] == "no-store"
    here = f"{LIST}{webhook.pk}/"
    for path in (LIST, here):
        read = emma.get(path)
        assert read.status_code == 200 and webhook.secret not in read.content.decode()
    assert is_as_described(emma.get(LIST), "/api/v1/webhooks/", "get")
    changed = send(emma, "PATCH", here, {"name": "Other", "is_on": False, "with_own": True})
    assert changed.status_code == 200 and is_as_described(changed, "/api/v1/webhooks/{webhook}/", "patch")
    assert (changed.json()["name"], changed.json()["is_on"], changed.json()["with_own"]) == (
        "Other",
        False,
        True,
    )
    assert send(emma, "PATCH", here, {"is_on": True}).json()["is_on"] is True
    rotated = send(emma, "POST", f"{here}rotate/")
    assert rotated.json()["secret"] != made.json()["secret"] and rotated.json()["old_secret_until"]
    assert is_as_described(rotated, "/api/v1/webhooks/{webhook}/rotate/", "post")
    assert send(emma, "DELETE", here).status_code == 204
    assert emma.get(here).status_code == 404 and send(emma, "DELETE", here).status_code == 404


def test_a_test_and_the_log_and_sending_again(asker):
    emma = asker()
    send(emma, "POST", LIST, NEW)
    here = f"{LIST}{Webhook.objects.get().pk}/"
    test = send(emma, "POST", f"{here}test/")
    assert test.status_code == 202 and is_as_described(test, "/api/v1/webhooks/{webhook}/test/", "post")
    assert send(emma, "POST", f"{here}test/").status_code == 409
    resend = f"{here}deliveries/{test.json()['message']}/resend/"
    assert test.json()["resend"].endswith(resend) and send(emma, "POST", resend).status_code == 409
    WebhookDelivery.objects.update(state="delivered", status=200, tries=1, ended=timezone.now())
    again = send(emma, "POST", resend)
    assert again.status_code == 202 and again.json()["webhook_id"] == test.json()["webhook_id"]
    log = emma.get(f"{here}deliveries/?ordering=made")
    assert [each["state"] for each in log.json()["results"]] == ["waiting"]
    assert is_as_described(log, "/api/v1/webhooks/{webhook}/deliveries/", "get")
    assert send(emma, "POST", f"{here}deliveries/{uuid.uuid4()}/resend/").status_code == 404


def test_what_is_another_s_is_not_there(asker):
    send(asker(), "POST", LIST, NEW)
    webhook = Webhook.objects.get()
    here, message = f"{LIST}{webhook.pk}/", uuid.uuid4()
    for name in ("erik", "admin"):
        other = asker(name)
        assert other.get(LIST).json()["results"] == []
        answers = [
            other.get(here),
            other.get(f"{here}deliveries/"),
            send(other, "PATCH", here, {"is_on": False}),
            send(other, "DELETE", here),
            *(
                send(other, "POST", f"{here}{act}/")
                for act in ("rotate", "test", f"deliveries/{message}/resend")
            ),
        ]
        assert [answer.status_code for answer in answers] == [404] * 7
    assert Webhook.objects.values().get() == {
        **Webhook.objects.values().get(),
        "secret": webhook.secret,
        "is_on": True,
    }


def test_a_token_that_may_only_read_reads_and_does_nothing_else(asker):
    send(asker(), "POST", LIST, NEW)
    webhook, reader = Webhook.objects.get(), asker("emma", "read")
    here = f"{LIST}{webhook.pk}/"
    assert [reader.get(path).status_code for path in (LIST, here, f"{here}deliveries/")] == [200] * 3
    refused = [
        send(reader, "POST", LIST, NEW | {"name": "Second"}),
        send(reader, "PATCH", here, {"url": "https://evil.example.org/"}),
        send(reader, "DELETE", here),
        send(reader, "POST", f"{here}rotate/"),
        send(reader, "POST", f"{here}test/"),
    ]
    assert [answer.status_code for answer in refused] == [403] * 5
    assert all(answer.json()["scope"] == "propose" for answer in refused)
    assert Client().get(LIST).status_code == 401


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"name": ""}, "/name"), ({"name": 5}, "/name"), ({"name": "\u202e"}, "/name"), ({"name": "n" * 61}, "/name"),
        ({"url": "http://127.1/"}, "/url"), ({"url": None}, "/url"), ({"url": "http://[::ffff:7f00:1]/"}, "/url"),
        ({"events": []}, "/events"), ({"events": ["x"]}, "/events/0"), ({"events": "published"}, "/events"),
        ({"events": [{}]}, "/events/0"), ({"with_own": "yes"}, "/with_own"), ({"secret": "mine"}, "/secret"),
    ],
)  # fmt: skip
def test_what_cannot_be_taken_is_named_by_its_place_and_changes_nothing(wrong, pointer, asker):
    emma = asker()
    refused = send(emma, "POST", LIST, NEW | wrong)
    assert refused.status_code == 400 and [each["pointer"] for each in refused.json()["errors"]] == [pointer]
    assert not Webhook.objects.exists()
    send(emma, "POST", LIST, NEW)
    before = Webhook.objects.values().get()
    refused = send(emma, "PATCH", f"{LIST}{before['id']}/", {"is_on": False, **wrong})
    assert refused.status_code == 400 and Webhook.objects.values().get() == before


def test_the_same_request_with_its_key_makes_one_webhook_and_tells_its_secret_once(asker):
    emma, key = asker(), {"HTTP_IDEMPOTENCY_KEY": "once"}
    first, second = (send(emma, "POST", LIST, NEW, **key) for _ in range(2))
    webhook = Webhook.objects.get()
    assert first.json()["secret"] == webhook.secret and first.json()["secret_note"] is None
    assert second["Idempotency-Replayed"] == "true" and second.status_code == 201
    assert second.json()["secret"] is None and "first answer alone" in second.json()["secret_note"]
    told = {"secret", "secret_note"}
    assert {k: v for k, v in first.json().items() if k not in told} == {
        k: v for k, v in second.json().items() if k not in told
    }
    rotate, key = f"{LIST}{webhook.pk}/rotate/", {"HTTP_IDEMPOTENCY_KEY": "again"}
    third, fourth = (send(emma, "POST", rotate, {}, **key) for _ in range(2))
    webhook.refresh_from_db()
    assert third.json()["secret"] == webhook.secret and fourth.json()["secret"] is None
    kept = str(list(IdempotentRequest.objects.values()))
    assert "whsec_" not in kept
