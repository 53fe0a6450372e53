"""The order in which workers get tests."""

import pytest

from tests.conftest import dealt


@pytest.mark.parametrize(
    ("tests", "long", "workers"), [(6000, 90, 3), (323, 91, 3), (40, 7, 4), (9, 9, 2), (0, 0, 3)]
)
def test_all_workers_but_one_begin_with_what_takes_long_and_nothing_is_lost(tests, long, workers):
    ordered = dealt(list(range(tests)), long, workers)
    assert sorted(ordered) == list(range(tests))
    begin = 0
    for number in range(workers):  # as xdist cuts it
        part = ordered[begin : begin + (tests - begin) // (workers - number)]
        begin += len(part)
        assert part == sorted(part)
        if long < tests:
            assert (part[0] < long) == (number < workers - 1)
