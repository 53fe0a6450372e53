"""Exports through the API: 202 with an address, progress, a file; nobody else's, and no 500 for anything."""

import pytest

from chokepoints.models import Export
from chokepoints.services import writing
from tests.builders import Builder, small_register
from tests.chokepoints.exports.registers import member

pytestmark = pytest.mark.django_db
HERE = "/api/v1/exports/"


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.EXPORTS_DIR = tmp_path / "exports"


@pytest.fixture
def ada(client):
    small_register(Builder())
    client.force_login(member())
    return client


def ask(client, body, status=202):
    answer = client.post(HERE, body, content_type="application/json")
    assert answer.status_code == status, (body, answer.content)
    return answer


def test_an_export_is_asked_for_watched_and_fetched(ada):
    body = {
        "kinds": ["source"],
        "format": "csv",
        "filters": {"source": {"q": "article"}},
        "columns": {"source": ["key"]},
    }
    answer = ask(ada, body)
    told = answer.json()
    assert answer["Location"] == told["self"] and told["state"] == "waiting" and told["file"] is None
    assert ada.get(f"{told['self']}file/").status_code == 409
    writing.run_export(told["id"])
    told = ada.get(told["self"]).json()
    assert (told["state"], told["rows"], told["records_read"], told["records_total"]) == ("ready", 1, 1, 1)
    file = ada.get(told["file"])
    data = b"".join(file.streaming_content)
    assert len(data) == told["size"] and data.splitlines()[0] == b"id,key"
    assert (
        f"/history/{told['changeset']}/" in told["citation"] and file["Cache-Control"] == "private, no-store"
    )


def test_exports_are_listed_in_keyset_pages_cancelled_and_retried(ada):
    made = [ask(ada, {"kinds": ["list"], "format": "jsonl", "at": 2}).json()["id"] for _ in range(3)]
    first = ada.get(f"{HERE}?page_size=2&count=true").json()
    second = ada.get(first["next"]).json()
    assert first["count"] == 3 and [one["id"] for one in first["results"] + second["results"]] == made[::-1]
    assert {one["changeset"] for one in first["results"]} == {2}
    assert (
        ada.post(f"{HERE}{made[0]}/cancel/", content_type="application/json").json()["state"] == "cancelled"
    )
    assert ada.post(f"{HERE}{made[0]}/retry/", content_type="application/json").json()["state"] == "waiting"
    assert ada.post(f"{HERE}{made[0]}/retry/", content_type="application/json").status_code == 409
    assert ada.get(f"{HERE}?nothing=1").status_code == 400


def test_nobody_else_sees_an_export(ada):
    there = ask(ada, {"kinds": ["list"], "format": "csv"}).json()["self"]
    ada.logout()
    assert ada.get(there).status_code in (401, 403)
    ada.force_login(member("eve"))
    answers = [
        ada.get(there),
        ada.get(f"{there}file/"),
        ada.post(f"{there}cancel/", content_type="application/json"),
        ada.post(f"{there}retry/", content_type="application/json"),
    ]
    assert [answer.status_code for answer in answers] == [404] * 4
    assert ada.get(HERE).json()["results"] == []


WRONG = [
    ([], ""),
    ({}, "/kinds"),
    ({"kinds": "source", "format": "csv"}, "/kinds"),
    ({"kinds": ["source"], "format": ["csv"]}, "/format"),
    ({"kinds": ["source"], "format": "exe"}, "/format"),
    ({"kinds": ["source", 1], "format": "csv"}, "/kinds/1"),
    ({"kinds": ["source"], "format": "csv", "filters": {"source": {"q": 1}}}, "/filters/source/q"),
    ({"kinds": ["source"], "format": "csv", "filters": {"source": {"q": "\x01"}}}, None),
    ({"kinds": ["source"], "format": "csv", "filters": {"list": {}}}, "/filters"),
    ({"kinds": ["source"], "format": "csv", "columns": {"source": ["x"]}}, "/columns"),
    ({"kinds": ["source"], "format": "csv", "columns": {"source": "key"}}, "/columns/source"),
    ({"kinds": ["source"], "format": "csv", "at": "never"}, "/at"),
    ({"kinds": ["source"], "format": "csv", "at": 10**15}, "/at"),
    ({"kinds": ["source"], "format": "csv", "at": True}, "/at"),
    ({"kinds": ["source"], "format": "csv", "bom": "yes"}, "/bom"),
    ({"kinds": ["source"], "format": "csv", "state": "ready"}, None),
]


def test_wrong_bodies_are_named_and_change_nothing(ada):
    for body, pointer in WRONG:
        answer = ask(ada, body, 400)
        assert answer["Content-Type"].startswith("application/problem+json"), body
        if pointer:
            assert pointer in [error.get("pointer") for error in answer.json()["errors"]], body
    assert not Export.objects.exists()
