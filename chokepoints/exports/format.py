"""What every format shares: how it is described, what it is handed, and the file that counts and hashes itself."""

import contextlib
import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from .columns import Column, Table
from .rows import Row, Stream


class FormatRefused(Exception):
    """A format can't hold what it is handed; the message says what, and what to do, for whoever asked for the export."""


CopyAs = str | None  # whether CSV may come instead of rows: "safe", "bare", or not at all


@dataclass
class Sheet:
    """One table to write: its columns and its rows, which can be read once. `rows` counts what went through."""

    table: Table
    columns: Sequence[Column]
    source: Callable[[CopyAs], Iterator[Any]]
    rows: int = 0
    whole: bool = True  # every record of the register, so that references in it lead somewhere

    def chunks(self) -> Iterator[list[Row]]:
        """Yield the rows in chunks. They can be read once."""
        return self._counted(None)

    def copied(self, *, safe: bool) -> Iterator[Any]:
        """Yield the rows in chunks, some of them as CSV already (copying.Copied)."""
        return self._counted("safe" if safe else "bare")

    def _counted(self, copy_as: CopyAs) -> Iterator[Any]:
        for chunk in self.source(copy_as):
            self.rows += len(chunk)
            if len(chunk):
                yield chunk


@dataclass(frozen=True)
class About:
    """What a reader of the file has to know about it."""

    title: str
    changeset: int
    day: str
    citation: str
    licence: str
    address: str = ""  # of the register, where it is known
    filters: tuple[str, ...] = ()  # in words
    bom: bool = False
    scratch: Path | None = (
        None  # a folder that the format may make beside the file, for what doesn't fit into memory
    )

    def lines(self) -> list[str]:
        """Return it as text."""
        lines = [self.title, "", f"How to cite: {self.citation}", "", f"Changeset: {self.changeset}"]
        lines += [f"Statuses are those of: {self.day}"]
        lines += [f"Narrowed to: {words}" for words in self.filters]
        return [*lines, "", *self.licence.splitlines()]


Write = Callable[[BinaryIO, list[Sheet], About], None]


@dataclass(frozen=True)
class Format:
    """One way of writing tables. `links`: sets go into tables of their own. `needs` names a library that may be missing."""

    name: str
    label: str
    help: str
    ending: str
    media_type: str
    write: Write
    packs: bool = True  # several tables come as a zip of one file each
    links: bool = False
    missing: Callable[[], str] = field(default=lambda: "")  # why it can't be offered here; "" if it can
    # why it can't hold a table's rows, asked before any is written; the second is called on the way
    reason_against: Callable[[Stream, Callable[[], None]], str] = field(default=lambda stream, beat: "")


class HashingFile:
    """A file that is only written onwards, counted and hashed on the way. Closing it brings the bytes to the disk."""

    def __init__(self, path: Path):
        self._file = path.open("xb")
        self._digest = hashlib.sha256()
        self.size = 0
        self.closed = self.abandoned = False
        self.mode = "wb"

    def write(self, data: Any) -> int:
        if self.abandoned:  # a zip that is taken apart by the garbage collector still wants to end itself
            return memoryview(data).nbytes
        self._file.write(data)
        self._digest.update(data)
        self.size += memoryview(data).nbytes
        return memoryview(data).nbytes

    def flush(self) -> None:
        self._file.flush()

    def close(self) -> None:
        """Flush, fsync and close."""
        if not self.closed:
            self.closed = True
            with self._file:
                self._file.flush()
                os.fsync(self._file.fileno())

    def abandon(self) -> None:
        """Close without caring whether anything arrived."""
        self.closed = self.abandoned = True
        with contextlib.suppress(OSError):  # what couldn't be written before can't now
            self._file.close()

    def writable(self) -> bool:
        return True

    def readable(self) -> bool:
        return False

    def seekable(self) -> bool:
        return False

    def tell(self) -> int:
        return self.size

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()
