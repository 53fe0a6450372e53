"""How somebody hears of an event, by why they hear and what they chose (pure)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .events import DAILY, EVENTS, INBOX, LEVELS, NEVER, NOW, REQUEST_LEVELS, REQUESTS_BY_DEFAULT, UNMUTABLE

# Whoever watches 500 chokepoints that one changeset touches has one reason to hear of it, and needn't read 500.
MOST_REASONS = 12
GROUND = "ground"
_ORDER = {level: position for position, level in enumerate(LEVELS)}


@dataclass(frozen=True)
class Reason:
    """Why somebody hears of an event: a scope and, where it is about something, what: its reference and its name.

    `through` is how it is about that where that isn't plain: GROUND if it is what a chokepoint stands on.
    """

    scope: str
    subject: str = ""
    label: str = ""
    through: str = ""

    def as_json(self) -> dict[str, str]:
        plain = {"scope": self.scope, "subject": self.subject, "label": self.label}
        return plain | ({"through": self.through} if self.through else {})


def level_of(event: str, scope: str, choices: Mapping[tuple[str, str], str]) -> str:
    """Return what somebody chose for one cell of the matrix, else its default; NEVER for a cell that isn't there."""
    default = EVENTS[event].defaults.get(scope, NEVER)
    return choices.get((event, scope), default) if scope in EVENTS[event].defaults else NEVER


def hears_any(scope: str, choices: Mapping[tuple[str, str], str]) -> bool:
    """Tell whether somebody hears of anything by a scope."""
    return any(level_of(event, scope, choices) != NEVER for event in EVENTS)


def level_for(
    event: str, reasons: Iterable[Reason], choices: Mapping[tuple[str, str], str], *, is_muted: bool = False
) -> tuple[str, list[Reason]]:
    """Return how somebody hears of an event, and the reasons for it, the decisive one first.

    Of several reasons the one that asks for most decides. A muted proposal is heard of only where one is spoken to.
    """
    weighed = [
        (level_of(event, reason.scope, choices), reason)
        for reason in reasons
        if not is_muted or reason.scope in UNMUTABLE
    ]
    heard = sorted(
        ((level, reason) for level, reason in weighed if level != NEVER), key=lambda each: -_ORDER[each[0]]
    )
    return (heard[0][0], [reason for _, reason in heard]) if heard else (NEVER, [])


def shortened(reasons: Iterable[Reason], most: int = MOST_REASONS) -> list[Reason]:
    """Return what is kept, or said, of the reasons, in their order: each scope's first, and others as long as there is room."""
    reasons = list(reasons)
    firsts = {reason.scope: reason for reason in reversed(reasons)}.values()
    room = most - len(firsts)
    kept = []
    for reason in reasons:
        is_first = any(reason is first for first in firsts)
        if is_first or room > 0:
            kept.append(reason)
            room -= not is_first
    return kept


def request_level(chosen: Any) -> str:
    """Return how somebody is told of requests to act. Whatever else was chosen, they are in the inbox."""
    return chosen if chosen in REQUEST_LEVELS else REQUESTS_BY_DEFAULT


def mail_for(level: str, *, is_paused: bool = False) -> str:
    """Return which mail tells of something heard at a level: "now", "daily", "weekly" or "" for none.

    While somebody pauses, mails wait and come as one digest when the pause is over.
    """
    if level in (NEVER, INBOX):
        return ""
    return DAILY if level == NOW and is_paused else level
