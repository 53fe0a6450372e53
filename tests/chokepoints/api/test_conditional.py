"""Reads are conditional: an answer that a client has isn't sent again, and different answers never share an ETag."""

import pytest
from django.test import Client

from chokepoints.api import views
from chokepoints.api.rendering import PATHS
from chokepoints.models import Contributor
from tests.builders import small_register
from tests.chokepoints.api.registers import reader
from tests.recording import lay_register

pytestmark = [pytest.mark.django_db, pytest.mark.database]

EVERYTHING = [
    "",
    *(f"{path}/" for path in PATHS.values()),
    "chokepoints/microspheres/",
    "changesets/",
    "changesets/1/",
]


def test_every_read_has_the_headers_of_a_conditional_one(build, client):
    lay_register(small_register, build)
    for path in EVERYTHING:
        answer = client.get(f"/api/v1/{path}")
        headers = answer.headers
        assert headers["ETag"].startswith('"') and headers["Last-Modified"].endswith("GMT"), path
        assert headers["Cache-Control"] == "public, no-cache"
        assert "Accept" in headers["Vary"]
        for held in (headers["ETag"], f"W/{headers['ETag']}", f'"other", {headers["ETag"]}', "*"):
            again = client.get(f"/api/v1/{path}", headers={"If-None-Match": held})
            assert (again.status_code, again.content) == (304, b""), (path, held)
            assert again.headers["ETag"] == headers["ETag"]
            assert again.headers["Cache-Control"] == "public, no-cache"
            assert "Accept" in again.headers["Vary"]
        for held in ('"other"', "nonsense", '"', "W/", "é" * 50):
            assert client.get(f"/api/v1/{path}", headers={"If-None-Match": held}).status_code == 200
        assert client.get(f"/api/v1/{path}", headers={"If-Match": headers["ETag"]}).status_code == 200
        assert client.get(f"/api/v1/{path}", headers={"If-Match": "*"}).status_code == 200
        other = client.get(f"/api/v1/{path}", headers={"If-Match": '"other"'})
        assert (other.status_code, other.headers["Content-Type"]) == (412, "application/problem+json")


def test_what_is_settled_may_be_kept_for_an_hour(build, client):
    lay_register(small_register, build)
    for at, kept in ((1, True), ("2026-01-05", True), ("2026-01-05T09:02:00Z", True)):
        headers = client.get("/api/v1/sectors/", {"at": at}).headers
        assert (headers["Cache-Control"] == "public, max-age=3600") is kept, at
    assert (
        client.get("/api/v1/sectors/", {"at": 1}).headers["Last-Modified"] == "Mon, 05 Jan 2026 09:01:00 GMT"
    )


def test_a_changeset_makes_every_answer_of_the_present_another(build, client):
    lay_register(small_register, build)
    before = {path: client.get(f"/api/v1/{path}").headers["ETag"] for path in EVERYTHING}
    then = client.get("/api/v1/sectors/?at=2").headers["ETag"]
    build.sector("another")
    for path, etag in before.items():
        answer = client.get(f"/api/v1/{path}", headers={"If-None-Match": etag})
        assert answer.status_code == 200, path
    assert client.get("/api/v1/sectors/?at=2", headers={"If-None-Match": then}).status_code == 304


def test_different_answers_never_share_an_etag(full):
    client, answers = Client(), {}
    queries = [
        "",
        "?fields=id",
        "?page_size=1",
        "?page_size=1&count=true",
        "?at=3",
        f"?at={full.head}",
        "?retired=any",
    ]
    paths = [f"{path}/{query}" for path in PATHS.values() for query in queries]
    paths += [
        "chokepoints/engine/",
        "chokepoints/photoresist/",
        "changesets/?since=3",
        "changesets/?since=4",
        "",
    ]
    for path in paths:
        for host in ("testserver", "localhost"):
            answer = client.get(f"/api/v1/{path}", headers={"host": host})
            assert answers.setdefault(answer.headers["ETag"], answer.content) == answer.content
    assert len(answers) == 2 * len(paths)


def test_the_day_turns_every_etag_for_statuses_turn_with_it(build, client, monkeypatch):
    ids = lay_register(small_register, build)
    build.assessment(chokepoint=ids["chokepoint"], status="dependent", as_of="2199-05-01", rationale="Later.")
    before = client.get("/api/v1/chokepoints/microspheres/")
    day = __import__("datetime").date(2199, 5, 2)
    monkeypatch.setattr("chokepoints.moments.today", lambda: day)
    after = client.get("/api/v1/chokepoints/microspheres/", headers={"If-None-Match": before.headers["ETag"]})
    assert (before.json()["status"], after.json()["status"]) == ("critical", "dependent")


def test_a_persons_new_name_makes_another_etag_without_a_changeset(build, client):
    build.sector()
    before = client.get("/api/v1/changesets/1/")
    Contributor.objects.update(display_name="Somebody else")
    after = client.get("/api/v1/changesets/1/", headers={"If-None-Match": before.headers["ETag"]})
    assert after.status_code == 200
    assert after.json()["authors"][0]["name"] == "Somebody else"


def test_an_answer_is_of_one_moment_although_a_changeset_comes_in_between(build, client, monkeypatch):
    """The head was read before the list, and another publishes between the two."""
    lay_register(small_register, build)
    expected = reader(client)("sectors/?fields=key,name")
    reading = views.RecordList._page

    def while_another_publishes(self, request, moment, rendering):
        if moment.is_now:
            build.sector("in-between")
            build.update("sector", expected["results"][0]["id"], name="Renamed in between")
        return reading(self, request, moment, rendering)

    before = client.get("/api/v1/sectors/?fields=key,name")
    monkeypatch.setattr(views.RecordList, "_page", while_another_publishes)
    torn = client.get("/api/v1/sectors/?fields=key,name")
    assert torn.headers["ETag"] == before.headers["ETag"]
    assert torn.json() == before.json() == expected


def test_head_says_what_get_does_and_options_says_what_may_be_done(build, client):
    lay_register(small_register, build)
    for path in EVERYTHING:
        get, head = client.get(f"/api/v1/{path}"), client.head(f"/api/v1/{path}")
        assert (head.status_code, head.content) == (200, b"")
        for name in ("ETag", "Content-Type", "Content-Length", "Last-Modified", "Cache-Control", "Vary"):
            assert head.headers[name] == get.headers[name], (path, name)
        assert (
            client.head(f"/api/v1/{path}", headers={"If-None-Match": get.headers["ETag"]}).status_code == 304
        )
        options = client.options(f"/api/v1/{path}")
        assert options.status_code == 200
        assert options.headers["Allow"] == "GET, HEAD, OPTIONS"
    assert client.head("/api/v1/chokepoints/nothing/").status_code == 404
    assert client.head("/api/v1/nothing/").status_code == 404
