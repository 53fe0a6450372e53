"""Each format, read back by a reader that isn't ours, holds what the register holds."""

import csv
import datetime as dt
import hashlib
import io
import json
import zipfile
from decimal import Decimal

import frictionless
import openpyxl
import pyarrow.parquet
import pytest

from chokepoints.exports import parquet_file, xlsx_file
from chokepoints.exports.columns import exported_kinds, link_tables_of, table_of
from chokepoints.exports.format import About, FormatRefused, HashingFile, Sheet
from chokepoints.exports.formats import FORMATS
from chokepoints.exports.formulas import restore, restore_xlsx
from chokepoints.models import ChokepointList, Evidence, Supply
from tests.chokepoints.exports.registers import HOSTILE, content, export, json_rows

QUOTES = [text for text in HOSTILE if text.strip()]


def csv_rows(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8"), newline="")))


def sheet_rows(page) -> list[dict]:
    head, *rows = page.iter_rows(values_only=True)
    return [dict(zip(head, row, strict=True)) for row in rows]


def test_csv_is_rfc_4180_and_gives_back_every_text(register):
    data = content(export(["evidence"], "csv"))
    assert not data.startswith(b"\xef\xbb\xbf") and data.endswith(b"\r\n")
    rows = csv_rows(data)
    assert {restore(row["quote"]) for row in rows} == {*QUOTES, "几乎\r\n全部依赖进口\ufa19"}
    assert {row["quote"] for row in rows if row["quote"][:1] == "-"} == {"-12.5"}
    assert not [row["quote"] for row in rows if row["quote"].lstrip()[:1] in set("=+@＝")]
    # The same as the csv module would have written, quotes included.
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\r\n").writerows([rows[0].keys(), *(row.values() for row in rows)])
    assert out.getvalue().encode() == data
    own = next(row for row in rows if row["credibility"] == "2")
    assert own["about_from"] == "2017" and own["about_to"] == "2018-05" and own["observed_on"] == "2018-05-30"
    assert own["retired"] == "false" and own["own_finding"] == "" and own["source_key"] == "daily-2018-05-30"
    assert (
        json.loads(own["bears_on"])[0]["note"] == "the grade named"
        and "polymer-microspheres" in own["bears_on_keys"]
    )


def test_csv_has_a_byte_order_mark_where_it_was_asked_for(register):
    row = export(["list"], "csv", bom=True, columns={"list": ["name", "issuer"]})
    data = content(row)
    assert data.decode("utf-8-sig").splitlines()[0] == "id,name,issuer" and data.startswith(b"\xef\xbb\xbf")
    assert hashlib.sha256(data).hexdigest() == row.sha256 and len(data) == row.size and row.rows == 2
    assert row.file_name == f"lists-changeset-{row.changeset}.csv"
    named = {cells["name"]: cells["issuer"] for cells in csv_rows(data.removeprefix(b"\xef\xbb\xbf"))}
    assert named["'-5 lists"] == "'=SUM(1)"
    assert {restore(name) for name in named} == set(ChokepointList.objects.values_list("name", flat=True))


def test_json_lines_have_typed_values_and_nothing_neutralised(register):
    rows = json_rows(export(["evidence"], "jsonl"))
    assert {row["quote"] for row in rows} == set(Evidence.objects.values_list("quote", flat=True))
    shares = [row for row in json_rows(export(["supply"], "jsonl")) if row["share_low"] is not None]
    assert [(row["share_low"], row["share_high"], row["share_market"]) for row in shares] == [
        (0, 43.6, "world")
    ]
    point = next(
        row for row in json_rows(export(["chokepoint"], "jsonl", filters={"chokepoint": {"retired": "any"}}))
    )
    assert isinstance(point["barriers"], list | None.__class__) and point["retired"] in (True, False)


def test_xlsx_holds_texts_as_texts_and_numbers_as_numbers(register):
    book = openpyxl.load_workbook(io.BytesIO(content(export(["evidence", "supply"], "xlsx"))))
    assert book.sheetnames == ["About", "supplies", "evidence"]
    for row in book["evidence"].iter_rows():
        assert all(cell.data_type != "f" for cell in row)
    rows = sheet_rows(book["evidence"])
    assert {restore_xlsx(row["quote"]) for row in rows} == set(
        Evidence.objects.values_list("quote", flat=True)
    )
    supply = next(row for row in sheet_rows(book["supplies"]) if row["share_low"] is not None)
    assert supply["share_high"] == 43.6 and supply["retired"] is False
    about = "\n".join(str(row[0]) for row in book["About"].iter_rows(values_only=True))
    assert "How to cite: The chokepoint register, supplies and evidence" in about and "CC BY 4.0" in about


def about() -> About:
    return About("A title", 1, "2026-01-01", "Cite it so.", "Licence")


def sheet_of(rows, *names, table="source") -> Sheet:
    found = table_of(table)
    return Sheet(found, [found.by_name[name] for name in names], lambda copy_as: iter([rows]))


def test_xlsx_goes_on_in_another_sheet_where_one_is_full(tmp_path, monkeypatch):
    monkeypatch.setattr(xlsx_file, "ROWS", 4)
    file = HashingFile(tmp_path / "book.xlsx")
    rows = [(f"key-{number}", number) for number in range(8)]
    FORMATS["xlsx"].write(file, [sheet_of(rows, "key", "revision")], about())
    file.close()
    book = openpyxl.load_workbook(tmp_path / "book.xlsx")
    assert book.sheetnames == ["About", "sources", "sources 2", "sources 3"]
    found = [tuple(row.values()) for name in book.sheetnames[1:] for row in sheet_rows(book[name])]
    assert found == rows


def test_xlsx_refuses_a_text_that_no_cell_takes_and_leaves_nothing_open(tmp_path):
    scratch = tmp_path / "scratch"
    file = HashingFile(tmp_path / "book.xlsx")
    asked = About("A title", 1, "2026-01-01", "Cite it so.", "Licence", scratch=scratch)
    for text in ("x" * 32_768, "𠀀" * 16_384):
        with pytest.raises(FormatRefused, match=r"source “k” has 32,76. characters in the column note"):
            FORMATS["xlsx"].write(file, [sheet_of([("k", text)], "key", "note")], asked)
        assert not scratch.exists()
    FORMATS["xlsx"].write(file, [sheet_of([("k", "x" * 32_767), ("l", "𠀀" * 16_383)], "key", "note")], asked)


def test_parquet_has_types_lists_and_the_citation(register):
    table = pyarrow.parquet.read_table(io.BytesIO(content(export(["supply"], "parquet"))))
    shares = [row for row in table.to_pylist() if row["share_low"] is not None]
    assert shares[0]["share_high"] == Decimal("43.600") and shares[0]["share_year"] is None
    assert shares[0]["evidence"] == [register["evidence"]]
    assert (
        b"changeset" in table.schema.metadata
        and b"The chokepoint register" in table.schema.metadata[b"citation"]
    )
    quotes = (
        pyarrow.parquet.read_table(io.BytesIO(content(export(["evidence"], "parquet"))))
        .column("quote")
        .to_pylist()
    )
    assert set(quotes) == set(Evidence.objects.values_list("quote", flat=True))
    assert table.num_rows == Supply.objects.in_force().count()


def test_parquet_is_not_offered_where_its_library_is_missing(register, monkeypatch):
    from chokepoints.exceptions import ExportRefused

    parquet_file.missing.cache_clear()
    monkeypatch.setattr(parquet_file, "find_spec", lambda name: None)
    try:
        assert "isn't installed" in FORMATS["parquet"].missing()
        with pytest.raises(ExportRefused, match="pyarrow"):
            export(["source"], "parquet")
    finally:
        parquet_file.missing.cache_clear()


def test_several_tables_come_as_a_zip_that_is_the_same_every_time(register):
    rows = [export(["source", "chokepoint"], "csv") for _ in range(2)]
    assert rows[0].sha256 == rows[1].sha256 and rows[0].file_name.endswith(".zip")
    with zipfile.ZipFile(io.BytesIO(content(rows[0]))) as pack:
        assert pack.namelist() == ["chokepoints.csv", "sources.csv", "README.txt"]
        assert b"How to cite: The chokepoint register, chokepoints and sources" in pack.read("README.txt")
        assert pack.testzip() is None


def test_a_data_package_is_valid_whole_and_its_hashes_are_right(register, tmp_path):
    row = export(
        exported_kinds(), "datapackage", filters={kind: {"retired": "any"} for kind in exported_kinds()}
    )
    narrowed = export(["evidence", "source"], "datapackage", filters={"source": {"kind": "translation"}})
    whole = export(exported_kinds(), "datapackage")
    for number, one in enumerate((row, narrowed, whole)):
        folder = tmp_path / str(number)
        with zipfile.ZipFile(io.BytesIO(content(one))) as pack:
            pack.extractall(folder)
        package = json.loads((folder / "datapackage.json").read_text())
        for resource in package["resources"]:
            data = (folder / resource["path"]).read_bytes()
            assert resource["hash"] == f"sha256:{hashlib.sha256(data).hexdigest()}" and resource[
                "bytes"
            ] == len(data)
        report = frictionless.Package(str(folder / "datapackage.json")).validate()
        assert report.valid, report.flatten(["title", "fieldName", "message"])[:5]
        assert package["licenses"][0]["name"] == "CC-BY-4.0" and package["sources"]
    names = [resource["name"] for resource in package["resources"]]
    expected = [t.name.replace("_", "-") for k in exported_kinds() for t in (table_of(k), *link_tables_of(k))]
    assert names == expected and "evidence-bears-on" in names and "sources-derived-from" in names
    bearings = csv_rows((folder / "data" / "evidence_bears_on.csv").read_bytes())
    assert {one["evidence"] for one in bearings} == {
        str(pk) for pk in Evidence.objects.values_list("pk", flat=True)
    }
    aliases = csv_rows((folder / "data" / "chokepoints_aliases.csv").read_bytes())
    assert [one["value"] for one in aliases] == ["PM"]


def test_a_file_is_counted_and_hashed_while_it_is_written(tmp_path):
    file = HashingFile(tmp_path / "x")
    file.write(b"one ")
    file.write(memoryview(b"two"))
    file.close()
    assert (file.size, file.sha256) == (7, hashlib.sha256(b"one two").hexdigest())
    with pytest.raises(FileExistsError):
        HashingFile(tmp_path / "x")


def test_statuses_are_those_of_the_day_that_was_asked_about(register):
    row = export(["chokepoint"], "jsonl", at="2026-01-05")
    assert row.day == dt.date(2026, 1, 5) and {one["status"] for one in json_rows(row)} == {"unassessed"}
