"""What the columns of a file mean: suggested from their names, and kept as plain JSON under a name (pure).

An empty cell, a zero, "unknown" and "none" are four different things. A zero is a value like any other. What an empty cell
means says each column (leave alone, or take away); which words mean unknown and none says each column too.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from rapidfuzz import fuzz

from ..fields import Names
from ..records import KINDS, Kind
from .folding import fold
from .tables import Table
from .targets import EXACT, ID, IDENTIFIER, REMARK, derived_columns, is_set, targets_of

LEAVE, TAKE = "leave", "take"
ADD, REPLACE = "add", "replace"
EMPTY_WORDS = {LEAVE: "says nothing: leave the register's value", TAKE: "take the register's value away"}
SET_WORDS = {ADD: "add to what the register has", REPLACE: "replace what the register has"}
UNKNOWN_WORDS = ("unknown", "not known", "未知", "不详")
NONE_WORDS = ("none", "nil", "无")
# Names that columns of other people's files have for what ours are called otherwise.
_ALSO = {
    "name_original": ("chinese name", "name zh", "name cn", "original name", "中文名"),
    "name": ("name en", "title", "名称"),
    "aliases": ("alias", "synonym", "synonyms", "also known as", "other names", "别名"),
    "country": ("country code", "country name", "nation", "iso", "国家"),
    "kind": ("type", "类型"),
    "summary": ("摘要", "简介"),
    "sector": ("行业", "领域"),
    "publisher": ("出版者", "发布机构"),
    "author": ("作者",),
    "key": ("slug",),
    "url": ("link", "address", "web address", "链接", "网址"),
    "website": ("site", "homepage", "url", "link", "网站", "网址"),
    "as_of": ("year", "date"),
    "note": ("notes", "comment", "comments", "备注"),
    "published_on": ("publication date", "date", "发布日期"),
    "organization": ("organization id", "provider id", "company", "supplier", "provider"),
    "chokepoint": ("chokepoint id", "provided id", "technology", "input"),
    f"share_{EXACT}": ("share", "market share", "share provided"),
    f"import_share_{EXACT}": ("import share",),
}
_ALIKE = 90
# What other people's files call our kinds.
_KINDS = {
    "organization": ("provider", "supplier", "company", "firm", "manufacturer", "producer", "vendor"),
    "chokepoint": ("input", "technology", "product", "provided"),
    "supply": ("provision", "supply chain"),
    "source": ("document", "reference", "publication"),
}


@dataclass
class ColumnPlan:
    """What one column means.

    `skip_words` and `skip_blank` leave rows out, and come from a choice that somebody made where a meaning had changed.
    """

    target: str = ""
    empty: str = LEAVE
    unknown: list[str] = field(default_factory=lambda: list(UNKNOWN_WORDS))
    none: list[str] = field(default_factory=lambda: list(NONE_WORDS))
    entries: str = ADD
    separator: str = ";"
    scheme: str = ""
    words: dict[str, str] = field(default_factory=dict)  # theirs → ours
    skip_words: list[str] = field(default_factory=list)
    skip_blank: bool = False

    def sort_of(self, cell: str) -> str:
        """Return what a cell is, as profiles count them: empty, zero, unknown, none or value."""
        text = cell.strip()
        if not text:
            return "empty"
        folded = fold(text)
        if folded in {fold(word) for word in self.unknown}:
            return "unknown"
        if folded in {fold(word) for word in self.none}:
            return "none"
        return "zero" if _is_zero(text) else "value"


def _is_zero(text: str) -> bool:
    try:
        return float(text.rstrip("% ").replace(",", ".")) == 0
    except ValueError:
        return False


@dataclass
class TablePlan:
    """What one table of a file is: the kind of its records ("" leaves it out), its columns, and what holds for all rows.

    `fixed` maps targets to texts that new records get where the table has no column, and that complete shares.
    """

    kind: str = ""
    columns: dict[str, ColumnPlan] = field(default_factory=dict)
    fixed: dict[str, str] = field(default_factory=dict)
    restores: bool = False  # take back what exports put before texts that a spreadsheet would run

    def column_for(self, target: str) -> str | None:
        """Return the column that means a target."""
        return next((name for name, plan in self.columns.items() if plan.target == target), None)

    def targeted(self) -> Iterable[tuple[str, ColumnPlan]]:
        """Yield the columns that mean something."""
        return ((name, plan) for name, plan in self.columns.items() if plan.target)


Plan = dict[str, TablePlan]  # table → what it is


def dump_plan(plan: Plan) -> dict[str, Any]:
    """Return a plan as JSON."""
    return {name: asdict(table) for name, table in plan.items()}


def load_plan(kept: Mapping[str, Any]) -> Plan:
    """Return the plan that dump_plan() wrote; what this program doesn't know any more is left out."""
    plan: Plan = {}
    for name, table in kept.items():
        columns = {
            column: _only_known(ColumnPlan, value) for column, value in table.get("columns", {}).items()
        }
        plan[name] = TablePlan(
            table.get("kind", "") if table.get("kind", "") in KINDS else "",
            columns,
            dict(table.get("fixed", {})),
            bool(table.get("restores")),
        )
    return plan


def _only_known(cls: type[ColumnPlan], value: Mapping[str, Any]) -> ColumnPlan:
    names = {each.name for each in fields(cls)}
    return cls(**{name: content for name, content in value.items() if name in names})


# --- suggesting


def importable_kinds() -> list[Kind]:
    """Return the kinds whose records can be brought: the register's own."""
    return [kind for kind in KINDS.values() if kind.app == "chokepoints" and kind.proposable]


def suggest_plan(tables: Sequence[Table]) -> Plan:
    """Return what the columns of a file seem to mean; somebody looks at it before anything is done."""
    return {table.name: suggest_table(table) for table in tables}


def suggest_table(table: Table, kind: str = "") -> TablePlan:
    """Return what one table seems to be; `kind` says so where somebody did already."""
    kind = kind or suggest_kind(table)
    plan = TablePlan(kind, restores=table.is_ours and not table.is_json)
    taken: set[str] = set()
    for column in table.columns:
        target = _target_for(column, kind, taken) if kind else ""
        taken.add(target)
        plan.columns[column] = _column_plan(table, column, kind, target)
    return plan


def suggest_kind(table: Table) -> str:
    """Return the kind that a table's name or columns speak for, "" if none does."""
    name = fold(table.name)
    for kind in importable_kinds():
        called = {kind.name, kind.plural, *_called(kind.name)}
        called |= {f"{word}s" for word in called} | {
            f"{word[:-1]}ies" for word in called if word.endswith("y")
        }
        if name in called or any(name.startswith(f"{word} ") for word in called):
            return kind.name
    scores = {}
    for kind in importable_kinds():
        required = [each.name for each in kind.own_fields if each.required]
        found = {_target_for(column, kind.name, set()) for column in table.columns} - {"", REMARK}
        missing = sum(1 for each in required if each not in found and each != "key")
        scores[kind.name] = len(found) - 1.5 * missing
    best = max(scores, key=lambda kind: scores[kind])
    return best if scores[best] > 0.5 else ""


def _target_for(column: str, kind: str, taken: set[str]) -> str:
    """Return the target that a column's name speaks for, "" if none does or it is spoken for."""
    targets = targets_of(kind)
    if column in derived_columns(KINDS[kind]):
        return ""
    if column in targets:
        return column if column not in taken else ""
    folded = fold(column)
    free = [name for name in targets if name not in taken]
    for name in free:
        if folded in {fold(name), fold(targets[name].label), *map(fold, _ALSO.get(name, ()))}:
            return name
    own = {kind, *_called(kind)}
    title = KINDS[kind].title
    if folded in {f"{word} name" for word in own} and title in free:
        return title
    if folded in {f"{word} id" for word in own} and IDENTIFIER in free:
        return IDENTIFIER
    for name in free:
        reference = targets[name].beside
        if reference and folded in {f"{reference} name", *(f"{word} name" for word in _stems(reference))}:
            return name
    alike = [(fuzz.ratio(folded, fold(name)), name) for name in free if name != ID]
    score, name = max(alike, default=(0, ""))
    return name if score >= _ALIKE and len(folded) > 4 else ""


def _called(kind: str) -> tuple[str, ...]:
    return _KINDS.get(kind, ())


def _stems(reference: str) -> list[str]:
    return [word.removesuffix(" id") for word in _ALSO.get(reference, ())]


def _column_plan(table: Table, column: str, kind: str, target: str) -> ColumnPlan:
    plan = ColumnPlan(target)
    if table.is_ours:
        plan.unknown, plan.none = [], []  # an export writes values; there is no word for nothing in it
    if not target:
        return plan
    name = targets_of(kind)[target].field
    if name and is_set(KINDS[kind].fields[name]):
        cells = [cell.strip() for cell in table.column(column) if cell and cell.strip()]
        if cells and all(cell.startswith("[") for cell in cells):
            plan.entries = REPLACE  # an export's own: the whole set, as JSON
        elif isinstance(KINDS[kind].fields[name], Names) and not any(";" in cell for cell in cells):
            plan.separator = "|" if any("|" in cell for cell in cells) else ";"
    if target == IDENTIFIER:
        plan.scheme = fold(column).replace(" ", "-")[:60]
    return plan
