"""What each kind of field takes, refuses and leaves alone; hostile input is refused in words, never an error."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chokepoints.canonical import canonical
from chokepoints.fields import Children, FieldError, Reference, ReferenceSet
from chokepoints.records import KINDS

FIELDS = [(kind.name, name) for kind in KINDS.values() for name in kind.fields]
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def clean(kind, name, value):
    return KINDS[kind].fields[name].clean(value)


@pytest.mark.parametrize(("kind", "name"), FIELDS)
@settings(max_examples=40)
@given(value=anything)
def test_any_value_is_cleaned_or_refused_in_words(kind, name, value):
    try:
        result = clean(kind, name, value)
    except FieldError as error:
        assert str(error)
        return
    assert clean(kind, name, result) == result, "cleaning twice changes nothing"
    canonical(result)
    json.dumps(result)


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        ("chokepoint", "name", "a\x00b"),
        ("chokepoint", "name", "a\ud800b"),
        ("chokepoint", "name", "safe\u202egpj.exe"),
        ("chokepoint", "name", "zero\u200bwidth"),
        ("chokepoint", "summary", "over\u202eride"),
        ("chokepoint", "name", "x" * 301),
        ("chokepoint", "key", "Not A Key"),
        ("chokepoint", "key", "a--b"),
        ("chokepoint", "dependent_country", "XX"),
        ("chokepoint", "barriers", ["luck"]),
        ("source", "url", "javascript:alert(1)"),
        ("source", "url", "https://user:secret@example.org/"),
        ("source", "url", "https://"),
        ("source", "url", "http://[::1"),
        ("source", "published_on", "0001-01-01"),
        ("source", "published_on", "2024-02-30"),
        ("source", "published_on", "10000"),
        ("source", "language", "chinese"),
        ("source", "language", "xx"),
        ("evidence", "credibility", 7),
        ("evidence", "credibility", True),
        ("evidence", "credibility", "9" * 5000),
        ("evidence", "quote", "\x00"),
        (
            "supply",
            "share",
            {"low": "60", "high": "40", "market": "home", "measure": "units", "counted": "place"},
        ),
        (
            "supply",
            "share",
            {"low": "1e2", "high": "100", "market": "home", "measure": "units", "counted": "place"},
        ),
        (
            "supply",
            "share",
            {"low": "NaN", "high": "NaN", "market": "home", "measure": "units", "counted": "place"},
        ),
        ("supply", "share", {"low": "10", "high": "20"}),
        (
            "supply",
            "share",
            {"low": "10", "high": "20", "market": "segment", "measure": "units", "counted": "place"},
        ),
    ],
)
def test_what_is_refused(kind, name, value):
    with pytest.raises(FieldError):
        clean(kind, name, value)


@pytest.mark.parametrize(
    "text",
    ["微球：民族工业不能承受之轻", "﨑", "\u2f00\u9f9c\ufa5b", " 半角 ", "e\u0301", "line\r\nline"],
)
def test_quotes_stay_byte_for_byte(text):
    assert clean("evidence", "quote", text).encode() == text.encode()


def test_names_are_nfc_without_outer_blanks():
    assert clean("chokepoint", "name", " Cafe\u0301 ") == "Caf\u00e9"


@pytest.mark.parametrize(
    ("given_value", "canonical_value"),
    [("50.50", "50.5"), ("0.0", "0"), ("100", "100"), ("007", "7"), (50, "50")],
)
def test_decimals_have_one_form(given_value, canonical_value):
    share = {"low": given_value, "high": "100", "market": "home", "measure": "units", "counted": "place"}
    assert clean("supply", "share", share)["low"] == canonical_value


def test_every_reference_names_a_kind_that_there_is():
    for kind in KINDS.values():
        for field in kind.fields.values():
            if isinstance(field, Reference | ReferenceSet):
                assert field.kind in KINDS, f"{kind.name}.{field.name}"


def test_every_child_table_is_named():
    for kind in KINDS.values():
        for field in kind.children:
            assert isinstance(field, Children) and field.table and field.parent
