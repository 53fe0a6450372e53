"""What is owed to an import is done once, by whoever takes it: late, twice, after a lost worker, or without a broker."""

import datetime as dt

import pytest
from django.utils import timezone

from reviews import tasks
from reviews.models import ImportLine, ImportRun, Proposal
from reviews.services import carrying, storing
from reviews.services.bringing import ask_for_drafts, upload_file
from reviews.services.carrying import LeaseLost, run_import, sweep_imports
from tests.reviews.bringing_in import bring, columns

pytestmark = pytest.mark.database

FIRMS = "name,country\n" + "".join(f"Firm {number} Works,JP\n" for number in range(5))


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.IMPORTS_DIR = tmp_path / "imports"
    return settings.IMPORTS_DIR


@pytest.fixture
def handed(monkeypatch, settings):
    """Everything is too large to be done at once; what the broker is given stands in the list."""
    settings.IMPORT_AT_ONCE_ROWS = 0
    given = []
    monkeypatch.setattr(carrying, "hand_out_soon", lambda task, row: given.append((task, row)))
    return given


@pytest.fixture
def run(people) -> ImportRun:
    return bring(people.emma, FIRMS, "organization", columns(name="name", country="country"))


def draft(people, run):
    return ask_for_drafts(actor=people.emma, number=run.pk, title="T", rationale="R", grouping="record")


def test_a_large_import_is_a_workers_and_the_same_task_twice_drafts_once(people, run, handed):
    run = draft(people, run)
    assert run.job == "draft" and run.handed_out and handed == [(carrying.TASK, run.pk)]
    tasks.run_import(str(run.pk))
    tasks.run_import(str(run.pk))
    run.refresh_from_db()
    assert run.state == "drafted" and Proposal.objects.count() == 5


def test_a_broker_that_is_down_loses_nothing(people, run, settings, monkeypatch):
    settings.IMPORT_AT_ONCE_ROWS = 0
    monkeypatch.setattr(carrying, "hand_out_soon", lambda *_: None)  # it is lost on the way
    run = draft(people, run)
    assert run.job == "draft"
    given = []
    monkeypatch.setattr(carrying, "hand_out", lambda task, row: given.append(row) or len(given) > 1)
    sweep_imports(now=timezone.now())  # handed out a moment ago: not again
    assert given == []
    later = timezone.now() + dt.timedelta(minutes=3)
    sweep_imports(now=later)  # still down
    sweep_imports(now=later)
    assert given == [run.pk] * 2


def test_what_a_lost_worker_held_is_taken_up_again_and_given_up_in_the_end(people, run, handed):
    run = draft(people, run)
    for _ in range(carrying.TRIES):
        assert carrying._take_lease(run.pk) and carrying._take_lease(run.pk) is None
        run_import(run.pk)  # the lease is held: nobody else works
        assert not Proposal.objects.exists()
        sweep_imports(now=timezone.now() + dt.timedelta(hours=1))
        run.refresh_from_db()
    assert run.job == "" and run.state == "checked" and "lost several times" in run.reason
    draft(people, run)
    run_import(run.pk)
    assert Proposal.objects.count() == 5


def test_who_has_lost_the_lease_writes_nothing(people, run, handed):
    run = draft(people, run)
    lost = carrying._take_lease(run.pk)
    sweep_imports(now=timezone.now() + dt.timedelta(hours=1))
    run_import(run.pk)
    with pytest.raises(LeaseLost):
        lost.finish(state="checked")
    carrying.JOBS["draft"](ImportRun.objects.get(pk=run.pk), lost)
    assert Proposal.objects.count() == 5


def test_an_error_of_ours_is_said_without_its_words_and_can_be_tried_again(people, run, handed, monkeypatch):
    run = draft(people, run)
    monkeypatch.setitem(carrying.JOBS, "draft", lambda run, lease: 1 / 0)
    run_import(run.pk)
    run.refresh_from_db()
    assert (
        run.job == ""
        and run.state == "checked"
        and "on our side" in run.reason
        and "division" not in run.reason
    )


def test_a_file_that_was_altered_on_the_disk_is_not_read(people, folder, handed):
    run = upload_file(actor=people.emma, data=b"x" * carrying_size(), file_name="x.csv")
    assert run.job == "read"
    (path,) = folder.iterdir()
    path.write_bytes(b"y" * 10)
    run_import(run.pk)
    run.refresh_from_db()
    assert run.state == "failed" and "isn't the one that was uploaded" in run.reason


def carrying_size() -> int:
    from reviews.services.bringing import SMALL_FILE

    return SMALL_FILE + 1


def test_old_files_and_reports_go_and_what_became_of_them_stays(people, run, folder):
    run = draft(people, run)
    waiting = bring(people.emma, FIRMS, "organization", columns(name="name", country="country"))
    litter = storing.folder() / "0123456789abcdef"
    litter.write_bytes(b"x")
    tasks.sweep_imports()
    assert ImportLine.objects.count() == 10 and litter.exists()
    sweep_imports(now=timezone.now() + dt.timedelta(days=31))
    assert list(folder.iterdir()) == [] and not ImportLine.objects.exists()
    assert list(ImportRun.objects.values_list("pk", "state")) == [(run.pk, "drafted")]
    assert not ImportRun.objects.filter(pk=waiting.pk).exists() and Proposal.objects.count() == 5
