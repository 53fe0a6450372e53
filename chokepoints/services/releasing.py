"""Releasing: from a changeset to a numbered edition that never changes, or to a row that says loudly why there is none.

    cut_release   a row → verify the ledger → write into a temporary folder → compare with the release before
                  → the release's own verifier → number and name, in one transaction

One row at a time is in the making (a constraint), and only whoever still holds it may publish it. So this may run twice at
once, and be killed anywhere: there is one whole edition in the end, or none and a reason. The register goes on meanwhile.
"""

import contextlib
import datetime as dt
import logging
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import DatabaseError, IntegrityError, transaction
from django.utils import timezone

from ..exceptions import ReleaseRefused
from ..exports import parquet_file
from ..exports.citing import LICENCE
from ..exports.format import About, HashingFile, Sheet
from ..exports.packing import entry
from ..exports.rows import World
from ..models import Changeset, Release
from ..models.release import FAILED, HELD_BACK, MAKING, PUBLISHED
from ..releases import FORMAT
from ..releases.edition import SUMS, VERIFIER, Written, write_edition
from ..releases.tables import rows_of, tables
from ..releases.wording import Before, Edition, description
from .contributing import the_register_itself
from .leasing import Lease, LeaseLost
from .recording import record_activity
from .verifying import verify_and_record

log = logging.getLogger(__name__)

PART = ".part"
EXTRAS = "extras"
ROWS_PER_GROUP = 5_000
PERIODS = ("month", "week", "day", "never")


class _HeldBack(Exception):
    """The edition mustn't come out; carries the reason."""


# --- where things lie


def folder() -> Path:
    """Return the folder that holds all releases."""
    return Path(settings.RELEASES_DIR)


def stem_of(number: int) -> str:
    """Return what a release is called when it is taken away."""
    return f"chokepoint-register-{number}"


def path_of(release: Release, path: str) -> Path | None:
    """Return where a file of a published release lies: one that it has, its archive, or SHA256SUMS; None for any other."""
    if release.state != PUBLISHED:
        return None
    home = folder() / str(release.number)
    if release.archive and path == release.archive["path"]:
        return home / path
    if path == SUMS or release.file(path):
        return (home if path.startswith(f"{EXTRAS}/") else home / stem_of(release.number)) / path
    return None


# --- cutting


def cut_release(*, despite: str = "", now: dt.datetime | None = None) -> Release:
    """Make a release of the register as it is now, and return its row: published, held back or failed.

    If the last release is of the same changeset and format, that one is returned. `despite` is the reason for which a
    release comes out although it lost many rows; nothing lets one out whose ledger isn't sound. Raises ReleaseRefused if
    nothing has been published yet, or if another release is in the making.
    """
    now = now or timezone.now()
    give_up_abandoned(now=now)
    head = Changeset.objects.order_by("-number").first()
    if head is None:
        raise ReleaseRefused("The register is empty: there is nothing to release yet.")
    last = Release.objects.published().first()
    if last and (last.changeset, last.format) == (head.number, FORMAT):
        return last
    row = _begin(head, despite, now)
    # Read again: another maker may have published between our look and our beginning.
    last = Release.objects.published().first()
    if last and (last.changeset, last.format) == (head.number, FORMAT):
        Release.objects.filter(pk=row.pk, state=MAKING).delete()
        return last
    maker = _Maker(row)
    edition = edition_of(head, last)
    part = folder() / f"{row.pk}{PART}"
    try:
        folder().mkdir(parents=True, exist_ok=True)
        _make(maker, edition, part, last)
    except LeaseLost:
        log.warning(
            "%s took longer than RELEASE_LEASE_SECONDS without a sign of life, and was given up.", row
        )
    except _HeldBack as reason:
        _end(row, HELD_BACK, "release.held_back", str(reason))
    except OSError as error:
        _remove(part)  # first: what tells of the failure needs room as well
        _end(row, FAILED, "release.failed", f"It couldn't be written: {error.strerror or error}.")
    except DatabaseError:
        raise  # the lease runs out, and the next one that looks says so
    except Exception as error:
        log.exception("%s failed.", row)
        _end(
            row,
            FAILED,
            "release.failed",
            f"Something broke on our side ({type(error).__name__}); the log says what.",
        )
    finally:
        _remove(part)
    row.refresh_from_db()
    return row


def edition_of(head: Changeset, last: Release | None) -> Edition:
    """Return which edition follows on a release."""
    before = Before(last.number, last.changeset, last.time) if last else None
    return Edition(last.number + 1 if last else 1, head.number, head.digest, head.time, before)


def edition_of_release(release: Release) -> Edition:
    """Return which edition a published release is."""
    last = release.previous
    before = Before(last.number, last.changeset, last.time) if last else None
    return Edition(release.number, release.changeset, release.digest, release.time, before)


def _begin(head: Changeset, despite: str, now: dt.datetime) -> Release:
    try:
        with transaction.atomic():
            return Release.objects.create(
                changeset=head.number,
                digest=head.digest,
                time=head.time,
                format=FORMAT,
                despite=despite.strip(),
                began=now,
                lease_until=timezone.now() + dt.timedelta(seconds=settings.RELEASE_LEASE_SECONDS),
            )
    except IntegrityError as error:
        raise ReleaseRefused("Another release is being made. Wait until it is done.") from error


class _Maker(Lease):
    """The right to make one release."""

    def __init__(self, row: Release):
        self.row = row
        making = Release.objects.filter(pk=row.pk, state=MAKING)
        super().__init__(making.all, settings.RELEASE_LEASE_SECONDS, every=5)


def _make(maker: _Maker, edition: Edition, part: Path, last: Release | None) -> None:
    report = verify_and_record()
    maker.beat()
    if report.problem:
        raise _HeldBack(f"The register doesn't verify: {report.problem}")
    _remove(part)
    content = part / stem_of(edition.number)
    content.mkdir(parents=True)
    written = write_edition(edition, content, beat=maker.beat)
    if last and (reason := reason_of_loss(written, last)) and not maker.row.despite:
        raise _HeldBack(reason)
    _check_itself(content, maker)
    archive = _write_archive(edition, content, part, written, maker)
    extras = _write_extras(edition, part / EXTRAS, maker)
    _sync(content / "csv", content / "jsonl", content, part)
    _publish(maker, edition, part, written, archive, extras)


def reason_of_loss(written: Written, last: Release) -> str:
    """Say which table lost too much since the last release; "" if none did. Retired records count as lost."""
    for table, lost in written.lost.items():
        had = last.counts.get(table, {}).get("rows", 0)
        many = lost > settings.RELEASE_LOST_ROWS_ALLOWED
        if many and lost > had * settings.RELEASE_MAX_LOST_SHARE:
            return (
                f"The table {table} lost {lost} of the {had} rows that it had in release {last.number} (retired ones "
                f"counted), more than {settings.RELEASE_MAX_LOST_SHARE:.0%}. If that is right, cut it --despite that."
            )
    return ""


def _check_itself(content: Path, maker: _Maker) -> None:
    """Run the release's own verifier as a stranger would: in a Python that knows nothing of the project."""
    command = [sys.executable, "-I", str(content / VERIFIER), str(content)]
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    try:
        while process.poll() is None:
            maker.beat()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=1)
        words = process.stderr.read().decode(errors="replace")[-500:].strip()  # type: ignore[union-attr]
    finally:
        process.kill()
        process.stderr.close()  # type: ignore[union-attr]
        process.wait()
    if process.returncode:
        raise _HeldBack(f"Its own verifier doesn't accept it: {words}")


def _write_archive(
    edition: Edition, content: Path, part: Path, written: Written, maker: _Maker
) -> dict[str, Any]:
    """Put all files into one zip, not compressed: what compresses changes with its version, and the bytes with it."""
    name = f"{stem_of(edition.number)}.zip"
    file = HashingFile(part / name)
    try:
        with zipfile.ZipFile(file, "w") as pack:  # type: ignore[arg-type]
            for path in sorted([one["path"] for one in written.files] + [SUMS]):
                info = entry(f"{stem_of(edition.number)}/{path}")
                info.compress_type, info.create_system = zipfile.ZIP_STORED, 3
                info.file_size = (content / path).stat().st_size
                with (content / path).open("rb") as source, pack.open(info, "w") as target:
                    shutil.copyfileobj(source, target, 1 << 20)
                maker.beat()
        file.close()
    except BaseException:
        file.abandon()
        raise
    return {"path": name, "bytes": file.size, "sha256": file.sha256}


def _write_extras(edition: Edition, target: Path, maker: _Maker) -> list[dict[str, Any]]:
    """Write Parquet where its library is there: outside the sums, since its bytes change with its version."""
    if parquet_file.missing():
        return []
    target.mkdir()
    world = World(edition.changeset, edition.time.astimezone(dt.UTC).date())
    about = About(
        f"The chokepoint register, release {edition.number}",
        edition.changeset,
        edition.day,
        description(edition),
        LICENCE,
    )
    extras = []
    for table in tables():
        file = HashingFile(target / f"{table.name}.parquet")
        sheet = Sheet(
            table, table.columns, lambda copy_as, table=table: _groups(rows_of(table, world), maker)
        )
        try:
            parquet_file.write_sheet(file, sheet, about)  # type: ignore[arg-type]
            file.close()
        except BaseException:
            file.abandon()
            raise
        extras.append({"path": f"{EXTRAS}/{table.name}.parquet", "bytes": file.size, "sha256": file.sha256})
    _sync(target)
    return extras


def _groups(rows: Iterator[Any], maker: _Maker) -> Iterator[list[Any]]:
    group: list[Any] = []
    for row in rows:
        group.append(row)
        if len(group) == ROWS_PER_GROUP:
            yield group
            maker.beat()
            group = []
    if group:
        yield group


def _publish(
    maker: _Maker,
    edition: Edition,
    part: Path,
    written: Written,
    archive: dict[str, Any],
    extras: list[dict[str, Any]],
) -> None:
    """Give the edition its number and its name, both or neither.

    The row is changed first and committed last, so a rename that fails takes it back. A maker that is killed between rename
    and commit leaves a folder that no row names; the next release takes it away.
    """
    with transaction.atomic():
        maker.write(
            state=PUBLISHED,
            number=edition.number,
            previous=edition.before.number if edition.before else None,
            made=timezone.now(),
            lease_until=None,
            sums=written.sums,
            files=written.files,
            archive=archive,
            extras=extras,
            counts=written.counts,
            turned=written.turned,
        )
        record_activity(
            "release.published", actor=the_register_itself(), subject=f"release:{edition.number}",
            **({"despite": maker.row.despite} if maker.row.despite else {}),
        )  # fmt: skip
        target = folder() / str(edition.number)
        _remove(target)
        part.rename(target)
        _sync(folder())
    log.info("Release %s is out: changeset %s.", edition.number, edition.changeset)


def _end(row: Release, state: str, verb: str, reason: str) -> None:
    """Say that a release didn't come out: in its row, in the activities that admins are told of, and in the log."""
    with transaction.atomic():
        changed = Release.objects.filter(pk=row.pk, state=MAKING).update(
            state=state, reason=reason, made=timezone.now(), lease_until=None
        )
        if changed:
            subject = f"release-attempt:{row.pk}"
            record_activity(verb, actor=the_register_itself(), subject=subject, reason=reason[:500])
            log.error("The release of changeset %s didn't come out: %s", row.changeset, reason)


def give_up_abandoned(*, now: dt.datetime | None = None) -> None:
    """Say of releases whose maker is lost that they failed, and take away what they left."""
    for row in Release.objects.abandoned(now or timezone.now()):
        _end(row, FAILED, "release.failed", "Whoever made it was lost on the way. The next one begins anew.")
        _remove(folder() / f"{row.pk}{PART}")


# --- by the clock


def cut_due_release(*, now: dt.datetime | None = None) -> Release | None:
    """Cut a release if one is due, and return its row; None if none is due or another one makes it."""
    now = now or timezone.now()
    give_up_abandoned(now=now)
    if not is_due(now):
        return None
    try:
        return cut_release(now=now)
    except ReleaseRefused as refused:
        log.info("No release was cut: %s", refused)
        return None


def is_due(now: dt.datetime) -> bool:
    """Tell whether the timetable asks for a release: something is new, a period began, and no attempt failed just now."""
    begin = beginning_of_period(now)
    head = Changeset.objects.order_by("-number").values_list("number", flat=True).first()
    last = Release.objects.published().first()
    if begin is None or not head or (last and (last.made >= begin or last.changeset == head)):
        return False
    patience = now - dt.timedelta(hours=settings.RELEASE_RETRY_HOURS)
    return not Release.objects.filter(state__in=[FAILED, HELD_BACK], made__gt=patience).exists()


def beginning_of_period(now: dt.datetime) -> dt.datetime | None:
    """Return when the present month, week or day began (UTC), None if releases are cut by hand only."""
    period = settings.RELEASE_EVERY
    if period not in PERIODS:
        raise ValueError(f"RELEASE_EVERY is {period!r} and must be one of: {', '.join(PERIODS)}.")
    midnight = now.astimezone(dt.UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    begins = {
        "month": midnight.replace(day=1),
        "week": midnight - dt.timedelta(days=midnight.weekday()),
        "day": midnight,
    }
    return begins.get(period)


# --- writing one again


def write_again(*, number: int, target: Path) -> bool:
    """Write a published release anew into an empty folder, and return whether it has the bytes that it had.

    Raises Release.DoesNotExist for one that there isn't, ReleaseRefused for one of another format, OSError.
    """
    release = Release.objects.published().select_related("previous").get(number=number)
    if release.format != FORMAT:
        raise ReleaseRefused(f"{release} has format {release.format}, and this program writes {FORMAT}.")
    target.mkdir(parents=True, exist_ok=True)
    if any(target.iterdir()):
        raise ReleaseRefused(f"{target} isn't empty.")
    return write_edition(edition_of_release(release), target).sums == release.sums


# --- files


def _sync(*folders: Path) -> None:
    """Bring names to the disk, where the system can do that."""
    for path in folders:
        with contextlib.suppress(OSError):
            handle = os.open(path, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)


def _remove(path: Path) -> None:
    shutil.rmtree(path, ignore_errors=True)
