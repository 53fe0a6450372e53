"""Idempotency-Key at the addresses: the first answer again with its headers, whatever it was, and one user's own."""

import json

import pytest
from django.test import Client

from reviews.models import IdempotentRequest, Proposal
from reviews.services import repeating
from tests.reviews.api.conftest import counts, example

pytestmark = pytest.mark.django_db


def test_a_proposal_that_is_sent_twice_is_one_and_answered_alike(program, register):
    emma = program("emma")
    first = emma.send("", example(submit=True), Idempotency_Key="a 1")
    second = emma.send("", example(submit=True), Idempotency_Key="a 1")
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.content == second.content
    for name in ("Location", "ETag", "Content-Type", "Cache-Control"):
        assert first[name] == second[name]
    assert "Idempotency-Replayed" not in first
    assert second["Idempotency-Replayed"] == "true"
    assert Proposal.objects.count() == 1
    other = emma.send("", example(title="Other"), Idempotency_Key="a 1")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")
    assert program("erik").send("", example(), Idempotency_Key="a 1").status_code == 201


def test_a_refusal_is_the_first_answer_too_and_has_done_nothing(program, register):
    emma, before = program("emma"), counts()
    first, second = (emma.send("", {"title": ""}, Idempotency_Key="k") for _ in range(2))
    assert (first.status_code, second.status_code) == (400, 400)
    assert first.content == second.content
    assert second["Content-Type"] == "application/problem+json"
    assert second["Idempotency-Replayed"] == "true"
    assert counts() | {"reviews_idempotentrequest": 0} == before
    # What couldn't be read was no request yet.
    for status, body in ((400, b"{"), (413, b'"' + b"a" * 2_100_000 + b'"')):
        for _ in range(2):
            answer = emma.send("", body, Idempotency_Key="other")
            assert (answer.status_code, answer.get("Idempotency-Replayed")) == (status, None)
    assert emma.send("", example(), Idempotency_Key="other").status_code == 201
    # Also where the same request would get in by now.
    first = program("rita").send("", example(), Idempotency_Key="k")
    assert first.status_code == 403
    assert program("rita").send("", example(), Idempotency_Key="k").content == first.content


def test_a_browsers_session_with_its_csrf_token_can_send_twice_too(people, register):
    client = Client(enforce_csrf_checks=True)
    client.force_login(people.emma)
    client.get("/desk/")
    client.get("/proposals/new/")
    sent = {
        "data": json.dumps(example()), "content_type": "application/json",
        "headers": {"Idempotency-Key": "k", "X-CSRFToken": client.cookies["csrftoken"].value},
    }  # fmt: skip
    first, second = (client.post("/api/v1/proposals/", **sent) for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 201), first.content
    assert (first.content, second["Idempotency-Replayed"]) == (second.content, "true")
    del sent["headers"]["X-CSRFToken"]
    assert client.post("/api/v1/proposals/", **sent).status_code == 403


def test_every_move_can_be_sent_twice(program, register):
    emma, rita = program("emma"), program("rita")
    address = emma.send("", example(submit=True)).json()["self"]
    for client, path, body in (
        (rita, "claim/", {}),
        (rita, "comments/", {"text": "One remark."}),
        (rita, "reviews/", {"version": 1, "verdict": "approve"}),
        (emma, "withdraw/", {}),
    ):
        first, second = (client.send(address + path, body, Idempotency_Key=path) for _ in range(2))
        assert first.status_code == second.status_code < 300, first.content
        assert (first.content, second["Idempotency-Replayed"]) == (second.content, "true")
    assert len(emma.read(f"{address}comments/").json()["results"]) == 1
    shown = emma.read(address).json()
    assert (len(shown["reviews"]), shown["state"]) == (1, "withdrawn")
    draft = emma.send("", example(title="Draft")).json()["self"]
    gone = [emma.send(f"{draft}withdraw/", Idempotency_Key="gone") for _ in range(2)]
    assert [(one.status_code, one.content) for one in gone] == [(204, b"")] * 2


def test_a_request_under_way_is_told_when_to_come_again(program, register, monkeypatch):
    emma, answers = program("emma"), []
    run = repeating._run

    def sent_meanwhile(begun, do):
        answers.append(emma.send("", example(), Idempotency_Key="k"))
        return run(begun, do)

    monkeypatch.setattr(repeating, "_run", sent_meanwhile)
    assert emma.send("", example(), Idempotency_Key="k").status_code == 201
    (answer,) = answers
    assert (answer.status_code, answer.json()["code"]) == (409, "request-in-flight")
    assert 1 <= int(answer["Retry-After"]) <= 60
    assert Proposal.objects.count() == 1


def test_what_broke_is_not_kept_and_nobody_unknown_has_keys(program, register, monkeypatch):
    emma = program("emma")
    with monkeypatch.context() as broken:
        broken.setattr("reviews.api.views.base.render_proposal", lambda *_: 1 / 0)
        assert emma.send("", example(), Idempotency_Key="k").status_code == 500
    assert Proposal.objects.count() == 0
    assert emma.send("", example(), Idempotency_Key="k").status_code == 201
    assert program().send("", example(), Idempotency_Key="k").status_code in {401, 403}
    assert IdempotentRequest.objects.count() == 1
    for key in ("", "x" * 201, "é"):
        answer = emma.send("", example(), Idempotency_Key=key)
        assert (answer.status_code, answer.json()["code"]) == (400, "idempotency-key-invalid")
