"""Requests that come twice, by real processes on a real database: done once, also where one of them is killed."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.databases import process_environment

SCRIPT = Path(__file__).parent / "repeated.py"

pytestmark = pytest.mark.database


ROUNDS = 6


def test_a_request_that_comes_twice_is_done_once_also_where_it_was_killed(fresh_database):
    finished = subprocess.run(
        [sys.executable, str(SCRIPT), str(ROUNDS)],
        env=process_environment(fresh_database),
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert finished.returncode == 0, finished.stderr[-3000:]
    result = json.loads(finished.stdout)
    together = result["together"]
    assert set(together["statuses"]) <= {201, 409}  # its answer, or: it is under way
    assert together["done"] == together["proposals"] == ROUNDS
    assert together["again"] == {"201 true": ROUNDS}
    # Killed before anything was done, or when all was done but the commit: under way, then done, then answered again.
    assert result["killed"] == {"seen": [[409, 201, "", 201, "true", True]] * 2, "made": 2}
    # Without a key, of two new records with one key one gets in and the other conflicts.
    assert result["one_key_of_two"] == {
        "statuses": [201], "outcomes": {"published": ROUNDS, "conflicting key": ROUNDS},
    }  # fmt: skip
