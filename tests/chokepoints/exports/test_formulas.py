"""Neutralising takes nothing away, and leaves nothing that a spreadsheet runs."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chokepoints.exports.formulas import neutralise, neutralise_all, restore

STARTS = st.sampled_from(
    ["", "'", "''", "=", "+", "-", "@", "\t", "\r", "\n", " ", "\u3000=", "＝", "<r>", "-1", "+1,5 %"]
)
TEXTS = st.builds(str.__add__, STARTS, st.text())


@given(TEXTS)
@example("'")
@example("-5")
def test_restoring_gives_back_every_text(text):
    assert restore(neutralise(text)) == text


@given(TEXTS)
def test_no_neutralised_text_begins_a_formula(text):
    cell = neutralise(text)
    begins = cell.lstrip()[:1]
    is_number = cell.strip(" %+-").replace(",", ".", 1).replace(".", "", 1).replace("e", "").replace("E", "")
    harmless = begins not in set("=@＝＋－＠") and (begins not in {"+", "-"} or is_number[:1].isdigit())
    assert cell.startswith("'") or harmless


@given(st.lists(st.none() | TEXTS))
def test_whole_columns_are_neutralised_like_single_texts(texts):
    assert list(neutralise_all(texts)) == [neutralise(text) if text else text for text in texts]


@pytest.mark.parametrize("number", ["-12.5", "+3", "-0", "-1,5", "-3 %", "1e-5", "-2E+10"])
def test_numbers_stay_numbers(number):
    assert neutralise(number) == number


@pytest.mark.parametrize("formula", ["-2+3", "=1", "-A1", "+A1", "@x", "\t=1", " =1", "-1\n=2", "-1;=2"])
def test_formulas_do_not(formula):
    assert neutralise(formula) == "'" + formula
