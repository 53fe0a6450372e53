"""XLSX, a sheet a table, written row by row so that memory stays flat.

Every text is written as text, and neutralised besides, because a sheet may be saved as CSV by whoever has it. A table with
more rows than a sheet takes goes on in another; a text longer than a cell takes is refused (fitting.py), a set here at last.
"""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, BinaryIO

from .columns import Column
from .fitting import LONGEST_CELL, reason_against, too_long, units_of
from .format import About, Format, FormatRefused, Sheet
from .formulas import neutralise
from .json_cells import json_text, number_of

ROWS = 1_048_576  # of one sheet, its head included
LONGEST_NAME = 31  # of a sheet


def _write(file: BinaryIO, sheets: list[Sheet], about: About) -> None:
    import xlsxwriter  # here, because every process would import it, and few write a workbook
    from xlsxwriter.exceptions import FileCreateError

    with _folder(about) as folder:
        # Everything goes through write_string and the like; the options keep the library from guessing all the same.
        book = xlsxwriter.Workbook(
            file,
            {
                "constant_memory": True,
                "use_zip64": True,
                "tmpdir": folder,
                "strings_to_formulas": False,
                "strings_to_urls": False,
                "strings_to_numbers": False,
            },
        )
        book.set_properties({"title": about.title, "comments": about.citation})
        try:
            head = book.add_format({"bold": True, "bottom": 1})
            _about(book, sheets, about, head)
            for sheet in sheets:
                _Pages(book, sheet, head).write()
        except BaseException:
            _forget(book)
            raise
        try:
            book.close()
        except FileCreateError as error:  # the library's wrapping of what the disk said
            raise error.args[0] from error


@contextmanager
def _folder(about: About) -> Iterator[str]:
    """Make the folder in which sheets grow: where the caller said, so that it can be cleared away after a killed worker."""
    if about.scratch is None:
        with tempfile.TemporaryDirectory(prefix="export-") as folder:
            yield folder
        return
    about.scratch.mkdir()
    try:
        yield str(about.scratch)
    finally:
        shutil.rmtree(about.scratch, ignore_errors=True)


def _forget(book: Any) -> None:
    """Close what the library holds open, without letting it write a book."""
    book.fileclosed = 1
    for page in book.worksheets():
        if page.row_data_fh and not page.row_data_fh.closed:
            page.row_data_fh.close()


class _Pages:
    """The sheets of one table: a new one begins where one is full."""

    def __init__(self, book: Any, sheet: Sheet, head: Any):
        self.book, self.sheet, self.head, self.number = book, sheet, head, 0
        self.begin()

    def begin(self) -> None:
        self.number += 1
        ending = f" {self.number}" if self.number > 1 else ""
        self.page = self.book.add_worksheet(self.sheet.table.name[: LONGEST_NAME - len(ending)] + ending)
        self.page.freeze_panes(1, 0)
        for position, column in enumerate(self.sheet.columns):
            self.page.write_string(0, position, column.name, self.head)
        self.row = 1

    def write(self) -> None:
        columns = self.sheet.columns
        cells = [_cell_writer(column) for column in columns]
        for rows in self.sheet.chunks():
            for row in rows:
                if self.row == ROWS:
                    self.begin()
                try:
                    for position, (cell, write) in enumerate(zip(row, cells, strict=True)):
                        if cell is not None:
                            write(self.page, self.row, position, cell)
                except _TooLong as long:
                    record = {column.name: cell for column, cell in zip(columns, row, strict=True)}
                    words = too_long(self.sheet.table, long.column, record, long.units)
                    raise FormatRefused(words) from long
                self.row += 1


class _TooLong(Exception):
    """A cell holds more than a sheet takes."""

    def __init__(self, column: Column, units: int):
        self.column, self.units = column, units


def _cell_writer(column: Column) -> Callable[[Any, int, int, Any], None]:
    if column.type == "integer":
        return lambda page, row, position, cell: page.write_number(row, position, cell)
    if column.type == "percent":
        return lambda page, row, position, cell: page.write_number(row, position, number_of(cell))
    if column.type == "boolean":
        return lambda page, row, position, cell: page.write_boolean(row, position, cell)
    return partial(_write_text, column)


def _write_text(column: Column, page: Any, row: int, position: int, cell: Any) -> None:
    text = json_text(cell) if column.type == "list" else str(cell)
    text = neutralise(text) if column.type == "text" else text
    units = units_of(text)
    if units > LONGEST_CELL:
        raise _TooLong(column, units)
    page.write_string(row, position, text)


def _about(book: Any, sheets: list[Sheet], about: About, head: Any) -> None:
    """Put what the file is, and what its columns are, on a sheet of its own."""
    page = book.add_worksheet("About")
    page.set_column(0, 0, 28)
    page.set_column(1, 1, 60)
    row = 0
    for line in about.lines():
        page.write_string(row, 0, neutralise(line)[:LONGEST_CELL])
        row += 1
    for sheet in sheets:
        row += 1
        page.write_string(row, 0, sheet.table.title, head)
        for column in sheet.columns:
            row += 1
            page.write_string(row, 0, column.name)
            page.write_string(row, 1, column.description)


XLSX = Format(
    "xlsx",
    "Excel (XLSX)",
    "For spreadsheets. A sheet a table, and one that says what the file is.",
    ".xlsx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    _write,
    packs=False,
    reason_against=reason_against,
)
