"""Step 3 of gathering: what of a record's wishes differs from the register, and may be asked for (pure)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..canonical import same_json
from ..dates import parse_partial
from ..fields import Children, Date, Field, FieldError, Share
from ..records import Kind, State
from .cells import VALUE, read_cell
from .mapping import ColumnPlan, TablePlan
from .matching import Known, new_key
from .outcomes import CHANGED, ERROR, INFO, LEFT_OUT, NEW, REFUSED, SAME, WARNING, Draft, Row
from .rowwise import RowReader
from .targets import REVISION
from .wishing import Wish

Older = Mapping[tuple[str, int], State]


@dataclass
class _About:
    """One record with what its rows wish; what is to be said of them together is said in `row`, the first of them."""

    reader: RowReader
    kind: Kind
    known: Known
    wish: Wish
    row: Row

    @property
    def plan(self) -> TablePlan:
        return self.reader.plan[self.row.table]

    def say(self, level: str, words: str, field: str = "") -> None:
        """Say something in the first row, about the column that a field comes from."""
        self.row.say(level, words, self.wish.columns.get(field, ""))


def draft_of(
    reader: RowReader,
    kind: Kind,
    record: str,
    rows: list[Row],
    wish: Wish,
    present: State | None,
    older: Older,
) -> Draft | None:
    """Return the change that the rows of one record ask for, None if there is none or it can't be taken; say so in them.

    `present` is the record's state, None for a new one; `older` holds the states that files may have been made from.
    """
    taking = [row for row in rows if not row.outcome]
    bad = next((row for row in rows if row.is_bad), None)
    if not taking:
        return None
    about = _About(reader, kind, reader.index(kind.name).records[record], wish, taking[0])
    before = _state_of_the_file(about, present or {}, older)
    fields = _differences(_desired(about, before), before, present, is_new=about.known.is_new)
    base = 0 if about.known.is_new else (wish.base or about.known.revision)
    draft = Draft(kind.name, record, about.known.label, base, before, fields, taking)
    if fields:
        _check(about, draft)
    bad = bad or next((row for row in rows if row.is_bad), None)
    _settle(draft, bad, is_new=about.known.is_new)
    return draft if fields and not bad else None


def _state_of_the_file(about: _About, present: State, older: Older) -> State:
    """Return the state that the file was made from: the present one, unless a revision is named that is another."""
    known, base = about.known, about.wish.base
    if not base or known.is_new or base == known.revision:
        return present
    column = about.reader.column(about.row, REVISION)
    if (known.record, base) not in older:
        words = f"The record has no revision {base}; it is at {known.revision}."
        about.row.say(ERROR, words, column)
        return present
    words = (
        f"The file was made from revision {base}; the register is at {known.revision}. Only what differs from "
        f"revision {base} is proposed."
    )
    about.row.say(WARNING, words, column)
    return older[known.record, base]


def _differences(
    desired: Mapping[str, Any], before: State, present: State | None, *, is_new: bool
) -> dict[str, Any]:
    """Return what is wished and is neither what the file was made from nor what the register has."""
    fields = {name: value for name, value in desired.items() if not same_json(value, before.get(name))}
    if present is not None:
        fields = {name: value for name, value in fields.items() if not same_json(value, present.get(name))}
    return {name: value for name, value in fields.items() if value is not None} if is_new else fields


def _settle(draft: Draft, bad: Row | None, *, is_new: bool) -> None:
    """Give the rows of one record their outcome: where one can't be taken, none is."""
    first, outcome = draft.rows[0], (NEW if is_new else CHANGED) if draft.fields else SAME
    for row in draft.rows:
        if row.is_bad:
            row.outcome = REFUSED
        elif bad and draft.fields:
            row.outcome = LEFT_OUT
            words = (
                f"Row {bad.line.number} is about the same record and can't be taken, so neither is this one."
            )
            row.say(INFO, words)
        else:
            row.outcome = outcome
            if row is not first and draft.fields:
                row.say(INFO, f"Together with row {first.line.number}: the same record.")


# --- what the record would have


def _desired(about: _About, before: State) -> dict[str, Any]:
    """Return the values that a record would have, of the fields that its rows speak of."""
    kind, wish = about.kind, about.wish
    desired: dict[str, Any] = {}

    def clean(each: Field, value: Any) -> None:
        try:
            desired[each.name] = each.clean(value)
        except FieldError as error:
            about.say(ERROR, str(error), each.name)

    for name, value in wish.values.items():
        clean(kind.fields[name], value)
    for name, entries in wish.added.items():
        if name not in wish.values:
            clean(kind.fields[name], _added(kind.fields[name], before.get(name), entries))
    if about.known.is_new:
        _fix(about, desired)
    for name, parts in wish.shares.items():
        if {"low", "high"} & set(parts):
            clean(kind.fields[name], _share(kind.fields[name], before.get(name), parts, about.plan))
    _remark(about, before, desired)
    return desired


def _fix(about: _About, desired: dict[str, Any]) -> None:
    """Fill in what holds for all new records of the table, and a key."""
    reader, kind, known = about.reader, about.kind, about.known
    for target, text in about.plan.fixed.items():
        each = kind.fields.get(target)
        if each and desired.get(target) is None and text.strip():

            def read(each: Field = each, text: str = text) -> Any:
                return read_cell(text, ColumnPlan(each.name), each, reader.matcher.resolve)

            said = reader.guarded(about.row, "", read)
            if said and said.sort == VALUE:
                desired[target] = said.value
    index = reader.index(kind.name)
    if kind.has_key and not desired.get("key"):
        key = new_key(known.label, known.record, kind.name, lambda key: key in index.keys)
        desired["key"] = key
        index.keys[key] = known.record
    if kind.has_key and desired.get(kind.title) is None and known.label:
        desired[kind.title] = known.label


def _remark(about: _About, before: State, desired: dict[str, Any]) -> None:
    """Write what isn't known, and remarks, into the note: each once, and nothing that stands there is taken away."""
    kind, wish = about.kind, about.wish
    lines = list(dict.fromkeys(wish.remarks))
    for name, one in wish.unknown.items():
        if before.get(name) is not None:
            shown = json.dumps(before[name], ensure_ascii=False)[:80]
            words = f"The file says “unknown”, the register has {shown}. That stays."
            one.say(WARNING, words, wish.columns.get(name, ""))
        else:
            lines.append(f"Not known: {kind.fields[name].label}.")
    note = desired.get("note", before.get("note")) or ""
    lines = [line for line in lines if line not in note.split("\n")]
    if lines:
        try:
            desired["note"] = kind.fields["note"].clean("\n".join([*([note] if note else []), *lines]))
        except FieldError as error:
            about.row.say(ERROR, str(error), "note")


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


# --- whether it may be asked for


def _check(about: _About, draft: Draft) -> None:
    kind, known = about.kind, about.known
    if known.retired:
        about.say(ERROR, f"“{known.label[:60]}” is retired. Restore it first, or leave the row out.")
    for name in () if draft.is_new else draft.fields:
        if not kind.may_change(name):
            label = kind.fields[name].label
            words = f"{label} of a published {kind.name} doesn't change; a new {kind.name} says it."
            about.say(ERROR, words, name)
    old = set(kind.problems(draft.before)) if not draft.is_new else set()
    for name, words in kind.problems(draft.after):
        if (name, words) not in old:
            about.say(ERROR, words, name)
    _check_years(about, draft)
    key = draft.fields.get("key")
    owner = about.reader.index(kind.name).keys.get(key) if key else None
    if owner and owner != draft.record:
        about.say(ERROR, f"The key “{key}” is or was another {kind.name}'s.", "key")


def _check_years(about: _About, draft: Draft) -> None:
    """Say where a file takes a date back: it may be older than the register."""
    for name, value in draft.fields.items():
        each, old = about.kind.fields[name], draft.before.get(name)
        if not (value and old):
            continue
        if isinstance(each, Date) and parse_partial(value)[0] < parse_partial(old)[0]:
            about.say(WARNING, f"Goes back from {old} to {value}. Is the file older than the register?", name)
        if isinstance(each, Share) and (value.get("year") or 9999) < (old.get("year") or 0):
            about.say(WARNING, f"The share goes back from {old['year']} to {value['year']}.", name)
