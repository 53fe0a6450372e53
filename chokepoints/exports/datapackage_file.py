"""A Data Package: a zip of CSV tables that hold no lists inside cells, with a description that programs understand.

https://datapackage.org/standard/data-package/ (v1 profile, which every reader knows). Foreign keys are only declared where
the table that they lead to is whole.
"""

import hashlib
import zipfile
from typing import Any, BinaryIO

from ..records import KINDS
from .columns import Column, Table, exported_kinds, table_of
from .csv_file import write_sheet
from .format import About, Format, Sheet
from .json_cells import json_text
from .packing import README, entry, opened

DESCRIPTION = "datapackage.json"
PARTIAL_DATE = r"[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?"
LICENCES = [
    {
        "name": "CC-BY-4.0",
        "title": "Creative Commons Attribution 4.0 International, quotations excepted",
        "path": "https://creativecommons.org/licenses/by/4.0/",
    }
]
_TYPES = {"integer": "integer", "percent": "number", "boolean": "boolean", "list": "array"}


class _Tee:
    """Hashes and counts what goes into one entry of the zip."""

    def __init__(self, out: BinaryIO):
        self.out, self.digest, self.size = out, hashlib.sha256(), 0

    def write(self, data: bytes) -> int:
        self.digest.update(data)
        self.size += len(data)
        return self.out.write(data)


def _write(file: BinaryIO, sheets: list[Sheet], about: About) -> None:
    whole = {sheet.table.name for sheet in sheets if sheet.whole}
    resources = []
    with zipfile.ZipFile(file, "w") as pack:
        for sheet in sheets:
            path = f"data/{sheet.table.name}.csv"
            with opened(pack, path) as out:
                tee = _Tee(out)
                write_sheet(tee, sheet)
            digest = tee.digest.hexdigest()
            resources.append(
                resource_of(sheet.table, sheet.columns, path, size=tee.size, sha256=digest, whole=whole)
            )
        pack.writestr(entry(DESCRIPTION), json_text(describe_package(about, resources)) + "\n")
        pack.writestr(entry(README), "\n".join(about.lines()) + "\n")


def describe_package(about: About, resources: list[dict[str, Any]]) -> dict[str, Any]:
    """Return datapackage.json."""
    source = {"title": f"The chokepoint register, changeset {about.changeset}"}
    return {
        "profile": "tabular-data-package",
        "name": f"chokepoint-register-changeset-{about.changeset}",
        "title": about.title,
        "description": about.citation,
        "version": f"0.0.{about.changeset}",
        "licenses": LICENCES,
        "sources": [source | ({"path": about.address} if about.address else {})],
        "resources": resources,
    }


def resource_of(
    table: Table, columns: Any, path: str, *, size: int, sha256: str, whole: set[str], line_end: str = "\r\n"
) -> dict[str, Any]:
    """Return the description of one CSV file; `whole` names the tables that references may lead to."""
    return {
        "profile": "tabular-data-resource",
        "name": table.name.replace("_", "-"),
        "title": table.title,
        "path": path,
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "dialect": {"delimiter": ",", "lineTerminator": line_end, "quoteChar": '"', "doubleQuote": True},
        "bytes": size,
        "hash": f"sha256:{sha256}",
        "schema": schema_of(table, columns, whole),
    }


def schema_of(table: Table, columns: Any, whole: set[str]) -> dict[str, Any]:
    """Return the Table Schema of some columns of a table."""
    schema: dict[str, Any] = {"fields": [_field(column) for column in columns], "missingValues": [""]}
    if not table.of:
        schema["primaryKey"] = ["id"]
    keys = []
    for column in columns:
        target = _target(table, column)
        if target and target in whole and table.name in whole:
            resource = "" if target == table.name else target
            keys.append({"fields": [column.name], "reference": {"resource": resource, "fields": ["id"]}})
    return schema | ({"foreignKeys": keys} if keys else {})


def _target(table: Table, column: Column) -> str:
    """Return the table that a column of ids leads to, if it leads to one."""
    if column.type != "id" or column.name == "id":
        return ""
    if column.name in table.kind.fields and not table.of:
        return KINDS[table.kind.fields[column.name].kind].plural  # type: ignore[attr-defined]
    kind = "assessment" if column.name == "status_assessment" else column.name.rpartition("_")[2]
    return table_of(kind).name if kind in exported_kinds() else ""


def _field(column: Column) -> dict[str, Any]:
    words = {"title": column.label, "description": column.description}
    found: dict[str, Any] = {"name": column.name, "type": _TYPES.get(column.type, "string")} | words
    if column.language:
        found["language"] = column.language
    constraints: dict[str, Any] = {"required": True} if column.required else {}
    if column.type == "id":
        found["format"] = "uuid"
    if column.type == "date":
        constraints["pattern"] = PARTIAL_DATE
    if column.type == "percent":
        constraints |= {"minimum": 0, "maximum": 100}
    if column.words and column.type == "word":
        constraints["enum"] = list(column.words)
    return found | ({"constraints": constraints} if constraints else {})


DATAPACKAGE = Format(
    "datapackage",
    "Data Package",
    "For whoever keeps the data: CSV tables with a description, licence and hashes, in a zip; sets are tables of their own.",
    ".zip",
    "application/zip",
    _write,
    packs=False,
    links=True,
)
