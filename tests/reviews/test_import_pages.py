"""The pages of an import: each step in the browser's words, nobody else's, and never a server error."""

import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from reviews.models import ImportRun, Proposal
from reviews.models.import_run import SUBMITTING
from reviews.services import filing
from tests.reviews.bringing_in import nothing_changes

FIRMS = "firm_id,firm_name,country\nF1,Zeiss,DEU\nF2,Nikon Corp.,JP\nF3,<b>Canon</b>,unknown\n"


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.IMPORTS_DIR = tmp_path / "imports"


def upload(client, data=FIRMS, name="firms.csv", **fields):
    content = data.encode() if isinstance(data, str) else data
    typed = {"file": SimpleUploadedFile(name, content), "encoding": "utf-8", "delimiter": ""} | fields
    return client.post("/imports/new/", typed)


def shown_fields(client, run: ImportRun) -> dict[str, str]:
    """Return the fields of the page of the mapping as a browser would send them."""
    import re

    page = client.get(f"/imports/{run.pk}/map/").content.decode()
    fields = dict(re.findall(r'<input[^>]*name="(t0[^"]*)"[^>]*value="([^"]*)"', page))
    for name, inner in re.findall(r'<select name="(t0[^"]*)".*?>(.*?)</select>', page, re.S):
        chosen = re.search(r'<option value="([^"]*)" selected', inner)
        fields[name] = chosen[1] if chosen else ""
    return fields


def test_a_file_goes_all_the_way_on_pages_alone(signed_in, people, build):
    build.organization("nikon", name="Nikon")
    emma = signed_in("emma")
    assert "Bring a file" in emma.get("/imports/").content.decode()
    answer = upload(emma)
    run = ImportRun.objects.get()
    assert answer.url == f"/imports/{run.pk}/map/"
    fields = shown_fields(emma, run)
    assert fields["t0-kind"] == "organization" and fields["t0-c1-target"] == "name"
    answer = emma.post(f"/imports/{run.pk}/map/", fields | {"name": "Firms"})
    assert answer.url == f"/imports/{run.pk}/questions/"
    page = emma.get(answer.url).content.decode()
    assert "Nikon Corp." in page and "95 % alike" in page
    key = ImportRun.objects.get().questions[0]["key"]
    answer = emma.post(answer.url, {"k0": key, "q0": "other", "o0": "nikon"})
    assert answer.url == f"/imports/{run.pk}/report/"
    page = emma.get(answer.url).content.decode()
    assert (
        "(code of three letters) is read as DE." in page
        and "&lt;b&gt;Canon&lt;/b&gt;" in page
        and "<b>Canon" not in page
    )
    assert emma.get(f"{answer.url}?outcome=new&level=warning").status_code == 200
    table = emma.get(f"/imports/{run.pk}/report.csv").content.decode()
    assert table.count("\r\n") == 4 + 1 - 1 and "new record" in table
    answer = emma.post(f"/imports/{run.pk}/drafts/", {"title": "", "rationale": "", "grouping": "x"})
    assert answer.status_code == 422
    answer = emma.post(
        f"/imports/{run.pk}/drafts/", {"title": "Firms", "rationale": "They exist.", "grouping": "record"}
    )
    page = emma.get(answer.url).content.decode()
    assert "Hand in all 3" in page and Proposal.objects.filter(state="draft").count() == 3
    assert "handed in" in emma.post(answer.url, {"submit": "1"}, follow=True).content.decode()
    assert Proposal.objects.filter(state="open").count() == 3
    assert "import" in emma.get("/desk/").content.decode()
    reviewer = signed_in("rita").get(f"/queue/batch/?batch={ImportRun.objects.get().batch}")
    assert reviewer.content.decode().count('name="chosen"') == 3


def test_another_kind_shows_its_meanings_before_anything_is_checked(signed_in, people):
    emma = signed_in("emma")
    upload(emma, "a,b\n1,Zeiss\n", "x.csv")
    run = ImportRun.objects.get()
    fields = shown_fields(emma, run) | {"t0-kind": "sector"}
    page = emma.post(f"/imports/{run.pk}/map/", fields).content.decode()
    assert "They are suggested below" in page and 'name="t0-shown" value="sector"' in page
    assert not run.lines.exists()


def test_what_changed_its_meaning_stops_the_pages_until_each_has_a_choice(signed_in, people):
    emma = signed_in("emma")
    upload(emma, "firm_name,country\n" + "".join(f"Firm {n},JP\n" for n in range(6)))
    run = ImportRun.objects.get()
    emma.post(f"/imports/{run.pk}/map/", shown_fields(emma, run) | {"name": "Firms"})
    emma.post(f"/imports/{run.pk}/drafts/", {"title": "T", "rationale": "R", "grouping": "together"})
    upload(emma, "firm_name\nFirm 1\n", "next.csv", mapping=str(ImportRun.objects.get().mapping_id))
    run = ImportRun.objects.latest("number")
    answer = emma.post(f"/imports/{run.pk}/map/", shown_fields(emma, run) | {"name": "Firms"})
    assert answer.url == f"/imports/{run.pk}/meaning/"
    assert "6 of 6 rows said something in “country”" in emma.get(answer.url).content.decode()
    assert emma.get(f"/imports/{run.pk}/report/").status_code == 302
    assert emma.post(answer.url, {}).status_code == 422
    assert emma.post(answer.url, {"a0": "without"}).url == f"/imports/{run.pk}/report/"
    assert "Go on without it" in emma.get(f"/imports/{run.pk}/").content.decode()


def test_imports_are_editors_and_their_owners_alone(signed_in, people):
    emma = signed_in("emma")
    upload(emma)
    run = ImportRun.objects.get()
    pages = [
        f"/imports/{run.pk}/{page}"
        for page in ("", "map/", "meaning/", "questions/", "report/", "report.csv", "drafts/")
    ]
    people.admin.groups.set(people.emma.groups.all())
    for who, status in ((None, 302), ("nobody", 403), ("rita", 403), ("erik", 404), ("admin", 404)):
        client = signed_in(who)
        assert {client.get(page).status_code for page in pages} == {status}, who
        assert client.post(f"/imports/{run.pk}/delete/").status_code == status
    assert "firms.csv" not in signed_in("erik").get("/imports/").content.decode()
    assert emma.post(f"/imports/{run.pk}/delete/").status_code == 302 and not ImportRun.objects.exists()


def test_throwing_away_what_is_being_handed_in_says_why_not(signed_in, people):
    emma = signed_in("emma")
    upload(emma)
    ImportRun.objects.update(job=SUBMITTING)
    answer = emma.post(f"/imports/{ImportRun.objects.get().pk}/delete/", follow=True)
    assert "Its drafts are being handed in" in answer.content.decode() and ImportRun.objects.exists()


HOSTILE_FILES = [
    b"",
    b"\x00" * 1000,
    b"PK\x03\x04" + b"x" * 100,
    b'{"a":' + b"[" * 5000,
    b'a,b\n"',
    b"\xff\xfea\x00",
    b"=,+\n@,-\n",
]
HOSTILE_WORDS = ["\x00", "\ud800", "x" * 10_000, "<script>", "'; DROP TABLE", "\u202e", "t0", "-1", "9" * 50]


def test_hostile_files_and_forms_are_answered_and_change_nothing(signed_in, people):
    emma = signed_in("emma")
    with nothing_changes():
        for data in HOSTILE_FILES:
            answer = upload(emma, data, "../../\u202ex\x00.csv")
            assert answer.status_code in {302, 422}
            ImportRun.objects.all().delete()
        assert (
            emma.post("/imports/new/", {"file": "no file", "mapping": "x", "encoding": "klingon"}).status_code
            == 422
        )
        upload(emma)
        run = ImportRun.objects.get()
        shown = shown_fields(emma, run)
        for words in HOSTILE_WORDS:
            typed = dict.fromkeys(
                (*shown, "name", "t0-c0-words", "q0", "a0", "o0", "k0", "title", "rationale"), words
            )
            typed = {name: text.encode("utf-8", "surrogatepass") for name, text in typed.items()}
            for page in ("map/", "meaning/", "questions/", "drafts/"):
                answer = emma.post(f"/imports/{run.pk}/{page}", typed)
                assert answer.status_code in {200, 302, 400, 422}, (words[:20], page, answer.status_code)
                answer = emma.post(
                    f"/imports/{run.pk}/{page}",
                    shown | {"name": typed["name"], "t0-c1-words": b"a = " + typed["name"]},
                )
                assert answer.status_code in {200, 302, 400, 422}, (words[:20], page, answer.status_code)
        for query in ("?page=-1", "?page=x", "?outcome=%00", "?level=x&page=99999999999999999999"):
            assert emma.get(f"/imports/{run.pk}/report/{query}").status_code in {200, 302}
        assert emma.get(f"/imports/{'9' * 30}/").status_code == 404


def test_a_file_that_is_too_large_is_refused_before_it_is_read(signed_in, people, settings):
    settings.IMPORT_MAX_BYTES = 100
    answer = upload(signed_in("emma"), "a\n" + "x\n" * 200)
    assert answer.status_code == 422 and "at most 100 fit" in answer.content.decode()
    assert not ImportRun.objects.exists()


def test_a_workbook_of_formulas_is_shown_as_text(signed_in, people):
    import openpyxl

    book = openpyxl.Workbook()
    book.active.append(["firm_name", "country"])
    book.active.append(["'=HYPERLINK(1)", "JP"])
    book.active.append(["=1+1", "JP"])
    out = io.BytesIO()
    book.save(out)
    emma = signed_in("emma")
    upload(emma, out.getvalue(), "firms.xlsx")
    run = ImportRun.objects.get()
    emma.post(
        f"/imports/{run.pk}/map/",
        shown_fields(emma, run) | {"t0-kind": "organization", "t0-shown": "organization"},
    )
    run.refresh_from_db()
    assert run.state == "checked", run.reason
    assert "formula without a stored value" in emma.get(f"/imports/{run.pk}/report/").content.decode()
    table = emma.get(f"/imports/{run.pk}/report.csv").content.decode()
    assert ",=" not in table


def test_a_mapping_can_be_forgotten_by_its_owner_alone(signed_in, people):
    emma = signed_in("emma")
    upload(emma)
    run = ImportRun.objects.get()
    emma.post(f"/imports/{run.pk}/map/", shown_fields(emma, run) | {"name": "Firms"})
    address = f"/imports/mappings/{ImportRun.objects.get().mapping_id}/delete/"
    assert signed_in("erik").post(address).status_code == 404
    assert emma.post(address).status_code == 302
    run.refresh_from_db()
    assert run.mapping is None and "Firms" not in emma.get("/imports/").content.decode().split("Mappings")[-1]


def test_a_file_that_was_read_wrongly_is_read_again_without_another_upload(
    signed_in, people, folder, settings
):
    emma = signed_in("emma")
    upload(emma, "名称;国家\n蔡司;德国\n".encode("gb18030"), "firms.csv")
    run = ImportRun.objects.get()
    page = emma.get(run.get_absolute_url()).content.decode()
    assert run.state == "failed" and "isn&#x27;t UTF-8" in page and "Read it again" in page
    answer = emma.post(f"/imports/{run.pk}/read/", {"encoding": "utf-7", "delimiter": ""}, follow=True)
    assert "Choose one of the encodings" in answer.content.decode()
    answer = emma.post(f"/imports/{run.pk}/read/", {"encoding": "gb18030", "delimiter": ","})
    assert answer.url == f"/imports/{run.pk}/map/"
    assert [table["columns"] for table in ImportRun.objects.get().tables] == [["名称;国家"]]
    assert f'href="/imports/{run.pk}/#reading"' in emma.get(answer.url).content.decode()
    answer = emma.post(f"/imports/{run.pk}/read/", {"encoding": "gb18030", "delimiter": ";"})
    run = ImportRun.objects.get()
    assert (run.state, run.reason, run.rows) == ("read", "", 1) and run.tables[0]["columns"] == [
        "名称",
        "国家",
    ]
    assert shown_fields(emma, run)["t0-c1-target"] == "country"
    assert len({path.name.partition(".")[0] for path in settings.IMPORTS_DIR.iterdir()}) == 1


def test_nothing_is_read_again_once_its_columns_have_a_meaning_or_by_somebody_else(signed_in, people):
    emma = signed_in("emma")
    upload(emma)
    run = ImportRun.objects.get()
    again = {"encoding": "utf-8", "delimiter": ";"}
    assert signed_in("erik").post(f"/imports/{run.pk}/read/", again).status_code == 404
    assert signed_in("rita").post(f"/imports/{run.pk}/read/", again).status_code == 403
    emma = signed_in("emma")
    emma.post(f"/imports/{run.pk}/map/", shown_fields(emma, run))
    before = ImportRun.objects.values().get()
    answer = emma.post(f"/imports/{run.pk}/read/", again, follow=True)
    assert "can&#x27;t be done" in answer.content.decode() and ImportRun.objects.values().get() == before
    assert "Read it again" not in answer.content.decode()


def test_the_list_says_how_many_drafts_wait_to_be_handed_in(signed_in, people):
    emma = signed_in("emma")
    upload(emma, "name,country\nAlpine Optics,JP\nCoral Bearings,US\n", "organizations.csv")
    run = ImportRun.objects.get()
    emma.post(f"/imports/{run.pk}/map/", shown_fields(emma, run))
    emma.post(f"/imports/{run.pk}/drafts/", {"title": "Firms", "rationale": "So.", "grouping": "record"})
    assert "2 drafts to hand in" in emma.get("/imports/").content.decode()
    emma.post(f"/imports/{run.pk}/drafts/", {"submit": "1"})
    assert "to hand in" not in emma.get("/imports/").content.decode()


@pytest.mark.parametrize(
    ("limit", "words"), [("MOST_PROPOSALS", "Choose larger groups"), ("MOST_DRAFTED", "in parts")]
)
def test_more_than_one_import_makes_is_said_on_the_page_and_not_after_a_worker_tried(
    signed_in, people, monkeypatch, settings, limit, words
):
    emma = signed_in("emma")
    upload(emma, "name,country\nAlpine Optics,JP\nCoral Bearings,US\n", "organizations.csv")
    run = ImportRun.objects.get()
    emma.post(f"/imports/{run.pk}/map/", shown_fields(emma, run))
    monkeypatch.setattr(filing, limit, 1)
    settings.IMPORT_AT_ONCE_ROWS = 0  # a worker's
    assert emma.get(f"/imports/{run.pk}/drafts/").content.decode().count(words) == 1
    asked = {"title": "Firms", "rationale": "So.", "grouping": "record"}
    answer = emma.post(f"/imports/{run.pk}/drafts/", asked)
    run = ImportRun.objects.get()
    assert answer.status_code == 422 and answer.content.decode().count(words) >= 1
    assert (run.state, run.job, run.reason) == ("checked", "", "") and not Proposal.objects.exists()
