"""CSV as RFC 4180 has it: UTF-8, commas, CRLF, cells with line breaks in quotes and exactly as they are.

Lists are JSON arrays. Texts that a spreadsheet would run are neutralised (formulas.py). A byte order mark comes where it was
asked for: some spreadsheets need it to know UTF-8, programs read the file better without.
"""

from collections.abc import Callable, Sequence
from typing import Any, BinaryIO

from .columns import Column
from .copying import Copied
from .format import About, Format, Sheet
from .formulas import neutralise_all, quoted
from .json_cells import json_text
from .packing import write_one_or_pack

BOM = b"\xef\xbb\xbf"
END = "\r\n"
SPECIAL = ('"', ",", "\r", "\n")


def write_sheet(file: BinaryIO, sheet: Sheet, *, bom: bool = False, safe: bool = True) -> None:
    """Write one table. With `safe` off nothing is neutralised: for files that only programs read."""
    file.write(BOM if bom else b"")
    file.write((",".join(column.name for column in sheet.columns) + END).encode())
    shapes = [_shape_of(column, safe) for column in sheet.columns]
    for rows in sheet.copied(safe=safe):
        if isinstance(rows, Copied):
            file.write(rows.data)
            continue
        columns = zip(*rows, strict=True)
        texts = [shape(cells) for shape, cells in zip(shapes, columns, strict=True)]
        file.write((END.join(map(",".join, zip(*texts, strict=True))) + END).encode())


# Whole columns are made text at once: a step of Python for each cell of csv.writer costs more than all the rest.


def _shape_of(column: Column, safe: bool) -> Callable[[Sequence[Any]], Sequence[str]]:
    """Return what makes a column's cells what the file holds."""
    if column.type == "boolean":
        return lambda cells: ["" if cell is None else ("true" if cell else "false") for cell in cells]
    if column.type == "integer":
        return lambda cells: ["" if cell is None else str(cell) for cell in cells]
    if column.type == "list":
        return lambda cells: ["" if cell is None else quoted(json_text(cell)) for cell in cells]
    if column.type == "text":
        return (lambda cells: _quote(neutralise_all(cells))) if safe else _quote
    if column.type == "address":
        return _quote
    return _filled  # ids, keys, words, tags, dates and percents have nothing that needs quotes


def _filled(cells: Sequence[str | None]) -> Sequence[str]:
    return [cell or "" for cell in cells] if None in cells else cells  # type: ignore[return-value]


def _quote(cells: Sequence[str | None]) -> Sequence[str]:
    """Return texts with quotes where they need them."""
    filled = _filled(cells)
    together = "".join(filled)
    if not any(mark in together for mark in SPECIAL):
        return filled
    return [quoted(cell) for cell in filled]


def _write(file: BinaryIO, sheets: list[Sheet], about: About) -> None:
    write_one_or_pack(file, sheets, about, ".csv", lambda out, sheet: write_sheet(out, sheet, bom=about.bom))


CSV = Format(
    "csv",
    "CSV",
    "For spreadsheets and scripts. UTF-8, commas, one line a record.",
    ".csv",
    "text/csv; charset=utf-8",
    _write,
)
