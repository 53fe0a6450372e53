"""Exports while workers are killed, disks are full, brokers are gone and messages come twice: the right file, once, or a
clear failure; never a file that looks whole and isn't."""

import csv
import hashlib
import io
import os
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.conftest import REDIS_URL
from tests.databases import engine_of_this_run, wait_until
from tests.faults.exporters import SLOW, fill, make_site

ROWS = 400  # in chunks of 50


@pytest.fixture(scope="module")
def filled_database(database_templates, django_db_setup):
    """A database with rows in it, to be copied for each test."""
    with database_templates.fresh_database(engine_of_this_run()) as database:
        fill(database, ROWS)
        yield database


@pytest.fixture
def database(filled_database, database_templates):
    with database_templates.copy_of(filled_database) as database:
        yield database


@pytest.fixture
def site(database, tmp_path):
    return make_site(database, tmp_path)


def check_right_file(site, pk, rows=ROWS):
    """The export is ready, its file is the only one, and holds every row once."""
    row = site.row(pk)
    assert row["state"] == "ready", row
    assert site.files() == [row["stored_as"]]
    data = (site.exports / row["stored_as"]).read_bytes()
    assert hashlib.sha256(data).hexdigest() == row["sha256"] and len(data) == row["size"]
    keys = [one["key"] for one in csv.DictReader(io.StringIO(data.decode(), newline=""))]
    assert sorted(keys) == sorted(f"sector-{number}" for number in range(rows)) and row["rows"] == rows
    return row


def halfway(site, pk, rows=ROWS):
    def reached():
        return rows * 0.4 <= site.row(pk)["read"] < rows

    return reached


def test_a_worker_killed_in_the_middle_is_followed_by_another(site):
    pk = site.ask()
    with site.worker(pause=0.35) as worker:
        assert wait_until(halfway(site, pk), timeout=60, interval=0.1), site.row(pk)
        os.kill(worker.pid, signal.SIGKILL)
        worker.wait()
    row = site.row(pk)
    assert row["state"] == "running" and site.files() == [f"{pk}.1.part"] and not row["stored_as"]
    # What beat does: when the lease has run out, the export waits again and is handed out.
    site.return_abandoned(pk)
    with site.worker():
        assert wait_until(lambda: site.row(pk)["state"] == "ready", timeout=60, interval=0.3)
    assert check_right_file(site, pk)["attempt"] > 1


RUN = f"""
import sys, django
django.setup()
{SLOW}
from chokepoints.services.writing import run_export
run_export(sys.argv[1])
"""


def run_directly(site, pk, **environment):
    """Write an export in a process of its own."""
    return site.run(RUN, pk, **environment)


def tiny_disk(folder: Path, size: str) -> bool:
    """Mount a disk of that size; only root can."""
    folder.mkdir()
    return not subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], capture_output=True
    ).returncode


@pytest.mark.parametrize("format", ["csv", pytest.param("xlsx", marks=pytest.mark.long)])
def test_a_full_disk_is_a_clear_failure_that_can_be_retried(site, tmp_path, format):
    """On a small tmpfs where one can be mounted, as in CI; elsewhere the file says what a full disk says."""
    disk = tmp_path / "disk"
    mounted = tiny_disk(disk, "32k")
    site.environment["EXPORTS_DIR"] = str(disk)
    try:
        pk = site.ask(format)
        run_directly(site, pk, **({} if mounted else {"TEST_ROOM": "4000"}))
        row = site.row(pk)
        assert row["state"] == "failed" and "is full" in row["reason"], row
        assert site.files() == []
        if mounted:
            subprocess.run(["mount", "-o", "remount,size=16m", str(disk)], check=True)
        site.shell(
            "from django.contrib.auth import get_user_model as u; from chokepoints.services.exporting import retry_export as r;"
            f"r(actor=u().objects.get(username='ada'), export='{pk}')"
        )
        run_directly(site, pk)
        if format == "csv":
            check_right_file(site, pk)
        assert site.row(pk)["state"] == "ready"
    finally:
        if mounted:
            subprocess.run(["umount", str(disk)], check=True)


def test_the_same_task_delivered_twice_at_once_writes_one_right_file(site):
    pk = site.ask()
    with ThreadPoolExecutor(3) as pool:
        done = list(pool.map(lambda _: run_directly(site, pk, TEST_PAUSE="0.05"), range(3)))
    assert [one.returncode for one in done] == [0, 0, 0], [one.stderr for one in done]
    assert check_right_file(site, pk)["attempt"] == 1


def test_what_was_asked_for_while_the_broker_was_away_is_written_when_it_is_back(site):
    messages = site.var / "broker" / "messages"
    break_it = f"import pathlib as p, shutil; m = p.Path({str(messages)!r}); shutil.rmtree(m); m.write_text('no folder')"
    folder_gone = site.ask(first=break_it)
    messages.unlink()
    site.environment["CELERY_BROKER_URL"] = "redis://127.0.0.1:1/0"  # where nobody answers
    no_server = site.ask()
    site.environment["CELERY_BROKER_URL"] = "filesystem://localhost"
    assert [site.row(pk)["state"] for pk in (folder_gone, no_server)] == ["waiting", "waiting"]
    site.sweep(minutes=3)
    with site.worker():
        for pk in (folder_gone, no_server):
            assert wait_until(lambda pk=pk: site.row(pk)["state"] == "ready", timeout=60, interval=0.3)
    rows = [site.row(pk) for pk in (folder_gone, no_server)]
    assert rows[0]["sha256"] == rows[1]["sha256"] and site.files() == sorted(row["stored_as"] for row in rows)


# --- longer


@pytest.mark.long
@pytest.mark.database
@pytest.mark.parametrize("format", ["csv", "jsonl", "xlsx", "parquet", "datapackage"])
def test_killed_again_and_again_every_format_ends_whole(site, format):
    pk = site.ask(format)
    for _ in range(2):
        with site.worker(pause=0.3) as worker:
            assert wait_until(halfway(site, pk), timeout=90, interval=0.1), site.row(pk)
            os.kill(worker.pid, signal.SIGKILL)
            worker.wait()
        site.return_abandoned(pk)
    with site.worker():
        assert wait_until(lambda: site.row(pk)["state"] == "ready", timeout=90, interval=0.3)
    site.sweep()
    row = site.row(pk)
    assert site.files() == [row["stored_as"]] and row["rows"] >= ROWS
    assert hashlib.sha256((site.exports / row["stored_as"]).read_bytes()).hexdigest() == row["sha256"]


@pytest.mark.long
@pytest.mark.redis
def test_a_redis_that_is_flushed_loses_messages_and_no_export(database, tmp_path):
    import redis

    site = make_site(database, tmp_path, CELERY_BROKER_URL=REDIS_URL)
    client = redis.Redis.from_url(REDIS_URL)
    pk = site.ask()
    client.flushdb()
    site.sweep(minutes=3)
    with site.worker():
        assert wait_until(lambda: site.row(pk)["state"] == "ready", timeout=60, interval=0.3)
    check_right_file(site, pk)
    client.flushdb()


@pytest.mark.long
@pytest.mark.database
def test_others_publish_while_a_worker_writes_and_the_file_shows_one_changeset(site):
    pk = site.ask()
    publish = (
        "from tests.builders import Builder; from chokepoints.models import Sector; b = Builder(99)\n"
        "for s in list(Sector.objects.all()[::40]): b.update('sector', str(s.pk), name='Changed', key='z-' + s.key)\n"
        "b.sector('published-since')"
    )
    with site.worker(pause=0.4):
        assert wait_until(halfway(site, pk), timeout=60, interval=0.1)
        site.shell(publish)
        assert wait_until(lambda: site.row(pk)["state"] == "ready", timeout=60, interval=0.3)
    row = check_right_file(site, pk)
    assert b"Changed" not in (site.exports / row["stored_as"]).read_bytes()
