"""Exports: asking for a file, writing it, and keeping the promise when workers die, disks fill or brokers are gone.

The row decides. A worker takes the lease with one conditional update, writes under a temporary name, and only whoever still
holds the lease of that attempt may rename the file and say that it is ready. So the same task may run twice, late, or be
killed anywhere: there is one right file, or a row that says why there is none. No register lock: nothing is decided here.
"""

import contextlib
import datetime as dt
import errno
import logging
import os
import shutil
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import DatabaseError, transaction
from django.db.models import F
from django.utils import timezone

from ..exceptions import ExportRefused
from ..exports import copying
from ..exports.choosing import conditions
from ..exports.citing import LICENCE, citation
from ..exports.columns import Table, exported_kinds, link_tables_of, table_of
from ..exports.condition import FilterError, keep_of, narrowing_of
from ..exports.format import About, FormatRefused, HashingFile, Sheet
from ..exports.formats import FORMATS, ending_of
from ..exports.rows import Stream, World
from ..models import Changeset, Export
from ..models.export import CANCELLED, EXPIRED, FAILED, MAY_RETRY, READY, RUNNING, UNDER_WAY, WAITING
from ..moments import read_moment
from .contributing import the_register_itself
from .handing_out import hand_out, hand_out_soon
from .recording import record_activity

log = logging.getLogger(__name__)

TASK = "chokepoints.tasks.run_export"
TRIES = 3  # attempts that may be lost before an export counts as failed
AT_ONCE = 5  # exports of one person that wait or run
BEAT = 1.0  # seconds between two reports of progress
PATIENCE = dt.timedelta(minutes=2)  # how long a message may take before another is sent
# A format's end, when a large XLSX is put together, passes without a report.
CLOSING = dt.timedelta(minutes=15)
PART, SCRATCH = ".part", ".scratch"


def folder() -> Path:
    """Return the folder that holds the files of exports."""
    return Path(settings.EXPORTS_DIR)


def _lease() -> dt.timedelta:
    return dt.timedelta(seconds=settings.EXPORT_LEASE_SECONDS)


# --- asking


def request_export(
    *,
    actor: Any,
    kinds: Sequence[str],
    format: str,
    filters: Mapping[str, Mapping[str, str]] | None = None,
    columns: Mapping[str, Sequence[str]] | None = None,
    at: str = "",
    bom: bool = False,
    site: str = "",
) -> Export:
    """Ask for an export and return its row; a worker writes the file.

    `filters` and `columns` are by kind; no columns means all. `at` names a moment, "" the present. `site` is the register's own
    address. Raises ExportRefused, with everything that is wrong, by part: kinds, format, columns, filters, at, or "".
    """
    filters, columns = filters or {}, columns or {}
    problems: dict[str, str] = {}
    if not (actor.is_authenticated and actor.is_active):
        raise ExportRefused({"": "Exports are for those who are signed in."})
    if format not in FORMATS:
        problems["format"] = f"“{str(format)[:60]}” isn't one of: {', '.join(FORMATS)}."
    elif reason := FORMATS[format].missing():
        problems["format"] = reason
    known = exported_kinds()
    if not kinds or (set(kinds) - set(known)):
        problems["kinds"] = f"Choose one or more of: {', '.join(known)}."
    chosen = [kind for kind in known if kind in set(kinds)]
    for name, given in (("filters", filters), ("columns", columns)):
        if astray := sorted(set(given) - set(chosen)):
            problems[name] = f"There are {name} for “{str(astray[0])[:60]}”, which isn't exported."
    tables = []
    for kind in chosen:
        table, wanted, narrowed = table_of(kind), list(columns.get(kind, ())), dict(filters.get(kind, {}))
        try:
            table.chosen(wanted)
        except KeyError as error:
            problems["columns"] = (
                f"{table.title} have no “{str(error.args[0])[:60]}”. They have: {', '.join(table.fields)}."
            )
        try:
            conditions(table, narrowed)
        except FilterError as error:
            problems["filters"] = str(error)
        tables.append({"kind": kind, "fields": wanted, "filters": narrowed})
    moment = None
    try:
        moment = read_moment(at)
    except ValueError as error:
        problems["at"] = str(error)
    if problems or moment is None:
        raise ExportRefused(problems)
    with transaction.atomic():
        _refuse_too_many(actor)
        export = Export.objects.create(
            requester=actor,
            format=format,
            tables=tables,
            bom=bool(bom),
            changeset=moment.changeset,
            day=moment.day,
            site=site[:300],
            tries_left=TRIES,
        )
        transaction.on_commit(lambda: give_soon(export))
    return export


def _refuse_too_many(actor: Any) -> None:
    # Two requests of one person at the same moment count one after the other.
    get_user_model().objects.select_for_update().filter(pk=actor.pk).first()
    if Export.objects.filter(requester=actor).under_way().count() >= AT_ONCE:
        raise ExportRefused(
            {"": f"{AT_ONCE} of your exports wait or are being written. Wait for one, or cancel one."}
        )


def give_soon(export: Export) -> None:
    """Have an export handed out while whoever asked for it goes on: nobody's page waits for the broker."""
    Export.objects.filter(pk=export.pk, state=WAITING).update(handed_out=timezone.now())
    hand_out_soon(TASK, export.pk)


def give_to_broker(export: Export) -> None:
    """Hand an export out, and note when if the broker took it, so that the sweep knows what is overdue."""
    if hand_out(TASK, export.pk):
        Export.objects.filter(pk=export.pk, state=WAITING).update(handed_out=timezone.now())


def cancel_export(*, actor: Any, export: uuid.UUID) -> Export:
    """Cancel an export that waits or runs; its worker stops within a second. One that has ended stays as it is.

    Raises Export.DoesNotExist for one that isn't there or isn't the actor's to see.
    """
    row = Export.objects.visible_to(actor).get(pk=export)
    Export.objects.filter(pk=row.pk, state__in=UNDER_WAY).update(
        state=CANCELLED, ended=timezone.now(), lease_until=None
    )
    row.refresh_from_db()
    return row


def retry_export(*, actor: Any, export: uuid.UUID) -> Export:
    """Let an export that failed, was cancelled or has expired be written again, of the same changeset.

    Raises Export.DoesNotExist for one that isn't the actor's to see, ExportRefused where there is nothing to retry.
    """
    row = Export.objects.visible_to(actor).get(pk=export)
    with transaction.atomic():
        _refuse_too_many(row.requester)
        again = {"read": 0, "rows": 0, "total": None, "reason": "", "tries_left": TRIES, "handed_out": None}
        times = {"started": None, "ended": None, "expires": None, "lease_until": None, "heartbeat": None}
        changed = Export.objects.filter(pk=row.pk, state__in=MAY_RETRY).update(
            state=WAITING, **again, **times
        )
        if not changed:
            raise ExportRefused(
                {"": "Only an export that failed, was cancelled or has expired is made again."}
            )
        transaction.on_commit(lambda: give_soon(row))
    row.refresh_from_db()
    return row


def open_export(*, actor: Any, export: uuid.UUID) -> tuple[Export, Path]:
    """Return a ready export with the path of its file, for its requester and for admins.

    Raises Export.DoesNotExist for one that isn't the actor's to see, ExportRefused where there is no file to fetch.
    """
    row = Export.objects.visible_to(actor).get(pk=export)
    path = folder() / (row.stored_as or "-")
    if row.state != READY or not path.is_file():
        raise ExportRefused({"": "There is no file to fetch."})
    return row, path


# --- writing


class _LeaseLost(Exception):
    """Somebody else writes this export now, or nobody is to write it any more."""


class _Lease:
    """The right to write one attempt of an export: reported on while it is used, and lost without a word."""

    def __init__(self, export: uuid.UUID, attempt: int):
        self.export, self.attempt = export, attempt
        self.next_beat = 0.0

    def row(self) -> Any:
        """Return the export's row, as long as this attempt holds it."""
        return Export.objects.filter(pk=self.export, attempt=self.attempt, state=RUNNING)

    def beat(self, *, force: bool = False, stay: dt.timedelta | None = None, **progress: Any) -> None:
        """Report progress and stretch the lease, at most once a second. Raises _LeaseLost."""
        if not force and time.monotonic() < self.next_beat:
            return
        self.next_beat = time.monotonic() + BEAT
        now = timezone.now()
        if not self.row().update(heartbeat=now, lease_until=now + (stay or _lease()), **progress):
            raise _LeaseLost


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
    except _LeaseLost:
        log.info("%s isn't attempt %s's to write any more.", row, lease.attempt)
    except FormatRefused as error:
        _fail(lease, str(error))
    except OSError as error:
        log.warning("%s failed: %s", row, error)
        _remove(part)  # first: what tells of the failure needs room as well
        _fail(lease, _words_for(error))
    except DatabaseError:
        raise  # the lease runs out, and the sweep returns it
    except Exception:
        log.exception("%s failed.", row)
        _fail(lease, "Something broke on our side; the log of the worker says what. It can be tried again.")
    finally:
        _remove(part)
        _remove(part.with_suffix(SCRATCH))


def _take_lease(export: uuid.UUID) -> _Lease | None:
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
        lease_until=now + _lease(),
        heartbeat=now,
        started=now,
        read=0,
        rows=0,
    )
    return _Lease(export, attempt + 1) if taken else None


def _write(row: Export, lease: _Lease, part: Path) -> tuple[HashingFile, int, int]:
    """Write the file under its temporary name; return it closed and on the disk, with rows written and records read."""
    world = World(row.changeset, row.day)
    streams = list(_streams(row, world))
    lease.beat(force=True, total=sum(stream.total() for stream in streams))
    sheets: list[Sheet] = []

    def progress() -> dict[str, int]:
        return {"read": sum(stream.read for stream in streams), "rows": sum(sheet.rows for sheet in sheets)}

    def reported(stream: Stream, last: bool, copy_as: str | None) -> Iterator[Any]:
        for chunk in stream.chunks() if copy_as is None else copying.chunks(stream, safe=copy_as == "safe"):
            yield chunk
            lease.beat(**progress())
        if last:
            lease.beat(force=True, stay=CLOSING, **progress())

    for position, stream in enumerate(streams):
        last = position == len(streams) - 1
        whole = not any(table["filters"] for table in row.tables)
        sheets.append(Sheet(stream.table, stream.columns, partial(reported, stream, last), whole=whole))
    file = HashingFile(part)
    try:
        about = replace(about_export(row), scratch=part.with_suffix(SCRATCH))
        FORMATS[row.format].write(file, sheets, about)
        file.close()
    except BaseException:
        file.abandon()
        raise
    return file, progress()["rows"], progress()["read"]


def _streams(row: Export, world: World) -> Iterator[Stream]:
    for asked in row.tables:
        table = table_of(asked["kind"])
        asked_for = conditions(table, asked["filters"])
        keep, needs = keep_of(asked_for, world)
        narrowed = {"keep": keep, "needs": needs, "narrowing": narrowing_of(asked_for, world)}
        columns = table.chosen(asked["fields"])
        if not FORMATS[row.format].links:
            yield Stream(table, columns, world, **narrowed)
            continue
        # No lists inside cells: each set becomes a table of its own.
        flat = tuple(column for column in columns if column.type != "list")
        yield Stream(table, flat, world, **narrowed)
        sets = {column.name for column in columns if column.type == "list"}
        for link in link_tables_of(asked["kind"]):
            if link.of in sets:
                yield Stream(link, link.columns, world, **narrowed)


def _finish(row: Export, lease: _Lease, part: Path, file: HashingFile, rows: int, read: int) -> None:
    """Give the file its name and say that it is ready, both or neither.

    The row is changed first and committed last, so a rename that fails takes it back. A worker that is killed between rename
    and commit leaves a file that no row names; the sweep takes it away.
    """
    now = timezone.now()
    name = f"{row.pk}.{lease.attempt}"
    with transaction.atomic():
        changed = lease.row().update(
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
        if not changed:
            raise _LeaseLost
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


def _fail(lease: _Lease, reason: str) -> None:
    with transaction.atomic():
        changed = lease.row().update(state=FAILED, reason=reason, ended=timezone.now(), lease_until=None)
        if changed:
            record_activity("export.failed", actor=the_register_itself(), subject=f"export:{lease.export}")


def _words_for(error: OSError) -> str:
    """Say what a full or broken disk means for whoever waits for the file."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return "The disk on which exports are written is full. Nothing is left behind; try again when there is room."
    if error.errno in (errno.EACCES, errno.EROFS, errno.ENOTDIR, errno.EEXIST, errno.ENOENT):
        return "The folder in which exports are written can't be written to. Whoever runs the register has to see to it."
    return f"The file couldn't be written: {error.strerror or type(error).__name__}. It can be tried again."


# --- what the file says of itself


def what_of(row: Export) -> str:
    """Return what an export holds, in words: "12 sources", "chokepoints and supplies"."""
    titles = [table_of(kind).name for kind in row.kinds]
    if len(titles) == len(exported_kinds()):
        words = "all tables"
    else:
        words = ", ".join(titles[:-1]) + (" and " if titles[1:] else "") + titles[-1]
    return f"{words}, narrowed" if any(table["filters"] for table in row.tables) else words


def file_name_of(row: Export) -> str:
    """Return what the file is called when it is fetched."""
    stem = table_of(row.kinds[0]).name if len(row.kinds) == 1 else "register"
    return f"{stem}-changeset-{row.changeset}{ending_of(FORMATS[row.format], len(row.kinds))}"


def citation_of(row: Export) -> str:
    """Return the sentence by which an export is cited."""
    changeset = Changeset.objects.filter(number=row.changeset).first()
    return citation(
        what=what_of(row),
        changeset=row.changeset,
        digest=changeset.digest if changeset else "",
        published=changeset.time if changeset else None,
        site=row.site,
    )


def filters_in_words(row: Export) -> tuple[str, ...]:
    """Return what an export was narrowed to."""
    return tuple(
        f"{table['kind']}: {name} = {value}"
        for table in row.tables
        for name, value in sorted(table["filters"].items())
    )


def about_export(row: Export) -> About:
    """Return what the file says of itself."""
    return About(
        title=f"The chokepoint register: {what_of(row)}",
        changeset=row.changeset,
        day=row.day.isoformat(),
        citation=citation_of(row),
        licence=LICENCE,
        address=row.site,
        filters=filters_in_words(row),
        bom=row.bom,
    )


# --- keeping the promise


def sweep_exports(*, now: dt.datetime | None = None) -> None:
    """Return what lost workers held, hand out what is overdue, let old files expire, and take away what no row names."""
    now = now or timezone.now()
    _return_abandoned(now)
    for row in Export.objects.to_hand_out(now, PATIENCE).order_by("made")[:100]:
        give_to_broker(row)
    for row in Export.objects.filter(state=READY, expires__lt=now)[:1000]:
        # The row first: whoever fetches at this moment has the file open, or is told that it is gone.
        Export.objects.filter(pk=row.pk, state=READY).update(state=EXPIRED, stored_as="")
    _remove_strays()


def _return_abandoned(now: dt.datetime) -> None:
    for row in Export.objects.abandoned(now):
        held = Export.objects.filter(pk=row.pk, attempt=row.attempt).abandoned(now)
        if row.tries_left:
            held.update(state=WAITING, lease_until=None, handed_out=None, attempt=F("attempt") + 1)
            continue
        with transaction.atomic():
            reason = f"Its worker was lost {TRIES} times while writing it. It can be tried again."
            if held.update(state=FAILED, reason=reason, ended=now, lease_until=None):
                record_activity("export.failed", actor=the_register_itself(), subject=f"export:{row.pk}")


def _remove_strays() -> None:
    """Take away files that no ready export names and no running one writes.

    The order matters: files are listed first, then who is writing, then what is ready. A file that gets its name in between
    belongs to a row of one of the two.
    """
    try:
        files = list(folder().iterdir())
    except OSError:
        return
    running = Export.objects.filter(state=RUNNING).values_list("pk", "attempt")
    written = {f"{pk}.{attempt}" for pk, attempt in running}
    named = set(Export.objects.filter(state=READY).values_list("stored_as", flat=True))
    for path in files:
        if path.name not in named and path.name.removesuffix(PART).removesuffix(SCRATCH) not in written:
            _remove(path)


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def table_titles() -> list[tuple[str, Table]]:
    """Return every kind that can be exported with its table, in their order."""
    return [(kind, table_of(kind)) for kind in exported_kinds()]
