"""Parquet, for those who compute with it. It needs pyarrow, which is large and so an extra: requirements/parquet.txt."""

from functools import cache
from importlib.util import find_spec
from typing import Any, BinaryIO

from .columns import Column
from .format import About, Format, Sheet
from .json_cells import json_text
from .packing import write_one_or_pack

WHY_NOT = "Parquet needs pyarrow, which isn't installed here (requirements/parquet.txt)."


@cache
def missing() -> str:
    """Say why Parquet can't be written here; "" if it can."""
    return "" if find_spec("pyarrow") else WHY_NOT


def write_sheet(file: BinaryIO, sheet: Sheet, about: About) -> None:
    """Write one table, a row group a chunk."""
    import pyarrow
    from pyarrow import parquet

    schema = pyarrow.schema(
        [
            pyarrow.field(
                c.name, _type_of(c), metadata={"description": c.description, "language": c.language}
            )
            for c in sheet.columns
        ],
        metadata={"title": about.title, "citation": about.citation, "changeset": str(about.changeset)},
    )
    with parquet.ParquetWriter(pyarrow.PythonFile(file, mode="w"), schema, compression="zstd") as writer:
        for rows in sheet.chunks():
            cells = [
                pyarrow.array([_value_of(column, cell) for cell in found], _type_of(column))
                for column, found in zip(sheet.columns, zip(*rows, strict=True), strict=True)
            ]
            writer.write_table(pyarrow.Table.from_arrays(cells, schema=schema))


def _type_of(column: Column) -> Any:
    import pyarrow

    of_list = pyarrow.list_(pyarrow.string())
    types = {"integer": pyarrow.int64(), "boolean": pyarrow.bool_(), "percent": pyarrow.decimal128(6, 3)}
    return types.get(column.type, of_list if column.type == "list" else pyarrow.string())


def _value_of(column: Column, cell: Any) -> Any:
    """Return a cell as pyarrow takes it: entries of several parts are JSON inside the list."""
    if cell is None:
        return None
    if column.type == "percent":
        from decimal import Decimal

        return Decimal(cell)
    if column.type == "list":
        return [json_text(one) if isinstance(one, dict) else one for one in cell]
    return cell


def _write(file: BinaryIO, sheets: list[Sheet], about: About) -> None:
    write_one_or_pack(file, sheets, about, ".parquet", lambda out, sheet: write_sheet(out, sheet, about))


PARQUET = Format(
    "parquet",
    "Parquet",
    "For computing. Columns with their types; sets are lists.",
    ".parquet",
    "application/vnd.apache.parquet",
    _write,
    missing=missing,
)
