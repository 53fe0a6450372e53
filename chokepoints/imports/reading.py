"""Reading a data set's CSV files strictly (pure but for the files): every problem is named with its file and row.

A row number is the one that a spreadsheet shows: the header is row 1.
"""

import csv
import io
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .. import vocabularies as words
from ..dates import parse_partial
from ..exceptions import RegisterError
from ..fields import COUNTRIES

SECTORS = (
    "semiconductors",
    "electronics-components",
    "displays",
    "software",
    "aerospace",
    "materials",
    "machinery",
    "energy",
    "instruments",
    "life-sciences",
    "marine",
    "robotics-sensing",
)
LEVELS = ("total", "high", "moderate", "unknown")
STANCES = ("supports", "contradicts", "context")
YES_NO = ("yes", "no")

Check = Callable[[str], str | None]  # from a cell that isn't empty to what is wrong with it


class DatasetError(RegisterError):
    """A data set that can't be loaded; `problems` holds every reason, each with file and row."""

    def __init__(self, problems: Sequence[str]):
        self.problems = list(problems)
        super().__init__("\n".join(self.problems))


@dataclass(frozen=True)
class Row:
    """One row of a file. An empty cell is an empty text, which means "not known"."""

    file: str
    number: int
    cells: Mapping[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells[column]

    @property
    def where(self) -> str:
        """File and row, as problems name them."""
        return f"{self.file}:{self.number}"

    def items(self, column: str) -> list[str]:
        """Return the items of a cell that holds a list."""
        return [item for item in self[column].split(";") if item]


@dataclass(frozen=True)
class Column:
    """What a column may hold. `target` names the file whose key it refers to."""

    required: bool = False
    check: Check | None = None
    target: str = ""


@dataclass(frozen=True)
class Sheet:
    """What a file must look like. No two rows share the cells of `key`."""

    columns: Mapping[str, Column]
    key: tuple[str, ...] = ()


def one_of(choices: Collection[str]) -> Check:
    """Return the check that a cell holds a word of a vocabulary."""

    def check(cell: str) -> str | None:
        return None if cell in choices else f"“{cell}” isn't one of: {', '.join(choices)}."

    return check


def some_of(choices: Collection[str]) -> Check:
    """Return the check that a cell holds a list of words of a vocabulary, each once."""

    def check(cell: str) -> str | None:
        items = cell.split(";")
        if len(set(items)) != len(items):
            return "the same word stands here twice."
        return next(
            (f"“{item}” isn't one of: {', '.join(choices)}." for item in items if item not in choices), None
        )

    return check


def country(cell: str) -> str | None:
    """Check one country."""
    return None if cell in COUNTRIES else f"“{cell}” isn't a country of ISO 3166-1 alpha-2, nor EU."


def countries(cell: str) -> str | None:
    """Check a list of countries."""
    items = cell.split(";")
    if len(set(items)) != len(items):
        return "the same country stands here twice."
    return next((wrong for item in items if (wrong := country(item))), None)


def date(cell: str) -> str | None:
    """Check a date."""
    try:
        parse_partial(cell)
    except ValueError as error:
        return f"“{cell}” isn't a date: {error}"
    return None


def whole_number(cell: str) -> str | None:
    """Check a number from 1."""
    return (
        None if cell.isascii() and cell.isdigit() and int(cell) >= 1 else f"“{cell}” isn't a number from 1."
    )


CHOKEPOINTS, SUPPLIERS, SOURCES, EVIDENCE = "chokepoints.csv", "suppliers.csv", "sources.csv", "evidence.csv"
SHEETS = {
    CHOKEPOINTS: Sheet(
        {
            "number": Column(True, whole_number),
            "slug": Column(True),
            "name_en": Column(True),
            "name_zh": Column(),
            "sector": Column(True, one_of(SECTORS)),
            "summary_en": Column(),
            "barrier_types": Column(check=some_of(words.BARRIERS)),
            "published_on": Column(check=date),
            "std_title_zh": Column(),
            "dependency_level_2018": Column(True, one_of(LEVELS)),
            "supplier_countries_named": Column(check=countries),
            "verified": Column(True, one_of(YES_NO)),
            "verification_note": Column(),
        },
        key=("slug",),
    ),
    SUPPLIERS: Sheet(
        {
            "chokepoint_slug": Column(True, target=CHOKEPOINTS),
            "organization": Column(True),
            "country": Column(check=country),
            "role": Column(True, one_of(words.SUPPLY_ROLES)),
            "note": Column(),
            "source_key": Column(True, target=SOURCES),
            "verified": Column(True, one_of(YES_NO)),
        },
        key=("chokepoint_slug", "organization", "role"),
    ),
    SOURCES: Sheet(
        {
            "key": Column(True),
            "kind": Column(True, one_of(words.SOURCE_KINDS)),
            "title": Column(True),
            "title_original": Column(),
            "publisher": Column(),
            "author": Column(),
            "language": Column(),
            "published_on": Column(check=date),
            "url": Column(),
            "derived_from": Column(target=SOURCES),
            "reliability_grade": Column(check=one_of(words.RELIABILITIES)),
            "verified": Column(True, one_of(YES_NO)),
            "note": Column(),
        },
        key=("key",),
    ),
    EVIDENCE: Sheet(
        {
            "chokepoint_slug": Column(target=CHOKEPOINTS),
            "source_key": Column(True, target=SOURCES),
            "claim": Column(True),
            "quote": Column(),
            "stance": Column(True, one_of(STANCES)),
            "observed_on": Column(check=date),
            "verified": Column(True, one_of(YES_NO)),
        },
        key=("chokepoint_slug", "source_key", "claim"),
    ),
}


@dataclass(frozen=True)
class Dataset:
    """The rows of the four files."""

    chokepoints: list[Row] = field(default_factory=list)
    suppliers: list[Row] = field(default_factory=list)
    sources: list[Row] = field(default_factory=list)
    evidence: list[Row] = field(default_factory=list)


def read_dataset(folder: Path) -> Dataset:
    """Read the four files of a folder. Raises DatasetError with every problem found."""
    problems: list[str] = []
    rows = {name: _read_sheet(folder / name, sheet, problems) for name, sheet in SHEETS.items()}
    if not problems:  # a file that couldn't be read would make every reference to it a problem
        for name, sheet in SHEETS.items():
            problems += _check_references(rows[name], sheet, rows)
        problems += _check_numbers(rows[CHOKEPOINTS])
        problems += _check_derivations(rows[SOURCES])
    if problems:
        raise DatasetError(problems)
    return Dataset(rows[CHOKEPOINTS], rows[SUPPLIERS], rows[SOURCES], rows[EVIDENCE])


def _read_sheet(path: Path, sheet: Sheet, problems: list[str]) -> list[Row]:
    try:
        text = path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        problems.append(f"{path.name}: this isn't UTF-8 at byte {error.start}.")
        return []
    except OSError as error:
        problems.append(f"{path.name}: this file can't be read ({error.strerror}).")
        return []
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        problems.append(f"{path.name}: this isn't a CSV file ({error}).")
        return []
    header = lines[0] if lines else []
    if wrong := list(_check_header(header, sheet)):
        problems += [f"{path.name}:1: {words}" for words in wrong]
        return []
    rows: list[Row] = []
    for number, line in enumerate(lines[1:], start=2):
        if len(line) != len(header):
            problems.append(
                f"{path.name}:{number}: this row has {len(line)} cells, the header {len(header)}."
            )
            continue
        row = Row(path.name, number, dict(zip(header, line, strict=True)))
        problems += [f"{row.where}: {words}" for words in _check_cells(row, sheet)]
        rows.append(row)
    problems += _check_keys(rows, sheet)
    return rows


def _check_header(header: list[str], sheet: Sheet) -> Iterator[str]:
    for name in dict.fromkeys(header):
        if name not in sheet.columns:
            yield f"the column “{name}” is unknown."
        if header.count(name) > 1:
            yield f"the column “{name}” stands here twice."
    for name in sheet.columns:
        if name not in header:
            yield f"the column “{name}” is missing."


def _check_cells(row: Row, sheet: Sheet) -> Iterator[str]:
    for name, column in sheet.columns.items():
        cell = row[name]
        if cell != cell.strip():
            yield f"{name} begins or ends with a blank."
        elif not cell and column.required:
            yield f"{name} is empty."
        elif cell and column.check and (wrong := column.check(cell)):
            yield f"{name}: {wrong}"


def _check_keys(rows: list[Row], sheet: Sheet) -> Iterator[str]:
    first: dict[tuple[str, ...], Row] = {}
    for row in rows:
        key = tuple(row[name] for name in sheet.key)
        if first.setdefault(key, row) is not row:
            yield f"{row.where}: {' + '.join(sheet.key)} “{' · '.join(key)}” stands in row {first[key].number} already."


def _check_references(rows: list[Row], sheet: Sheet, files: Mapping[str, list[Row]]) -> Iterator[str]:
    for name, column in sheet.columns.items():
        if column.target:
            keys = {row[SHEETS[column.target].key[0]] for row in files[column.target]}
            for row in rows:
                if row[name] and row[name] not in keys:
                    yield f"{row.where}: {name} names “{row[name]}”, which isn't in {column.target}."


def _check_numbers(rows: list[Row]) -> Iterator[str]:
    first: dict[int, Row] = {}
    for row in rows:
        if first.setdefault(int(row["number"]), row) is not row:
            yield f"{row.where}: number {row['number']} stands in row {first[int(row['number'])].number} already."


def _check_derivations(rows: list[Row]) -> Iterator[str]:
    origin = {row["key"]: row["derived_from"] for row in rows}
    for row in rows:
        seen, key = set(), row["key"]
        while key and key not in seen:
            seen.add(key)
            key = origin.get(key, "")
        if key == row["key"]:
            yield f"{row.where}: following derived_from leads back to “{key}”."
