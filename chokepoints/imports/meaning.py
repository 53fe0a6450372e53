"""The meaning guard (pure): what of a file doesn't mean any more what it meant last time.

A profile keeps what each column had: how many cells were empty, zero, unknown, none or a value; its words, where they are
few; and what it said in rows where another column was empty, since that is how many files say what an empty cell means.
When a column that carried meaning is missing, renamed, or has other words, each change is an alarm, with the choices there
are. Nothing goes on until somebody has chosen, and what they chose is kept.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rapidfuzz import fuzz

from .folding import fold
from .mapping import LEAVE, TAKE, ColumnPlan, Plan, TablePlan
from .tables import Table
from .targets import REMARK, targets_of

MOST_WORDS = 40  # a column with more different cells has no vocabulary
MANY = 2  # a vocabulary's words stand there this often on average; else they are names
EXAMPLES = 5
RENAMED = 62  # of 100: how alike the names of a missing and a new column are
MISSING, RENAMED_SORT, WORDS, SIGNS, BLANKS, TABLE_MISSING = (
    "missing",
    "renamed",
    "words",
    "signs",
    "blanks",
    "table",
)
WITHOUT, SAME, ACCEPT, SKIP = "without", "same", "accept", "skip"


@dataclass(frozen=True)
class Alarm:
    """One thing whose meaning may have changed: `key` names it, `choices` are what can be done, each in words."""

    key: str
    sort: str
    table: str
    column: str
    words: str
    examples: tuple[str, ...]
    choices: tuple[tuple[str, str], ...]
    other: str = (
        ""  # the new column that may be the missing one, or the missing one that said what blanks mean
    )
    new_words: tuple[str, ...] = ()


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count:,} times"


def aligned(kept: Mapping[str, Any], tables: Sequence[Table]) -> Mapping[str, Any]:
    """Return what was kept by table, where the only table of one file is the only table of the other.

    The table of a CSV file has the file's name, and next year's file has another.
    """
    if len(kept) == len(tables) == 1:
        return {tables[0].name: next(iter(kept.values()))}
    return kept


# --- what a file had


def profile_of(tables: Iterable[Table], plan: Plan) -> dict[str, Any]:
    """Return the profile of a file under a plan, as JSON."""
    return {
        table.name: {"rows": len(table.lines), "columns": _profile(table, plan[table.name])}
        for table in tables
        if table.name in plan and plan[table.name].kind
    }


def _profile(table: Table, plan: TablePlan) -> dict[str, Any]:
    found: dict[str, Any] = {}
    cells = {column: [cell or "" for cell in table.column(column)] for column in table.columns}
    for column in table.columns:
        each = plan.columns.get(column, ColumnPlan())
        found[column] = {"target": each.target, "sorts": dict(Counter(map(each.sort_of, cells[column])))}
        found[column]["percent"] = _percent_signs(cells[column])
        words = _vocabulary(cells[column])
        if words:
            found[column]["words"] = words
    for column, about in found.items():
        if "words" not in about or about["target"] not in {"", REMARK}:
            continue
        beside = {}
        for other, their_plan in plan.targeted():
            if other in cells and other != column:
                said = Counter(
                    word.strip()
                    for word, cell in zip(cells[column], cells[other], strict=True)
                    if word.strip() and their_plan.sort_of(cell) == "empty"
                )
                if said:
                    beside[other] = dict(said)
        if beside:
            about["beside"] = beside
    return found


def _vocabulary(cells: Iterable[str]) -> dict[str, int]:
    counted = Counter(cell.strip() for cell in cells if cell.strip())
    few = len(counted) <= MOST_WORDS and sum(counted.values()) >= MANY * len(counted)
    numbers = all(_is_number(word) for word in counted)  # another year or figure is no other meaning
    return dict(sorted(counted.items())) if few and not numbers else {}


def _is_number(word: str) -> bool:
    return word.rstrip("% ").replace(".", "", 1).replace(",", "", 1).isdigit()


def _percent_signs(cells: Iterable[str]) -> list[int]:
    """Return how many numbers of a column have a percent sign, and how many have none; a zero is a zero either way."""
    numbers = [cell.strip() for cell in cells if _is_number(cell.strip()) and cell.strip(" 0.,%")]
    signed = sum(number.endswith("%") for number in numbers)
    return [signed, len(numbers) - signed]


# --- what changed


def alarms(before: Mapping[str, Any], tables: Iterable[Table], plan: Plan) -> list[Alarm]:
    """Return what changed its meaning since a profile was kept."""
    tables = {table.name: table for table in tables}
    found: list[Alarm] = []
    for name, about in before.items():
        if name not in tables:
            words = f"Last time the table “{name}” had {about['rows']:,} rows. This file doesn't have it."
            choices = ((WITHOUT, "Go on without it"),)
            found.append(Alarm(_key(name, "", TABLE_MISSING), TABLE_MISSING, name, "", words, (), choices))
        elif plan.get(name) and plan[name].kind:
            found += _column_alarms(about, tables[name], plan[name])
    return found


def _key(table: str, column: str, sort: str) -> str:
    return f"{table}|{column}|{sort}"


def _column_alarms(about: Mapping[str, Any], table: Table, plan: TablePlan) -> Iterable[Alarm]:
    present = _profile(table, plan)
    fresh = [column for column in table.columns if column not in about["columns"]]
    for column, old in about["columns"].items():
        carries = old.get("target") or old.get("beside")
        if column not in table.columns:
            if carries:
                yield _missing(column, old, table, plan, fresh, about)
            for other, words in old.get("beside", {}).items():
                if other in table.columns:
                    yield _unexplained(column, other, words, table)
        elif carries:
            yield from _other_words(column, old, table)
            yield from _other_signs(column, old, present[column], table)
            yield from _new_blanks(column, old, about, table)


def _missing(
    column: str,
    old: Mapping[str, Any],
    table: Table,
    plan: TablePlan,
    fresh: list[str],
    about: Mapping[str, Any],
) -> Alarm:
    said = sum(count for sort, count in old["sorts"].items() if sort != "empty")
    meant = _label(plan, old["target"])
    words = f"Last time {said:,} of {about['rows']:,} rows said something in “{column}”{meant}. This file has no such column."
    likely = _renamed(column, old, table, fresh)
    without = (WITHOUT, "Go on without it: what it filled stays as the register has it")
    if likely:
        words += f" It has a new column “{likely}”."
        choices = ((SAME, f"“{likely}” is the same column under a new name"), without)
        examples = _examples(table, likely)
        return Alarm(
            _key(table.name, column, RENAMED_SORT),
            RENAMED_SORT,
            table.name,
            column,
            words,
            examples,
            choices,
            likely,
        )
    examples = tuple(
        f"{word}: {_times(count)}" for word, count in list(old.get("words", {}).items())[:EXAMPLES]
    )
    return Alarm(_key(table.name, column, MISSING), MISSING, table.name, column, words, examples, (without,))


def _label(plan: TablePlan, target: str) -> str:
    known = targets_of(plan.kind).get(target) if plan.kind else None
    return f", which meant “{known.label}”" if known else ""


def _renamed(column: str, old: Mapping[str, Any], table: Table, fresh: list[str]) -> str:
    """Return the new column that is most likely the missing one: its name or its words are alike."""

    def likeness(other: str) -> float:
        name = fuzz.token_set_ratio(fold(column), fold(other))
        before, now = set(old.get("words", {})), set(_vocabulary(cell or "" for cell in table.column(other)))
        shared = 100 * len(before & now) / len(before | now) if before and now else 0
        return max(name, shared)

    best = max(fresh, key=likeness, default="")
    return best if best and likeness(best) >= RENAMED else ""


def _examples(table: Table, column: str) -> tuple[str, ...]:
    position = table.columns.index(column)
    shown = [
        f"row {line.number}: {(line.cells[position] or '')[:60]}"
        for line in table.lines
        if (line.cells[position] or "").strip()
    ]
    return tuple(shown[:EXAMPLES])


def _blank_choices() -> tuple[tuple[str, str], ...]:
    return (
        (LEAVE, "An empty cell says nothing: the register's value stays"),
        (TAKE, "An empty cell takes the register's value away"),
        (SKIP, "Leave out the rows with an empty cell"),
    )


def _unexplained(column: str, other: str, words: Mapping[str, int], table: Table) -> Alarm:
    """The column that said what an empty cell beside it means is gone."""
    blanks = _blank_rows(table, other)
    said = ", ".join(f"“{word}” {_times(count)}" for word, count in list(words.items())[:EXAMPLES])
    text = (
        f"Last time “{column}” said what an empty cell of “{other}” means: {said}. Without it the {len(blanks):,} empty cells "
        f"of “{other}” in this file can't be told from cells about which nothing is known."
    )
    return Alarm(
        _key(table.name, other, f"{BLANKS} without {column}"),
        BLANKS,
        table.name,
        other,
        text,
        tuple(f"row {number}" for number in blanks[:EXAMPLES]),
        _blank_choices(),
        column,
    )


def _blank_rows(table: Table, column: str) -> list[int]:
    position = table.columns.index(column)
    return [line.number for line in table.lines if not (line.cells[position] or "").strip()]


def _other_words(column: str, old: Mapping[str, Any], table: Table) -> Iterable[Alarm]:
    before = old.get("words")
    if not before:
        return
    position = table.columns.index(column)
    counted = Counter((line.cells[position] or "").strip() for line in table.lines)
    new = {word: count for word, count in counted.items() if word and word not in before}
    if not new or len(new) > MOST_WORDS * 5:
        return
    gone = [word for word in before if word not in counted]
    text = f"“{column}” has words that it didn't have last time: {_listed(new)}."
    if gone:
        text += f" Gone: {', '.join(f'“{word[:40]}”' for word in gone[:EXAMPLES])}."
    first = {(line.cells[position] or "").strip(): line.number for line in reversed(table.lines)}
    examples = tuple(f"“{word[:60]}” first in row {first[word]}" for word in list(new)[:EXAMPLES])
    choices = (
        (ACCEPT, "They mean what they say"),
        (SKIP, "Leave out the rows with new words"),
    )
    yield Alarm(
        _key(table.name, column, WORDS),
        WORDS,
        table.name,
        column,
        text,
        examples,
        choices,
        "",
        tuple(sorted(new)),
    )


def _listed(words: Mapping[str, int]) -> str:
    shown = [f"“{word[:40]}” {_times(count)}" for word, count in list(words.items())[:EXAMPLES]]
    more = f" and {len(words) - EXAMPLES} more" if len(words) > EXAMPLES else ""
    return ", ".join(shown) + more


def _other_signs(
    column: str, old: Mapping[str, Any], now: Mapping[str, Any], table: Table
) -> Iterable[Alarm]:
    """Numbers that had a percent sign have none now, or the other way round: 12 and 0.12 may be the same figure."""
    (signed, plain), (signed_now, plain_now) = old.get("percent", (0, 0)), now["percent"]
    if bool(signed) == bool(plain) or not (signed_now + plain_now) or bool(signed_now) == bool(signed):
        return
    before, after = ("with", "without") if signed else ("without", "with")
    text = f"The numbers of “{column}” were written {before} a percent sign; now they are {after} one. Are they still percent?"
    choices = ((ACCEPT, "They are percent all the same: 12 is 12 %"),)
    yield Alarm(
        _key(table.name, column, SIGNS), SIGNS, table.name, column, text, _examples(table, column), choices
    )


def _new_blanks(
    column: str,
    old: Mapping[str, Any],
    about: Mapping[str, Any],
    table: Table,
) -> Iterable[Alarm]:
    """A column that always said something has empty cells now: they have no meaning yet."""
    if not old.get("target") or old["sorts"].get("empty") or about["rows"] < 5:
        return
    blanks = _blank_rows(table, column)
    if not blanks:
        return
    text = f"“{column}” had no empty cell in {about['rows']:,} rows; now {len(blanks):,} of {len(table.lines):,} are empty."
    examples = tuple(f"row {number}" for number in blanks[:EXAMPLES])
    yield Alarm(
        _key(table.name, column, BLANKS), BLANKS, table.name, column, text, examples, _blank_choices()
    )


# --- what was chosen


def with_choices(plan: Plan, found: Iterable[Alarm], chosen: Mapping[str, str]) -> Plan:
    """Return a plan in which choices have their effect. Alarms nobody chose for have none."""
    for alarm in found:
        choice, table = chosen.get(alarm.key), plan.get(alarm.table)
        if not choice or not table:
            continue
        each = table.columns.get(alarm.column)
        if alarm.sort == WORDS and choice == SKIP and each:
            each.skip_words = list(alarm.new_words)
        if alarm.sort == BLANKS and each:
            each.skip_blank = choice == SKIP
            each.empty = TAKE if choice == TAKE else LEAVE
    return plan


def renamed(plan: Plan, found: Iterable[Alarm], chosen: Mapping[str, str], before: Plan) -> Plan:
    """Give new columns the meaning of the missing ones that somebody said they are."""
    for alarm in found:
        if alarm.sort == RENAMED_SORT and chosen.get(alarm.key) == SAME and alarm.table in before:
            old = before[alarm.table].columns.get(alarm.column)
            if old:
                plan[alarm.table].columns[alarm.other] = old
    return plan


def open_alarms(found: Iterable[Alarm], chosen: Mapping[str, str]) -> list[Alarm]:
    """Return the alarms for which nobody has chosen one of the choices yet."""
    return [alarm for alarm in found if chosen.get(alarm.key) not in {choice for choice, _ in alarm.choices}]
