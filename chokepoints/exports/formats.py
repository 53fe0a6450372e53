"""The formats that there are."""

from .csv_file import CSV
from .datapackage_file import DATAPACKAGE
from .format import Format
from .jsonl_file import JSONL
from .parquet_file import PARQUET
from .xlsx_file import XLSX

FORMATS: dict[str, Format] = {one.name: one for one in (CSV, JSONL, XLSX, PARQUET, DATAPACKAGE)}


def ending_of(format: Format, tables: int) -> str:
    """Return how the name of a file ends."""
    return ".zip" if format.packs and tables > 1 else format.ending


def media_type_of(format: Format, tables: int) -> str:
    """Return the file's media type."""
    return "application/zip" if format.packs and tables > 1 else format.media_type
