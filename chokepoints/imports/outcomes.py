"""What becomes of a file: its rows with outcomes and findings, and the changes that it asks for (pure values)."""

from dataclasses import dataclass, field
from typing import Any

from ..records import State
from .matching import Question
from .tables import Line

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
