"""The interface in a browser: pages for people, JSON for everybody else."""

import re
from urllib.parse import urlencode

import pytest
from django.test import Client

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.reviews.api.small_views")]

SMALL = "/api/v1/small/"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"
PAGE, JSON = "text/html; charset=utf-8", "application/json"


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        (None, JSON),
        ("*/*", JSON),
        ("application/json", JSON),
        (BROWSER, PAGE),
        ("text/html", PAGE),
        ("application/json, text/html", JSON),
    ],
)
def test_only_who_asks_for_a_page_gets_one(accept, content_type, client):
    for path in (SMALL, "/api/v1/", "/api/v1/chokepoints/"):
        answer = client.get(path, **({"HTTP_ACCEPT": accept} if accept else {}))
        assert (answer.status_code, answer["Content-Type"]) == (200, content_type)
        if content_type == PAGE:
            assert answer["Cache-Control"] == "private, no-store"
            assert "ETag" not in answer and "Last-Modified" not in answer
        assert "Accept" in answer["Vary"]


def test_a_page_needs_no_script_and_no_inline_style(signed_in):
    page = signed_in("emma").get(SMALL, HTTP_ACCEPT=BROWSER).content.decode()
    assert all("src=" in script for script in re.findall(r"<script[^>]*>", page))
    assert "<style" not in page and " style=" not in page and " onclick=" not in page
    assert "Emma" in page or "emma" in page  # the frame knows who looks
    assert "Allows GET, POST, PUT, DELETE" in page


def test_who_is_signed_in_is_greeted_on_open_reads_too(signed_in):
    assert "Sign out" in signed_in("emma").get("/api/v1/", HTTP_ACCEPT=BROWSER).content.decode()


@pytest.mark.parametrize(
    "text",
    ['</pre><script>alert(1)</script>', '"><img src=x onerror=alert(1)>', "javascript:alert(1)", "国产微球", "a\\\"b", "http://a.example/<b>"],
)  # fmt: skip
def test_hostile_text_stays_text(text, client):
    page = client.get("/api/v1/echo/", {"text": text}, HTTP_ACCEPT=BROWSER).content.decode()
    assert "<script>alert" not in page and "<img" not in page and 'href="javascript' not in page
    assert "&lt;b&gt;key&lt;/b&gt;" in page
    if text == "国产微球":
        assert text in page


def test_addresses_in_an_answer_are_links(client):
    address = "https://example.org/a?b=1&c=2"
    page = client.get("/api/v1/echo/", {"text": address}, HTTP_ACCEPT=BROWSER).content.decode()
    assert '<a href="https://example.org/a?b=1&amp;c=2">' in page


def test_an_error_keeps_its_status_as_a_page(client):
    answer = client.post(SMALL, "{}", content_type="application/json", HTTP_ACCEPT=BROWSER)
    assert (answer.status_code, answer["Content-Type"]) == (401, PAGE)
    assert answer["WWW-Authenticate"].startswith("Bearer ")
    assert "no-store" in answer["Cache-Control"]


def test_the_box_sends_strict_json_as_who_is_signed_in(people):
    browser = Client(enforce_csrf_checks=True, raise_request_exception=False)
    browser.force_login(people.emma)
    page = browser.get(SMALL, HTTP_ACCEPT=BROWSER).content.decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)[1]

    def send(body, csrf=token, content_type="application/x-www-form-urlencoded"):
        form = urlencode({"body": body, "csrfmiddlewaretoken": csrf})
        return browser.post(SMALL, form, content_type=content_type, HTTP_ACCEPT=BROWSER)

    sent = send('{"name": "微球"}')
    assert (sent.status_code, sent["Content-Type"]) == (201, PAGE)
    assert "微球" in sent.content.decode() and '<a href="/api/v1/small/1/">' in sent.content.decode()
    assert send('{"name": 1}', csrf="").status_code == 403
    for wrong in ('{"a": 1, "a": 2}', "{", '{"a": NaN}', "[" * 100_000, "\0", ""):
        assert send(wrong).status_code == 400, wrong
    assert "[[[" in send("[[[").content.decode()  # what was typed stands there still
    # A multipart form would come past the parsers.
    assert browser.post(SMALL, {"body": "{}", "csrfmiddlewaretoken": token}).status_code == 415


def test_programs_cant_send_forms(bearer):
    form = {"content_type": "application/x-www-form-urlencoded"}
    for answer in (
        bearer("emma").post(SMALL, {"body": "{}"}),
        bearer("erik").post(SMALL, "body={}", **form),
    ):
        assert answer.status_code == 415
        assert answer["Content-Type"] == "application/problem+json"


def test_there_is_no_box_for_who_cant_send(client, signed_in):
    assert "<textarea" not in client.get(SMALL, HTTP_ACCEPT=BROWSER).content.decode()
    assert "<textarea" in signed_in("nobody").get(SMALL, HTTP_ACCEPT=BROWSER).content.decode()
    assert "<textarea" not in signed_in("emma").get("/api/v1/", HTTP_ACCEPT=BROWSER).content.decode()
