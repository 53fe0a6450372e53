"""What the filters of an export mean: what those of the API do that are called the same, on one register."""

import datetime as dt
from urllib.parse import parse_qsl

import pytest
from django.db import connection

from chokepoints.api.offering import filterset_for
from chokepoints.api.rendering import PATHS
from chokepoints.exports.choosing import conditions, filter_names
from chokepoints.exports.columns import exported_kinds, table_of
from chokepoints.exports.condition import FilterError, keep_of, narrowing_of
from chokepoints.exports.rows import Stream, World
from chokepoints.filters import OrganizationFilter
from chokepoints.models import Changeset, Organization
from chokepoints.searching import folded
from tests.builders import Builder
from tests.chokepoints.api.filter_table import CASES
from tests.chokepoints.api.registers import full_register
from tests.recording import lay_register

pytestmark = [pytest.mark.django_db, pytest.mark.database]
DAY = dt.date(2026, 6, 1)

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


def rows_with(world, kind, filters, *columns):
    """Return some cells of the rows that filters leave."""
    table, asked = table_of(kind), conditions(table_of(kind), filters)
    keep, needs = keep_of(asked, world)
    chosen = [table.by_name[column] for column in columns]
    stream = Stream(table, chosen, world, keep, needs, narrowing_of(asked, world))
    return [row for chunk in stream.chunks() for row in chunk]


@pytest.fixture
def found(db):
    """Return which records, by their names, an export has that filters narrow."""
    ids = lay_register(full_register, Builder())
    named, world = {record: name for name, record in ids.items()}, World(head(), DAY)

    def find(kind, filters):
        told = {name: value.format(**ids) for name, value in filters.items()}
        return {named.get(record, record) for (record,) in rows_with(world, kind, told, "id")}

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


# Names, each with what the database may take for the same letters. On SQLite only a to z have two cases.
FOLDED = [
    ("An Institute \u00b5m", "\u03bc"),
    ("Micro \u03bcm", "\u00b5"),
    ("Long \u017f", "LONG S"),
    ("Dotless \u0131", "I"),
    ("Dotted \u0130", "i\u0307"),
    ("Stra\u00dfe", "STRASSE"),
    ("\u1fb3 sub", "\u1fbc"),
    ("\u01c5 title", "\u01c6"),
    ("\u00c9clair", "\u00e9CLAIR"),
    ("Final \u03c2", "\u03c3"),
]


def test_words_are_found_by_the_letters_by_which_the_database_finds_them(client, db):
    build = Builder()
    build.several(
        *(
            build.change("organization", "create", key=f"o-{number}", name=name, aliases=[f"Alias {name}"])
            for number, (name, _) in enumerate(FOLDED)
        )
    )
    number = head()
    for organization in Organization.objects.all():
        build.update("organization", str(organization.pk), note="Later.")
    world = World(head(), DAY)
    for _, word in FOLDED:
        for asked in (word, word.upper(), word.lower(), word.title()):
            tables = set(search(client, asked))
            assert {key for (key,) in rows_with(world, "organization", {"q": asked}, "key")} == tables, asked
            assert set(search(client, asked, at=number)) == tables, asked


def search(client, words, **more):
    answer = client.get("/api/v1/organizations/", {"search": words, **more})
    assert answer.status_code == 200, answer.content
    return [one["key"] for one in answer.json()["results"]]


def test_every_letter_has_the_capital_that_the_database_gives_it(db):
    letters = [chr(code) for code in range(0x41, 0x1E944) if chr(code).lower() != chr(code).upper()]
    with connection.cursor() as cursor:
        cursor.execute("SELECT upper(%s)", [" ".join(letters)])
        capitals = cursor.fetchone()[0].split(" ")
    pairs = zip(letters, capitals, strict=True)
    assert [(letter, capital) for letter, capital in pairs if folded(letter) != capital] == []


@pytest.mark.parametrize(
    "word", ["[", "]", '"', '",', "\\", "\\u", "u514", "5149", 'a"b', "c\\d", "光", "%", "_", "B"]
)
def test_the_names_of_a_set_are_searched_and_not_how_the_set_is_kept(client, db, word):
    sets = {"plain": ["One", "光刻胶"], "quoted": ['A"b', "c\\d"], "none": None}
    build = Builder()
    build.several(
        *(
            build.change("organization", "create", key=key, name="Name", aliases=names)
            for key, names in sets.items()
        )
    )
    number = head()
    for organization in Organization.objects.all():
        build.update("organization", str(organization.pk), note="Later.")
    expected = {
        key
        for key, names in sets.items()
        if any(word.lower() in text.lower() for text in [key, *(names or [])])
    }
    assert set(search(client, word)) == set(search(client, word, at=number)) == expected
    on_page = OrganizationFilter({"q": word}, queryset=Organization.objects.all())
    assert set(on_page.qs.values_list("key", flat=True)) == expected
    exported = rows_with(World(head(), DAY), "organization", {"q": word}, "key")
    assert {key for (key,) in exported} == expected
