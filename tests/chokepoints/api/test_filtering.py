"""Lists narrow to what was asked for, and `?at=` narrows what was by the same words."""

import pytest

from chokepoints.api.filtering import filterset_for
from chokepoints.api.rendering import PATHS
from tests.chokepoints.api.filter_table import CASES

TABLE = [(kind, case) for kind, cases in CASES.items() for case in cases]


@pytest.mark.parametrize("kind", PATHS)
def test_every_filter_stands_in_the_table(kind):
    asked = {part.partition("=")[0] for case in CASES[kind] for part in case.split("&")} - {""}
    assert asked == set(filterset_for(kind).base_filters)


@pytest.mark.parametrize(("kind", "case"), TABLE)
def test_a_filter_lets_through_what_it_names_and_each_record_once(full, kind, case):
    query = case.format(**full.ids)
    answer = full.read(f"{PATHS[kind]}/?{query}&count=true")
    assert full.named(answer["results"]) == CASES[kind][case]
    assert answer["count"] == len(answer["results"]) == len(CASES[kind][case])


@pytest.mark.parametrize(("kind", "case"), TABLE)
def test_at_the_head_the_ledger_says_what_the_tables_say(full, kind, case):
    query = case.format(**full.ids)
    address = f"{PATHS[kind]}/?{query}&count=true"
    assert full.read(f"{address}&at={full.head}") == full.read(address)


@pytest.mark.parametrize(("kind", "case"), TABLE)
def test_what_a_list_said_before_much_changed_it_says_with_at(moved, kind, case):
    query = case.format(**moved.ids)
    answer = moved.read(f"{PATHS[kind]}/?{query}&count=true&at={moved.before}")
    assert answer == moved.said[kind, case]


def test_hardly_an_answer_is_what_it_was(moved):
    """Else the test above would prove nothing."""
    same = [
        (kind, case)
        for kind, case in TABLE
        if moved.read(f"{PATHS[kind]}/?{case.format(**moved.ids)}&count=true") == moved.said[kind, case]
    ]
    assert len(same) < len(TABLE) / 3, same


def test_what_a_detail_said_before_much_changed_it_says_with_at(moved):
    details = {address: said for (kind, address), said in moved.said.items() if kind == "detail"}
    assert len(details) > 20
    for address, said in details.items():
        assert moved.read(f"{address}?at={moved.before}") == said


def test_a_chokepoint_is_asked_for_by_sector_with_the_parts_that_the_sector_had_then(moved):
    asked = "chokepoints/?sector=materials"
    assert moved.named(moved.read(asked)["results"]) >= {"photoresist"}
    assert "engine" not in moved.named(moved.read(f"{asked}&at={moved.before}")["results"])
    assert moved.named(moved.read("chokepoints/?sector=machines")["results"]) == {"engine"}


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("statuss=critical", "statuss"),
        ("name__regex=(", "name__regex"),
        ("name__iregex=(", "name__iregex"),
        ("status__regex=(", "status__regex"),
        ("sector__parent__key=materials", "sector__parent__key"),
        ("status=fine", "status"),
        ("status__in=critical,fine", "status__in"),
        ("status__in=critical,,dependent", "status__in"),
        ("status=", "status"),
        ("id__in=", "id__in"),
        ("id__in=" + ",".join(["00000000-0000-4000-8000-000000000000"] * 101), "id__in"),
        ("id__in=" + "7," * 10_000, "id__in"),
        ("id__in=seven", "id__in"),
        ("sector=nowhere", "sector"),
        ("sector=example-works", "sector"),  # a key of another kind
        ("sector__in=materials,nowhere", "sector__in"),
        ("supplier_country=XX", "supplier_country"),
        ("retired=maybe", "retired"),
        ("updated_since=soon", "updated_since"),
        ("updated_since=2026-01-05T09:00:00", "updated_since"),
        ("updated_since=-1", "updated_since"),
        ("updated_since=" + "9" * 30, "updated_since"),
        ("updated_since=0001-01-01T00:00:00%2B14:00", "updated_since"),
        ("search=" + "x" * 201, "search"),
        ("search=%00", "search"),
        ("key=%00", "key"),
        ("key=a&key=b", "key"),
        ("retired=true&retired=true", "retired"),
    ],
)
def test_what_cant_be_asked_is_refused_and_named(full, client, query, parameter):
    for at in ("", f"&at={full.head}"):
        answer = client.get(f"/api/v1/chokepoints/?{query}{at}")
        assert answer.status_code == 400
        assert answer.headers["Content-Type"] == "application/problem+json"
        problem = answer.json()
        assert [error["parameter"] for error in problem["errors"]] == [parameter]
        assert problem["detail"] and problem["status"] == 400


@pytest.mark.parametrize(
    "value", ["0001-01-01", "2024-02-30", "10000-01-01", "2024-13", "1e400", "%F0%9F%98%80"]
)
@pytest.mark.parametrize("parameter", ["published_on__gte", "published_on__lte"])
def test_a_day_that_isnt_one_is_refused(full, client, parameter, value):
    answer = client.get(f"/api/v1/sources/?{parameter}={value}")
    assert (answer.status_code, answer.json()["errors"][0]["parameter"]) == (400, parameter)


@pytest.mark.parametrize("value", ["NaN", "sNaN", "Infinity", "1e400", "9" * 5_000, "1E+999999999", "-", "x"])
@pytest.mark.parametrize(
    "parameter", ["assessments/?import_share_low__gte", "evidence/?credibility__gte", "evidence/?credibility"]
)
def test_a_number_that_isnt_one_is_refused(full, client, parameter, value):
    answer = client.get(f"/api/v1/{parameter}={value}")
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["parameter"] == parameter.partition("?")[2]
