"""Writing an edition into an empty folder. Its bytes follow from the ledger up to its changeset and from `Edition` alone."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..canonical import canonical
from ..exports.columns import Table
from ..exports.datapackage_file import LICENCES, resource_of
from ..exports.format import HashingFile
from ..exports.json_cells import json_text
from ..exports.rows import Row, World
from ..history import open_commitments
from ..models.changeset import IMPORT
from ..models.revision import OPERATIONS
from ..sealing import SealedChangeset
from ..services.reading import changeset_numbers, read_changesets
from ..services.transferring import dump
from . import wording
from .current import CURRENT
from .differences import CHANGED, CHANGES, REMOVED, differences
from .tables import csv_head, csv_line, json_line, json_row, key_of, rows_of, tables
from .wording import Edition, Step

SUMS, DELTA, LEDGER, VERIFIER = "SHA256SUMS", "delta.jsonl", "ledger.jsonl", "verify_release.py"
PER_BEAT = 2_000  # rows between two signs of life
Beat = Callable[[], None]


@dataclass
class Written:
    """What was written: files as {path, bytes, sha256}, the digest of SHA256SUMS, rows by table, statuses that changed.

    `lost` counts, by table, rows that are gone and records that were retired since.
    """

    files: list[dict[str, Any]] = field(default_factory=list)
    sums: str = ""
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    turned: list[dict[str, Any]] = field(default_factory=list)
    lost: dict[str, int] = field(default_factory=dict)


class _Folder:
    """A folder of files that are each brought to the disk and noted."""

    def __init__(self, path: Path):
        self.path, self.files = path, {}

    def open(self, name: str) -> HashingFile:
        target = self.path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        self.files[name] = HashingFile(target)
        return self.files[name]

    def write(self, name: str, lines: Iterable[str | bytes]) -> HashingFile:
        file = self.open(name)
        try:
            for line in lines:
                file.write(line.encode() if isinstance(line, str) else line)
            file.close()
        except BaseException:
            file.abandon()
            raise
        return file


def write_edition(edition: Edition, path: Path, *, beat: Beat = lambda: None) -> Written:
    """Write the files of an edition into a folder; `beat` is called now and then. Raises OSError where there is no room."""
    folder, written = _Folder(path), Written()
    _write_ledger(folder, edition)
    beat()
    _write_tables(folder, edition, written, beat)
    _write_words(folder, edition, written)
    _write_sums(folder, written)
    return written


def _write_ledger(folder: _Folder, edition: Edition) -> None:
    file = folder.open(LEDGER)
    try:
        dump(file, up_to=edition.changeset, people=False)  # type: ignore[arg-type]
        file.close()
    except BaseException:
        file.abandon()
        raise


# --- tables and delta


def _write_tables(folder: _Folder, edition: Edition, written: Written, beat: Beat) -> None:
    now = World(edition.changeset, edition.time.astimezone(wording.UTC).date())
    before = None
    if edition.before:
        before = World(edition.before.changeset, edition.before.time.astimezone(wording.UTC).date())
    delta = folder.open(DELTA) if before else None
    try:
        for table in tables():
            _write_table(folder, table, now, before, delta, written, beat)
        if delta:
            delta.close()
    except BaseException:
        if delta:
            delta.abandon()
        raise


def _write_table(
    folder: _Folder,
    table: Table,
    now: World,
    before: World | None,
    delta: HashingFile | None,
    written: Written,
    beat: Beat,
) -> None:
    """Write one table in both forms, and what changed in it, in one pass over both moments."""
    counts, lost = Counter[str](), 0
    retired = next((place for place, c in enumerate(table.columns) if c.name == "retired"), None)

    with ExitStack() as closing:
        csv, jsonl = folder.open(f"csv/{table.name}.csv"), folder.open(f"jsonl/{table.name}.jsonl")
        closing.callback(csv.abandon)
        closing.callback(jsonl.abandon)

        def passing(rows: Iterator[Row]) -> Iterator[Row]:
            csv.write(csv_head(table).encode())
            for row in rows:
                csv.write(csv_line(table, row).encode())
                jsonl.write(json_line(table, row).encode())
                counts["rows"] += 1
                if not counts["rows"] % PER_BEAT:
                    beat()
                yield row

        rows_before = rows_of(table, before) if before else iter(())
        for change, old, new in differences(rows_before, passing(rows_of(table, now)), key_of(table)):
            if before and table is CURRENT:
                _note_turn(written, table, old, new)
            if delta:
                counts[change] += 1
                gone = change == REMOVED or (
                    change == CHANGED and retired is not None and new[retired] and not old[retired]
                )
                lost += bool(gone)
                line = {"table": table.name, "change": change, "row": json_row(table, new or old)}
                delta.write((json_text(line) + "\n").encode())
        csv.close()
        jsonl.close()
        closing.pop_all()
    written.counts[table.name] = {name: counts[name] for name in ("rows", *CHANGES)}
    written.lost[table.name] = lost


def _note_turn(written: Written, table: Table, old: Row | None, new: Row | None) -> None:
    names = [column.name for column in table.columns]
    was, now = (dict(zip(names, row, strict=True)) if row else {} for row in (old, new))
    if was.get("status") != now.get("status"):
        known = now or was
        written.turned.append(
            {"id": known["id"], "key": known["key"], "name": known["name"]}
            | {"before": was.get("status"), "now": now.get("status")}
        )


# --- words


def _write_words(folder: _Folder, edition: Edition, written: Written) -> None:
    whole = {table.name for table in tables()}
    resources = []
    for table in tables():
        path = f"csv/{table.name}.csv"
        file = folder.files[path]
        described = {"size": file.size, "sha256": file.sha256, "whole": whole, "line_end": "\n"}
        resources.append(resource_of(table, table.columns, path, **described))
    folder.write("datapackage.json", [wording.package(edition, resources, LICENCES)])
    folder.write("release.json", [canonical(wording.about(edition)), b"\n"])
    folder.write("CITATION.cff", [wording.citation_file(edition)])
    folder.write("README.md", [wording.read_me(edition)])
    steps = _steps(edition.before.changeset if edition.before else 0, edition.changeset)
    folder.write("RELEASE_NOTES.md", wording.notes(edition, written.counts, written.turned, steps))
    folder.write(VERIFIER, [Path(__file__).with_name(VERIFIER).read_bytes()])


def _steps(after: int, up_to: int) -> Iterator[Step]:
    for numbers in changeset_numbers(up_to, after=after):
        changesets = [changeset for changeset, _ in read_changesets(numbers)]
        summaries = open_commitments(changeset.summary for changeset in changesets)
        for one in changesets:
            done = Counter(OPERATIONS[revision.operation] for revision in one.revisions)
            records = {words: done[words] for words in OPERATIONS.values() if done[words]}
            summary = summaries.get(one.summary) or "Summary withheld"
            yield Step(one.number, one.time, summary, _how(one), records)


def _how(changeset: SealedChangeset) -> str:
    approvals = sum(review["verdict"] == "approve" for review in changeset.reviews)
    if changeset.reviews:
        return f"{changeset.origin}, approved by {approvals}"
    return "loaded, not reviewed" if changeset.origin == IMPORT else f"{changeset.origin}, not reviewed"


def _write_sums(folder: _Folder, written: Written) -> None:
    written.files = [
        {"path": name, "bytes": file.size, "sha256": file.sha256}
        for name, file in sorted(folder.files.items())
    ]
    lines = [f"{one['sha256']}  {one['path']}\n" for one in written.files]
    written.sums = folder.write(SUMS, lines).sha256
