"""What a row says, asked by the meanings of its columns (pure): what the steps of gathering share.

A refusal becomes a finding of the row, a doubt a question that the row waits for; no row stops another.
"""

from collections.abc import Callable, Iterable
from typing import Any

from ..exports.formulas import restore
from ..fields import Field, FieldError, check_name
from .cells import Said, read_cell
from .folding import fold
from .mapping import ColumnPlan, Plan
from .matching import Asked, Index, LeftOut, Matcher, Question
from .outcomes import ASKED, ERROR, INFO, LEFT_OUT, QUESTION, REFUSED, Row
from .tables import Table
from .targets import IDENTIFIER

_RESTORED = {"name", "name_original", "title", "title_original", "claim"}


class RowReader:
    """Reads rows by a plan, finds records by a matcher, and collects what is to be asked."""

    def __init__(self, plan: Plan, matcher: Matcher):
        self.plan, self.matcher = plan, matcher
        self.questions: dict[str, Question] = {}
        self._positions: dict[str, dict[str, int]] = {}

    def rows_of(self, tables: Iterable[Table]) -> list[Row]:
        """Return the rows of the tables that are of some kind, and learn where their columns stand."""
        rows = []
        for table in tables:
            plan = self.plan.get(table.name)
            if plan and plan.kind:
                self._positions[table.name] = {name: place for place, name in enumerate(table.columns)}
                rows += [Row(table.name, line, plan.kind) for line in table.lines]
        return rows

    def index(self, kind: str) -> Index:
        """Return the records of a kind by everything that they can be known by."""
        return self.matcher.catalogue[kind]

    def has(self, row: Row, column: str) -> bool:
        """Tell whether the row's table has a column."""
        return column in self._positions[row.table]

    def cell(self, row: Row, column: str) -> str | None:
        """Return a row's cell of a column that its table has."""
        return row.line.cells[self._positions[row.table][column]]

    def column(self, row: Row, target: str) -> str:
        """Return the column that means a target in the row's table, "" if none does."""
        return self.plan[row.table].column_for(target) or ""

    def text(self, row: Row, target: str) -> str:
        """Return the text that a row has for a target, "" if it has none or only words for nothing."""
        plan = self.plan[row.table]
        column = plan.column_for(target)
        if column is None:
            return ""
        cell = self.cell(row, column) or ""
        if plan.restores and target in _RESTORED:
            cell = restore(cell)
        cell = plan.columns[column].words.get(cell.strip(), cell)
        return "" if plan.columns[column].sort_of(cell) in {"empty", "unknown", "none"} else cell.strip()

    def read(self, row: Row, target: str, text: str, each: Field) -> Said:
        """Return what a text says about a field, read as the column of a target is. Raises FieldError."""
        column = self.column(row, target)
        plan = self.plan[row.table].columns[column] if column else ColumnPlan(target)
        return read_cell(text, plan, each, self.matcher.resolve)

    def identifiers(self, row: Row) -> list[tuple[str, str]]:
        """Return the identifiers that a row gives, as scheme and value. Raises FieldError."""
        found = []
        for column, each in self.plan[row.table].targeted():
            if each.target == IDENTIFIER and self.has(row, column):
                cell = self.cell(row, column) or ""
                if each.sort_of(cell) in {"value", "zero"}:
                    scheme = check_name(each.scheme or fold(column), limit=60)
                    found.append((scheme, check_name(cell, limit=300)))
        return found

    def guarded(self, row: Row, column: str, act: Callable[[], Any]) -> Any:
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

    def check_line(self, row: Row) -> None:
        """Refuse a row that couldn't be read, and leave out one that somebody chose to leave out."""
        for words in row.line.problems:
            row.say(ERROR, words)
            row.outcome = REFUSED
        for column, each in self.plan[row.table].columns.items():
            cell = self.cell(row, column) if self.has(row, column) else None
            if cell is None:
                continue
            if each.skip_blank and not cell.strip():
                row.say(INFO, f"Left out, as you chose for empty cells of “{column}”.", column)
                row.outcome = LEFT_OUT
            if cell.strip() and cell.strip() in each.skip_words:
                row.say(INFO, f"Left out, as you chose for “{cell.strip()[:60]}” in “{column}”.", column)
                row.outcome = LEFT_OUT
