"""What the filters of an export mean: what those of the API do that are called the same, on one register."""

import datetime as dt
from urllib.parse import parse_qsl

import pytest

from chokepoints.api.offering import filterset_for
from chokepoints.api.rendering import PATHS
from chokepoints.exports.choosing import conditions, filter_names
from chokepoints.exports.columns import exported_kinds, table_of
from chokepoints.exports.condition import FilterError, keep_of, narrowing_of
from chokepoints.exports.rows import Stream, World
from chokepoints.models import Changeset
from tests.builders import Builder
from tests.chokepoints.api.filter_table import CASES
from tests.chokepoints.api.registers import full_register
from tests.recording import lay_register

pytestmark = [pytest.mark.django_db, pytest.mark.database]

# What exports call as pages do. `updated_since` is `changed_in__gte`, which counts otherwise.
CALLED = {"search": "q", "barriers": "barrier", "supplier_country": "country"}
LEFT_OUT = {"updated_since", "rests_on", "ways_out"}


def as_exports_call_it(name):
    stem, _, lookup = name.partition("__")
    stem = CALLED.get(stem, stem)
    return f"{stem}__{lookup}" if lookup else stem


def test_exports_have_every_filter_of_the_api_by_name():
    for kind in exported_kinds():
        names = {as_exports_call_it(name) for name in filterset_for(kind).base_filters}
        assert {name.partition("__")[0] for name in names - set(filter_names(table_of(kind)))} <= LEFT_OUT


@pytest.fixture
def found(db):
    """Return which records, by their names, an export has that filters narrow."""
    ids = lay_register(full_register, Builder())
    named, world = {record: name for name, record in ids.items()}, World(head(), dt.date(2026, 6, 1))

    def find(kind, filters):
        asked = conditions(table_of(kind), {name: value.format(**ids) for name, value in filters.items()})
        keep, needs = keep_of(asked, world)
        columns = [table_of(kind).by_name["id"]]
        stream = Stream(table_of(kind), columns, world, keep, needs, narrowing_of(asked, world))
        return {named.get(row[0], row[0]) for chunk in stream.chunks() for row in chunk}

    return find


def head():
    return Changeset.objects.latest("number").number


def test_a_filter_of_the_same_name_finds_what_it_finds_in_the_api(found):
    asked = 0
    for kind in exported_kinds():
        for case, expected in CASES[kind].items():
            filters = {as_exports_call_it(name): value for name, value in parse_qsl(case)}
            if not {name.partition("__")[0] for name in filters} & LEFT_OUT:
                assert found(kind, filters) == expected, (kind, case)
                asked += 1
    assert asked > 150


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        *(
            (kind, name, value)
            for kind, name in (("evidence", "credibility__gte"), ("supply", "share_low__lte"))
            for value in ("nan", "inf", "-Infinity", "1_0", "1e3", "１２", "+1", ".5", "5.")
        ),
        ("source", "key__in", ","),
        ("source", "key__in", "brief-2022,"),
        ("source", "kind__in", "patent, ,dataset"),
        ("source", "derived_from__in", ",brief-2022"),
    ],
)
def test_what_the_api_refuses_for_no_value_an_export_refuses_with_a_sentence(client, db, kind, name, value):
    refused = client.get(f"/api/v1/{PATHS[kind]}/", {name: value})
    assert refused.status_code == 400
    with pytest.raises(FilterError, match=f"^{name}: .*\\.$"):
        conditions(table_of(kind), {name: value})
