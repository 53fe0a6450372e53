"""Lists narrow to what was asked for, and `?at=` narrows what was by the same words.

The table of filters is run in few tests: one register, told everything once, answers them all.
"""

import pytest

from chokepoints.api.offering import filterset_for
from chokepoints.api.rendering import PATHS
from tests.chokepoints.api.conftest import TABLE
from tests.chokepoints.api.filter_table import CASES

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def test_every_filter_stands_in_the_table():
    for kind in PATHS:
        asked = {part.partition("=")[0] for case in CASES[kind] for part in case.split("&")} - {""}
        assert asked == set(filterset_for(kind).base_filters), kind


def test_a_filter_lets_through_what_it_names_and_each_record_once(told):
    for kind, case in TABLE:
        answer = told.said[kind, case]
        assert told.named(answer["results"]) == CASES[kind][case], (kind, case)
        assert answer["count"] == len(answer["results"]) == len(CASES[kind][case]), (kind, case)


def test_at_the_head_the_ledger_says_what_the_tables_say(told):
    assert len(told.said_at) > 10
    for asked, said in told.said_at.items():
        assert said == told.said[asked], asked


def test_what_a_list_said_before_much_changed_it_says_with_at(told):
    for asked in TABLE:
        assert told.ask(*asked, at=told.before) == told.said[asked], asked


def test_hardly_an_answer_is_what_it_was(told):
    """Else the test above would prove nothing."""
    some = TABLE[::4]
    same = [asked for asked in some if told.ask(*asked) == told.said[asked]]
    assert len(same) < len(some) / 3, same


def test_what_a_detail_said_before_much_changed_it_says_with_at(told):
    assert len(told.details) > 20
    for address, said in told.details.items():
        assert told.read(f"{address}?at={told.before}") == said


def test_a_chokepoint_is_asked_for_by_sector_with_the_parts_that_the_sector_had_then(told):
    asked = "chokepoints/?sector=materials"
    assert told.named(told.read(asked)["results"]) >= {"photoresist"}
    assert "engine" not in told.named(told.read(f"{asked}&at={told.before}")["results"])
    assert told.named(told.read("chokepoints/?sector=machines")["results"]) == {"engine"}
