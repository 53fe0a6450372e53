"""Storing the files that people bring: as they came, under names of our own, with what was read of them beside it.

Nothing here decides anything. A file without a row is litter, which the sweep takes away; a row without its file says so.
"""

import contextlib
import datetime as dt
import hashlib
import json
import os
import uuid
from pathlib import Path

from django.conf import settings

from chokepoints.imports.files import read_file
from chokepoints.imports.tables import Limits, Line, Table

from ..exceptions import ImportRefused
from ..models import ImportRun

TABLES = ".tables"  # what was read of a file, so that later steps don't parse it again


def folder() -> Path:
    """Return the folder of imports."""
    return Path(settings.IMPORTS_DIR)


def limits() -> Limits:
    """Return how much a file may hold."""
    return Limits(
        packed=settings.IMPORT_MAX_BYTES,
        unpacked=settings.IMPORT_MAX_UNPACKED_BYTES,
        rows=settings.IMPORT_MAX_ROWS,
        seconds=settings.IMPORT_MAX_SECONDS,
    )


def store(data: bytes) -> tuple[str, str]:
    """Write a file and return its name in the folder and its SHA-256. Raises ImportRefused where the disk won't take it."""
    name = uuid.uuid4().hex
    try:
        folder().mkdir(parents=True, exist_ok=True, mode=0o700)
        _write(folder() / name, data)
    except OSError as error:
        discard(name)
        why = error.strerror or type(error).__name__
        words = f"The file couldn't be kept ({why}). Whoever runs the register has to see to it."
        raise ImportRefused({"file": words}) from error
    return name, hashlib.sha256(data).hexdigest()


def _write(path: Path, data: bytes) -> None:
    draft = path.with_suffix(f".{uuid.uuid4().hex[:8]}.part")
    with draft.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path)


def read_tables(run: ImportRun) -> list[Table]:
    """Read a run's file and keep what was read beside it. Raises FileRefused, and ImportRefused where the file is gone."""
    data = _read(run)
    if hashlib.sha256(data).hexdigest() != run.sha256:
        raise ImportRefused({"": "The file isn't the one that was uploaded any more. Bring it again."})
    tables = read_file(
        data, name=run.file_name, limits=limits(), encoding=run.encoding, delimiter=run.delimiter
    )
    rows = [
        [table.name, table.columns, table.remarks, table.is_ours, table.is_json]
        + [[line.number, line.cells, line.problems] for line in table.lines]
        for table in tables
    ]
    _write(folder() / f"{run.stored_as}{TABLES}", json.dumps(rows, ensure_ascii=False).encode())
    return tables


def _read(run: ImportRun) -> bytes:
    try:
        return (folder() / (run.stored_as or "-")).read_bytes()
    except OSError as error:
        raise ImportRefused({"": "The file isn't here any more. Bring it again."}) from error


def tables_of(run: ImportRun) -> list[Table]:
    """Return what was read of a run's file; where that isn't there, it is read again."""
    try:
        kept = json.loads((folder() / f"{run.stored_as or '-'}{TABLES}").read_bytes())
    except (OSError, ValueError):
        return read_tables(run)
    return [
        Table(name, columns, [Line(*line) for line in lines], remarks, is_ours, is_json)
        for name, columns, remarks, is_ours, is_json, *lines in kept
    ]


def discard(name: str) -> None:
    """Take a file away, with what was read of it."""
    if name:
        for each in (name, f"{name}{TABLES}"):
            with contextlib.suppress(OSError):
                (folder() / each).unlink()


def discard_litter(known: set[str], before: dt.datetime) -> None:
    """Take away files that no row names and that nobody is about to name any more."""
    if not folder().is_dir():
        return
    for path in folder().iterdir():
        with contextlib.suppress(OSError):
            if path.name.partition(".")[0] not in known and path.stat().st_mtime < before.timestamp():
                path.unlink()
