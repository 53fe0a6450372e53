"""Reading XLSX row by row: values, never formulas; no macros, no links to other files, nothing encrypted.

openpyxl's read-only mode was measured against a faster reader: that one fell over a sheet with two cells far apart,
and can't be stopped half-way. What a workbook may unpack to is checked before any of its XML is parsed, and entities are refused.
"""

import datetime as dt
import io
import re
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from decimal import Decimal
from itertools import zip_longest
from typing import Any
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException

from .tables import Cell, FileRefused, Meter, Table, fit_line, is_blank, read_head

_FORMULA = re.compile(rb"<(?:\w+:)?f[\s>/]")
# XML has no carriage returns and no control characters, so cells hold their codes (ECMA-376, part 1, 22.9.2.19).
_CODE = re.compile(r"_x([0-9A-Fa-f]{4})_")
_CHUNK = 1 << 20
# What openpyxl raises for workbooks that aren't what they should be.
_BROKEN = (ValueError, KeyError, TypeError, IndexError, AttributeError, AssertionError, OverflowError, EOFError,
           zipfile.BadZipFile, ParseError, NotImplementedError, RuntimeError, zlib.error)  # fmt: skip


def read_xlsx(data: bytes, pack: zipfile.ZipFile, *, meter: Meter) -> list[Table]:
    """Return a table for each sheet that holds anything. `pack` is the same file, checked as a zip. Raises FileRefused."""
    _refuse_what_runs_or_links(pack)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about styles and the like, which nobody reads here
            return list(_tables(data, pack, meter))
    except _BROKEN as error:
        if _is_defused(error):
            raise FileRefused(
                "The workbook's XML defines entities, which no spreadsheet writes. It isn't read."
            ) from error
        raise FileRefused(
            f"This workbook can't be read ({type(error).__name__}). Save it anew as XLSX, or as CSV UTF-8."
        ) from error


def _is_defused(error: BaseException | None) -> bool:
    """Tell whether entities were the reason; the library may have wrapped it."""
    return error is not None and (isinstance(error, DefusedXmlException) or _is_defused(error.__cause__))


def _refuse_what_runs_or_links(pack: zipfile.ZipFile) -> None:
    names = [name.lower() for name in pack.namelist()]
    if any(name.endswith("vbaproject.bin") or "/macrosheets/" in name for name in names):
        raise FileRefused(
            "The workbook holds macros. Save it as XLSX without macros; nothing of it was read."
        )
    if any("externallinks/" in name for name in names):
        raise FileRefused(
            "The workbook links to other files, so its values depend on what isn't here. Replace the links by their values "
            "(in Excel: Data, Edit Links, Break Link) and save it anew."
        )
    if b"macroEnabled" in pack.read("[Content_Types].xml"):
        raise FileRefused("The workbook is of a kind that holds macros. Save it as XLSX without macros.")


def _tables(data: bytes, pack: zipfile.ZipFile, meter: Meter) -> Iterator[Table]:
    import openpyxl  # here, because it takes longer to import than most commands to run

    has_formulas = any(
        _holds_formulas(pack, name, meter)
        for name in pack.namelist()
        if name.lower().startswith("xl/worksheets/")
    )
    values = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
    formulas = (
        openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=False, keep_links=False)
        if has_formulas
        else None
    )
    # A hidden sheet may be what others were not to see: it isn't taken unasked.
    sheets = [sheet for sheet in values.worksheets if sheet.sheet_state == "visible"]
    if len(sheets) > meter.limits.tables:
        raise FileRefused(f"The workbook has {len(sheets)} sheets; at most {meter.limits.tables} fit.")
    for sheet in sheets:
        table = _table(sheet, formulas[sheet.title] if formulas else None, meter)
        if table:
            yield table


def _holds_formulas(pack: zipfile.ZipFile, name: str, meter: Meter) -> bool:
    tail = b""
    with pack.open(name) as file:
        while chunk := file.read(_CHUNK):
            meter.tick()
            if _FORMULA.search(tail + chunk):
                return True
            tail = chunk[-64:]
    return False


def _table(sheet: Any, formulas: Any, meter: Meter) -> Table | None:
    table = None
    where = f"Sheet “{sheet.title[:40]}”"
    for number, (row, written) in enumerate(
        zip_longest(_rows(sheet), _rows(formulas) if formulas else ()), 1
    ):
        meter.tick()
        row = row or ()
        if len(row) > meter.limits.columns:
            row = _cut(row, where, meter)
        cells = [_text(cell) for cell in row]
        if is_blank(cells) and not _without_value(row, written):
            continue
        if table is None:
            table = Table(sheet.title, read_head(cells, f"{where}, row {number}", meter))
            continue
        meter.count(cells, f"{where}, row {number}")
        line = fit_line(number, _padded(cells, len(table.columns)), table.columns)
        for position, cell in enumerate(row):
            if getattr(cell, "data_type", "") == "e" and position < len(table.columns):
                line.problems.append(
                    f"{table.columns[position]}: the cell shows the error {str(cell.value)[:20]}."
                )
        for position in _without_value(row, written):
            name = table.columns[position] if position < len(table.columns) else f"column {position + 1}"
            line.problems.append(
                f"{name}: a formula without a stored value. Open and save the file in a spreadsheet, or put the value there."
            )
        table.lines.append(line)
    return table


def _rows(sheet: Any) -> Iterator[tuple[Any, ...]]:
    sheet.reset_dimensions()  # what the file says of its own size may be anything
    return sheet.iter_rows()


def _cut(row: tuple[Any, ...], where: str, meter: Meter) -> tuple[Any, ...]:
    """Return a row without the empty cells behind its last value, which formats alone leave in a file."""
    last = max((position for position, cell in enumerate(row, 1) if cell.value not in (None, "")), default=0)
    meter.check_width(last, where)
    return row[:last]


def _padded(cells: list[Cell], width: int) -> list[Cell]:
    """A row of a sheet ends with its last cell; what is missing behind it is empty."""
    return cells + [""] * (width - len(cells))


def _without_value(row: Any, written: Any) -> list[int]:
    """Return the positions of formulas whose result isn't stored in the file."""
    if not written:
        return []
    return [
        position
        for position, cell in enumerate(written)
        if getattr(cell, "data_type", "") == "f"
        and (position >= len(row or ()) or row[position].value is None)
    ]


def _text(cell: Any) -> str:
    """Return a cell as the text that a reader of the sheet sees, without what only formatting adds."""
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, str):
        return _CODE.sub(lambda found: chr(int(found[1], 16)), value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat(sep=" ")
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, int | float):
        is_percent = "%" in str(getattr(cell, "number_format", "") or "")
        return f"{_number(value, times=100)}%" if is_percent else _number(value)
    return str(value)


def _number(value: int | float, times: int = 1) -> str:
    """Return a number as short as a sheet shows it: 3, not 3.0; 0.3, not 0.30000000000000004."""
    number = Decimal(repr(value)) * times
    if not number.is_finite():
        return str(value)
    number = round(number, 12).normalize() if abs(number) < 1_000_000 else number.normalize()
    return f"{number:f}"
