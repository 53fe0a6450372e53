"""What every format is read into: tables of lines of text cells, within limits (pure).

A cell is a text, exactly as the file has it; an empty text is a cell with nothing in it; None says that the line has no such
cell at all (a JSON object without the name). A line's number is the one that a spreadsheet shows: the head is line 1.
"""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ..exceptions import RegisterError

Cell = str | None
LONGEST_NAME = 200  # characters of a column's name


class FileRefused(RegisterError):
    """A file that can't be read; the message is a sentence for whoever brought it."""


@dataclass(frozen=True)
class Limits:
    """How much a file may hold. `packed` and `unpacked` are bytes, `cell` characters; the others are numbers."""

    packed: int = 10_000_000
    unpacked: int = 100_000_000
    tables: int = 40
    rows: int = 20_000
    columns: int = 200
    cells: int = 1_000_000
    cell: int = 100_000
    seconds: float = 60.0

    def in_words(self) -> list[tuple[str, str]]:
        """Return each limit with its value, as pages and docs/imports.md name them."""
        return [
            ("The file", f"{self.packed:,} bytes"),
            ("Unpacked, where it is XLSX or a zip", f"{self.unpacked:,} bytes"),
            ("Tables or sheets", f"{self.tables:,}"),
            ("Rows, of all tables together", f"{self.rows:,}"),
            ("Columns of a table", f"{self.columns:,}"),
            ("Cells, of all tables together", f"{self.cells:,}"),
            ("Characters of a cell", f"{self.cell:,}"),
            ("Time to read it", f"{self.seconds:g} seconds"),
        ]


@dataclass
class Line:
    """One row of a table. `problems` say why it can't be taken as it stands."""

    number: int
    cells: list[Cell]
    problems: list[str] = field(default_factory=list)


@dataclass
class Table:
    """One table of a file. `remarks` are about the table as a whole; `is_ours` says that an export of the register made it,
    `is_json` that nothing in it was written for spreadsheets."""

    name: str
    columns: list[str]
    lines: list[Line] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    is_ours: bool = False
    is_json: bool = False

    def column(self, name: str) -> list[Cell]:
        """Return the cells of a column, a line each."""
        position = self.columns.index(name)
        return [line.cells[position] for line in self.lines]


class Meter:
    """Counts what is read of one file, and stops it with a sentence where a limit is passed."""

    def __init__(self, limits: Limits):
        self.limits = limits
        self.rows = self.cells = 0
        self._until = time.monotonic() + limits.seconds

    def tick(self) -> None:
        """Raise FileRefused once the time is up."""
        if time.monotonic() > self._until:
            raise FileRefused(
                f"Reading this file takes longer than {self.limits.seconds:g} seconds. Bring it in parts."
            )

    def check_width(self, columns: int, where: str) -> None:
        """Raise FileRefused for a table that is too wide."""
        if columns > self.limits.columns:
            raise FileRefused(
                f"{where} has {columns:,} columns; at most {self.limits.columns} fit. Take those away that aren't needed."
            )

    def count(self, cells: Sequence[Cell], where: str) -> None:
        """Count one line. Raises FileRefused where it is one too many, or holds what isn't text."""
        self.tick()
        self.rows += 1
        self.cells += len(cells)
        if self.rows > self.limits.rows:
            raise FileRefused(f"The file has more than {self.limits.rows:,} rows. Bring it in parts.")
        if self.cells > self.limits.cells:
            raise FileRefused(f"The file has more than {self.limits.cells:,} cells. Bring it in parts.")
        for cell in cells:
            if cell:
                if len(cell) > self.limits.cell:
                    raise FileRefused(
                        f"{where}: a cell has {len(cell):,} characters; at most {self.limits.cell:,} fit."
                    )
                check_characters(cell, where)


def check_characters(text: str, where: str) -> None:
    """Raise FileRefused for what no text can hold: NUL, and halves of characters."""
    if "\x00" in text:
        raise FileRefused(
            f"{where}: there is a NUL character, which no text has. Is this really the file, and in this encoding?"
        )
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise FileRefused(
            f"{where}: a cell holds half of a surrogate pair, which isn't a character."
        ) from error


def read_head(cells: Iterable[Cell], where: str, meter: Meter) -> list[str]:
    """Return the columns' names. Raises FileRefused where a name is missing, too long, or stands there twice."""
    names = [(cell or "").strip() for cell in cells]
    while names and not names[-1]:
        names.pop()
    meter.check_width(len(names), where)
    for position, name in enumerate(names, 1):
        if not name:
            raise FileRefused(f"{where}: column {position} has no name. The first row must name the columns.")
        if len(name) > LONGEST_NAME:
            raise FileRefused(
                f"{where}: the name of column {position} has more than {LONGEST_NAME} characters."
            )
        check_characters(name, where)
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise FileRefused(f"{where}: two columns are named “{min(twice)[:60]}”. Give each its own name.")
    if not names:
        raise FileRefused(f"{where} is empty.")
    return names


def fit_line(number: int, cells: Sequence[Cell], columns: Sequence[str]) -> Line:
    """Return a line with as many cells as there are columns; what doesn't fit is a problem of the line, never a guess."""
    found = list(cells)
    while len(found) > len(columns) and not found[-1]:
        found.pop()
    if len(found) == len(columns):
        return Line(number, found)
    line = Line(number, (found + [None] * len(columns))[: len(columns)])
    line.problems.append(
        f"The row has {len(found)} cells and the head {len(columns)}; so it isn't clear which cell belongs where."
    )
    return line


def is_blank(cells: Iterable[Cell]) -> bool:
    """Tell whether a line holds nothing at all."""
    return not any(cell and cell.strip() for cell in cells)
