"""A text that no cell of a workbook takes is said before anything is written: whose it is, in which column, and what to do."""

from dataclasses import replace

import pytest

from chokepoints.exceptions import ExportRefused
from chokepoints.exports.fitting import LONGEST_CELL
from chokepoints.models import Export
from chokepoints.services import exporting, writing
from tests.builders import Builder
from tests.chokepoints.exports.registers import export, member

pytestmark = pytest.mark.django_db
ASKED = {"kinds": ["chokepoint"], "format": "xlsx"}
TOO_LONG = ["x" * (LONGEST_CELL + 1), "=" + "x" * (LONGEST_CELL - 1), "𠀀" * (LONGEST_CELL // 2 + 1)]


def ask(**more):
    return exporting.request_export(actor=member(), **ASKED | more)


@pytest.fixture
def build():
    build = Builder()
    build.chokepoint("short", description="x" * LONGEST_CELL)
    return build


@pytest.mark.parametrize("text", TOO_LONG, ids=["letters", "with the apostrophe", "two units each"])
def test_whose_text_is_too_long_is_said_when_it_is_asked_for(build, text):
    assert export(**ASKED).rows == 1
    build.chokepoint("wordy", description=text)
    with pytest.raises(ExportRefused) as refused:
        ask()
    assert set(refused.value.problems) == {"format"}
    words = refused.value.problems["format"]
    assert "chokepoint “wordy” has 32,768 characters in the column description" in words
    assert "Leave description out, narrow the rows, or take another format" in words
    assert Export.objects.count() == 1


def test_what_is_not_asked_for_is_in_nobody_s_way(build):
    build.chokepoint("wordy", description=TOO_LONG[0])
    for more in (
        {"columns": {"chokepoint": ["name", "summary"]}},
        {"filters": {"chokepoint": {"key": "short"}}},
        {"kinds": ["sector"]},
        {"format": "csv"},
    ):
        assert export(**ASKED | more).rows >= 1


def test_of_the_past_the_worker_says_it_before_it_writes_anything(build, monkeypatch):
    wordy = build.chokepoint("wordy", description=TOO_LONG[0])
    then = build.update("chokepoint", wordy, description="Short.").number - 1
    row = ask(at=str(then))
    with monkeypatch.context() as unreached:
        unreached.setitem(writing.FORMATS, "xlsx", replace(writing.FORMATS["xlsx"], write=lambda *_: 1 / 0))
        writing.run_export(row.pk)
    row.refresh_from_db()
    assert row.state == "failed" and "“wordy” has 32,768 characters" in row.reason and row.read == 0
    assert export(**ASKED).rows == 2  # as it is now, it fits
