"""The pages of exports: from a list to a file, without JavaScript, and nobody else's."""

import re
from html import unescape

import pytest
from django.urls import reverse

from chokepoints.models import Export
from chokepoints.services import writing
from tests.builders import Builder, small_register
from tests.chokepoints.exports.registers import member
from tests.recording import lay_register

pytestmark = pytest.mark.django_db
NEW = "/exports/new/"


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.EXPORTS_DIR = tmp_path / "exports"


@pytest.fixture
def register():
    build = Builder()
    ids = lay_register(small_register, build)
    build.source("paper", kind="academic-paper", title="A paper")
    build.organization("works", kind="company")
    build.list("a-list")
    build.update("chokepoint", ids["chokepoint"], listings=[{"list": build.list("other-list")}])
    return ids


@pytest.fixture
def ada(client):
    client.force_login(member())
    return client


def text_of(answer, status=200):
    assert answer.status_code == status, answer.content.decode()[:2000]
    return unescape(answer.content.decode())


LISTS = {
    "/chokepoints/?status=critical": ("chokepoint", 1),
    "/lists/": ("list", 2),
    "/sources/?kind=academic-paper&page=1": ("source", 1),
    "/evidence/?stance=supports": ("evidence", 1),
    "/organizations/?kind=company": ("organization", 1),
    "/lists/other-list/": ("chokepoint", 1),
}


def test_every_list_leads_to_an_export_of_the_rows_that_it_shows(register, ada):
    for address, (kind, number) in LISTS.items():
        page = text_of(ada.get(address))
        (link,) = re.findall(rf'href="({NEW}[^"]+)"', page)
        assert f"table={kind}" in link and "page=" not in link
        form = text_of(ada.get(link))
        assert ("All of them" in form) == (address == "/lists/")
        answer = ada.post(link, {"format": "csv", "columns": ["revision"]})
        export = Export.objects.get(pk=answer.url.rstrip("/").rpartition("/")[2])
        writing.run_export(export.pk)
        export.refresh_from_db()
        assert (export.state, export.rows) == ("ready", number), (address, export.reason)
        Export.objects.all().update(state="cancelled", stored_as="")


def test_visitors_are_asked_to_sign_in_and_come_back(register, client):
    link = f"{NEW}?table=source&kind=academic-paper"
    shown = text_of(client.get("/sources/?kind=academic-paper"))
    assert 'href="/exports/new/?kind=academic-paper&table=source"' in shown
    for address in ("/exports/", link, f"/exports/{'0' * 8}-0000-4000-8000-000000000000/"):
        answer = client.get(address)
        assert answer.status_code == 302 and answer.url.startswith("/accounts/login/?next=/exports/")


def test_an_export_goes_from_waiting_to_a_file_with_its_citation(register, ada):
    page = text_of(ada.post(NEW, {"kinds": ["source", "evidence"], "format": "jsonl"}, follow=True))
    export = Export.objects.get()
    address = reverse("export-detail", args=[export.pk])
    assert (
        "Waits for a worker" in page
        and f'hx-get="{address}"' in page
        and "<noscript><meta http-equiv" in page
    )
    fragment = text_of(ada.get(address, headers={"HX-Request": "true"}))
    assert fragment.lstrip().startswith('<div id="export-state"') and "<html" not in fragment
    Export.objects.update(state="running", lease_until=export.made, read=30, total=120)
    assert "30 of 120 records read" in text_of(ada.get(address)) and "25 %" in text_of(ada.get("/exports/"))
    Export.objects.update(state="waiting")
    writing.run_export(export.pk)
    page = text_of(ada.get(address))
    export.refresh_from_db()
    assert f"Download register-changeset-{export.changeset}.zip" in page and export.sha256 in page
    assert f"http://testserver/history/{export.changeset}/" in page and f'hx-get="{address}"' not in page
    file = ada.get(reverse("export-file", args=[export.pk]))
    body = b"".join(file.streaming_content)
    assert len(body) == export.size and file["Content-Type"] == "application/zip"
    assert file["Content-Disposition"] == f'attachment; filename="{export.file_name}"'
    assert file["Cache-Control"] == "private, no-store" and file["Repr-Digest"].startswith("sha-256=:")
    assert (
        "Download" in text_of(ada.get("/exports/"))
        and "hx-trigger" not in text_of(ada.get("/exports/")).partition("<main")[2]
    )


def test_an_export_can_be_cancelled_and_written_again(register, ada):
    ada.post(NEW, {"kinds": ["source"], "format": "csv"})
    export = Export.objects.get()
    cancel, retry = (reverse(f"export-{act}", args=[export.pk]) for act in ("cancel", "retry"))
    assert ada.get(cancel).status_code == 405
    assert "Cancelled" in text_of(ada.post(cancel, follow=True))
    assert "Waits for a worker" in text_of(ada.post(retry, follow=True))
    assert "is made again" in text_of(ada.post(retry, follow=True))
    assert "There is no file to fetch" in text_of(
        ada.get(reverse("export-file", args=[export.pk]), follow=True)
    )


def test_nobody_else_sees_an_export_but_admins(register, client, ada):
    ada.post(NEW, {"kinds": ["source"], "format": "csv"})
    export = Export.objects.get()
    writing.run_export(export.pk)
    acts = {
        name: reverse(f"export-{name}", args=[export.pk]) for name in ("detail", "file", "cancel", "retry")
    }
    client.force_login(member("eve"))
    assert [client.get(acts[name]).status_code for name in ("detail", "file")] == [404, 404]
    assert [client.post(acts[name]).status_code for name in ("cancel", "retry")] == [404, 404]
    assert "haven't exported anything" in text_of(client.get("/exports/?of=everybody"))
    client.force_login(member("root", is_superuser=True))
    assert "by ada" in text_of(client.get(acts["detail"])) and "ada" in text_of(
        client.get("/exports/?of=everybody")
    )
    assert client.get(acts["file"]).status_code == 200


def test_wrong_input_is_named_and_changes_nothing(register, ada):
    posts = [
        (NEW, {"format": "exe", "kinds": ["source"]}, "isn't one of the available choices|exe"),
        (NEW, {"format": "csv"}, "required"),
        (NEW, {"format": "csv", "kinds": ["policy"]}, "policy"),
        (
            NEW,
            {"format": "csv", "kinds": ["source"], "at": "yesterday\0"},
            "Null characters|changeset's number",
        ),
        (NEW, {"format": "csv", "kinds": ["source"], "at": "99"}, "There is no changeset 99"),
        (f"{NEW}?table=source", {"format": "csv", "columns": ["password"]}, "password"),
        (f"{NEW}?table=source&nothing=1", {"format": "csv"}, "no filter “nothing”"),
        (f"{NEW}?table=source&reliability=Z", {"format": "csv"}, "isn't one of: A"),
        (f"{NEW}?table=source&q=%00", {"format": "csv"}, "characters that nothing"),
    ]
    for address, data, words in posts:
        page = text_of(ada.post(address, data), 422)
        assert re.search(words, page), (address, data)
    assert (
        ada.get(f"{NEW}?table=policy").status_code == 404 and ada.get(f"{NEW}?table=%00").status_code == 404
    )
    assert "no filter" in text_of(ada.get(f"{NEW}?table=source&nothing=1"), 422)
    assert not Export.objects.exists()


def test_retired_records_come_only_where_they_are_asked_for(register, ada):
    Builder(9).retire("source", Builder(10).source("gone"))
    for asked, number in (({}, 2), ({"retired": "on"}, 3)):
        ada.post(f"{NEW}?table=source", {"format": "csv"} | asked)
        export = Export.objects.latest("made")
        writing.run_export(export.pk)
        export.refresh_from_db()
        assert export.rows == number


def test_the_list_of_exports_takes_the_same_queries_for_more(register, ada):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def queries():
        with CaptureQueriesContext(connection) as found:
            ada.get("/exports/")
        return len(found)

    ada.post(NEW, {"kinds": ["source"], "format": "csv"})
    few = queries()
    for _ in range(4):
        ada.post(NEW, {"kinds": ["source"], "format": "csv"})
    assert queries() == few
