"""The forms of an import: the file, what its columns mean, what is meant now, which records are meant, how it is filed."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms

from chokepoints.fields import Share
from chokepoints.imports.csv_file import DELIMITERS, ENCODINGS
from chokepoints.imports.mapping import (
    EMPTY_WORDS,
    SET_WORDS,
    ColumnPlan,
    Plan,
    TablePlan,
    importable_kinds,
    load_plan,
    suggest_table,
)
from chokepoints.imports.tables import Line, Table
from chokepoints.imports.targets import is_set, part_words, targets_of, vocabulary_of
from chokepoints.records import KINDS

from ..models import ImportMapping, ImportRun
from ..models.import_run import GROUPINGS

LONGEST = 2_000  # characters of one typed list of words


class ReadingForm(forms.Form):
    """How a file is to be read, which nobody can find out for sure."""

    encoding = forms.ChoiceField(
        label="Encoding", choices=list(ENCODINGS.items()), initial="utf-8", help_text="Of CSV only."
    )
    delimiter = forms.ChoiceField(
        label="Delimiter",
        choices=[("", "find it out"), *((sign, name) for sign, name in DELIMITERS.items())],
        required=False,
        help_text="Of CSV only.",
    )


class UploadForm(ReadingForm):
    """A file, and how it is to be read."""

    field_order = ("file", "mapping", "encoding", "delimiter")

    file = forms.FileField(
        label="File",
        help_text="CSV, XLSX, JSON Lines, or a Data Package or zip of ours.",
        allow_empty_file=True,
    )
    mapping = forms.ModelChoiceField(
        label="Mapping",
        queryset=ImportMapping.objects.none(),
        required=False,
        empty_label="none: look at the columns",
        help_text="What the columns meant last time. The file is held against it.",
    )

    def __init__(self, owner: Any, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["mapping"].queryset = ImportMapping.objects.filter(owner=owner)


class FilingForm(forms.Form):
    """What the proposals say, and how they are grouped."""

    title = forms.CharField(
        label="Title", max_length=120, help_text="The title of each proposal begins with it."
    )
    rationale = forms.CharField(
        label="Reason",
        widget=forms.Textarea({"rows": 4}),
        help_text="Where the data are from, and why they belong here. It stands in every proposal.",
    )
    grouping = forms.ChoiceField(
        label="Grouping",
        choices=list(GROUPINGS.items()),
        widget=forms.RadioSelect,
        initial="record",
        help_text="What rests on a new record goes with it, whatever you choose. Reviewers may decide a batch at once.",
    )


# --- the mapping: one row a column, named by position, since a column's name may be anything


@dataclass
class ColumnRow:
    """One column on the page of the mapping."""

    name: str
    prefix: str
    samples: list[str]
    plan: ColumnPlan
    problem: str
    takes_entries: bool
    vocabulary: Mapping[str, str]

    @property
    def unknown(self) -> str:
        return "; ".join(self.plan.unknown)

    @property
    def none(self) -> str:
        return "; ".join(self.plan.none)

    @property
    def words(self) -> str:
        return "\n".join(f"{theirs} = {ours}" for theirs, ours in self.plan.words.items())

    @property
    def is_identifier(self) -> bool:
        return self.plan.target == "identifier"


@dataclass
class FixedRow:
    """One value that holds for all rows, where the table has no column for it."""

    name: str
    prefix: str
    label: str
    value: str
    words: Mapping[str, str]
    required: bool


@dataclass
class TableRows:
    """One table on the page of the mapping."""

    name: str
    prefix: str
    rows: int
    plan: TablePlan
    problem: str
    columns: list[ColumnRow]
    fixed: list[FixedRow]
    targets: list[tuple[str, str]]


class MappingForm:
    """What the columns of a run's file mean, as it stands or as it was typed."""

    empties = list(EMPTY_WORDS.items())
    entries = list(SET_WORDS.items())

    def __init__(self, run: ImportRun, typed: Mapping[str, Any] | None = None):
        self.run, self.typed = run, typed
        self.problems: dict[str, str] = {}
        self.suggests_anew = (
            False  # another kind was chosen: its meanings are shown before anything is checked
        )
        kept = load_plan(run.plan)
        self.plan: Plan = self._read(kept) if typed is not None else kept
        mapping = run.mapping.name if run.mapping else ""
        self.name = typed.get("name", "")[:200] if typed is not None else mapping
        self.kinds = [(kind.name, kind.plural) for kind in importable_kinds()]

    def _read(self, kept: Plan) -> Plan:
        plan: Plan = {}
        for place, table in enumerate(self.run.tables):
            prefix = f"t{place}"
            old = kept.get(table["name"], TablePlan())
            kind = self._word(f"{prefix}-kind")
            kind = kind if kind in {one.name for one in importable_kinds()} else ""
            # The columns on the page are those of the kind that it was made for; another kind has other meanings.
            if kind and kind != self._word(f"{prefix}-shown"):
                plan[table["name"]] = _suggested(table, kind)
                self.suggests_anew = True
                continue
            columns = {
                column: self._column(f"{prefix}-c{position}", old.columns.get(column, ColumnPlan()))
                for position, column in enumerate(table["columns"])
            }
            fixed = {
                name: text
                for name in _fixable(kind)
                if (text := self._word(f"{prefix}-fixed-{name}").strip())
            }
            plan[table["name"]] = TablePlan(kind, columns, fixed, old.restores)
        return plan

    def _word(self, name: str) -> str:
        return str((self.typed or {}).get(name, ""))[:LONGEST]

    def _column(self, prefix: str, old: ColumnPlan) -> ColumnPlan:
        if f"{prefix}-target" not in (self.typed or {}):
            return old
        empty, entries = self._word(f"{prefix}-empty"), self._word(f"{prefix}-entries")
        return ColumnPlan(
            target=self._word(f"{prefix}-target"),
            empty=empty if empty in EMPTY_WORDS else old.empty,
            unknown=_words(self._word(f"{prefix}-unknown")),
            none=_words(self._word(f"{prefix}-none")),
            entries=entries if entries in SET_WORDS else old.entries,
            separator=self._word(f"{prefix}-separator")[:5] or old.separator,
            scheme=self._word(f"{prefix}-scheme")[:60] or old.scheme,
            words=_pairs(self._word(f"{prefix}-words")),
        )

    def tables(self) -> Iterator[TableRows]:
        """Yield what the page shows."""
        for place, table in enumerate(self.run.tables):
            plan, prefix = self.plan.get(table["name"], TablePlan()), f"t{place}"
            targets = (
                [(each.name, each.label) for each in targets_of(plan.kind).values()] if plan.kind else []
            )
            yield TableRows(
                table["name"],
                prefix,
                table["rows"],
                plan,
                self.problems.get(table["name"], ""),
                list(self._column_rows(table, plan, prefix)) if plan.kind else [],
                list(self._fixed_rows(plan, prefix)) if plan.kind else [],
                targets,
            )

    def _column_rows(self, table: Mapping[str, Any], plan: TablePlan, prefix: str) -> Iterator[ColumnRow]:
        for position, column in enumerate(table["columns"]):
            each = plan.columns.get(column, ColumnPlan())
            target = targets_of(plan.kind).get(each.target)
            field = KINDS[plan.kind].fields.get(target.field) if target else None
            vocabulary: Mapping[str, str] = {}
            if field is not None and target is not None:
                vocabulary = (
                    part_words(field, target.part) if isinstance(field, Share) else vocabulary_of(field)
                )
            yield ColumnRow(
                column,
                f"{prefix}-c{position}",
                table["samples"].get(column, []),
                each,
                self.problems.get(f"{table['name']}|{column}", ""),
                field is not None and is_set(field) and each.target != "identifier",
                vocabulary,
            )

    def _fixed_rows(self, plan: TablePlan, prefix: str) -> Iterator[FixedRow]:
        taken = {each.target for each in plan.columns.values()}
        for name, (label, words, required) in _fixable(plan.kind).items():
            if name not in taken:
                yield FixedRow(
                    name, f"{prefix}-fixed-{name}", label, plan.fixed.get(name, ""), words, required
                )


def _suggested(table: Mapping[str, Any], kind: str) -> TablePlan:
    """Return what a table's columns seem to mean for a kind; its samples stand for its cells."""
    height = max((len(cells) for cells in table["samples"].values()), default=0)
    lines = [
        Line(
            number,
            [(table["samples"].get(column, []) + [""] * height)[number] for column in table["columns"]],
        )
        for number in range(height)
    ]
    return suggest_table(Table(table["name"], list(table["columns"]), lines), kind)


def _fixable(kind: str) -> dict[str, tuple[str, Mapping[str, str], bool]]:
    """Return what can hold for all rows of a kind: required fields, choices, and the base of shares."""
    found: dict[str, tuple[str, Mapping[str, str], bool]] = {}
    if kind not in KINDS:
        return found
    for name, field in KINDS[kind].editable.items():
        if isinstance(field, Share):
            for part in ("market", "segment", "measure", "year", "counted"):
                words = part_words(field, part)
                found[f"{name}_{part}"] = (f"{field.label}: {part}", words, False)
        elif (
            name not in {"key", KINDS[kind].title}
            and not is_set(field)
            and (field.required or vocabulary_of(field))
        ):
            found[name] = (field.label, vocabulary_of(field), field.required)
    return found


def _words(typed: str) -> list[str]:
    return [word.strip() for word in typed.replace("\n", ";").split(";") if word.strip()][:50]


def _pairs(typed: str) -> dict[str, str]:
    pairs = (line.partition("=") for line in typed.splitlines()[:200])
    return {
        theirs.strip(): ours.strip()
        for theirs, sign, ours in pairs
        if sign and theirs.strip() and ours.strip()
    }


# --- choices and answers: one group of radio buttons each, named by position


def read_choices(found: Iterable[Mapping[str, Any]], typed: Mapping[str, Any]) -> dict[str, str]:
    """Return what was chosen about each alarm that is shown, by its key."""
    return {
        alarm["key"]: str(typed.get(f"a{place}", ""))
        for place, alarm in enumerate(found)
        if typed.get(f"a{place}")
    }


def read_answers(questions: Iterable[Mapping[str, Any]], typed: Mapping[str, Any]) -> dict[str, str]:
    """Return what was answered to each question that is shown, by its key; "other" takes what was typed beside it."""
    answers = {}
    for place, question in enumerate(questions):
        if typed.get(f"k{place}", question["key"]) != question["key"]:
            continue  # the questions have changed since the page was made
        answer = str(typed.get(f"q{place}", ""))
        other = str(typed.get(f"o{place}", "")).strip()[:200]
        if answer == "other":
            answer = other
        if answer:
            answers[question["key"]] = answer
    return answers
