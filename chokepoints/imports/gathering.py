"""From the rows of a file to the changes that they ask for, row by row with reasons (pure but for the reads handed in).

1. identity: each row finds the record that it is about, or is a new one; rows of one record belong together
2. values: each cell says something about a field, against the state that the file was made from
3. change: what differs from the register becomes a change; what is so already is skipped

One long file, because the three steps share what a row, a finding and a wish are, and read best one after the other.
"""

import json
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..canonical import same_json
from ..dates import parse_partial
from ..exports.formulas import restore
from ..fields import Children, Date, Field, FieldError, Share, check_name
from ..records import KINDS, Kind, State
from .cells import NONE, NOTHING, TAKEN, UNKNOWN, VALUE, Said, read_cell
from .folding import fold
from .mapping import REPLACE, ColumnPlan, Plan, TablePlan
from .matching import Asked, Identity, Known, LeftOut, Matcher, Question, new_key
from .tables import Line, Table
from .targets import EXACT, ID, IDENTIFIER, REMARK, REVISION, is_set, targets_of

ERROR, WARNING, QUESTION, INFO = "error", "warning", "question", "info"
LEVELS = {ERROR: "error", QUESTION: "question", WARNING: "warning", INFO: "remark"}
NEW, CHANGED, SAME, PROPOSED, ASKED, LEFT_OUT, REFUSED = (
    "new",
    "changed",
    "same",
    "proposed",
    "asked",
    "left-out",
    "refused",
)
OUTCOMES = {
    NEW: "new record",
    CHANGED: "changes a record",
    SAME: "is so already",
    PROPOSED: "is proposed already",
    ASKED: "waits for an answer",
    LEFT_OUT: "left out",
    REFUSED: "can't be taken",
}
# Kinds whose records others name come first; the last three are known by what they refer to.
ORDER = ("list", "sector", "source", "organization", "chokepoint", "evidence", "supply", "assessment")
NATURAL = {
    "supply": ("chokepoint", "organization", "country", "role"),
    "evidence": ("source", "claim"),
    "assessment": ("chokepoint", "status", "as_of"),
}
LONGEST_NAME = 500  # characters by which a row's record is looked for
_SPACE = uuid.UUID("2e7f7a0e-2f0b-5d7e-9f60-2b8f7c5b6a11")  # of ids that follow from a file and a name

States = Callable[[str, Iterable[str]], Mapping[str, State]]  # (kind, ids) → present states
StatesAt = Callable[[Iterable[tuple[str, int]]], Mapping[tuple[str, int], State]]


@dataclass(frozen=True)
class Finding:
    """One thing to say about a row: how grave, about which column ("" for the row), in words."""

    level: str
    column: str
    words: str


@dataclass
class Row:
    """One row of the file, and what becomes of it."""

    table: str
    line: Line
    kind: str
    record: str = ""
    label: str = ""
    how: str = ""
    outcome: str = ""
    findings: list[Finding] = field(default_factory=list)
    question: str = ""  # the key of the one it waits for

    def say(self, level: str, words: str, column: str = "") -> None:
        """Add a finding, once."""
        finding = Finding(level, column, words)
        if finding not in self.findings:
            self.findings.append(finding)

    @property
    def is_bad(self) -> bool:
        """Whether nothing can be done with it as it stands; what somebody chose to leave out isn't bad."""
        return self.outcome in {ASKED, REFUSED} or any(f.level == ERROR for f in self.findings)


@dataclass
class Draft:
    """One change that the file asks for, with the rows that it comes from. `base` is the revision that the file was made
    from, 0 for a new record; `before` what the register had then."""

    kind: str
    record: str
    label: str
    base: int
    before: State
    fields: dict[str, Any]
    rows: list[Row]

    @property
    def is_new(self) -> bool:
        return self.base == 0

    @property
    def after(self) -> State:
        """The record's state with the change."""
        return {name: value for name, value in {**self.before, **self.fields}.items() if value is not None}


@dataclass
class Gathered:
    """What a file asks for."""

    rows: list[Row]
    drafts: list[Draft]
    questions: dict[str, Question]


@dataclass
class _Wish:
    """What the rows of one record say together."""

    values: dict[str, Any] = field(default_factory=dict)  # None takes a field away
    added: dict[str, list[Any]] = field(default_factory=lambda: defaultdict(list))
    shares: dict[str, dict[str, Any]] = field(default_factory=lambda: defaultdict(dict))
    remarks: list[str] = field(default_factory=list)
    said_in: dict[str, Row] = field(default_factory=dict)
    unknown: dict[str, Row] = field(default_factory=dict)
    base: int = 0
    columns: dict[str, str] = field(default_factory=dict)  # field → the column that it comes from


def gather(
    tables: Iterable[Table],
    plan: Plan,
    matcher: Matcher,
    *,
    seed: str,
    states: States,
    states_at: StatesAt,
) -> Gathered:
    """Return what some tables ask for. `seed` makes the ids of new records, so the same run gives the same ids again."""
    return _Gathering(plan, matcher, seed, states, states_at).gather(tables)


class _Gathering:
    def __init__(self, plan: Plan, matcher: Matcher, seed: str, states: States, states_at: StatesAt):
        self.plan, self.matcher, self.seed, self.states, self.states_at = (
            plan,
            matcher,
            seed,
            states,
            states_at,
        )
        self.questions: dict[str, Question] = {}
        self.positions: dict[str, dict[str, int]] = {}

    def gather(self, tables: Iterable[Table]) -> Gathered:
        chosen = [table for table in tables if self.plan.get(table.name) and self.plan[table.name].kind]
        rows: dict[str, list[Row]] = {}
        for table in chosen:
            self.positions[table.name] = {name: place for place, name in enumerate(table.columns)}
            kind = self.plan[table.name].kind
            rows[table.name] = [Row(table.name, line, kind) for line in table.lines]
        everything = [row for table in chosen for row in rows[table.name]]
        for row in everything:
            self._check_line(row)
        for kind in ORDER:
            self._identify([row for row in everything if row.kind == kind], kind)
        drafts = []
        for kind in ORDER:
            drafts += self._compare(kind, [row for row in everything if row.kind == kind])
        for row in everything:
            if not row.outcome:
                row.outcome = REFUSED if row.is_bad else SAME
        return Gathered(everything, [draft for draft in drafts if draft], self.questions)

    # --- what a row says

    def _cell(self, row: Row, column: str) -> str | None:
        cell = row.line.cells[self.positions[row.table][column]]
        return cell

    def _text(self, row: Row, target: str) -> str:
        """Return the text that a row has for a target, "" if it has none or only words for nothing."""
        plan = self.plan[row.table]
        column = plan.column_for(target)
        if column is None:
            return ""
        cell = self._cell(row, column) or ""
        if plan.restores and target in {"name", "name_original", "title", "title_original", "claim"}:
            cell = restore(cell)
        cell = plan.columns[column].words.get(cell.strip(), cell)
        return "" if plan.columns[column].sort_of(cell) in {"empty", "unknown", "none"} else cell.strip()

    def _check_line(self, row: Row) -> None:
        plan = self.plan[row.table]
        for words in row.line.problems:
            row.say(ERROR, words)
            row.outcome = REFUSED
        for column, each in plan.columns.items():
            if column not in self.positions[row.table]:
                continue
            cell = self._cell(row, column)
            if cell is None:
                continue
            if each.skip_blank and not cell.strip():
                row.say(INFO, f"Left out, as you chose for empty cells of “{column}”.", column)
                row.outcome = LEFT_OUT
            if cell.strip() and cell.strip() in each.skip_words:
                row.say(INFO, f"Left out, as you chose for “{cell.strip()[:60]}” in “{column}”.", column)
                row.outcome = LEFT_OUT

    # --- 1. identity

    def _identify(self, rows: list[Row], kind: str) -> None:
        if kind in NATURAL:
            self._identify_by_what_they_refer_to(rows, kind)
            return
        for row in rows:
            if not row.outcome:
                self._guarded(row, "", lambda row=row: self._identify_one(row, kind))

    def _guarded(self, row: Row, column: str, act: Callable[[], Any]) -> Any:
        """Do something for a row; a refusal becomes a finding, a doubt a question."""
        try:
            return act()
        except Asked as asked:
            question = self.questions.setdefault(asked.question.key, asked.question)
            question.rows.append((row.table, row.line.number))
            row.question = question.key
            row.say(QUESTION, f"“{question.text[:80]}”: {question.why}", column)
            row.outcome = ASKED
        except LeftOut as words:
            row.say(INFO, str(words), column)
            row.outcome = LEFT_OUT
        except FieldError as error:
            row.say(ERROR, str(error), column)
            row.outcome = REFUSED
        return None

    def _identify_one(self, row: Row, kind: str) -> None:
        title = KINDS[kind].title
        identity = Identity(
            id=self._text(row, ID),
            key=self._text(row, "key"),
            identifiers=self._identifiers(row),
            names=[text for text in (self._text(row, title), self._text(row, f"{title}_original")) if text],
        )
        if not (identity.id or identity.key or identity.identifiers or identity.names):
            raise FieldError(
                "The row has no id, key, identifier or name, so it isn't clear which record it is about."
            )
        if len(identity.text) > LONGEST_NAME:
            raise FieldError(f"The name has {len(identity.text):,} characters; at most {LONGEST_NAME} fit.")
        row.label = identity.text[:200]
        match = self.matcher.match(kind, identity)
        index = self.matcher.catalogue[kind]
        row.how = match.how
        row.record = match.record or self._new_id(kind, identity.own)
        if match.record is None:
            known = Known(row.record, identity.text, is_new=True)
            keys = [identity.key] if identity.key else []
            index.add(known, keys=keys, names=identity.names, identifiers=identity.identifiers)
        elif index.records[row.record].is_new:
            index.add(index.records[row.record], names=identity.names, identifiers=identity.identifiers)
        row.label = index.records[row.record].label
        present = index.records[row.record].key
        if match.how == "key" and present not in {"", identity.key}:
            words = f"“{identity.key}” is a former key; it leads on to “{row.label}”."
            row.say(INFO, words, self._column(row, "key"))

    def _identifiers(self, row: Row) -> list[tuple[str, str]]:
        plan = self.plan[row.table]
        found = []
        for column, each in plan.targeted():
            if each.target == IDENTIFIER and column in self.positions[row.table]:
                cell = self._cell(row, column) or ""
                if each.sort_of(cell) in {"value", "zero"}:
                    found.append(
                        (check_name(each.scheme or fold(column), limit=60), check_name(cell, limit=300))
                    )
        return found

    def _new_id(self, kind: str, own: str) -> str:
        return str(uuid.uuid5(_SPACE, f"{self.seed}\n{kind}\n{own}"))

    def _column(self, row: Row, target: str) -> str:
        return self.plan[row.table].column_for(target) or ""

    def _identify_by_what_they_refer_to(self, rows: list[Row], kind: str) -> None:
        index = self.matcher.catalogue[kind]
        together: dict[tuple[str, ...], list[tuple[Row, str]]] = defaultdict(list)
        for row in rows:
            if row.outcome:
                continue
            if record := self._text(row, ID):
                found = self._guarded(
                    row, self._column(row, ID), lambda r=record: self.matcher.match(kind, Identity(id=r))
                )
                if found:
                    row.record, row.how = found.record or "", "id"
                    row.label = index.records[row.record].label
                continue
            natural = self._guarded(row, "", lambda row=row: self._natural(row, kind))
            if natural:
                together[natural].append((row, self._text(row, "as_of") if kind == "supply" else ""))
        for natural, found_rows in together.items():
            self._match_natural(kind, natural, found_rows)

    def _natural(self, row: Row, kind: str) -> tuple[str, ...]:
        parts = []
        for name in NATURAL[kind]:
            each, text = KINDS[kind].fields[name], self._text(row, name)
            fixed = self.plan[row.table].fixed.get(name, "")
            said = self._read(row, name, text or fixed, each) if text or fixed else Said(NOTHING)
            if said.sort != VALUE and (each.required or name == "claim"):
                raise FieldError(f"{each.label} is missing, so it isn't clear which {kind} the row is about.")
            value = str(said.value) if said.sort == VALUE else ""
            parts.append(fold(value) if name == "claim" else value)
        return tuple(parts)

    def _read(self, row: Row, target: str, text: str, each: Field) -> Said:
        column = self.plan[row.table].column_for(target)
        plan = self.plan[row.table].columns[column] if column else ColumnPlan(target)
        return read_cell(text, plan, each, self.matcher.resolve)

    def _match_natural(self, kind: str, natural: tuple[str, ...], rows: list[tuple[Row, str]]) -> None:
        index = self.matcher.catalogue[kind]
        standing = sorted(index.natural.get(natural, set()))
        dates = {date for _, date in rows}
        for row, date in rows:
            by_date = [record for record in standing if date and index.dates.get(record) == date]
            if len(by_date) == 1:
                row.record, row.how = by_date[0], "what it refers to, and its date"
            elif len(standing) == 1 and len(dates) == 1:
                row.record, row.how = standing[0], "what it refers to"
            elif len(standing) > 1 and not by_date:
                row.say(
                    ERROR, f"{len(standing)} records speak of the same; give the id of the one that is meant."
                )
                row.outcome = REFUSED
                continue
            else:
                row.record = self._new_id(kind, "\n".join((*natural, date)))
                index.add(Known(row.record, self._natural_label(natural), is_new=True))
            row.label = index.records[row.record].label

    def _natural_label(self, natural: tuple[str, ...]) -> str:
        labels = []
        for part in natural:
            known = next(
                (i.records[part] for i in self.matcher.catalogue.values() if part in i.records), None
            )
            if part:
                labels.append(known.label if known else part)
        return ", ".join(labels)[:200]

    # --- 2. values

    def _compare(self, kind: str, rows: list[Row]) -> list[Draft | None]:
        by_record: dict[str, list[Row]] = defaultdict(list)
        for row in rows:
            if row.record:
                by_record[row.record].append(row)
        index = self.matcher.catalogue[kind]
        present = self.states(kind, [record for record in by_record if not index.records[record].is_new])
        wishes: dict[str, _Wish] = {}
        for record, found in by_record.items():
            wishes[record] = wish = _Wish()
            for row in found:
                if not row.outcome:
                    self._read_row(row, wish)
        wanted = {
            (record, wish.base)
            for record, wish in wishes.items()
            if wish.base and wish.base != index.records[record].revision
        }
        older = self.states_at(wanted)
        return [
            self._draft(KINDS[kind], record, by_record[record], wish, present.get(record), older)
            for record, wish in wishes.items()
        ]

    def _read_row(self, row: Row, wish: _Wish) -> None:
        plan, kind = self.plan[row.table], KINDS[row.kind]
        targets = targets_of(row.kind)
        for column, each in plan.targeted():
            if column not in self.positions[row.table] or each.target == ID:
                continue
            target = targets[each.target]
            cell = self._cell(row, column)
            if each.target == REVISION:
                self._guarded(row, column, lambda cell=cell: self._read_base(cell, wish))
            elif target.beside:
                self._compare_name(row, column, cell, target.beside)
            elif each.target == REMARK:
                if cell and each.sort_of(cell) != "empty":
                    wish.remarks.append(f"{column}: {cell.strip()}")
            elif each.target == IDENTIFIER:
                identifiers = self._guarded(row, column, lambda: self._identifiers(row)) or []
                wish.added["identifiers"] += [{"scheme": s, "value": v} for s, v in identifiers]
                wish.columns["identifiers"] = column
            else:
                if each.target == "key" and self._keeps_its_key(row, cell):
                    continue
                said = self._guarded(
                    row,
                    column,
                    lambda cell=cell, each=each, target=target: read_cell(
                        cell,
                        each,
                        kind.fields[target.field],
                        self.matcher.resolve,
                        part=target.part,
                        restores=plan.restores,
                    ),
                )
                if said:
                    self._take(row, column, each, kind.fields[target.field], target.part, said, wish)

    def _read_base(self, cell: str | None, wish: _Wish) -> None:
        text = (cell or "").strip()
        if not text:
            return
        if not (text.isascii() and text.isdigit() and len(text) < 10):
            raise FieldError(f"“{text[:20]}” isn't the number of a revision.")
        wish.base = int(text)

    def _keeps_its_key(self, row: Row, cell: str | None) -> bool:
        """Tell whether a key only says which record is meant: its present one, or a former one that leads on to it."""
        return self.matcher.catalogue[row.kind].keys.get((cell or "").strip()) == row.record and not (
            self.matcher.catalogue[row.kind].records[row.record].is_new
        )

    def _compare_name(self, row: Row, column: str, cell: str | None, reference: str) -> None:
        """Hold a name that stands beside a reference against the record that the reference means."""
        text = (cell or "").strip()
        beside = self._text(row, reference)
        if not text or not beside or row.outcome:
            return
        field_ = KINDS[row.kind].fields[reference]
        try:
            _, record = self.matcher.resolve((field_.kind,), beside)
        except FieldError:
            return  # said where the reference itself is read
        index = self.matcher.catalogue[field_.kind]
        if index.keys.get(text) == record or record in index.names.get(fold(text), set()):
            return
        others = index.names.get(fold(text), set()) - {record}
        label = index.records[record].label
        if others:
            row.say(
                ERROR,
                f"“{beside[:60]}” is “{label}”, but “{text[:60]}” beside it is the name of another {field_.kind}.",
                column,
            )
            row.outcome = REFUSED
        else:
            row.say(
                WARNING,
                f"The file calls “{beside[:60]}” “{text[:60]}”; it is “{label}”. The name beside it is stale.",
                column,
            )

    def _take(
        self, row: Row, column: str, plan: ColumnPlan, each: Field, part: str, said: Said, wish: _Wish
    ) -> None:
        """Enter what a cell says into what the record's rows say together."""
        if said.words:
            row.say(WARNING, said.words, column)
        wish.columns.setdefault(each.name, column)
        if said.sort == NOTHING:
            return
        if said.sort == UNKNOWN:
            wish.unknown.setdefault(each.name, row)
            return
        if isinstance(each, Share):
            self._take_share(row, column, each, part, said, wish)
        elif is_set(each):
            if said.sort in {TAKEN, NONE}:
                self._set(row, column, each, None, wish)
            elif plan.entries == REPLACE:
                standing = wish.values.get(each.name) or []
                wish.values[each.name] = [*standing, *said.value]
            else:
                wish.added[each.name] += said.value
        else:
            self._set(row, column, each, said.value if said.sort == VALUE else None, wish)

    def _set(self, row: Row, column: str, each: Field, value: Any, wish: _Wish) -> None:
        if each.name in wish.values and not same_json(wish.values[each.name], value):
            other = wish.said_in[each.name]
            words = f"Rows {other.line.number} and {row.line.number} are about the same record and disagree on this."
            for one in (other, row):
                one.say(ERROR, words, column)
            return
        wish.values[each.name] = value
        wish.said_in.setdefault(each.name, row)

    def _take_share(self, row: Row, column: str, each: Share, part: str, said: Said, wish: _Wish) -> None:
        parts = wish.shares[each.name]
        if said.sort == VALUE:
            low, high = said.value if isinstance(said.value, tuple) else (said.value, said.value)
            new = {"low": low, "high": high} if part == EXACT else {part: high if part == "high" else low}
        elif said.sort == NONE and part in {"low", "high", EXACT}:
            new = {"low": "0", "high": "0"} if part == EXACT else {part: "0"}
            row.say(WARNING, "“none” is read as 0 percent.", column)
        else:
            new = dict.fromkeys(("low", "high") if part == EXACT else (part,))
        for name, value in new.items():
            if name in parts and parts[name] != value:
                other = wish.said_in.get(f"{each.name}_{name}", row)
                words = f"Rows {other.line.number} and {row.line.number} are about the same record and disagree on this."
                row.say(ERROR, words, column)
                return
            parts[name] = value
            wish.said_in.setdefault(f"{each.name}_{name}", row)
        wish.said_in.setdefault(each.name, row)

    # --- 3. changes

    def _draft(
        self,
        kind: Kind,
        record: str,
        rows: list[Row],
        wish: _Wish,
        present: State | None,
        older: Mapping[tuple[str, int], State],
    ) -> Draft | None:
        index = self.matcher.catalogue[kind.name]
        known = index.records[record]
        taking = [row for row in rows if not row.outcome]
        bad = next((row for row in rows if row.is_bad), None)
        if not taking:
            return None
        first = taking[0]
        before = present or {}
        if wish.base and not known.is_new and wish.base != known.revision:
            if (record, wish.base) not in older:
                first.say(
                    ERROR,
                    f"The record has no revision {wish.base}; it is at {known.revision}.",
                    self._column(first, REVISION),
                )
                before = present or {}
            else:
                before = older[record, wish.base]
                first.say(
                    WARNING,
                    f"The file was made from revision {wish.base}; the register is at {known.revision}. Only what differs from "
                    f"revision {wish.base} is proposed.",
                    self._column(first, REVISION),
                )
        desired = self._desired(kind, before, wish, first, known)
        fields = {name: value for name, value in desired.items() if not same_json(value, before.get(name))}
        if present is not None:
            fields = {
                name: value for name, value in fields.items() if not same_json(value, present.get(name))
            }
        base = 0 if known.is_new else (wish.base or known.revision)
        if known.is_new:
            fields = {name: value for name, value in fields.items() if value is not None}
        draft = Draft(kind.name, record, known.label, base, before, fields, taking)
        if fields:
            self._check(kind, draft, wish, known, present)
        bad = bad or next((row for row in rows if row.is_bad), None)
        outcome = (NEW if known.is_new else CHANGED) if fields else SAME
        for row in taking:
            if row.is_bad:
                row.outcome = REFUSED
            elif bad and fields:
                row.outcome = LEFT_OUT
                row.say(
                    INFO,
                    f"Row {bad.line.number} is about the same record and can't be taken, so neither is this one.",
                )
            else:
                row.outcome = outcome
                if row is not first and fields:
                    row.say(INFO, f"Together with row {first.line.number}: the same record.")
        return draft if fields and not bad else None

    def _desired(self, kind: Kind, before: State, wish: _Wish, row: Row, known: Known) -> dict[str, Any]:
        """Return the values that a record would have, of the fields that its rows speak of."""
        plan = self.plan[row.table]
        desired: dict[str, Any] = {}

        def clean(each: Field, value: Any) -> None:
            try:
                desired[each.name] = each.clean(value)
            except FieldError as error:
                row.say(ERROR, str(error), wish.columns.get(each.name, ""))

        for name, value in wish.values.items():
            clean(kind.fields[name], value)
        for name, entries in wish.added.items():
            if name not in wish.values:
                clean(kind.fields[name], _added(kind.fields[name], before.get(name), entries))
        if known.is_new:
            self._fix(kind, plan, desired, wish, row, known)
        for name, parts in wish.shares.items():
            if {"low", "high"} & set(parts):
                clean(kind.fields[name], _share(kind.fields[name], before.get(name), parts, plan))
        self._remark(kind, before, desired, wish, row)
        return desired

    def _fix(
        self, kind: Kind, plan: TablePlan, desired: dict[str, Any], wish: _Wish, row: Row, known: Known
    ) -> None:
        """Fill in what holds for all new records of the table, and a key."""
        for target, text in plan.fixed.items():
            each = kind.fields.get(target)
            if each and desired.get(target) is None and text.strip():
                said = self._guarded(
                    row,
                    "",
                    lambda each=each, text=text: read_cell(
                        text, ColumnPlan(each.name), each, self.matcher.resolve
                    ),
                )
                if said and said.sort == VALUE:
                    desired[target] = said.value
        index = self.matcher.catalogue[kind.name]
        if kind.has_key and not desired.get("key"):
            key = new_key(known.label, known.record, kind.name, lambda key: key in index.keys)
            desired["key"] = key
            index.keys[key] = known.record
        if kind.has_key and desired.get(kind.title) is None and known.label:
            desired[kind.title] = known.label

    def _remark(self, kind: Kind, before: State, desired: dict[str, Any], wish: _Wish, row: Row) -> None:
        """Write what isn't known, and remarks, into the note: each once, and nothing that stands there is taken away."""
        lines = list(dict.fromkeys(wish.remarks))
        for name, one in wish.unknown.items():
            each = kind.fields[name]
            if before.get(name) is not None:
                shown = json.dumps(before[name], ensure_ascii=False)[:80]
                one.say(
                    WARNING,
                    f"The file says “unknown”, the register has {shown}. That stays.",
                    wish.columns.get(name, ""),
                )
            else:
                lines.append(f"Not known: {each.label}.")
        note = desired.get("note", before.get("note")) or ""
        lines = [line for line in lines if line not in note.split("\n")]
        if lines:
            try:
                desired["note"] = kind.fields["note"].clean("\n".join([*([note] if note else []), *lines]))
            except FieldError as error:
                row.say(ERROR, str(error), "note")

    def _check(self, kind: Kind, draft: Draft, wish: _Wish, known: Known, present: State | None) -> None:
        first = draft.rows[0]
        if known.retired:
            first.say(ERROR, f"“{known.label[:60]}” is retired. Restore it first, or leave the row out.")
        if not draft.is_new:
            for name in draft.fields:
                if not kind.may_change(name):
                    words = f"{kind.fields[name].label} of a published {kind.name} doesn't change; a new {kind.name} says it."
                    first.say(ERROR, words, wish.columns.get(name, ""))
        old = set(kind.problems(draft.before)) if not draft.is_new else set()
        for name, words in kind.problems(draft.after):
            if (name, words) not in old:
                first.say(ERROR, words, wish.columns.get(name, ""))
        self._check_years(kind, draft, wish, first)
        key = draft.fields.get("key")
        owner = self.matcher.catalogue[kind.name].keys.get(key) if key else None
        if owner and owner != draft.record:
            first.say(ERROR, f"The key “{key}” is or was another {kind.name}'s.", wish.columns.get("key", ""))

    def _check_years(self, kind: Kind, draft: Draft, wish: _Wish, row: Row) -> None:
        """Say where a file takes a date back: it may be older than the register."""
        for name, value in draft.fields.items():
            each, old = kind.fields[name], draft.before.get(name)
            if not (value and old):
                continue
            column = wish.columns.get(name, "")
            if isinstance(each, Date) and parse_partial(value)[0] < parse_partial(old)[0]:
                row.say(
                    WARNING, f"Goes back from {old} to {value}. Is the file older than the register?", column
                )
            if isinstance(each, Share) and (value.get("year") or 9999) < (old.get("year") or 0):
                row.say(WARNING, f"The share goes back from {old['year']} to {value['year']}.", column)


def _added(each: Field, standing: Any, entries: list[Any]) -> list[Any]:
    """Return a set with entries added; one about the same record takes the place of the old one."""
    key = each.entry_key if isinstance(each, Children) else lambda entry: json.dumps(entry, sort_keys=True)
    found = {key(entry): entry for entry in standing or ()}
    for entry in entries:
        old = found.get(key(entry))
        found[key(entry)] = {**old, **entry} if isinstance(old, dict) and isinstance(entry, dict) else entry
    return list(found.values())


def _share(each: Field, standing: Any, parts: Mapping[str, Any], plan: TablePlan) -> dict[str, Any] | None:
    """Return a share from what the rows, the register and the fixed values say of its parts; None takes it away."""
    if parts.get("low", "") is None and parts.get("high", "") is None:
        return None
    fixed = {part: plan.fixed.get(f"{each.name}_{part}", "").strip() for part in Share.PARTS}
    share = {part: text for part, text in fixed.items() if text} | dict(standing or {})
    share |= {part: value for part, value in parts.items() if value is not None}
    share = {part: value for part, value in share.items() if parts.get(part, value) is not None}
    if share.get("market") != "segment":
        share.pop("segment", None)
    return share
