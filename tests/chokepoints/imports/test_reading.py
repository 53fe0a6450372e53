"""Reading the four files: whatever is off is named with file and row, all of it at once."""

import shutil

import pytest

from chokepoints.imports.reading import SHEETS, DatasetError, read_dataset
from tests.chokepoints.imports.accounts_2018 import DATA, FILES, rows_of


@pytest.fixture
def folder(tmp_path):
    for file in FILES:
        shutil.copy(DATA / file, tmp_path / file)
    return tmp_path


def problems_of(folder):
    with pytest.raises(DatasetError) as error:
        read_dataset(folder)
    return error.value.problems


def replace(folder, file, old, new, count=1):
    text = (folder / file).read_bytes().decode()
    assert old in text
    (folder / file).write_bytes(text.replace(old, new, count).encode())


def test_the_data_set_reads_without_a_problem_and_without_a_changed_cell():
    data = read_dataset(DATA)
    for file, rows in zip(
        FILES, (data.chokepoints, data.suppliers, data.sources, data.evidence), strict=True
    ):
        assert [dict(row.cells) for row in rows] == rows_of(file)


@pytest.mark.parametrize(
    ("file", "old", "new", "problem"),
    [
        ("chokepoints.csv", ",sector,", ",branch,", "chokepoints.csv:1: the column “sector” is missing."),
        (
            "chokepoints.csv",
            ",sector,",
            ",sector,extra,",
            "chokepoints.csv:1: the column “extra” is unknown.",
        ),
        (
            "chokepoints.csv",
            ",sector,",
            ",sector,slug,",
            "chokepoints.csv:1: the column “slug” stands here twice.",
        ),
        (
            "chokepoints.csv",
            "光刻机,semiconductors,",
            "光刻机,semiconductor,",
            "chokepoints.csv:2: sector: “semiconductor” isn't one of",
        ),
        (
            "chokepoints.csv",
            "precision-manufacturing;",
            "precision;",
            "chokepoints.csv:2: barrier_types: “precision” isn't one of",
        ),
        (
            "chokepoints.csv",
            "NL;JP;DE",
            "NL;NL",
            "chokepoints.csv:2: supplier_countries_named: the same country",
        ),
        (
            "chokepoints.csv",
            "NL;JP;DE",
            "NL;XX",
            "chokepoints.csv:2: supplier_countries_named: “XX” isn't a country",
        ),
        (
            "chokepoints.csv",
            "2018-04-19",
            "2018-04-31",
            "chokepoints.csv:2: published_on: “2018-04-31” isn't a date",
        ),
        ("chokepoints.csv", "\n2,chips", "\n1,chips", "chokepoints.csv:3: number 1 stands in row 2 already."),
        (
            "chokepoints.csv",
            "\n2,chips",
            "\n0,chips",
            "chokepoints.csv:3: number: “0” isn't a number from 1.",
        ),
        (
            "chokepoints.csv",
            "\n2,chips",
            "\n2,iclip",
            "chokepoints.csv:9: slug “iclip” stands in row 3 already.",
        ),
        (
            "chokepoints.csv",
            ",chips,",
            ",chips,more,",
            "chokepoints.csv:3: this row has 14 cells, the header 13.",
        ),
        (
            "chokepoints.csv",
            ",光刻机,",
            ", 光刻机,",
            "chokepoints.csv:2: name_zh begins or ends with a blank.",
        ),
        ("suppliers.csv", "ASML,NL,", ",NL,", "suppliers.csv:2: organization is empty."),
        (
            "suppliers.csv",
            "lithography-machines,ASML",
            "lithography,ASML",
            "suppliers.csv:2: chokepoint_slug names “lithography”",
        ),
        ("suppliers.csv", ",foreign-supplier,", ",seller,", "suppliers.csv:2: role: “seller” isn't one of"),
        ("sources.csv", "\nsciping-2018,", "\nedraw-list,", "key “edraw-list” stands in row 4 already."),
        (
            "sources.csv",
            ",,,,B,yes,",
            ",,,edraw-list,B,yes,",
            "sources.csv:2: following derived_from leads back to “std-series-2018”.",
        ),
        (
            "sources.csv",
            ",,,,B,yes,",
            ",,,nowhere,B,yes,",
            "sources.csv:2: derived_from names “nowhere”, which isn't in sources.csv.",
        ),
        ("evidence.csv", ",supports,", ",agrees,", "evidence.csv:2: stance: “agrees” isn't one of"),
        ("evidence.csv", ",yes\n", ",maybe\n", "evidence.csv:2: verified: “maybe” isn't one of"),
    ],
)
def test_what_is_off_is_named_with_file_and_row(folder, file, old, new, problem):
    replace(folder, file, old, new)
    assert any(problem in words for words in problems_of(folder)), problems_of(folder)


def test_all_problems_are_named_at_once(folder):
    replace(folder, "evidence.csv", ",supports,", ",agrees,")
    replace(folder, "suppliers.csv", ",foreign-supplier,", ",seller,")
    assert len(problems_of(folder)) == 2


@pytest.mark.parametrize("file", FILES)
def test_a_missing_file_is_named(folder, file):
    (folder / file).unlink()
    assert problems_of(folder) == [f"{file}: this file can't be read (No such file or directory)."]


def test_a_file_that_is_not_utf_8_is_named(folder):
    (folder / "sources.csv").write_bytes("key,题目".encode("gb18030"))
    assert problems_of(folder) == ["sources.csv: this isn't UTF-8 at byte 4."]


def test_an_empty_file_lacks_its_columns(folder):
    (folder / "sources.csv").write_bytes(b"")
    assert len(problems_of(folder)) == len(SHEETS["sources.csv"].columns)


def test_a_quotation_mark_that_never_ends_is_named(folder):
    replace(folder, "chokepoints.csv", '"title, date, makers', 'x"title, "date, makers')
    assert problems_of(folder)
