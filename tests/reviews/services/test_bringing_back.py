"""What was taken away is taken back without a change; what was edited outside becomes exactly that change."""

import csv
import io
import uuid

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chokepoints.records import KINDS
from chokepoints.services.publishing import RecordChange
from reviews.models import Proposal
from reviews.services.bringing import ask_for_drafts, forget_run
from tests.builders import golden_register
from tests.reviews.bringing_in import bring, changes, outcomes
from tests.reviews.writing_out import as_csv, as_jsonl, rows_of, whole_register


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.IMPORTS_DIR = tmp_path / "imports"


def test_a_whole_register_taken_back_changes_nothing(people, build):
    golden_register(build)
    run = bring(people.emma, whole_register(), file_name="register.zip")
    assert {line.outcome for line in run.lines.all()} == {"same"}, [
        (line.table, line.number, line.findings) for line in run.lines.exclude(outcome="same")
    ]
    assert len({line.kind for line in run.lines.all()}) == 8


# What people write: what a spreadsheet would run, originals with blanks at the ends, Chinese, line breaks.
NAMES = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=20)
ORIGINALS = (
    st.sampled_from(
        ["=1+1", "'t", "　微球", "+86", "@x", "-", "金属\ufa19", "a\u0301", "unknown", "none", "无", "0"]
    )
    | NAMES
)
TEXTS = st.sampled_from(["=cmd|x", "two\nlines", "'quoted", "unknown", "None", "0.0", "[x]"]) | NAMES


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    firms=st.lists(
        st.fixed_dictionaries(
            {"name": NAMES},
            optional={
                "name_original": ORIGINALS,
                "aliases": st.lists(ORIGINALS, max_size=3),
                "country": st.sampled_from(["JP", "CN", "EU"]),
                "note": TEXTS,
                "identifiers": st.lists(st.fixed_dictionaries({"scheme": NAMES, "value": NAMES}), max_size=2),
            },
        ),
        min_size=1,
        max_size=6,
    ),
    way=st.sampled_from([as_csv, as_jsonl]),
)
def test_any_rows_written_out_and_taken_back_give_no_change(people, build, firms, way):
    ids = [str(uuid.uuid4()) for _ in firms]
    build.several(
        *(
            RecordChange("organization", record, "create", {"key": f"firm-{record}"} | firm)
            for record, firm in zip(ids, firms, strict=True)
        )
    )
    rows = [row for row in rows_of(KINDS["organization"], safe=way is as_csv) if row["id"] in ids]
    run = bring(people.emma, way(rows), file_name="organizations.csv")
    assert set(outcomes(run)) == {"same"}, [(line.findings, line.change) for line in run.lines.all()]
    forget_run(actor=people.emma, number=run.pk)


def test_1300_rows_of_which_830_changed(people, build, settings):
    settings.IMPORT_AT_ONCE_ROWS = 2_000
    names = [f"Works {number} 微球" for number in range(1300)]
    changes_ = [
        RecordChange(
            "organization",
            str(uuid.uuid4()),
            "create",
            {"key": f"works-{number}", "name": name, "country": "JP"},
        )
        for number, name in enumerate(names)
    ]
    for start in range(0, 1300, 500):
        build.several(*changes_[start : start + 500])
    rows = rows_of(KINDS["organization"])
    for row in rows[:830]:
        row["country"], row["website"] = "KOR", f"https://{row['key']}.example"
    data = as_csv(rows)
    run = bring(people.emma, data, file_name="organizations.csv")
    assert run.counts["outcomes"] == {"changed": 830, "same": 470}
    assert all(set(fields) == {"country", "website"} for _, fields in changes(run))
    run = ask_for_drafts(
        actor=people.emma, number=run.pk, title="Moved", rationale="To Korea.", grouping="record"
    )
    assert Proposal.objects.filter(batch=run.batch, state="draft").count() == 830
    again = bring(people.emma, data, file_name="organizations.csv")
    assert again.counts["outcomes"] == {"proposed": 830, "same": 470}
    assert len(list(csv.reader(io.StringIO(data.decode())))) == 1301
