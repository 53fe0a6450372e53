"""Step 2 of gathering: what the rows of one record say together about its fields (pure)."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from ..canonical import same_json
from ..fields import Field, FieldError, Share
from ..records import KINDS
from .cells import NONE, NOTHING, TAKEN, UNKNOWN, VALUE, Said, read_cell
from .folding import fold
from .mapping import REPLACE, ColumnPlan
from .outcomes import ERROR, REFUSED, WARNING, Row
from .rowwise import RowReader
from .targets import EXACT, ID, IDENTIFIER, REMARK, REVISION, is_set, targets_of


@dataclass
class Wish:
    """What the rows of one record say together."""

    values: dict[str, Any] = field(default_factory=dict)  # None takes a field away
    added: dict[str, list[Any]] = field(default_factory=lambda: defaultdict(list))
    shares: dict[str, dict[str, Any]] = field(default_factory=lambda: defaultdict(dict))
    remarks: list[str] = field(default_factory=list)
    said_in: dict[str, Row] = field(default_factory=dict)
    unknown: dict[str, Row] = field(default_factory=dict)
    base: int = 0
    columns: dict[str, str] = field(default_factory=dict)  # field → the column that it comes from


def read_row(reader: RowReader, row: Row, wish: Wish) -> None:
    """Enter what a row says into what the record's rows say together."""
    targets = targets_of(row.kind)
    for column, each in reader.plan[row.table].targeted():
        if not reader.has(row, column) or each.target == ID:
            continue
        beside, cell = targets[each.target].beside, reader.cell(row, column)
        if each.target == REVISION:
            reader.guarded(row, column, lambda cell=cell: _read_base(cell, wish))
        elif beside:
            _compare_name(reader, row, column, beside)
        elif each.target == REMARK:
            if cell and each.sort_of(cell) != "empty":
                wish.remarks.append(f"{column}: {cell.strip()}")
        elif each.target == IDENTIFIER:
            identifiers = reader.guarded(row, column, lambda: reader.identifiers(row)) or []
            wish.added["identifiers"] += [{"scheme": s, "value": v} for s, v in identifiers]
            wish.columns["identifiers"] = column
        elif each.target != "key" or not _keeps_its_key(reader, row, cell):
            _read_value(reader, row, column, each, wish)


def _read_base(cell: str | None, wish: Wish) -> None:
    text = (cell or "").strip()
    if not text:
        return
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise FieldError(f"“{text[:20]}” isn't the number of a revision.")
    wish.base = int(text)


def _keeps_its_key(reader: RowReader, row: Row, cell: str | None) -> bool:
    """Tell whether a key only says which record is meant: its present one, or a former one that leads on to it."""
    index = reader.index(row.kind)
    return index.keys.get((cell or "").strip()) == row.record and not index.records[row.record].is_new


def _compare_name(reader: RowReader, row: Row, column: str, reference: str) -> None:
    """Hold a name that stands beside a reference against the record that the reference means."""
    text = (reader.cell(row, column) or "").strip()
    beside = reader.text(row, reference)
    if not text or not beside or row.outcome:
        return
    kind = KINDS[row.kind].fields[reference].kind
    try:
        _, record = reader.matcher.resolve((kind,), beside)
    except FieldError:
        return  # said where the reference itself is read
    index = reader.index(kind)
    if index.keys.get(text) == record or record in index.names.get(fold(text), set()):
        return
    label = index.records[record].label
    if index.names.get(fold(text), set()) - {record}:
        words = f"“{beside[:60]}” is “{label}”, but “{text[:60]}” beside it is the name of another {kind}."
        row.say(ERROR, words, column)
        row.outcome = REFUSED
    else:
        words = f"The file calls “{beside[:60]}” “{text[:60]}”; it is “{label}”. The name beside it is stale."
        row.say(WARNING, words, column)


def _read_value(reader: RowReader, row: Row, column: str, plan: ColumnPlan, wish: Wish) -> None:
    target = targets_of(row.kind)[plan.target]
    each = KINDS[row.kind].fields[target.field]
    cell, restores = reader.cell(row, column), reader.plan[row.table].restores

    def read() -> Said:
        return read_cell(cell, plan, each, reader.matcher.resolve, part=target.part, restores=restores)

    said = reader.guarded(row, column, read)
    if said:
        _take(row, column, plan, each, target.part, said, wish)


def _take(row: Row, column: str, plan: ColumnPlan, each: Field, part: str, said: Said, wish: Wish) -> None:
    """Enter what a cell says."""
    if said.words:
        row.say(WARNING, said.words, column)
    wish.columns.setdefault(each.name, column)
    if said.sort == NOTHING:
        return
    if said.sort == UNKNOWN:
        wish.unknown.setdefault(each.name, row)
    elif isinstance(each, Share):
        _take_share(row, column, each, part, said, wish)
    elif not is_set(each):
        _set(row, column, each, said.value if said.sort == VALUE else None, wish)
    elif said.sort in {TAKEN, NONE}:
        _set(row, column, each, None, wish)
    elif plan.entries == REPLACE:
        wish.values[each.name] = [*(wish.values.get(each.name) or []), *said.value]
    else:
        wish.added[each.name] += said.value


def _disagreement(one: Row, other: Row) -> str:
    return f"Rows {one.line.number} and {other.line.number} are about the same record and disagree on this."


def _set(row: Row, column: str, each: Field, value: Any, wish: Wish) -> None:
    if each.name in wish.values and not same_json(wish.values[each.name], value):
        other = wish.said_in[each.name]
        for one in (other, row):
            one.say(ERROR, _disagreement(other, row), column)
        return
    wish.values[each.name] = value
    wish.said_in.setdefault(each.name, row)


def _take_share(row: Row, column: str, each: Share, part: str, said: Said, wish: Wish) -> None:
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
        said_in = f"{each.name}_{name}"
        if name in parts and parts[name] != value:
            row.say(ERROR, _disagreement(wish.said_in.get(said_in, row), row), column)
            return
        parts[name] = value
        wish.said_in.setdefault(said_in, row)
    wish.said_in.setdefault(each.name, row)
