"""What a cell says by itself, and what a heading is taken for: the pure part of reading a file."""

import pytest

from chokepoints.fields import FieldError
from chokepoints.imports.cells import read_cell
from chokepoints.imports.mapping import ColumnPlan, suggest_table
from chokepoints.imports.tables import Line, Table
from chokepoints.records import KINDS


def country(text):
    return read_cell(
        text, ColumnPlan("country"), KINDS["organization"].fields["country"], lambda *_: ("", "")
    )


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("德国", "DE"), ("日本", "JP"), ("韩国", "KR"), ("荷兰", "NL"), ("美国", "US"), ("英国", "GB"), ("台湾", "TW"),
        ("欧盟", "EU"), ("Deutschland", "DE"), ("Niederlande", "NL"), ("Vereinigte Staaten", "US"), ("Südkorea", "KR"),
        ("Schweiz", "CH"),
        ("Germany", "DE"), ("south korea", "KR"), ("JPN", "JP"), ("uk", "GB"), ("Niger", "NE"), ("Oman", "OM"), ("中国", "CN"),
    ],
)  # fmt: skip
def test_countries_are_read_by_the_names_that_editors_write_and_the_report_says_so(text, code):
    said = country(text)
    assert said.value == code and f"is read as {code}" in said.words


@pytest.mark.parametrize("text", ["Atlantis", "德意志帝国", "XX", "亚洲"])
def test_what_is_no_country_is_refused(text):
    with pytest.raises(FieldError):
        country(text)


def test_chinese_headings_are_taken_for_what_they_say():
    heads = ["名称", "中文名", "国家", "类型", "网站", "备注", "别名"]
    plan = suggest_table(
        Table("firms", heads, [Line(2, ["A", "甲", "日本", "company", "", "", ""])]), "organization"
    )
    meanings = [plan.columns[head].target for head in heads]
    assert meanings == ["name", "name_original", "country", "kind", "website", "note", "aliases"]
