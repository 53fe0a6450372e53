"""The same changeset and format version give the same bytes, for ever.

If a golden test fails, either the code is wrong, or the format has to get a new number and a golden folder of its own: see
docs/releases.md.
"""

import csv
import io
import os
import subprocess
import sys

import frictionless
import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chokepoints.exports.formulas import restore
from chokepoints.models import Changeset
from chokepoints.releases import FORMAT, verify_release, wording
from chokepoints.releases.current import CURRENT
from chokepoints.releases.edition import write_edition
from chokepoints.releases.tables import tables
from tests.builders import Builder, golden_register
from tests.chokepoints.exports.registers import HOSTILE, rich_register
from tests.chokepoints.releases.editions import (
    BEFORE,
    GOLDEN,
    edition_at,
    files_in,
    golden_copy,
    golden_files,
    json_lines,
    write_golden,
)
from tests.chokepoints.services.test_history_property import KINDS, STEPS, take
from tests.databases import PROJECT, process_environment


def test_the_golden_folder_is_of_the_present_format():
    assert GOLDEN.name == f"release-format-{FORMAT}" and verify_release.FORMAT == FORMAT


@pytest.mark.django_db
@pytest.mark.database
def test_the_golden_register_gives_the_golden_bytes(tmp_path):
    golden_register(Builder())
    for folder in (tmp_path / "one", tmp_path / "two"):
        write_golden(folder)
        found, expected = files_in(folder), golden_files()
        assert sorted(found) == sorted(expected)
        assert [path for path in found if found[path] != expected[path]] == []


@pytest.mark.postgresql
def test_databases_time_zones_locales_and_hashing_change_no_byte(make_fresh_database, tmp_path):
    for number, (engine, zone, language) in enumerate(
        [("sqlite", "Asia/Shanghai", "zh_CN.UTF-8"), ("postgresql", "America/New_York", "C")]
    ):
        more = {"TZ": zone, "LC_ALL": language, "LANG": language, "PYTHONHASHSEED": str(number)}
        subprocess.run(
            [sys.executable, "-m", "tests.chokepoints.releases.editions", str(tmp_path / engine)],
            cwd=PROJECT,
            env=process_environment(make_fresh_database(engine), **more),
            check=True,
            timeout=120,
        )
        assert files_in(tmp_path / engine) == golden_files(), engine


def test_the_data_package_is_valid(tmp_path):
    folder = golden_copy(tmp_path / "release")
    report = frictionless.Package(str(folder / "datapackage.json")).validate()
    assert report.valid, report.flatten(["title", "fieldName", "message"])[:5]
    assert len(report.tasks) == len(tables())
    (folder / "csv" / "chokepoints_aliases.csv").write_bytes(b"chokepoint,value\nno-uuid,PM\n")
    assert not frictionless.Package(str(folder / "datapackage.json")).validate().valid


def test_texts_come_back_from_both_forms_and_no_cell_holds_a_list(db, tmp_path):
    rich_register()
    write_edition(edition_at(1, Changeset.objects.count()), tmp_path)
    files = files_in(tmp_path)
    quotes = {*(text for text in HOSTILE if text.strip()), "几乎\r\n全部依赖进口\ufa19"}
    rows = list(csv.DictReader(io.StringIO(files["csv/evidence.csv"].decode(), newline="")))
    assert {restore(row["quote"]) for row in rows} == quotes
    assert {row["quote"] for row in json_lines(files["jsonl/evidence.jsonl"])} == quotes
    assert not [row["quote"] for row in rows if row["quote"].lstrip()[:1] in set("=+@＝")]
    for path, data in files.items():
        if path.startswith("jsonl/"):
            assert not [v for row in json_lines(data) for v in row.values() if isinstance(v, list | dict)]
    assert verify_release.verify(str(tmp_path))["number"] == 1


def test_chokepoints_current_tells_what_the_current_assessment_rests_on(build, tmp_path):
    sector = build.sector()
    one, other = (build.chokepoint(key, sector=sector) for key in ("one", "other"))
    gone = build.chokepoint("gone", sector=sector)
    original = build.source("original", reliability="B")
    reprint = build.source("reprint", derivation="derived", derived_from=[original], reliability="A")
    unknown = build.source("unknown", derivation="unknown")
    pieces = [
        build.evidence(chokepoint=one, source=original, credibility=3),
        build.evidence(chokepoint=one, source=reprint, credibility=2),
        build.evidence(chokepoint=one, source=unknown),
    ]
    build.assessment(chokepoint=one, evidence=pieces[:1], as_of="2017")
    build.assessment(
        chokepoint=one,
        evidence=pieces,
        as_of="2018-05",
        status="dependent",
        confidence="low",
        import_share={
            "low": "80",
            "high": "97.5",
            "market": "home",
            "measure": "revenue",
            "counted": "place",
        },
    )
    build.assessment(chokepoint=one, evidence=pieces, as_of="2030", status="resolved")  # not yet
    build.retire("chokepoint", gone)
    write_edition(edition_at(1, Changeset.objects.count()), tmp_path)
    rows = {row["key"]: row for row in json_lines(files_in(tmp_path)["jsonl/chokepoints_current.jsonl"])}
    assert set(rows) == {"one", "other"} and rows["other"]["status"] == "unassessed"
    assert rows["other"]["origins"] is None and other == rows["other"]["id"]
    found = rows["one"]
    assert (found["status"], found["as_of"], found["confidence"]) == ("dependent", "2018-05", "low")
    assert (found["import_share_low"], found["import_share_high"]) == (80, 97.5)
    assert (found["evidence"], found["origins"], found["not_established"]) == (3, 1, 1)
    assert (found["best_reliability"], found["best_credibility"]) == ("A", 2)
    assert verify_release.verify(str(tmp_path))["changeset"] == Changeset.objects.count()


def test_an_edition_of_an_earlier_changeset_is_the_same_after_the_register_moved_on(db, tmp_path):
    build = Builder()
    ids = golden_register(build)
    write_golden(tmp_path / "then")
    now = Changeset.objects.count()
    build.update("chokepoint", ids["chokepoint"], name="Renamed", aliases=["A"], key="renamed")
    build.update("source", ids["source"], reliability="E")
    write_edition(edition_at(2, now, BEFORE), tmp_path / "later")
    assert files_in(tmp_path / "later") == files_in(tmp_path / "then")


def test_what_people_typed_means_nothing_in_the_notes():
    for text in ["# [x](javascript:1) <b>\n| a |", "\u202edne\u200b", "https://example.org `code` *b* &lt;"]:
        plain = wording.plain(text)
        assert not set("#[]<>|`*\u202e\u200b\n") & set(plain.replace("&#", "")) and "://" not in plain
    assert wording.plain("卡脖子: 35 % (e\u0301)") == "卡脖子: 35 % (e\u0301)"


def test_every_column_that_only_releases_have_is_documented():
    words = (PROJECT / "docs" / "releases.md").read_text()
    for column in CURRENT.columns:
        assert f"\n| `{column.name}` | {column.type} | {column.description} |\n" in words, column.name


# --- full = previous + delta

KEYS = {
    "evidence_bears_on": ("evidence", "chokepoint", "list"),
    "chokepoints_listings": ("chokepoint", "list"),
}


def key_of(table, row):
    """What a row is known by, as docs/releases.md says it."""
    return row["id"] if "id" in row else tuple(row[name] for name in KEYS.get(table, row))


def with_delta(previous, delta):
    """Return the rows by table and key that a delta makes of those of the release before."""
    rows = {path[len("jsonl/") : -len(".jsonl")]: None for path in previous if path.startswith("jsonl/")}
    for table in rows:
        found = json_lines(previous[f"jsonl/{table}.jsonl"])
        rows[table] = {key_of(table, row): row for row in found}
        assert len(rows[table]) == len(found)
    for line in delta:
        table, key = rows[line["table"]], key_of(line["table"], line["row"])
        assert (key in table) == (line["change"] != "added")
        if line["change"] == "removed":
            assert table.pop(key) == line["row"]
        else:
            assert table.get(key) != line["row"]
            table[key] = line["row"]
    return rows


@pytest.mark.django_db
@pytest.mark.database
@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(STEPS, st.floats(0.1, 0.9))
def test_full_is_previous_and_delta_for_any_history(tmp_path_factory, steps, share):
    folder = tmp_path_factory.mktemp("editions")
    with transaction.atomic():
        build, ids = Builder(1), {kind: [] for kind in KINDS}
        ids["sector"].append(build.sector("first"))
        ids["chokepoint"].append(build.chokepoint("first", sector=ids["sector"][0]))
        ids["source"].append(build.source("first"))
        for step in steps:
            take(build, ids, step)
        build.chokepoint("last", aliases=["A", "B"])
        last = Changeset.objects.count()
        middle = max(1, min(last - 1, round(last * share)))
        for name, edition in (
            ("before", edition_at(1, middle)),
            ("now", edition_at(2, last, middle)),
        ):
            (folder / name).mkdir()
            write_edition(edition, folder / name)
        connection.check_constraints()
        transaction.set_rollback(True)
    before, now = files_in(folder / "before"), files_in(folder / "now")
    made = with_delta(before, json_lines(now["delta.jsonl"]))
    for table in tables():
        rows = json_lines(now[f"jsonl/{table.name}.jsonl"])
        assert made[table.name] == {key_of(table.name, row): row for row in rows}
    for name in ("before", "now"):
        verify_release.verify(os.fspath(folder / name))
