"""What can go wrong in the register, in words for the person who caused it."""

from dataclasses import dataclass

FIELD, KEY, REFERENCE, RULE = "field", "key", "reference", "rule"


class RegisterError(Exception):
    """Base of the register's own errors."""


class OneDoorError(RegisterError):
    """Something other than publishing tried to write a register table."""


class LedgerError(RegisterError):
    """A ledger, or a dump of one, isn't what its digests say."""


class ExportRefused(RegisterError):
    """An export that can't be made or done that with; `problems` maps what was asked for ("" for all of it) to why not."""

    def __init__(self, problems: dict[str, str]):
        self.problems = problems
        super().__init__(" ".join(problems.values()))


class ReleaseRefused(RegisterError):
    """A release that can't be made now; nothing went wrong, there is just nothing to do or somebody else is at it."""


@dataclass(frozen=True)
class Problem:
    """One reason why changes can't be published.

    `sort` is field, key, reference or rule; `change` the position of the change concerned (0, 1 …), `field` its field or
    "" for the change as a whole.
    """

    sort: str
    change: int
    field: str
    message: str


class ChangesRefused(RegisterError):
    """Changes that the register can't take; `problems` holds every reason, not just the first."""

    def __init__(self, problems: list[Problem]):
        self.problems = problems
        super().__init__(" ".join(problem.message for problem in problems))


class NoMoment(RegisterError, ValueError):
    """A text that names no moment of the register; `is_missing` tells a changeset that isn't there from what can't be read."""

    def __init__(self, message: str, *, is_missing: bool = False):
        self.is_missing = is_missing
        super().__init__(message)
