"""The pages of releases: permanent addresses, files that never change, and what didn't come out."""

import os
from html import unescape

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone

from chokepoints.models import Release
from chokepoints.services import releasing
from chokepoints.services.verifying import Report
from tests.builders import small_register
from tests.recording import lay_register

pytestmark = pytest.mark.django_db
REASON = "The register doesn't verify: Changeset 3 is <b>wrong</b>."


@pytest.fixture(autouse=True)
def folder(settings, tmp_path, monkeypatch):
    settings.RELEASES_DIR = tmp_path / "releases"
    monkeypatch.setattr(os, "fsync", lambda handle: None)


@pytest.fixture
def two(build):
    """Two releases; between them a status changed."""
    ids = lay_register(small_register, build)
    first = releasing.cut_release()
    build.update("chokepoint", ids["chokepoint"], name="Micro <i>spheres</i>")
    build.assessment(
        chokepoint=ids["chokepoint"], evidence=[ids["evidence"]], status="dependent", as_of="2019"
    )
    return first, releasing.cut_release()


def text_of(answer, status=200):
    assert answer.status_code == status, answer.content.decode()[:2000]
    return answer.content.decode()


def test_pages_lead_to_every_file_and_files_are_what_was_published(client, two):
    listed = text_of(client.get("/releases/"))
    assert "Release 1</a>" in listed and "Release 2</a>" in listed
    for release in two:
        page = text_of(client.get(f"/releases/{release.number}/"))
        assert f"changeset {release.changeset}" in page and release.sums in page
        paths = [one["path"] for one in [*release.files, *release.extras, release.archive]]
        for path in [*paths, "SHA256SUMS"]:
            address = f"/releases/{release.number}/files/{path}"
            assert f'href="{address}"' in page or path.endswith(("current.jsonl", "current.parquet")), path
            answer = client.get(address)
            assert answer.status_code == 200 and "attachment" in answer["Content-Disposition"]
            assert b"".join(answer) == releasing.path_of(release, path).read_bytes()
            assert "immutable" in answer["Cache-Control"] and answer["ETag"] and answer["Repr-Digest"]
        again = client.get(address, headers={"If-None-Match": answer["ETag"]})
        assert again.status_code == 304 and not again.content
    text = unescape(page)
    assert "Micro &lt;i&gt;spheres" in page and "Critical" in text and "Dependent" in text
    assert "release 2, as of changeset 7" in text and "http://testserver/releases/2/" in text
    assert "verify_release.py --head" in text and "A newer one" not in text
    assert "A newer one is out" in text_of(client.get("/releases/1/"))


def test_latest_leads_on(client, two):
    assert client.get("/releases/latest/").headers["Location"] == "/releases/2/"
    for path, target in (
        ("csv/sources.csv", "csv/sources.csv"),
        ("SHA256SUMS", "SHA256SUMS"),
        ("chokepoint-register.zip", "chokepoint-register-2.zip"),
    ):
        answer = client.get(f"/releases/latest/files/{path}")
        assert (answer.status_code, answer.headers["Location"]) == (302, f"/releases/2/files/{target}")


def test_what_is_no_file_of_a_release_is_not_there(client, two):
    for path in (
        "../../register.sqlite3",
        "..%2f..%2fx",
        "csv",
        "csv/",
        "%00",
        "x" * 3000,
        "csv/sources.csv/",
        "/etc/passwd",
    ):
        for release in ("1", "latest"):
            assert client.get(f"/releases/{release}/files/{path}").status_code == 404, path
    for address in (
        "/releases/0/",
        "/releases/3/",
        f"/releases/{10**30}/",
        "/releases/1/files/",
        "/releases/x/",
    ):
        assert client.get(address).status_code == 404, address
    assert (
        client.post("/releases/").status_code
        == client.post("/releases/1/files/SHA256SUMS").status_code
        == 405
    )
    releasing.path_of(two[0], "SHA256SUMS").unlink()
    assert client.get("/releases/1/files/SHA256SUMS").status_code == 404


def test_an_empty_register_has_pages_too(client):
    assert "There is no release yet" in text_of(client.get("/releases/"))
    assert "Nothing has been published yet" in text_of(client.get("/status/"))
    assert client.get("/releases/latest/").status_code == client.get("/releases/1/").status_code == 404


def test_what_did_not_come_out_is_seen_on_the_status_page_and_why_by_admins(client, two, build, monkeypatch):
    assert "nothing failed or was held back" in text_of(client.get("/status/"))
    build.source("another")
    monkeypatch.setattr(
        releasing, "verify_and_record", lambda: Report(8, "x", 8, 8, "Changeset 3 is <b>wrong</b>.")
    )
    assert releasing.cut_release().state == "held-back"
    page = text_of(client.get("/status/"))
    assert "A release was held back" in page and "of changeset 8" in page and "Changeset 3" not in page
    assert "held back" not in text_of(client.get("/releases/"))
    client.force_login(get_user_model().objects.create_superuser("root"))
    for address in ("/status/", "/releases/"):
        assert REASON in unescape(text_of(client.get(address))) and "<b>wrong" not in text_of(
            client.get(address)
        )
    monkeypatch.undo()
    monkeypatch.setattr(os, "fsync", lambda handle: None)
    assert releasing.cut_release().number == 3
    assert "held back</strong>" not in text_of(client.get("/status/"))
    Release.objects.create(
        changeset=9,
        digest="x",
        time=timezone.now(),
        format=1,
        began=timezone.now(),
        lease_until=timezone.now(),
    )
    assert "A release is being made" in text_of(client.get("/status/"))


def test_pages_cost_the_same_number_of_queries_with_many_releases(
    client, two, build, django_assert_max_num_queries
):
    for number in range(3):
        build.source(f"source-{number}")
        releasing.cut_release()
    for address in ("/releases/", "/releases/2/", "/releases/feed.atom", "/status/"):
        with django_assert_max_num_queries(12):
            client.get(address)
