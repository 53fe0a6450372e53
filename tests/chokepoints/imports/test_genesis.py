"""The 2018 data as records: every cell accounted for, nothing added, nothing guessed."""

import dataclasses
from collections import Counter

import pytest

from chokepoints.imports import readings_2018 as readings
from chokepoints.imports.genesis import genesis, organization_key
from chokepoints.imports.reading import DatasetError, Row, read_dataset
from tests.chokepoints.imports.accounts_2018 import ACCOUNTS, DATA, FILES, Records, rows_of, unaccounted


@pytest.fixture(scope="module")
def data():
    return read_dataset(DATA)


@pytest.fixture(scope="module")
def changes(data):
    return genesis(data)


@pytest.fixture(scope="module")
def records(changes):
    states = {}
    for change in changes:
        states.setdefault(change.kind, {})[change.record] = dict(change.fields)
    return Records(states)


def cited_by(records, slug):
    """The (source, claim) pairs that a chokepoint's assessment cites."""
    assessment = records.one("assessment", chokepoint=records.id_of("chokepoint", slug))
    evidence = [records.states["evidence"][record] for record in assessment.get("evidence", [])]
    return {(records.states["source"][e["source"]]["key"], e["claim"]) for e in evidence}


@pytest.mark.parametrize("file", FILES)
def test_every_column_of_a_file_is_accounted_for(file):
    assert set(rows_of(file)[0]) == set(ACCOUNTS[file])


def test_every_cell_is_found_where_it_belongs_and_no_empty_cell_became_a_value(records):
    assert unaccounted(records) == []


def test_a_value_that_is_lost_altered_or_guessed_is_noticed(records):
    for kind, key, field, value in (
        ("chokepoint", "chips", "name_original", "芯片 "),
        ("source", "std-series-2018", "published_on", "2018-04-19"),
        ("source", "edraw-list", "title_original", "卡脖子"),
    ):
        record = records.id_of(kind, key)
        broken = Records(
            records.states
            | {kind: records.states[kind] | {record: records.states[kind][record] | {field: value}}}
        )
        assert len(unaccounted(broken)) == 1


def test_there_are_as_many_records_as_the_files_ask_for_and_no_more(changes):
    assert Counter(change.kind for change in changes) == {
        "list": 1,
        "sector": 12,
        "chokepoint": 35,
        "organization": 50,
        "supply": 50 + 29,
        "source": 51,
        "evidence": 99 + 50,
        "assessment": 35,
    }
    assert len({change.record for change in changes}) == len(changes)
    assert {change.operation for change in changes} == {"create"}


def test_nothing_that_the_files_do_not_say_is_filled_in(records):
    said = {
        kind: {field for state in states.values() for field in state}
        for kind, states in records.states.items()
    }
    assert said["organization"] == {"key", "name", "country"}
    assert said["sector"] == {"key", "name"}
    assert said["supply"] == {"chokepoint", "organization", "country", "role", "evidence", "note"}
    assert said["evidence"] == {
        "source",
        "claim",
        "quote",
        "quote_language",
        "observed_on",
        "nature",
        "bears_on",
        "note",
    }
    assert said["assessment"] == {
        "chokepoint",
        "status",
        "as_of",
        "import_share",
        "rationale",
        "evidence",
        "rank",
    }


def test_the_same_files_give_the_same_records(data, changes):
    assert genesis(data) == changes


def test_the_order_of_sectors_and_rows_does_not_matter_to_ids(data, changes):
    turned = dataclasses.replace(data, chokepoints=data.chokepoints[::-1], suppliers=data.suppliers[::-1])
    assert {change.record: change.fields for change in genesis(turned)} == {
        c.record: c.fields for c in changes
    }


def test_levels_become_five_critical_twenty_dependent_and_ten_undetermined(records):
    statuses = Counter(state["status"] for state in records.states["assessment"].values())
    assert statuses == {"critical": 5, "dependent": 20, "undetermined": 10}


def test_two_assessments_carry_an_import_share(records):
    shares = [
        state["import_share"] for state in records.states["assessment"].values() if "import_share" in state
    ]
    assert sorted(share["low"] for share in shares) == ["30", "50"]
    assert all("year" not in share for share in shares)


def test_an_assessment_cites_only_evidence_about_its_own_chokepoint(records):
    for state in records.states["assessment"].values():
        for evidence in state.get("evidence", []):
            bearing = records.states["evidence"][evidence]["bears_on"]
            assert [entry["chokepoint"] for entry in bearing] == [state["chokepoint"]]


def test_every_critical_or_dependent_status_rests_on_an_observation_that_supports_it(records):
    for state in records.states["assessment"].values():
        if state["status"] != "undetermined":
            evidence = [records.states["evidence"][record] for record in state["evidence"]]
            assert any(
                e["nature"] == "observation" and e["bears_on"][0]["stance"] == "supports" for e in evidence
            )


def test_a_forecast_an_aside_and_later_news_do_not_speak_of_2018(records):
    chips = cited_by(records, "chips")
    assert {source for source, _ in chips} == {"zymin-summary", "daxinw-2018"}
    assert (
        "register-2022-05-27",
        "The wish for an alternative to Windows is not a Chinese one only.",
    ) not in cited_by(records, "operating-systems")


def test_an_undated_text_that_does_not_go_back_to_the_series_does_not_speak_of_2018(records):
    assert cited_by(records, "high-pressure-common-rail") == set()
    assert {source for source, _ in cited_by(records, "photoresist")} == {"edraw-list"}
    assert "eyeya-sany" not in {source for source, _ in cited_by(records, "high-pressure-piston-pumps")}


def test_a_source_whose_note_dates_it_to_2018_speaks_of_2018(records):
    assert readings.SEPARATOR_MAKER in cited_by(records, "battery-separators")


def test_a_status_cites_what_its_assessment_rests_on(changes):
    for change in changes:
        if change.kind == "assessment":
            assert sorted(change.cites.get("status", [])) == change.fields.get("evidence", [])


def test_the_rationale_begins_with_a_sentence_of_the_summary_that_justifies_the_level(data, records):
    for row in data.chokepoints:
        rationale = records.one("assessment", chokepoint=records.id_of("chokepoint", row["slug"]))[
            "rationale"
        ]
        if row["dependency_level_2018"] == "unknown":
            assert rationale.startswith("The sources that were read support no level")
        else:
            assert rationale.split(". The data set of 2018 gives")[0] in row["summary_en"]


def test_the_list_has_its_texts_from_general_evidence(changes, records):
    (series,) = (change for change in changes if change.kind == "list")
    assert series.fields["name_original"] == "亟待攻克的核心技术"
    assert series.fields["dependent_country"] == "CN"
    assert series.fields["issued_on"] == "2018"
    assert series.fields["source"] == records.id_of("source", "std-series-2018")
    assert set(series.cites) == {"definition", "criteria", "goals"}
    for evidence in (target for targets in series.cites.values() for target in targets):
        assert records.states["evidence"][evidence]["bears_on"][0]["list"] == series.record


def test_twenty_two_pieces_of_evidence_bear_on_the_list(records):
    assert sum("list" in state["bears_on"][0] for state in records.states["evidence"].values()) == 22


def test_natures_other_than_observation_are_readings_with_a_reason(records):
    natures = Counter(state["nature"] for state in records.states["evidence"].values())
    read = Counter(reading.value for reading in readings.NATURES.values())
    assert natures - Counter(observation=natures["observation"]) == read
    assert all(r.reason for r in [*readings.NATURES.values(), *readings.CONTRADICTIONS.values()])
    assert all([*readings.ORIGINALS.values(), *readings.SPEAK_OF_2018.values()])


def test_a_reworded_row_must_be_read_again(data):
    row = next(row for row in data.evidence if (row["source_key"], row["claim"]) == readings.SANY)
    reworded = Row(row.file, row.number, {**row.cells, "claim": "It broke the monopoly."})
    with pytest.raises(DatasetError) as error:
        genesis(dataclasses.replace(data, evidence=[reworded if r is row else r for r in data.evidence]))
    assert f"{row.where}: whether and how this contradicts" in str(error.value)
    assert "eyeya-sany claims" in str(error.value)


def test_an_organization_with_two_countries_is_named_with_its_row(data):
    row = data.suppliers[0]
    twin = Row(row.file, 99, {**row.cells, "chokepoint_slug": "chips", "country": "DE"})
    with pytest.raises(
        DatasetError, match=r"suppliers\.csv:99: row 2 gives this organization another name or country"
    ):
        genesis(dataclasses.replace(data, suppliers=[*data.suppliers, twin]))


def test_an_organization_named_for_two_chokepoints_is_one_record(data):
    row = data.suppliers[0]
    twin = Row(row.file, 99, {**row.cells, "chokepoint_slug": "chips"})
    changes = genesis(dataclasses.replace(data, suppliers=[*data.suppliers, twin]))
    assert sum(change.kind == "organization" for change in changes) == 50


def test_a_value_that_a_field_cannot_hold_is_named_with_its_row(data):
    row = data.sources[1]
    broken = Row(row.file, row.number, {**row.cells, "url": "ftp://example.org/"})
    with pytest.raises(DatasetError, match=f"{row.where}: Address: An address begins with"):
        genesis(dataclasses.replace(data, sources=[broken if r is row else r for r in data.sources]))


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Kingbase (人大金仓)", "kingbase"),
        ("Shin-Etsu Chemical", "shin-etsu-chemical"),
        ("Dassault Systèmes", "dassault-systemes"),
    ],
)
def test_an_organization_key_is_made_of_the_plain_letters_of_its_name(name, key):
    assert organization_key(name) == key
