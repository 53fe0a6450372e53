"""Reading zips: our own Data Package, and the zip that an export of several tables is. Nothing is written to disk.

The sets of a record stand in tables of their own in a Data Package (docs/exports.md); they are folded back into its row.
"""

import json
import zipfile
from collections.abc import Mapping
from typing import Any

from ..fields import Children, Names, ReferenceSet
from ..records import KINDS, Kind
from .csv_file import DELIMITERS, read_csv
from .jsonl_file import read_jsonl
from .tables import FileRefused, Meter, Table

DESCRIPTION = "datapackage.json"
MOST_ENTRIES = 1_000


def check_zip(pack: zipfile.ZipFile, meter: Meter) -> None:
    """Raise FileRefused for a zip that is encrypted or would unpack to more than fits. Nothing is unpacked for that: the
    library never reads more of an entry than its head says."""
    entries = pack.infolist()
    if len(entries) > MOST_ENTRIES:
        raise FileRefused(f"The zip has {len(entries):,} entries; at most {MOST_ENTRIES:,} fit.")
    if any(entry.flag_bits & 0x1 for entry in entries):
        raise FileRefused("The file is encrypted. Save it without a password.")
    size = sum(entry.file_size for entry in entries)
    if size > meter.limits.unpacked:
        raise FileRefused(
            f"Unpacked, the file would have {size:,} bytes; at most {meter.limits.unpacked:,} fit. Bring it in parts."
        )


def read_package(pack: zipfile.ZipFile, *, meter: Meter, encoding: str, delimiter: str) -> list[Table]:
    """Return the tables of a Data Package or of a zip of CSV and JSON Lines files. Raises FileRefused."""
    names = [entry.filename for entry in pack.infolist() if not entry.is_dir()]
    if DESCRIPTION in names:
        tables = [
            _read(pack, path, name, meter, "utf-8", dialect)
            for name, path, dialect in _resources(pack, set(names))
        ]
        return fold_sets(tables)
    paths = [name for name in names if name.lower().endswith((".csv", ".jsonl", ".ndjson"))]
    if not paths:
        raise FileRefused("The zip holds no CSV or JSON Lines file, and no datapackage.json.")
    if len(paths) > meter.limits.tables:
        raise FileRefused(f"The zip holds {len(paths)} tables; at most {meter.limits.tables} fit.")
    return [_read(pack, path, _stem(path), meter, encoding, delimiter) for path in paths]


def _stem(path: str) -> str:
    return path.rpartition("/")[2].rpartition(".")[0] or path


def _read(pack: zipfile.ZipFile, path: str, name: str, meter: Meter, encoding: str, delimiter: str) -> Table:
    data = pack.read(path)
    try:
        if path.lower().endswith((".jsonl", ".ndjson")):
            return read_jsonl(data, name=name, meter=meter)
        return read_csv(data, name=name, meter=meter, encoding=encoding, delimiter=delimiter)
    except FileRefused as error:
        raise FileRefused(f"{path[:100]}: {error}") from error


def _resources(pack: zipfile.ZipFile, names: set[str]) -> list[tuple[str, str, str]]:
    """Return name, path and delimiter of each table that the description names."""
    try:
        description = json.loads(pack.read(DESCRIPTION))
        resources = description["resources"]
        found = []
        for resource in resources:
            path = resource["path"]
            delimiter = (resource.get("dialect") or {}).get("delimiter", ",")
            if not isinstance(path, str) or path not in names or delimiter not in DELIMITERS:
                raise FileRefused(
                    f"{DESCRIPTION} names “{str(path)[:80]}”, which isn't a CSV file in this zip that can be read."
                )
            found.append((_stem(path), path, delimiter))
        return found
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise FileRefused(f"{DESCRIPTION} isn't the description of a Data Package.") from error


# --- sets that stand in tables of their own


def fold_sets(tables: list[Table]) -> list[Table]:
    """Put the tables of sets back into a column of the table that they belong to."""
    by_name = {table.name: table for table in tables}
    rest = []
    for table in tables:
        owner = _owner_of(table, by_name)
        if owner:
            _fold(table, *owner)
        else:
            rest.append(table)
    return rest


def _owner_of(table: Table, by_name: Mapping[str, Table]) -> tuple[Table, Kind, Any] | None:
    for kind in KINDS.values():
        found = by_name.get(kind.plural)
        name = table.name.removeprefix(f"{kind.plural}_")
        field = kind.fields.get(name)
        if (
            found
            and found is not table
            and table.name != name
            and isinstance(field, Children | Names)
            and table.columns[0] == kind.name
            and "id" in found.columns
            and name not in found.columns
        ):
            return found, kind, field
    return None


def _fold(table: Table, owner: Table, kind: Kind, field: Any) -> None:
    entries: dict[str, list[Any]] = {cell or "": [] for cell in owner.column("id")}
    parts = [
        column.removeprefix(f"{field.name}_")
        if column.removeprefix(f"{field.name}_") == kind.name
        else column
        for column in table.columns[1:]
    ]
    is_plain = isinstance(field, ReferenceSet) or (len(parts) == 1 and parts[0] == "value")
    for line in table.lines:
        record = line.cells[0] or ""
        if record not in entries or line.problems:
            why = " ".join(line.problems) or f"“{record[:60]}” isn't in {owner.name}."
            owner.remarks.append(f"{table.name}, row {line.number}: {why} The row was left out.")
            continue
        cells = {part: cell for part, cell in zip(parts, line.cells[1:], strict=True) if cell}
        entries[record].append(next(iter(cells.values()), "") if is_plain else cells)
    records = owner.column("id")
    owner.columns.append(field.name)
    for line, record in zip(owner.lines, records, strict=True):
        found = entries[record or ""]
        line.cells.append(json.dumps(found, ensure_ascii=False) if found else "")
