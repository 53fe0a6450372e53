"""Approvals at the same moment, by real processes on a real database: nothing lost, nothing doubled, nobody hangs."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.databases import process_environment

PAIRS = 100
SCRIPT = Path(__file__).parent / "race.py"

pytestmark = pytest.mark.database


def race(database: str, sort: str) -> dict:
    finished = subprocess.run(
        [sys.executable, str(SCRIPT), sort, str(PAIRS)],
        env=process_environment(database),
        capture_output=True,
        text=True,
        timeout=400,
    )
    assert finished.returncode == 0, finished.stderr[-3000:]
    return json.loads(finished.stdout)


def test_of_two_approvals_of_one_proposal_exactly_one_publishes(fresh_database):
    result = race(fresh_database, "double")
    assert result["outcomes"] == {"published": PAIRS, "WrongState": PAIRS}
    assert result["states"] == {"published": PAIRS}
    assert result["changesets"] == PAIRS
    assert result["revisions"] == [2]
    assert result["problem"] is None


def test_two_proposals_on_different_fields_both_get_in(fresh_database):
    result = race(fresh_database, "disjoint")
    assert result["outcomes"] == {"published": 2 * PAIRS}
    assert result["values"] == {"From one. From the other.": PAIRS}
    assert result["changesets"] == 2 * PAIRS
    assert result["problem"] is None


def test_of_two_proposals_on_one_field_one_is_published_and_the_other_conflicts(fresh_database):
    result = race(fresh_database, "same")
    assert result["outcomes"] == {"published": PAIRS, "conflicting": PAIRS}
    assert result["states"] == {"published": PAIRS, "conflicting": PAIRS}
    assert sum(result["values"].values()) == PAIRS
    assert set(result["values"]) <= {"From one. ", "From the other. "}
    assert result["problem"] is None
