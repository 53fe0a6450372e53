"""Releases through the API."""

import os

import pytest

from chokepoints.services import releasing
from tests.builders import Builder, small_register

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def two(db, settings, tmp_path, monkeypatch):
    settings.RELEASES_DIR = tmp_path / "releases"
    monkeypatch.setattr(os, "fsync", lambda handle: None)
    build = Builder()
    small_register(build)
    first = releasing.cut_release()
    build.source("another")
    return first, releasing.cut_release()


def test_visitors_find_releases_and_their_files(client, two):
    body = client.get("/api/v1/releases/").json()
    assert [one["number"] for one in body["results"]] == [2, 1] and body["next"] is None
    assert body["results"][0]["counts"]["sources"] == {"rows": 2, "added": 1, "changed": 0, "removed": 0}
    page = client.get("/api/v1/releases/?page_size=1&count=true").json()
    assert page["count"] == 2 and client.get(page["next"]).json()["results"][0]["number"] == 1
    latest = client.get("/api/v1/releases/latest/").json()
    assert latest == client.get("/api/v1/releases/2/").json() and latest["previous"] == 1
    assert client.get("/api/v1/").json()["releases"] == "http://testserver/api/v1/releases/"
    for one in [*latest["files"], latest["archive"], latest["sums"]]:
        answer = client.get(one["url"].removeprefix("http://testserver"))
        assert answer.status_code == 200 and answer["ETag"] == f'"{one["sha256"]}"'
    assert len(latest["files"]) == len(two[1].files) + len(two[1].extras)


def test_what_there_is_not_is_refused_in_json(client):
    for address, status in (
        ("/api/v1/releases/3/", 404),
        ("/api/v1/releases/?state=failed", 400),
        ("/api/v1/releases/?ordering=reason", 400),
        ("/api/v1/releases/1/?at=1", 400),
        (f"/api/v1/releases/{10**30}/", 404),
    ):
        answer = client.get(address)
        assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json"), address
    assert client.post("/api/v1/releases/").status_code == 405
