"""Files of every format become the same lines; what nobody should open is refused with a sentence."""

import io
import json
import time
import zipfile

import openpyxl
import pytest

from chokepoints.imports.files import read_file
from chokepoints.imports.tables import FileRefused, Limits

LIMITS = Limits()
NS = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'


def read(data, name="things.csv", limits=LIMITS, **options):
    return read_file(data, name=name, limits=limits, **options)


def lines(data, **options):
    (table,) = read(data, **options)
    return [table.columns, *([line.number, *line.cells] for line in table.lines)]


def workbook(*rows, **formats) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    for place, form in formats.items():
        book.active[place].number_format = form
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def repacked(data: bytes, **entries: bytes) -> bytes:
    """Return a workbook with some entries replaced or added."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            if entry.filename not in entries:
                new.writestr(entry.filename, old.read(entry.filename))
        for name, content in entries.items():
            new.writestr(name, content)
    return out.getvalue()


def sheet(xml: str) -> bytes:
    return repacked(workbook(["a"]), **{"xl/worksheets/sheet1.xml": xml.encode()})


def in_sheet(rows: str) -> str:
    return f"<worksheet {NS}><sheetData>{rows}</sheetData></worksheet>"


def packed(**entries: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as pack:
        for name, content in entries.items():
            pack.writestr(name, content)
    return out.getvalue()


def test_csv_is_read_whatever_its_delimiter_line_ends_mark_and_encoding():
    expected = [["id", "名称", "note"], [2, "1", "微球, 3 µm", "two\nlines"], [4, "2", "", ""]]
    text = 'id,名称,note\n1,"微球, 3 µm","two\nlines"\n\n2,,\n'
    assert lines(text.encode()) == expected
    assert lines(b"\xef\xbb\xbf" + text.encode()) == expected
    assert lines(text.encode("gb18030"), encoding="gb18030") == expected
    assert lines('id;名称;note\r\n1;"微球, 3 µm";"two\nlines"\r\n\r\n2;;\r\n'.encode()) == expected
    assert lines('id\t名称\tnote\r\n1\t微球, 3 µm\t"two\nlines"\r\n\r\n2\t\t\r\n'.encode()) == expected


def test_line_breaks_within_cells_survive_byte_for_byte():
    assert lines(b'a,b\r\n"one\r\ntwo",x\r\n')[1] == [2, "one\r\ntwo", "x"]


def test_a_row_that_does_not_fit_its_head_is_said_and_not_guessed():
    (table,) = read(b"a,b,c\n1,2\n1,2,3,4\n1,2,3,,\n")
    assert [bool(line.problems) for line in table.lines] == [True, True, False]
    assert "2 cells and the head 3" in table.lines[0].problems[0]


def test_json_lines_tell_an_absent_name_from_null_and_keep_numbers_as_written():
    data = b'{"a": "x", "b": null, "n": 0.10}\n\n{"a": ["\xe5\xbe\xae", 1], "n": 12345678901234567890123}\n'
    assert lines(data) == [
        ["a", "b", "n"],
        [1, "x", "", "0.10"],
        [3, '["微","1"]', None, "12345678901234567890123"],
    ]


def test_xlsx_gives_what_its_reader_sees():
    import datetime as dt

    rows = (
        ["a", "b", "c", "d", "e"],
        [1.0, 0.12, dt.datetime(2018, 5, 30), True, 0.1 + 0.2],
        ["微球", 0, None, "x"],
    )
    assert lines(workbook(*rows, B2="0%"))[1:] == [
        [2, "1", "12%", "2018-05-30", "true", "0.3"],
        [3, "微球", "0", "", "x", ""],
    ]


def test_codes_that_xlsx_writes_for_what_xml_has_not_are_read_back():
    rows = ("a", "one_x000D_\ntwo", "_x005F_x000D_")
    cells = "".join(
        f'<row r="{n}"><c r="A{n}" t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c></row>'
        for n, text in enumerate(rows, 1)
    )
    assert lines(sheet(in_sheet(cells)))[1:] == [[2, "one\r\ntwo"], [3, "_x000D_"]]
    with pytest.raises(FileRefused, match="NUL"):
        read(sheet(in_sheet(cells.replace("_x000D_\n", "_x0000_"))))


def test_a_formula_is_read_as_its_value_and_one_without_a_value_is_said():
    made = workbook(["a", "b"], ["x", "=1+1"])  # nobody has calculated it
    (table,) = read(made)
    assert (
        table.lines[0].cells == ["x", ""] and "formula without a stored value" in table.lines[0].problems[0]
    )
    head = '<row r="1"><c r="A1" t="inlineStr"><is><t>a</t></is></c></row>'
    (table,) = read(sheet(in_sheet(f'{head}<row r="2"><c r="A2"><f>1+1</f><v>2</v></c></row>')))
    assert table.lines[0].cells == ["2"] and not table.lines[0].problems


def test_a_data_package_gets_its_sets_back_into_its_rows():
    owner, other = "6b1f0e52-3c57-4f0c-9a55-0d2a6f3f6a01", "6b1f0e52-3c57-4f0c-9a55-0d2a6f3f6a02"
    description = {
        "resources": [{"path": "data/organizations.csv"}, {"path": "data/organizations_aliases.csv"}]
    }
    data = packed(
        **{
            "datapackage.json": json.dumps(description).encode(),
            "data/organizations.csv": f"id,name\r\n{owner},A\r\n{other},B\r\n".encode(),
            "data/organizations_aliases.csv": f"organization,value\r\n{owner},x\r\n{owner},无\r\nnobody,z\r\n".encode(),
        }
    )
    (table,) = read(data)
    assert [line.cells for line in table.lines] == [[owner, "A", '["x", "无"]'], [other, "B", ""]]
    assert "organizations_aliases, row 4" in table.remarks[0]


LAUGHS = (
    "<!DOCTYPE l [<!ENTITY a0 'lol'>"
    + "".join(f"<!ENTITY a{n} '{f'&a{n - 1};' * 10}'>" for n in range(1, 10))
    + "]>"
)
SHARED = f"{LAUGHS}<sst {NS}><si><t>&a9;</t></si></sst>"
_STRINGS = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
with zipfile.ZipFile(io.BytesIO(workbook(["a"]))) as _pack:
    TYPES = _pack.read("[Content_Types].xml")
if _STRINGS not in TYPES:
    TYPES = TYPES.replace(
        b"</Types>", b'<Override PartName="/xl/sharedStrings.xml" ContentType="' + _STRINGS + b'"/></Types>'
    )
REFUSED = {
    "empty": (lambda: b" \n", "empty"),
    "a head alone": (lambda: b"a,b\n", "no rows"),
    "NUL": (lambda: b"a,b\n1,\x00\n", "NUL"),
    "Latin-1": (lambda: "a\né\n".encode("latin-1"), "Byte 3"),
    "UTF-16": (lambda: "a\n1\n".encode("utf-16"), "UTF-16"),
    "an open quotation mark": (lambda: b'a\n"b\n', "quotation mark"),
    "two columns of one name": (lambda: b"a,a\n1,2\n", "two columns"),
    "a column without a name": (lambda: b"a,,b\n1,2,3\n", "no name"),
    "too many columns": (lambda: b",".join(b"c%d" % n for n in range(201)) + b"\n1\n", "columns"),
    "half a character": (lambda: b'{"a": "\\ud800"}', "surrogate"),
    "deep JSON": (lambda: b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested"),
    "JSON of something else": (lambda: b"[1]", "object"),
    "a name twice in JSON": (lambda: b'{"a": 1, "a": 2}', "twice"),
    "not a number": (lambda: b'{"a": NaN}', "NaN"),
    "an old or encrypted workbook": (lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 600, "encrypted"),
    "half a zip": (lambda: workbook(["a"], [1])[:200], "can't be opened"),
    "macros": (lambda: repacked(workbook(["a"], [1]), **{"xl/vbaProject.bin": b"x"}), "macros"),
    "links to other files": (
        lambda: repacked(workbook(["a"], [1]), **{"xl/externalLinks/externalLink1.xml": b"<x/>"}),
        "links to other files",
    ),
    "billion laughs": (
        lambda: sheet(LAUGHS + in_sheet('<row r="1"><c r="A1" t="inlineStr"><is><t>&a9;</t></is></c></row>')),
        "entities",
    ),
    "laughs in shared strings": (
        lambda: repacked(workbook(["a"], ["b"]), **{"xl/sharedStrings.xml": SHARED.encode(), "[Content_Types].xml": TYPES}),
        "entities",
    ),
    "a sheet that isn't XML": (lambda: sheet("<worksheet"), "can't be read"),
    "a far column": (
        lambda: sheet(in_sheet('<row r="1"><c r="XFD1"><v>1</v></c></row>')),
        "columns",
    ),
    "a zip of other things": (lambda: packed(**{"a.exe": b"MZ"}), "no CSV"),
    "a description of something else": (lambda: packed(**{"datapackage.json": b"[]"}), "isn't the description"),
    "a description that climbs": (
        lambda: packed(**{"datapackage.json": b'{"resources": [{"path": "../../etc/passwd"}]}'}),
        "isn't a CSV file in this zip",
    ),
}  # fmt: skip


@pytest.mark.parametrize("make, words", REFUSED.values(), ids=REFUSED)
def test_what_is_refused_is_refused_in_a_sentence(make, words):
    began = time.monotonic()
    with pytest.raises(FileRefused) as refusal:
        read(make())
    assert words in str(refusal.value)
    assert time.monotonic() - began < 5


def test_what_would_unpack_to_a_gigabyte_is_refused_before_any_of_it_is_unpacked():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as pack:
        pack.writestr("[Content_Types].xml", b"<Types/>")
        with pack.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as file:
            for _ in range(256):
                file.write(b"0" * (1 << 20))
    began = time.monotonic()
    with pytest.raises(FileRefused, match="Unpacked"):
        read(out.getvalue())
    assert time.monotonic() - began < 1


def test_an_encrypted_zip_is_refused():
    data = bytearray(packed(**{"a.csv": b"a\n1\n"}))
    data[6] |= 1  # general purpose flag of the entry, and of the directory
    data[data.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(FileRefused, match="encrypted"):
        read(bytes(data))


def test_cells_that_are_far_apart_cost_nothing():
    xml = in_sheet(
        '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="A1048576"><v>2</v></c></row>'
    )
    began = time.monotonic()
    (table,) = read(sheet(xml))
    assert [(line.number, line.cells) for line in table.lines] == [(1048576, ["2"])]
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    "limits, words",
    [
        (Limits(packed=10), "bytes"),
        (Limits(rows=2), "rows"),
        (Limits(cells=5), "cells"),
        (Limits(columns=1), "columns"),
        (Limits(cell=3), "characters"),
        (Limits(seconds=-1), "longer than"),
    ],
)
def test_every_limit_has_its_sentence(limits, words):
    for data in (b"a,b\n1,2\n1,2345\n1,2\n", b'{"a":1,"b":2}\n{"a":1,"b":"2345"}\n{"a":1,"b":2}\n'):
        with pytest.raises(FileRefused, match=words):
            read(data, limits=limits)
    if limits.packed > 10:
        with pytest.raises(FileRefused, match=words):
            read(workbook(["a", "b"], [1, 2], [1, "2345"], [1, 2]), limits=limits)
