"""Editing one field of many records: how one value meets what each record has, and the change that each one gets.

A field that is one statement with a second one (a standing and its reason) may take that along: neither holds alone.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from chokepoints.canonical import same_json
from chokepoints.comparison import FieldComparison, compare
from chokepoints.fields import Children, Field, FieldError, Names, Original, Text
from chokepoints.history import states_of
from chokepoints.models import Record
from chokepoints.models.revision import UPDATE
from chokepoints.presenting import Names as RecordNames
from chokepoints.presenting import Shown, field_language, present
from chokepoints.projection import model_of, read_states
from chokepoints.records import Kind, State
from chokepoints.selectors import names_of, references_in
from chokepoints.services.reading import revisions_at

from .forms.fields import like_base, same_lines
from .forms.references import name_of_row
from .services.drafting import DraftChange

Edit = Callable[[State], dict[str, Any]]  # a state → the values that differ after the edit, None clears one

SET, ADD, TAKE, EMPTY, KEEP = "set", "add", "take", "empty", "keep"
WORDS_COMPARED = 600  # characters; longer texts stand side by side, because 500 of them must not take minutes
SHOWN_OF_TEXT = 300


def fields_offered(kind: Kind) -> dict[str, Field]:
    """Return the fields of a kind that can be edited in many records at once. A key is each record's own."""
    return {name: one for name, one in kind.editable.items() if kind.may_change(name) and name != "key"}


def partner_of(kind: Kind, name: str) -> Field | None:
    """Return the one other field that makes a statement together with a field, if there is exactly one."""
    unit = kind.fields[name].merge_unit
    others = [one for one in fields_offered(kind).values() if one.merge_unit == unit and one.name != name]
    return others[0] if len(others) == 1 else None


def is_set(one: Field) -> bool:
    """Tell whether a field holds entries that can be added and taken away."""
    return isinstance(one, Children | Names)


def edited(one: Field, present_value: Any, way: str, value: Any) -> Any:
    """Return what a record has after the edit, None for nothing. Raises FieldError where the field can't hold it."""
    if way == EMPTY:
        return None
    if way == ADD:
        return _added(one, present_value or [], value)
    if way == TAKE:
        rest = [entry for entry in present_value or [] if not any(_is_meant(given, entry) for given in value)]
        return one.clean(rest)
    if isinstance(one, Original):
        return present_value if same_lines(value, present_value) else like_base(value, present_value)
    return value


def _added(one: Field, entries: Iterable[Any], given: Iterable[Any]) -> Any:
    """An entry about a record that stands there already changes what it names of it, and keeps the rest."""
    key: Callable[[Any], str] = one.entry_key if isinstance(one, Children) else _as_text
    found = {key(entry): entry for entry in entries}
    for entry in given:
        old = found.get(key(entry))
        found[key(entry)] = {**old, **entry} if isinstance(old, dict) else entry
    return one.clean(list(found.values()))


def _as_text(entry: Any) -> str:
    return json.dumps(entry, sort_keys=True)


def _is_meant(given: Any, entry: Any) -> bool:
    """Whether an entry has all that was typed of it: a list without a number means the place whatever its number is."""
    if isinstance(given, dict):
        return all(same_json(entry.get(part), content) for part, content in given.items())
    return same_json(given, entry)


@dataclass
class Row:
    """One chosen record: its state at the revision that is shown, and what the edit changes of it.

    `refusal` says why it can't be edited at all, `problems` what would be wrong with it then.
    """

    record: str
    label: str
    url: str = ""
    revision: int = 0
    state: State = field(default_factory=dict)
    changes: dict[str, Any] = field(default_factory=dict)
    comparisons: list[FieldComparison] = field(default_factory=list)
    refusal: str = ""
    problems: list[str] = field(default_factory=list)
    moved: bool = False
    ticked: bool = True

    def change(self, kind: Kind, cites: Iterable[str]) -> DraftChange:
        """Return the change as its author writes it."""
        cited = list(cites)
        return DraftChange(
            kind.name, self.record, UPDATE, self.changes, {"": cited} if cited else {}, self.revision
        )


def edit_rows(kind: Kind, edit: Edit, seen: Mapping[str, int], *, as_now: bool) -> list[Row]:
    """Return what an edit does to some records, in the order in which they were chosen.

    `as_now` looks at them as they are now and marks those that have moved since; otherwise each is taken as it was seen.
    """
    records = {str(row.pk): row for row in model_of(kind).objects.filter(pk__in=list(seen))}
    states = _states(kind, records, seen, as_now)
    rows = [_edit_row(kind, edit, record, records.get(record), states.get(record)) for record in seen]
    for row in rows:
        present_revision = records[row.record].revision if row.record in records else 0
        row.revision = present_revision if as_now else seen[row.record]
        row.moved = as_now and seen[row.record] not in {0, present_revision}
    return rows


def _states(
    kind: Kind, records: Mapping[str, Record], seen: Mapping[str, int], as_now: bool
) -> dict[str, State]:
    """Return the states by record: as they are now, or as they were seen, which the ledger knows where they moved."""
    standing = [row for record, row in records.items() if as_now or row.revision == seen[record]]
    states = read_states(kind, standing)
    moved = {(record, seen[record]) for record in records if record not in states and seen[record]}
    found = revisions_at(moved)
    states |= {record: state for (record, _), state in zip(found, states_of(found.values()), strict=True)}
    return states


def _edit_row(kind: Kind, edit: Edit, record: str, found: Record | None, state: State | None) -> Row:
    if found is None:
        return Row(record, record, refusal=f"There is no {kind.name} with this id.")
    row = Row(record, name_of_row(kind.name, found), found.get_absolute_url(), state=state or {})
    if state is None:
        row.refusal = "The form doesn't say which revision of it you saw."
    elif found.retired or state.get("retired"):
        row.refusal = "It is retired."
    else:
        try:
            row.changes = edit(state)
        except FieldError as error:
            row.refusal = str(error)
    if row.changes:
        row.problems = _problems_made(kind, row.state, row.changes)
        row.ticked = not row.problems
    return row


def _problems_made(kind: Kind, state: State, changes: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with a record after the edit that wasn't before."""
    after = {name: value for name, value in {**state, **changes}.items() if value is not None}
    before = set(kind.problems(state))
    return [words for name, words in kind.problems(after) if (name, words) not in before]


def compare_rows(kind: Kind, rows: Iterable[Row]) -> None:
    """Set `comparisons` on rows that change something, with a fixed number of queries for all of them."""
    rows = [row for row in rows if row.changes]
    befores = [{name: row.state[name] for name in row.changes if name in row.state} for row in rows]
    names = names_of(references_in(kind, *befores, *(row.changes for row in rows)))
    for row in rows:
        row.comparisons = [
            _comparison(kind, row, kind.fields[name], names) for name in kind.fields if name in row.changes
        ]


def _comparison(kind: Kind, row: Row, one: Field, names: RecordNames) -> FieldComparison:
    after = {**row.state, **row.changes}
    values = (row.state.get(one.name), after.get(one.name))
    if isinstance(one, Text | Original) and sum(len(value or "") for value in values) > WORDS_COMPARED:
        shown = [
            shorten(present(one, value, names, field_language(one, state)))
            for value, state in zip(values, (row.state, after), strict=True)
        ]
        return FieldComparison(one.name, one.label, one.shape, *shown)
    return compare(kind, row.state, after, [one.name], names)[0]


def shorten(values: Iterable[Shown], limit: int = SHOWN_OF_TEXT) -> tuple[Shown, ...]:
    """Return presentable values with long texts cut off, for pages with hundreds of them."""
    return tuple(
        one
        if len(one.text) <= limit
        else Shown(f"{one.text[:limit].rstrip()} …", one.url, one.form, one.language, one.note)
        for one in values
    )
