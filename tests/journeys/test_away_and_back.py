"""Somebody takes the whole register away, in each format, and brings the file back: nothing would change."""

import pytest

from chokepoints.exports.columns import exported_kinds
from chokepoints.services import exporting, writing
from reviews.services.bringing import forget_run
from tests.builders import Builder, golden_register
from tests.reviews.bringing_in import bring
from tests.reviews.conftest import make_person

EDITABLE = 8  # kinds that a file can be about


@pytest.fixture(autouse=True)
def folders(settings, tmp_path):
    settings.EXPORTS_DIR, settings.IMPORTS_DIR = tmp_path / "exports", tmp_path / "imports"


@pytest.mark.django_db
@pytest.mark.database
def test_what_was_exported_comes_back_without_a_change(subtests):
    golden_register(Builder())
    emma = make_person("emma", "Editors")
    kinds = exported_kinds()
    files = [
        ("datapackage", kinds),
        *((format, [kind]) for format in ("csv", "jsonl", "xlsx") for kind in kinds),
    ]
    brought = set()
    for format, chosen in files:
        with subtests.test(format=format, kinds=chosen):
            asked = exporting.request_export(actor=emma, kinds=chosen, format=format)
            writing.run_export(asked.pk)
            row, path = exporting.open_export(actor=emma, export=asked.pk)
            run = bring(emma, path.read_bytes(), file_name=row.file_name)
            lines = list(run.lines.all())
            assert lines, row.file_name
            assert {line.outcome for line in lines} == {"same"}, [line.findings for line in lines]
            brought |= {line.kind for line in lines}
            forget_run(actor=emma, number=run.pk)
    assert len(brought) == EDITABLE
