"""Who is let in below /api/, with which words who isn't is told so, and what a token may."""

import datetime as dt
import json
import logging

import pytest
from django.test import Client
from django.utils import timezone

from reviews.models import Token
from reviews.services.granting import revoke_token

from .conftest import Bearer

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.reviews.api.small_views")]

SMALL, CLOSED = "/api/v1/small/", "/api/v1/closed/"


def problem(answer, status):
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    assert answer["Cache-Control"] == "no-store"
    return answer.json()


def send(client, method, path=SMALL, **more):
    return client.generic(method, path, "{}", content_type="application/json", **more)


def test_a_token_is_its_user(bearer, people):
    answer = bearer("emma", "read").get(SMALL)
    assert answer.json() == {"user": "emma", "with_token": True}
    assert Token.objects.get().last_used


@pytest.mark.parametrize(
    ("scopes", "method", "status"),
    [
        (("read",), "GET", 200),
        (("read",), "HEAD", 200),
        (("propose",), "GET", 403),
        (("propose",), "HEAD", 403),
        (("propose",), "OPTIONS", 200),
        (("propose",), "POST", 201),
        (("read", "review"), "POST", 403),
        (("review",), "PUT", 200),
        (("propose", "read"), "PUT", 403),
        (("read",), "DELETE", 204),  # a method without a scope
        (("read",), "PATCH", 405),
    ],
)
def test_a_token_needs_the_scope_of_the_method(scopes, method, status, bearer):
    answer = send(bearer("emma", *scopes), method)
    assert answer.status_code == status
    if status == 403:
        assert 'error="insufficient_scope"' in answer["WWW-Authenticate"]
    if status == 403 and method != "HEAD":
        body = problem(answer, 403)
        assert body["scope"] in body["detail"] and body["scope"] not in scopes


@pytest.mark.parametrize("act", ["comments", "comments/1/resolve", "split", "hold", "resume", "nudge"])
def test_what_authors_and_reviewers_both_do_takes_the_scope_of_either(act, bearer):
    path = f"/api/v1/proposals/999/{act}/"
    for person, scope in (("rita", "review"), ("emma", "propose")):
        assert send(bearer(person, scope), "POST", path).status_code == 404, (
            scope
        )  # let in: there is no such proposal
    body = problem(send(bearer("rita", "read"), "POST", path), 403)
    assert "“propose” or “review”" in body["detail"]


@pytest.mark.parametrize("act", ["submit", "withdraw", "authors", "resolve", "suggestions/1/take"])
def test_a_token_for_reviewing_does_nothing_in_an_authors_name(act, bearer):
    body = problem(send(bearer("emma", "read", "review"), "POST", f"/api/v1/proposals/999/{act}/"), 403)
    assert body["scope"] == "propose"


def test_anybody_reads_and_nobody_else_does_more(bearer):
    nobody = bearer()
    assert nobody.get(SMALL).json() == {"user": "", "with_token": False}
    for method in ("POST", "PUT", "DELETE"):
        answer = send(nobody, method)
        assert "token" in problem(answer, 401)["detail"]
        assert answer["WWW-Authenticate"] == 'Bearer realm="chokepoint register"'
    assert send(nobody, "PATCH").status_code == 405
    assert nobody.get(CLOSED).status_code == 401
    assert nobody.options(CLOSED).status_code == 200
    assert bearer("nobody", "read").get(CLOSED).status_code == 200


def test_who_holds_a_token_that_ended_is_told_why(bearer, token_of, people):
    expired, text = token_of("emma")
    Token.objects.filter(pk=expired.pk).update(
        made=timezone.now() - dt.timedelta(days=8), expires=timezone.now() - dt.timedelta(seconds=1)
    )
    assert "expired" in problem(Bearer(text).get(SMALL), 401)["detail"]
    revoked, text = token_of("emma")
    assert Bearer(text).get(SMALL).status_code == 200
    revoke_token(actor=people.emma, pk=revoked.pk)
    answer = Bearer(text).get(SMALL)
    assert "revoked" in problem(answer, 401)["detail"]
    assert 'error="invalid_token"' in answer["WWW-Authenticate"]
    _, text = token_of("erik")
    people.erik.is_active = False
    people.erik.save()
    assert "deactivated" in problem(Bearer(text).get(SMALL), 401)["detail"]


def test_nothing_but_a_whole_token_opens_or_tells_anything(token_of, people):
    token, text = token_of("emma")
    people.emma.email = "emma@example.org"
    people.emma.save()
    wrong = [
        "", " ", "Bearer", "Bearer ", f"Token {text}", f"Basic {text}", text, f"Bearer {text} {text}", f"Bearer {text},",
        f"Bearer {text[:-1]}", f"Bearer {text}x", f"Bearer {text[:-1]}\0", "Bearer \ud800", "Bearer 中文", "Bearer \xff\xfe",
        "Bearer " + "a" * 100_000, "B" * 100_000, "Bearer\t" + text, f"Bearer {text.swapcase()}",
    ]  # fmt: skip
    known = [token.pk, token.key, token.digest, token.made_by, people.emma.pk, "emma", "emma@example.org"]
    details = set()
    for header in [*wrong, *(f"Bearer {one}" for one in known)]:
        answer = Client(raise_request_exception=False).get(SMALL, HTTP_AUTHORIZATION=header)
        details.add(problem(answer, 401)["detail"])
    assert len(details) == 2  # no valid token, or no token at all
    for header in (f"bearer {text}", f"BEARER   {text} "):
        assert Client().get(SMALL, HTTP_AUTHORIZATION=header).status_code == 200
    assert Client().get(f"{SMALL}?token={text}&access_token={text}").json()["user"] == ""


def test_a_wrong_token_is_refused_beside_a_session_too(signed_in):
    assert signed_in("emma").get(SMALL, HTTP_AUTHORIZATION="Bearer wrong").status_code == 401


def test_a_session_needs_its_csrf_token(people):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(people.emma)
    assert browser.get(SMALL).json() == {"user": "emma", "with_token": False}
    assert "CSRF" in problem(send(browser, "POST"), 403)["detail"]
    assert "CSRF" in problem(browser.post(SMALL, "{broken", content_type="application/json"), 403)["detail"]
    browser.get("/accounts/tokens/")  # any page with a form
    good = {"HTTP_X_CSRFTOKEN": browser.cookies["csrftoken"].value}
    assert send(browser, "POST", **good).status_code == 201
    assert send(browser, "PUT", **good).status_code == 200  # a session has every scope


def test_a_public_answer_varies_by_the_session_only_where_there_is_one(bearer, signed_in):
    assert "Cookie" not in bearer().get(SMALL).get("Vary", "")
    assert "Cookie" in signed_in("emma").get(SMALL)["Vary"]


def test_a_token_is_no_session(bearer):
    for page in ("/desk/", "/accounts/tokens/", "/admin/"):
        assert bearer("admin").get(page).status_code == 302


def test_a_token_is_written_nowhere(token_of, caplog, settings):
    settings.DEBUG = True
    _, text = token_of("emma")
    with caplog.at_level(logging.DEBUG):
        for client in (Bearer(text), Bearer(text[:-1])):
            client.get(SMALL)
            client.get("/api/v1/nothing/")
    assert text[:20] not in caplog.text


def test_last_use_is_noted_without_a_write_at_each_read(bearer, django_assert_max_num_queries):
    client = bearer("emma", "read")
    client.get(SMALL)
    with django_assert_max_num_queries(1) as queries:
        client.get(SMALL)
    assert json.dumps([query["sql"] for query in queries]).count("UPDATE") == 0
