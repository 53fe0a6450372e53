"""Whether a plan can be followed: what somebody says columns mean, held against what there is (pure)."""

from collections.abc import Iterable

from ..fields import FieldError, check_text
from ..records import KINDS
from .mapping import Plan, TablePlan
from .targets import is_set, targets_of

SEVERAL = {"remark", "identifier"}  # what more than one column may mean


def plan_problems(plan: Plan, tables: Iterable[str]) -> dict[str, str]:
    """Return what is wrong with a plan for some tables, by `table` or `table|column`, "" for the whole."""
    problems = _word_problems(plan)
    tables = set(tables)
    for name, table in plan.items():
        if name not in tables:
            problems[""] = f"The file has no table “{name[:60]}”."
        if not table.kind:
            continue
        if table.kind not in KINDS or KINDS[table.kind].app != "chokepoints":
            problems[name] = "Choose a kind of record."
        else:
            problems |= _column_problems(name, table)
    if not any(table.kind for table in plan.values()):
        problems[""] = "Choose a kind of record for at least one table."
    return problems


def _column_problems(name: str, table: TablePlan) -> dict[str, str]:
    problems, targets = {}, targets_of(table.kind)
    seen: dict[str, str] = {}
    for column, each in table.columns.items():
        if not each.target:
            continue
        if each.target not in targets:
            problems[f"{name}|{column}"] = "Choose one of the meanings."
            continue
        field = KINDS[table.kind].fields.get(targets[each.target].field)
        several = each.target in SEVERAL or (field is not None and is_set(field))
        if each.target in seen and not several:
            words = f"“{seen[each.target]}” means this already; two columns can't."
            problems[f"{name}|{column}"] = words
        seen[each.target] = column
    if not seen:
        problems[name] = "None of its columns means anything. Leave the table out, or say what one means."
    return problems


def _word_problems(plan: Plan) -> dict[str, str]:
    """Return where somebody typed what isn't text."""
    problems = {}
    for name, table in plan.items():
        typed = {name: [*table.fixed, *table.fixed.values()]}
        for column, each in table.columns.items():
            typed[f"{name}|{column}"] = [
                each.target, each.separator, each.scheme, *each.unknown, *each.none, *each.words, *each.words.values()
            ]  # fmt: skip
        for key, texts in typed.items():
            for text in texts:
                try:
                    check_text(text, lines=True, limit=2_000)
                except FieldError as error:
                    problems[key] = str(error)
    return problems
