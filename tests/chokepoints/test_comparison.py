"""Comparison shows what changed as fits the kind of field, and nothing of it gets lost."""

import time

import pytest
from django.template.loader import render_to_string
from hypothesis import given
from hypothesis import strategies as st

from chokepoints.comparison import DELETE, EQUAL, INSERT, compare, compare_text
from chokepoints.presenting import WITHHELD
from chokepoints.records import KINDS
from chokepoints.templatetags.register import markdown, visible

CHOKEPOINT, EVIDENCE, SUPPLY = KINDS["chokepoint"], KINDS["evidence"], KINDS["supply"]
A, B, C = (f"00000000-0000-4000-8000-00000000000{n}" for n in "abc")
NAMES = {
    ("chokepoint", A): ("Bearings", "/chokepoints/bearings/"),
    ("evidence", A): ("A claim", "/evidence/a/"),
}


@given(st.text(), st.text())
def test_the_pieces_of_a_text_give_both_texts_back(before, after):
    pieces = compare_text(before, after)
    assert "".join(text for sort, text in pieces if sort != INSERT) == before
    assert "".join(text for sort, text in pieces if sort != DELETE) == after


def test_words_are_compared_and_not_letters():
    assert compare_text("a moderate dependency", "a modest dependency") == [
        (EQUAL, "a "),
        (DELETE, "moderate"),
        (INSERT, "modest"),
        (EQUAL, " dependency"),
    ]


def test_chinese_is_compared_by_character():
    assert compare_text("只有日本公司", "只有韩国公司") == [
        (EQUAL, "只有"),
        (DELETE, "日本"),
        (INSERT, "韩国"),
        (EQUAL, "公司"),
    ]


@pytest.mark.parametrize(
    "texts",
    [("ab " * 30_000, "ba " * 30_000), ("啊吧" * 20_000, "吧啊" * 20_000), ("a\n" * 40_000, "b\n" * 40_000)],
)
def test_texts_as_long_as_they_may_be_are_compared_in_no_time(texts):
    start = time.monotonic()
    compare_text(*texts)
    assert time.monotonic() - start < 3


def test_sets_say_what_came_and_what_went():
    (aliases,) = compare(CHOKEPOINT, {"aliases": ["a", "b"]}, {"aliases": ["b", "c"]})
    assert [shown.text for shown in aliases.removed] == ["a"]
    assert [shown.text for shown in aliases.added] == ["c"]
    assert [shown.text for shown in aliases.kept] == ["b"]


def test_maps_say_which_entries_changed_and_name_their_records():
    before = {"bears_on": [{"chokepoint": A, "stance": "supports"}]}
    after = {"bears_on": [{"chokepoint": A, "stance": "disputes"}]}
    (bearing,) = compare(EVIDENCE, before, after, None, NAMES)
    ((old, new),) = bearing.changed
    assert old.text == "Bearings: supports the dependency"
    assert new.text == "Bearings: disputes that there was a dependency"
    assert new.url == "/chokepoints/bearings/"


def test_a_share_is_shown_with_its_base():
    share = {
        "low": "40",
        "high": "40",
        "market": "segment",
        "segment": "panels",
        "measure": "units",
        "counted": "place",
    }
    (found,) = compare(SUPPLY, {"role": "foreign-supplier"}, {"role": "foreign-supplier", "share": share})
    assert found.before == ()
    assert found.after[0].text == "40 % of panels, by units or quantity, by place of production"


def test_only_what_differs_is_compared_unless_fields_are_named():
    before, after = {"name": "a", "summary": "x"}, {"name": "b", "summary": "x"}
    assert [found.name for found in compare(CHOKEPOINT, before, after)] == ["name"]
    assert [found.name for found in compare(CHOKEPOINT, before, after, ["summary"])] == ["summary"]


def test_a_withheld_value_is_named_so():
    (found,) = compare(CHOKEPOINT, {"name": "a", "summary": WITHHELD}, {"name": "a", "summary": "x"})
    assert found.before[0].form == "withheld"
    assert not found.pieces


def test_a_quote_is_compared_in_its_language():
    state = {"quote": "微球", "quote_language": "zh-Hant"}
    (found,) = compare(EVIDENCE, state, state | {"quote": "微珠"})
    assert found.language == "zh-Hant"


def render(comparison) -> str:
    return render_to_string("components/field_comparison.html", {"comparison": comparison})


def test_the_template_escapes_what_people_wrote_and_names_what_they_cannot_see():
    before = {"name": "x", "summary": "<b>old</b>", "aliases": ["<i>"]}
    after = {"name": "x\u202ey", "summary": "<b>new\u200b</b>", "aliases": ["<u>"]}
    html = "".join(render(found) for found in compare(CHOKEPOINT, before, after))
    assert "<b>" not in html and "<i>" not in html and "<u>" not in html
    assert "U+200B ZERO WIDTH SPACE" in html and "U+202E RIGHT-TO-LEFT OVERRIDE" in html


def test_every_field_of_every_kind_can_be_compared_and_shown():
    values = {
        "set": ["material-purity"],
        "references": [A],
        "reference": A,
        "bearings": [{"list": A, "stance": "context", "note": "n"}],
        "listings": [{"list": A, "number": 3, "headline": "微球", "named_on": "2018-05"}],
        "identifiers": [{"scheme": "lei", "value": "1"}],
        "share": {"low": "1", "high": "2", "market": "home", "measure": "units", "counted": "owner"},
        "number": 3,
        "flag": True,
        "date": "2018",
    }
    for kind in KINDS.values():
        state = {name: values.get(field.shape, "critical") for name, field in kind.fields.items()}
        try:
            for found in [
                *compare(kind, {}, state),
                *compare(kind, {"x": 1}, state),
                *compare(kind, state, {"x": 1}),
            ]:
                assert render(found)
        except Exception as error:
            raise AssertionError(f"{kind.name}: {error}") from error


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "[x](javascript:alert(1))",
        "![x](https://tracker.example/x.png)",
        '<a href="x" onclick="y">z</a>',
    ],
)
def test_markdown_lets_nothing_run_and_nothing_load(text):
    html = markdown(text)
    assert (
        "<script" not in html
        and "<img" not in html
        and "javascript:" not in html.replace("[x](javascript:", "")
    )
    assert '<a href="x"' not in html


def test_visible_leaves_ordinary_chinese_alone():
    assert visible("微球：民族工业") == "微球：民族工业"
    assert "NBSP" in visible("a\u00a0b")
