"""Writing an export: what a worker does, whatever happens to it.

It takes the lease with one conditional update, writes under a temporary name, and only whoever still holds the lease of that
attempt may rename the file and say that it is ready. So the same task may run twice, late, or be killed anywhere: there is one
right file, or a row that says why there is none. No register lock: nothing is decided here.
"""

import contextlib
import datetime as dt
import errno
import logging
import os
import shutil
import uuid
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import DatabaseError, transaction
from django.utils import timezone

from ..exports import copying
from ..exports.describing import about_export, file_name_of
from ..exports.format import FormatRefused, HashingFile, Sheet
from ..exports.formats import FORMATS
from ..exports.rows import Stream, World
from ..exports.streams import reason_against, streams_of
from ..models import Export
from ..models.export import CLOSING, FAILED, READY, RUNNING, WAITING
from .contributing import the_register_itself
from .leasing import Lease, LeaseLost
from .recording import record_activity

log = logging.getLogger(__name__)

PART, SCRATCH = ".part", ".scratch"


def folder() -> Path:
    """Return the folder that holds the files of exports."""
    return Path(settings.EXPORTS_DIR)


class ExportLease(Lease):
    """The right to write one attempt of an export."""

    def __init__(self, export: uuid.UUID, attempt: int):
        self.export, self.attempt = export, attempt
        row = Export.objects.filter(pk=export, attempt=attempt, state=RUNNING)
        super().__init__(row.all, settings.EXPORT_LEASE_SECONDS)

    def beat(self, **options: Any) -> None:
        """Report progress and stretch the lease; `heartbeat` is for people who look."""
        super().beat(heartbeat=timezone.now(), **options)


def run_export(export: uuid.UUID | str) -> None:
    """Write an export, if it waits or its worker is lost. Safe to run twice at once, and to be killed anywhere."""
    lease = _take_lease(uuid.UUID(str(export)))
    if lease is None:
        return
    row = Export.objects.get(pk=lease.export)
    part = folder() / f"{row.pk}.{lease.attempt}{PART}"
    try:
        folder().mkdir(parents=True, exist_ok=True, mode=0o700)
        file, rows, read = _write(row, lease, part)
        _finish(row, lease, part, file, rows, read)
    except LeaseLost:
        log.info("%s isn't attempt %s's to write any more.", row, lease.attempt)
    except FormatRefused as error:
        _fail(lease, str(error))
    except OSError as error:
        log.warning("%s failed: %s", row, error)
        remove(part)  # first: what tells of the failure needs room as well
        _fail(lease, _words_for(error))
    except DatabaseError:
        raise  # the lease runs out, and the sweep returns it
    except Exception:
        log.exception("%s failed.", row)
        _fail(lease, "Something broke on our side; the log of the worker says what. It can be tried again.")
    finally:
        remove(part)
        remove(part.with_suffix(SCRATCH))


def _take_lease(export: uuid.UUID) -> ExportLease | None:
    """Take the lease of an export that waits, or return None. One conditional update: of two that come at once one gets it."""
    row = Export.objects.filter(pk=export, state=WAITING).values_list("attempt", "tries_left").first()
    if row is None:
        return None
    attempt, tries_left = row
    now = timezone.now()
    taken = Export.objects.filter(pk=export, state=WAITING, attempt=attempt).update(
        state=RUNNING,
        attempt=attempt + 1,
        tries_left=max(0, tries_left - 1),
        lease_until=now + dt.timedelta(seconds=settings.EXPORT_LEASE_SECONDS),
        heartbeat=now,
        started=now,
        read=0,
        rows=0,
    )
    return ExportLease(export, attempt + 1) if taken else None


def _write(row: Export, lease: ExportLease, part: Path) -> tuple[HashingFile, int, int]:
    """Write the file under its temporary name; return it closed and on the disk, with rows written and records read."""
    format = FORMATS[row.format]
    streams = list(streams_of(row.tables, format, World(row.changeset, row.day)))
    if reason := reason_against(format, streams, lease.beat):
        raise FormatRefused(reason)
    lease.beat(force=True, total=sum(stream.total() for stream in streams))
    sheets: list[Sheet] = []

    def progress() -> dict[str, int]:
        return {"read": sum(stream.read for stream in streams), "rows": sum(sheet.rows for sheet in sheets)}

    def reported(stream: Stream, last: bool, copy_as: str | None) -> Iterator[Any]:
        for chunk in stream.chunks() if copy_as is None else copying.chunks(stream, safe=copy_as == "safe"):
            yield chunk
            lease.beat(**progress())
        if last:
            lease.beat(force=True, stay=dt.timedelta(seconds=CLOSING), **progress())

    for position, stream in enumerate(streams):
        last = position == len(streams) - 1
        whole = not any(table["filters"] for table in row.tables)
        sheets.append(Sheet(stream.table, stream.columns, partial(reported, stream, last), whole=whole))
    file = HashingFile(part)
    try:
        about = replace(about_export(row), scratch=part.with_suffix(SCRATCH))
        format.write(file, sheets, about)
        file.close()
    except BaseException:
        file.abandon()
        raise
    return file, progress()["rows"], progress()["read"]


def _finish(row: Export, lease: ExportLease, part: Path, file: HashingFile, rows: int, read: int) -> None:
    """Give the file its name and say that it is ready, both or neither.

    The row is changed first and committed last, so a rename that fails takes it back. A worker that is killed between rename
    and commit leaves a file that no row names; the sweep takes it away.
    """
    now = timezone.now()
    name = f"{row.pk}.{lease.attempt}"
    with transaction.atomic():
        lease.write(
            state=READY,
            size=file.size,
            sha256=file.sha256,
            stored_as=name,
            file_name=file_name_of(row),
            rows=rows,
            read=read,
            total=read,
            ended=now,
            heartbeat=now,
            lease_until=None,
            expires=now + dt.timedelta(days=settings.EXPORT_KEEP_DAYS),
        )
        record_activity("export.ready", actor=the_register_itself(), subject=f"export:{row.pk}", rows=rows)
        part.rename(folder() / name)
        _sync_folder()


def _sync_folder() -> None:
    """Bring the new name to the disk, where the system can do that."""
    with contextlib.suppress(OSError):
        handle = os.open(folder(), os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _fail(lease: ExportLease, reason: str) -> None:
    with transaction.atomic():
        changed = lease.held().update(state=FAILED, reason=reason, ended=timezone.now(), lease_until=None)
        if changed:
            record_activity("export.failed", actor=the_register_itself(), subject=f"export:{lease.export}")


def _words_for(error: OSError) -> str:
    """Say what a full or broken disk means for whoever waits for the file."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return "The disk on which exports are written is full. Nothing is left behind; try again when there is room."
    if error.errno in (errno.EACCES, errno.EROFS, errno.ENOTDIR, errno.EEXIST, errno.ENOENT):
        return "The folder in which exports are written can't be written to. Whoever runs the register has to see to it."
    return f"The file couldn't be written: {error.strerror or type(error).__name__}. It can be tried again."


def remove(path: Path) -> None:
    """Take away a file or folder of the folder of exports, if it is there."""
    with contextlib.suppress(OSError):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
