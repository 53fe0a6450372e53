"""Which assessment is a chokepoint's current one (pure).

models/assessment.py says the same rule in SQL; a test holds both together.

The rule: of the assessments that are neither deprecated, retired nor dated in the future the one with the greatest
date; between equal dates `preferred` decides, then the later changeset. A month or year counts from its last day.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from .dates import parse_partial
from .vocabularies import UNASSESSED

NOT_YET_PUBLISHED = 2**62  # later than every changeset there is


@dataclass(frozen=True)
class Judgement:
    """What of an assessment matters for the current status. `published` is the changeset that created it."""

    id: str
    chokepoint: str
    status: str
    as_of: dt.date
    rank: str
    retired: bool
    published: int
    evidence: tuple[str, ...]

    @classmethod
    def from_state(cls, id: str, state: dict[str, Any], published: int = NOT_YET_PUBLISHED) -> "Judgement":
        """Read the judgement out of an assessment's state."""
        return cls(
            id,
            state["chokepoint"],
            state["status"],
            parse_partial(state["as_of"])[0],
            state["rank"],
            bool(state.get("retired")),
            published,
            tuple(state.get("evidence", ())),
        )

    def counts_on(self, day: dt.date) -> bool:
        return not self.retired and self.rank != "deprecated" and self.as_of <= day


def current(judgements: Iterable[Judgement], day: dt.date) -> Judgement | None:
    """Return the judgement that is current on `day`, or None if none counts."""
    counting = [judgement for judgement in judgements if judgement.counts_on(day)]
    return max(counting, key=lambda j: (j.as_of, j.rank == "preferred", j.published, j.id), default=None)


def status_on(judgements: Iterable[Judgement], day: dt.date) -> str:
    """Return the status that follows on `day`: one of STATUSES, or "unassessed"."""
    judgement = current(judgements, day)
    return judgement.status if judgement else UNASSESSED


def turning_days(judgements: Iterable[Judgement], today: dt.date) -> list[dt.date]:
    """Return today and the later days on which another judgement may become current, in order."""
    return sorted({today} | {j.as_of for j in judgements if j.as_of > today})
