"""Fifty people at browsers do everything at once for ten minutes: nothing is lost, nothing fails, nobody hangs."""

import pytest

from tests.reviews.mixed import run_mixed

MINUTES = 10
SEED = 2018


@pytest.mark.long
@pytest.mark.database
def test_a_long_mixed_race_loses_and_doubles_nothing(fresh_database):
    result = run_mixed(
        fresh_database,
        *("--clients", 50, "--servers", 2, "--seconds", 60 * MINUTES, "--seed", SEED),
        timeout=60 * (MINUTES + 10),
    )
    assert result["complaints"] == []
    assert result["never"] == []
    assert result["conflicts"] >= 20
    assert result["done"]["resolve"] >= 20
    assert result["states"]["published"] >= 200
