"""JSON Lines: one object a record, every column in each, null where nothing is known, sets as arrays. Nothing is neutralised."""

from typing import BinaryIO

from .format import About, Format, Sheet
from .json_cells import json_text, number_of
from .packing import write_one_or_pack


def write_sheet(file: BinaryIO, sheet: Sheet) -> None:
    """Write one table."""
    names = [column.name for column in sheet.columns]
    percents = [name for name in names if sheet.table.by_name[name].type == "percent"]
    for rows in sheet.chunks():
        lines = []
        for row in rows:
            one = dict(zip(names, row, strict=True))
            for name in percents:
                if one[name] is not None:
                    one[name] = number_of(one[name])
            lines.append(json_text(one))
        file.write(("\n".join(lines) + "\n").encode())


def _write(file: BinaryIO, sheets: list[Sheet], about: About) -> None:
    write_one_or_pack(file, sheets, about, ".jsonl", write_sheet)


JSONL = Format(
    "jsonl",
    "JSON Lines",
    "For programs. One JSON object a line; sets are arrays.",
    ".jsonl",
    "application/jsonl",
    _write,
)
