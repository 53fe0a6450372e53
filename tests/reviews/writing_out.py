"""The register written out as its exports write it: the same column names, lists as JSON, texts neutralised.

A small writer of its own for tests of imports, which must take back what was taken away.
"""

import csv
import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any

from chokepoints.exports.formulas import neutralise
from chokepoints.fields import (
    Children,
    Choice,
    Country,
    Date,
    Flag,
    Key,
    Language,
    Names,
    Number,
    Reference,
    Share,
    Url,
)
from chokepoints.imports.mapping import importable_kinds
from chokepoints.projection import model_of, read_states
from chokepoints.records import Kind, State

NO_TEXT = (Key, Choice, Country, Language, Url, Date, Number, Flag)


def _cells(kind: Kind, state: State, safe: bool) -> Iterator[tuple[str, Any]]:
    for name, field in kind.fields.items():
        value = state.get(name)
        if isinstance(field, Share):
            for part in ("low", "high", "market", "segment", "measure", "year", "counted"):
                yield f"{name}_{part}", (value or {}).get(part)
        elif isinstance(field, Children | Names):
            yield (
                name,
                None if value is None else json.dumps(value, ensure_ascii=False, separators=(",", ":")),
            )
        elif name == "retired":
            yield name, "true" if value else "false"
        elif isinstance(field, Flag):
            yield name, "true" if value else None
        elif isinstance(field, (*NO_TEXT, Reference)):
            yield name, value
        else:
            yield name, neutralise(value) if value is not None and safe else value


def rows_of(kind: Kind, *, safe: bool = True) -> list[dict[str, Any]]:
    """Return the records of a kind as rows of an export; `safe` neutralises texts, as files for spreadsheets have them."""
    records = list(model_of(kind).objects.order_by("pk"))
    states = read_states(kind, records)
    return [
        {"id": str(row.pk)}
        | dict(_cells(kind, states[str(row.pk)], safe))
        | {"revision": row.revision, "created_in": row.created_in_id, "changed_in": row.changed_in_id}
        for row in records
    ]


def as_csv(rows: list[dict[str, Any]]) -> bytes:
    """Return rows as CSV."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(rows[0])
    writer.writerows(row.values() for row in rows)
    return text.getvalue().encode()


def as_jsonl(rows: list[dict[str, Any]]) -> bytes:
    """Return rows as JSON Lines, sets as arrays."""
    lines = []
    for row in rows:
        cells = {
            name: json.loads(cell) if isinstance(cell, str) and cell.startswith(("[{", '["')) else cell
            for name, cell in row.items()
        }
        lines.append(json.dumps(cells, ensure_ascii=False))
    return ("\n".join(lines) + "\n").encode()


def whole_register() -> bytes:
    """Return every table of the register in one zip."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as pack:
        for kind in importable_kinds():
            if rows := rows_of(kind):
                pack.writestr(f"{kind.plural}.csv", as_csv(rows))
    return out.getvalue()
