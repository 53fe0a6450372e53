"""Cutting a release: once, whole, numbered without gaps, never changed again, or a row that says loudly why not."""

import datetime as dt
import errno
import hashlib
import os
import subprocess
import sys
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone

from chokepoints.exceptions import ReleaseRefused
from chokepoints.models import Activity, Release
from chokepoints.releases import edition as editions
from chokepoints.services import releasing, scheduling
from chokepoints.services.verifying import Report
from tests.builders import small_register
from tests.chokepoints.releases.editions import files_in, verify
from tests.databases import PROJECT, process_environment, run_manage
from tests.recording import lay_register

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def folder(settings, tmp_path, monkeypatch):
    settings.RELEASES_DIR = tmp_path / "releases"
    monkeypatch.setattr(os, "fsync", lambda handle: None)
    return settings.RELEASES_DIR


@pytest.fixture
def ids(build):
    return lay_register(small_register, build)


def activities():
    return list(
        Activity.objects.filter(verb__startswith="release.").order_by("pk").values_list("verb", flat=True)
    )


@pytest.mark.database
def test_releases_are_numbered_whole_and_found_right_by_their_own_verifier(build, ids, folder):
    first = releasing.cut_release()
    assert (first.state, first.number, first.previous) == ("published", 1, None), first.reason
    assert releasing.cut_release() == first  # nothing new
    build.update("chokepoint", ids["chokepoint"], summary="New")
    build.assessment(
        chokepoint=ids["chokepoint"], evidence=[ids["evidence"]], status="dependent", as_of="2019"
    )
    second = releasing.cut_release()
    assert (second.number, second.previous, second.after) == (2, first, first.changeset)
    assert [one["before"] + one["now"] for one in second.turned] == ["criticaldependent"]
    assert second.counts["assessments"] == {"rows": 2, "added": 1, "changed": 0, "removed": 0}
    for release in (first, second):
        home = folder / str(release.number)
        content = home / f"chokepoint-register-{release.number}"
        assert verify(content)[0] == 0
        assert hashlib.sha256((content / "SHA256SUMS").read_bytes()).hexdigest() == release.sums
        done = subprocess.run(
            ["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=content, capture_output=True
        )
        assert done.returncode == 0
        with zipfile.ZipFile(home / release.archive["path"]) as pack:
            inside = {name.partition("/")[2]: pack.read(name) for name in pack.namelist()}
            assert inside == files_in(content) and {one.date_time[0] for one in pack.infolist()} == {1980}
        for one in [*release.files, *release.extras, release.archive]:
            data = releasing.path_of(release, one["path"]).read_bytes()
            assert (len(data), hashlib.sha256(data).hexdigest()) == (one["bytes"], one["sha256"])
        assert {one["path"].split("/")[0] for one in release.extras} == {"extras"}
    assert sorted(os.listdir(folder)) == ["1", "2"] and activities() == ["release.published"] * 2
    notes = (folder / "2" / "chokepoint-register-2" / "RELEASE_NOTES.md").read_text()
    assert "critical → dependent" in notes and f"- {second.changeset} (" in notes
    assert f"- {first.changeset} (" not in notes


@pytest.mark.database
def test_a_published_release_never_changes(ids):
    release = releasing.cut_release()
    table = Release._meta.db_table
    statements = [
        f"UPDATE {table} SET sums = 'x'",
        f"DELETE FROM {table}",
        f"UPDATE {table} SET state = 'making'",
    ]
    statements += [f"TRUNCATE {table}"] if connection.vendor == "postgresql" else []
    for statement in statements:
        with (
            pytest.raises(DatabaseError, match="never changes"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            connection.check_constraints()
            cursor.execute(statement)
    failed = Release.objects.create(
        changeset=1,
        digest="x",
        time=release.time,
        format=1,
        state="failed",
        reason="why",
        began=release.began,
    )
    failed.delete()  # what never came out may go
    assert Release.objects.get() == release


@pytest.mark.database
def test_the_database_keeps_numbers_without_gaps(ids):
    first = releasing.cut_release()
    known = {
        "digest": "x",
        "time": first.time,
        "format": 1,
        "began": first.began,
        "made": first.made,
        "sums": "x",
    }
    for wrong in (
        {"number": 3, "previous": first},  # a gap
        {"number": 2, "previous": None},
        {"number": None, "previous": None},
        {"number": 2, "previous": first, "sums": ""},
        {"number": 2, "previous": first, "changeset": first.changeset},  # the same edition twice
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            Release.objects.create(**{"state": "published", "changeset": 1} | known | wrong)
    making = {"state": "making", "made": None, "sums": "", "changeset": 9, "lease_until": first.made}
    Release.objects.create(**known | making)
    with pytest.raises(IntegrityError), transaction.atomic():
        Release.objects.create(**known | making)


def test_an_empty_register_has_nothing_to_release(db):
    with pytest.raises(ReleaseRefused, match="empty"):
        releasing.cut_release()
    assert scheduling.cut_due_release() is None


# --- held back, and loudly


def many_aliases(build, ids, number):
    build.update("chokepoint", ids["chokepoint"], aliases=[f"alias {n}" for n in range(number)])


def test_a_release_that_lost_too_many_rows_is_held_back_until_somebody_says_why(build, ids, folder, caplog):
    many_aliases(build, ids, 40)
    releasing.cut_release()
    many_aliases(build, ids, 29)  # eleven of forty gone: more than ten, more than 5 %
    held = releasing.cut_release()
    assert held.state == "held-back" and held.number is None
    assert "chokepoints_aliases lost 11 of the 40 rows" in held.reason and held.reason in caplog.text
    assert activities() == ["release.published", "release.held_back"] and os.listdir(folder) == ["1"]
    with pytest.raises(CommandError, match="held back"):
        call_command("cut_release")
    call_command("cut_release", despite="They were wrong.")
    release = Release.objects.published()[0]
    assert (release.number, release.despite) == (2, "They were wrong.")
    assert Activity.objects.get(subject="release:2").details == {"despite": "They were wrong."}
    many_aliases(build, ids, 19)  # ten gone: that many always may
    assert releasing.cut_release().number == 3


def test_many_retired_records_are_a_loss_too(build, ids, settings):
    settings.RELEASE_LOST_ROWS_ALLOWED = 0
    releasing.cut_release()
    build.retire("assessment", ids["assessment"])
    held = releasing.cut_release()
    assert "assessments lost 1 of the 1 rows" in held.reason


def test_a_ledger_that_does_not_verify_is_held_back_whatever_anybody_says(ids, monkeypatch, folder):
    report = Report(5, "x", 5, 5, "Changeset 3 isn't what its digest says.")
    monkeypatch.setattr(releasing, "verify_and_record", lambda: report)
    held = releasing.cut_release(despite="I want it")
    assert held.state == "held-back" and "Changeset 3 isn't what its digest says." in held.reason
    assert activities() == ["release.held_back"] and os.listdir(folder) == []


def test_a_release_that_its_own_verifier_refuses_is_held_back(ids, monkeypatch, folder):
    written = editions._write_words

    def alter(target, *arguments):
        written(target, *arguments)
        (target.path / "csv" / "sources.csv").write_bytes(b"id\n")

    monkeypatch.setattr(editions, "_write_words", alter)
    held = releasing.cut_release()
    assert held.state == "held-back" and "csv/sources.csv isn't what SHA256SUMS says" in held.reason
    assert os.listdir(folder) == []


# --- failures


def test_a_full_disk_or_a_fault_is_a_failed_release_and_leaves_nothing(ids, monkeypatch, folder):
    for error, words in (
        (OSError(errno.ENOSPC, "No space left on device"), "No space"),
        (RuntimeError("x"), "our side"),
    ):

        def fail(*arguments, error=error):
            raise error

        monkeypatch.setattr(editions, "_write_sums", fail)
        failed = releasing.cut_release()
        assert failed.state == "failed" and words in failed.reason and os.listdir(folder) == []
    monkeypatch.undo()
    assert activities() == ["release.failed"] * 2


def test_a_lost_maker_is_given_up_and_may_not_publish_any_more(ids, monkeypatch, folder, settings):
    published = releasing._publish

    def too_late(maker, *arguments):
        Release.objects.filter(pk=maker.row.pk).update(lease_until=timezone.now() - dt.timedelta(seconds=1))
        releasing.give_up_abandoned()
        published(maker, *arguments)

    monkeypatch.setattr(releasing, "_publish", too_late)
    row = releasing.cut_release()
    assert row.state == "failed" and "lost on the way" in row.reason
    assert os.listdir(folder) == [] and activities() == ["release.failed"]
    monkeypatch.setattr(releasing, "_publish", published)
    assert releasing.cut_release().number == 1


def test_a_rename_that_fails_takes_the_number_back(ids, monkeypatch, folder):
    folder.mkdir()
    (folder / "1").write_text("somebody's file where the release should be")
    failed = releasing.cut_release()
    assert failed.state == "failed" and not Release.objects.published()
    (folder / "1").unlink()
    (folder / "1").mkdir()  # what a maker left who was killed between name and number
    (folder / "1" / "half").write_text("x")
    assert releasing.cut_release().number == 1 and "half" not in os.listdir(folder / "1")


@pytest.mark.database
def test_a_killed_maker_leaves_nothing_and_of_two_that_cut_at_once_one_makes_the_release(
    make_fresh_database, tmp_path
):
    database, place = make_fresh_database(), tmp_path / "real"
    run_manage(database, "shell", "-c", "from tests.builders import *; small_register(Builder())")
    environment = process_environment(database, RELEASES_DIR=str(place), RELEASE_LEASE_SECONDS="0.5")
    command = [sys.executable, "manage.py", "cut_release"]
    options = {"cwd": PROJECT, "env": environment, "stderr": subprocess.PIPE, "text": True}

    killed = subprocess.Popen(command, **options)
    until = time.monotonic() + 60
    while not list(place.glob("*.part/*/csv")):
        assert killed.poll() is None and time.monotonic() < until
        time.sleep(0.005)
    killed.kill()
    killed.communicate()
    assert [path.suffix for path in place.iterdir()] == [".part"]
    time.sleep(0.6)  # its lease runs out

    environment["RELEASE_LEASE_SECONDS"] = "60"
    with ThreadPoolExecutor(2) as both:
        done = list(both.map(lambda _: subprocess.run(command, timeout=120, **options), range(2)))
    # Whoever comes second finds it being made, or made: never a second one, and never half of one.
    assert sorted(one.returncode for one in done) in ([0, 0], [0, 1]), [one.stderr for one in done]
    assert all("is being made" in one.stderr for one in done if one.returncode)
    assert os.listdir(place) == ["1"] and verify(place / "1" / "chokepoint-register-1")[0] == 0
    rows = "print(*Release.objects.order_by('pk').values_list('state', 'reason'))"
    told = run_manage(database, "shell", "-c", f"from chokepoints.models import Release; {rows}").stdout
    assert "('failed', 'Whoever made it was lost on the way." in told and told.count("published") == 1


# --- the clock


def test_a_release_is_due_once_a_period_if_anything_is_new(build, ids, settings):
    day = dt.datetime(2026, 3, 11, 12, tzinfo=dt.UTC)
    begins = {"month": dt.datetime(2026, 3, 1, tzinfo=dt.UTC), "week": dt.datetime(2026, 3, 9, tzinfo=dt.UTC)}
    begins |= {"day": dt.datetime(2026, 3, 11, tzinfo=dt.UTC), "never": None}
    for settings.RELEASE_EVERY, begin in begins.items():
        assert scheduling.beginning_of_period(day) == begin
        assert scheduling.is_due(day) == (begin is not None)
    settings.RELEASE_EVERY = "sometimes"
    with pytest.raises(ValueError, match="month, week, day, never"):
        scheduling.is_due(day)
    settings.RELEASE_EVERY = "month"
    release = scheduling.cut_due_release()
    assert release.number == 1 and scheduling.cut_due_release() is None
    later = release.made + dt.timedelta(days=32)
    assert not scheduling.is_due(later)  # nothing is new
    build.update("source", ids["source"], title="Another")
    assert not scheduling.is_due(release.made) and scheduling.is_due(later)


def test_after_a_failure_the_clock_waits(ids, monkeypatch, settings):
    monkeypatch.setattr(releasing, "verify_and_record", lambda: Report(1, "x", 1, 1, "It is broken."))
    now = timezone.now()
    assert scheduling.cut_due_release().state == "held-back"
    assert scheduling.cut_due_release() is None and Release.objects.count() == 1
    assert scheduling.is_due(now + dt.timedelta(hours=25))


# --- again


def test_a_release_written_again_has_the_same_bytes(build, ids, folder, tmp_path, capsys):
    releasing.cut_release()
    build.update("source", ids["source"], title="Another")
    releasing.cut_release()
    build.update("source", ids["source"], title="A third")
    for number in (1, 2):
        call_command("cut_release", again=number, into=str(tmp_path / f"again-{number}"))
        assert "same bytes" in capsys.readouterr().out
        published = files_in(folder / str(number) / f"chokepoint-register-{number}")
        assert files_in(tmp_path / f"again-{number}") == published
    for wrong, words in (
        ({"again": 9, "into": str(tmp_path / "x")}, "no release 9"),
        ({"again": 1}, "--into"),
    ):
        with pytest.raises(CommandError, match=words):
            call_command("cut_release", **wrong)
    with pytest.raises(CommandError, match="isn't empty"):
        call_command("cut_release", again=1, into=str(tmp_path / "again-1"))
