"""Exports as rows: who may, what is refused, and what happens when a worker, a disk or the broker fails."""

import datetime as dt
import errno
import gc
import threading

import pytest
from django.utils import timezone

from chokepoints.exceptions import ExportRefused
from chokepoints.exports import describing
from chokepoints.exports.format import About, HashingFile
from chokepoints.models import Activity, Export
from chokepoints.services import exporting, handing_out, sweeping, writing
from chokepoints.services.leasing import LeaseLost
from tests.builders import Builder, small_register
from tests.chokepoints.exports.registers import content, export, member
from tests.recording import lay_register

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.EXPORTS_DIR = tmp_path / "exports"
    return settings.EXPORTS_DIR


@pytest.fixture(autouse=True)
def sent(monkeypatch):
    """What the broker was given."""
    found = []
    for module, way in ((sweeping, "hand_out"), (exporting, "hand_out_soon")):
        monkeypatch.setattr(module, way, lambda task, row: found.append(row) is None)
    return found


@pytest.fixture
def register():
    return lay_register(small_register, Builder())


def ask(**more):
    asked = {"actor": member(), "kinds": ["source"], "format": "csv"} | more
    return exporting.request_export(**asked)


def test_everything_that_is_wrong_is_named_at_once_and_nothing_is_kept(register):
    with pytest.raises(ExportRefused) as refused:
        ask(kinds=["source", "policy"], format="pdf", at="never", filters={"evidence": {"q": "x"}})
    assert set(refused.value.problems) == {"kinds", "format", "at", "filters"}
    with pytest.raises(ExportRefused) as refused:
        ask(columns={"source": ["passwords"]}, filters={"source": {"nothing": "x"}})
    assert set(refused.value.problems) == {"columns", "filters"}
    assert not Export.objects.exists()


def test_visitors_export_nothing(register):
    from django.contrib.auth.models import AnonymousUser

    with pytest.raises(ExportRefused, match="signed in"):
        ask(actor=AnonymousUser())


def test_an_export_shows_the_changeset_at_which_it_was_asked_for(register):
    row = ask()
    Builder(7).source("published-since")
    writing.run_export(row.pk)
    row.refresh_from_db()
    assert (row.state, row.rows, row.read, row.total, row.changeset) == ("ready", 1, 1, 1, 5)
    assert b"published-since" not in content(row)
    assert "changeset 5 of 2026-01-05" in describing.citation_of(row)
    assert Activity.objects.filter(verb="export.ready", subject=f"export:{row.pk}").count() == 1


def test_the_broker_gets_the_id_after_commit_and_may_lose_it(
    register, sent, monkeypatch, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        row = ask()
    assert sent == [row.pk] and Export.objects.get(pk=row.pk).handed_out
    sweeping.sweep_exports()
    assert sent == [row.pk]  # not overdue yet
    later = timezone.now() + dt.timedelta(minutes=5)
    with monkeypatch.context() as down:
        down.setattr(sweeping, "hand_out", lambda *_: False)
        sweeping.sweep_exports(now=later)
    assert Export.objects.get(pk=row.pk).handed_out < later - dt.timedelta(
        minutes=4
    )  # so the next one tries again
    sweeping.sweep_exports(now=later)
    assert sent == [row.pk] * 2 and Export.objects.get(pk=row.pk).state == "waiting"


def test_who_asks_does_not_wait_for_a_broker_that_is_silent(
    register, monkeypatch, django_capture_on_commit_callbacks
):
    asked, answers = threading.Event(), threading.Event()
    monkeypatch.setattr(exporting, "hand_out_soon", handing_out.hand_out_soon)
    monkeypatch.setattr(handing_out.current_app, "send_task", lambda *_: (asked.set(), answers.wait(30)))
    with django_capture_on_commit_callbacks(execute=True):
        row = ask()
    assert asked.wait(30) and not answers.is_set()  # the broker was asked, hasn't answered, and here we are
    answers.set()
    assert Export.objects.get(pk=row.pk).state == "waiting"


def test_only_its_requester_and_admins_see_cancel_and_fetch_an_export(register):
    row = export(["source"], "csv")
    admin, other = member("root", is_superuser=True), member("eve")
    assert exporting.open_export(actor=admin, export=row.pk)[1].read_bytes() == content(row)
    for act in (exporting.open_export, exporting.cancel_export, exporting.retry_export):
        with pytest.raises(Export.DoesNotExist):
            act(actor=other, export=row.pk)
    gone = member()
    gone.is_active = False
    with pytest.raises(Export.DoesNotExist):
        exporting.open_export(actor=gone, export=row.pk)


def test_one_person_has_so_many_at_once(register):
    rows = [ask() for _ in range(exporting.AT_ONCE)]
    with pytest.raises(ExportRefused, match="cancel one"):
        ask()
    assert ask(actor=member("eve"))
    exporting.cancel_export(actor=member(), export=rows[0].pk)
    assert ask()


def test_a_cancelled_export_leaves_no_file_and_can_be_written_again(register, folder, monkeypatch):
    row = ask()

    def cancel_meanwhile(*_):
        exporting.cancel_export(actor=member(), export=row.pk)
        return "sources.csv"

    monkeypatch.setattr(writing, "about_export", cancel_meanwhile)
    monkeypatch.setattr(writing, "replace", lambda about, **more: About("", 1, "", "", ""))
    writing.run_export(row.pk)
    row.refresh_from_db()
    assert row.state == "cancelled" and not list(folder.iterdir())
    monkeypatch.undo()
    exporting.retry_export(actor=member(), export=row.pk)
    writing.run_export(row.pk)
    row.refresh_from_db()
    assert row.state == "ready"


def test_a_lost_lease_comes_back_a_few_times_and_only_its_holder_finishes(register, folder):
    row = ask()
    held = writing._take_lease(row.pk)
    assert held and writing._take_lease(row.pk) is None
    later = timezone.now() + dt.timedelta(hours=1)
    sweeping.sweep_exports()
    assert Export.objects.get(pk=row.pk).state == "running"
    sweeping.sweep_exports(now=later)
    writing.run_export(row.pk)  # another worker writes it
    row.refresh_from_db()
    assert row.state == "ready" and row.attempt == 3
    right = content(row)
    part = folder / f"{row.pk}.{held.attempt}.part"
    file = HashingFile(part)
    file.write(b"half of it")
    file.close()
    with pytest.raises(LeaseLost):  # the first one comes back from the dead
        writing._finish(row, held, part, file, 0, 0)
    with pytest.raises(LeaseLost):
        held.beat(force=True)
    writing._fail(held, "too late")
    row.refresh_from_db()
    assert row.state == "ready" and content(row) == right
    sweeping.sweep_exports()
    assert [path.name for path in folder.iterdir()] == [row.stored_as]


def test_an_export_whose_workers_are_lost_every_time_fails_and_says_so(register):
    row = ask()
    for _ in range(exporting.TRIES):
        assert writing._take_lease(row.pk)
        sweeping.sweep_exports(now=timezone.now() + dt.timedelta(hours=1))
    row.refresh_from_db()
    assert row.state == "failed" and "lost 3 times" in row.reason and writing._take_lease(row.pk) is None
    assert Activity.objects.filter(verb="export.failed").count() == 1
    assert exporting.retry_export(actor=member(), export=row.pk).state == "waiting"


# pyarrow's writer, when it is collected, tries once more to write to the disk that is full; nobody is there to be told.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("format", ["csv", "xlsx", "parquet", "datapackage"])
@pytest.mark.parametrize("when", ["write", "close", "rename"])
def test_a_full_disk_leaves_nothing_and_says_so(register, folder, monkeypatch, format, when):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    broken = writing.Path if when == "rename" else HashingFile
    row = ask(format=format)
    with monkeypatch.context() as patch:
        patch.setattr(broken, when, full)
        writing.run_export(row.pk)
        if format == "parquet":
            gc.collect()  # here, and not in the middle of another test
    row.refresh_from_db()
    assert row.state == "failed" and "disk on which exports are written is full" in row.reason
    assert not list(folder.iterdir()) and not row.stored_as
    exporting.retry_export(actor=member(), export=row.pk)
    writing.run_export(row.pk)
    row.refresh_from_db()
    assert row.state == "ready" and len(content(row)) == row.size


def test_a_folder_that_can_not_be_written_fails_with_a_sentence(register, settings, tmp_path):
    settings.EXPORTS_DIR = tmp_path / "a-file" / "exports"
    (tmp_path / "a-file").write_text("in the way")
    row = ask()
    writing.run_export(row.pk)
    row.refresh_from_db()
    assert row.state == "failed" and "can't be written to" in row.reason
    sweeping.sweep_exports()


def test_an_unexpected_error_is_logged_and_told_without_its_words(register, monkeypatch, caplog):
    monkeypatch.setattr(writing, "World", lambda *_: 1 / 0)
    row = ask()
    writing.run_export(row.pk)
    row.refresh_from_db()
    assert (
        row.state == "failed"
        and "Something broke on our side" in row.reason
        and "ZeroDivision" in caplog.text
    )


def test_files_expire_and_strays_go(register, folder):
    row = export(["source"], "csv")
    (folder / "stray.part").write_bytes(b"x")
    (folder / "stray.scratch").mkdir()
    sweeping.sweep_exports(now=timezone.now() + dt.timedelta(days=6))
    assert [path.name for path in folder.iterdir()] == [row.stored_as]
    sweeping.sweep_exports(now=timezone.now() + dt.timedelta(days=8))
    row.refresh_from_db()
    assert row.state == "expired" and not list(folder.iterdir())
    with pytest.raises(ExportRefused):
        exporting.open_export(actor=member(), export=row.pk)
    exporting.retry_export(actor=member(), export=row.pk)
    writing.run_export(row.pk)
    row.refresh_from_db()
    assert row.state == "ready"


def test_a_citation_says_what_rows_were_narrowed_to_unless_that_is_a_list(register):
    row = ask(filters={"source": {"reliability": "B", "q": "材料"}})
    assert "sources, narrowed to source: q = 材料; source: reliability = B, as of" in describing.citation_of(
        row
    )
    row = ask(filters={"source": {"key__in": ",".join(f"key-{number}" for number in range(60))}})
    assert "sources, narrowed, as of" in describing.citation_of(row)


def test_an_empty_register_gives_a_head_without_rows():
    row = export(["source"], "csv")
    assert row.rows == 0 and content(row).count(b"\r\n") == 1
    assert "before its first changeset" in describing.citation_of(row)
