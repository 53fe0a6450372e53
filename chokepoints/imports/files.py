"""Reading a file of any format that is taken: which one it is says its content, not its name."""

import io
import zipfile
import zlib

from .csv_file import DELIMITERS, ENCODINGS, read_csv
from .jsonl_file import read_jsonl
from .tables import FileRefused, Limits, Meter, Table
from .xlsx_file import read_xlsx
from .zip_file import check_zip, read_package

_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # the container of old Office files, and of encrypted new ones
LONGEST_TABLE = 100  # characters of a table's name
OURS = {"created_in", "changed_in", "revision"}  # columns that nobody but an export of the register writes


def read_file(
    data: bytes, *, name: str, limits: Limits, encoding: str = "utf-8", delimiter: str = ""
) -> list[Table]:
    """Return the tables of a file. Raises FileRefused, in a sentence for whoever brought it."""
    if encoding not in ENCODINGS or delimiter not in {"", *DELIMITERS}:
        raise FileRefused("This encoding or delimiter isn't one of those that can be declared.")
    if len(data) > limits.packed:
        raise FileRefused(
            f"The file has {len(data):,} bytes; at most {limits.packed:,} fit. Bring it in parts."
        )
    if not data.strip():
        raise FileRefused("The file is empty.")
    meter = Meter(limits)
    if data.startswith(_OFFICE):
        raise FileRefused(
            "This is an old or an encrypted Office file. Save it as XLSX without a password, or as CSV UTF-8."
        )
    if data.startswith(b"PK"):
        tables = _read_zip(data, meter, encoding, delimiter)
    elif _is_jsonl(data):
        tables = [read_jsonl(data, name=_stem(name), meter=meter)]
    else:
        tables = [read_csv(data, name=_stem(name), meter=meter, encoding=encoding, delimiter=delimiter)]
    if not any(table.lines for table in tables):
        raise FileRefused("The file has a head and no rows.")
    _name_each(tables)
    for table in tables:
        table.is_ours = set(table.columns) >= OURS
    return tables


def _name_each(tables: list[Table]) -> None:
    """Give each table a name of its own that can be shown; what a file calls them may be anything."""
    seen: set[str] = set()
    for table in tables:
        name = (
            "".join(character for character in table.name if character.isprintable())[:LONGEST_TABLE]
            or "table"
        )
        number, stem = 1, name
        while name in seen:
            number += 1
            name = f"{stem} {number}"
        table.name = name
        seen.add(name)


def _stem(name: str) -> str:
    stem = name.rpartition(".")[0] or name
    return stem.strip() or "table"


def _is_jsonl(data: bytes) -> bool:
    return data.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in {b"{", b"["}


def _read_zip(data: bytes, meter: Meter, encoding: str, delimiter: str) -> list[Table]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as pack:
            check_zip(pack, meter)
            if "[Content_Types].xml" in pack.namelist():
                return read_xlsx(data, pack, meter=meter)
            return read_package(pack, meter=meter, encoding=encoding, delimiter=delimiter)
    except (
        zipfile.BadZipFile,
        zipfile.LargeZipFile,
        EOFError,
        NotImplementedError,
        RuntimeError,
        OSError,
        ValueError,
        zlib.error,
    ) as error:
        raise FileRefused(
            "The file begins like a zip or an XLSX and can't be opened as one. Save it anew."
        ) from error
