"""Covering: what an approval covers, part by part, and which approvals cover what would be published now.

A part is a merge unit of one change, or the change as a whole (""). An approval holds a digest of each, so it lapses for
what moved and only for that. Title and reason are no part: every approval names the version that it read, and the one that
publishes reads the present one.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chokepoints.canonical import digest
from chokepoints.records import KINDS, Kind, State
from chokepoints.services.planning import Plan, RecordChange

from .. import merging
from ..models import Review

WHOLE = ""  # where a merge unit would stand
Coverages = dict[str, dict[str, str]]  # record id → merge unit → digest


def cover_change(plan: Plan, change: RecordChange, current: State) -> dict[str, str]:
    """Return what an approval covers of one change that is laid over `current`: each unit with what it is now and becomes,
    and the evidence cited for it as that stands."""
    kind = KINDS[change.kind]
    parts = {
        WHOLE: digest(
            {
                "cites": _cited(plan, change.cites.get(WHOLE, ())),
                "kind": kind.name,
                "operation": change.operation,
                "record": change.record,
            }
        )
    }
    units: dict[str, list[str]] = {}
    for name in change.fields:
        units.setdefault(kind.fields[name].merge_unit, []).append(name)
    for unit, names in units.items():
        parts[unit] = digest(
            {
                "cites": [_cited(plan, change.cites.get(name, ())) for name in sorted(names)],
                "evidence": _cited(plan, _evidence_in(kind, change, names)),
                "values": {name: _becomes(kind, name, current, change.fields[name]) for name in names},
            }
        )
    return parts


def _becomes(kind: Kind, name: str, current: State, value: Any) -> Any:
    """Return what happens to a field: what is added, removed and changed in a set, else what it was and will be."""
    if merging.is_entry_wise(kind.fields[name]):
        return merging.delta(kind.fields[name], current.get(name), value)
    return [current.get(name), value]


def _evidence_in(kind: Kind, change: RecordChange, names: Iterable[str]) -> set[str]:
    return {
        target
        for name in names
        for target_kind, target in kind.fields[name].references(change.fields[name])
        if target_kind == "evidence"
    }


def _cited(plan: Plan, evidence: Iterable[str]) -> list[Any]:
    """Return evidence as it stands: its state, and whether its source is in force."""
    ground = []
    for target in sorted(set(evidence)):
        state = plan.after("evidence", target) or {}
        source = (plan.after("source", state["source"]) if "source" in state else None) or {}
        ground.append([target, digest(state), source.get("standing"), bool(source.get("retired"))])
    return ground


@dataclass
class Standing:
    """Which approvals count. `parts` lists, for each part that must be covered, one approval of each reviewer who covers it."""

    parts: dict[tuple[str, str], list[Review]] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """How many reviewers cover the part that the fewest cover."""
        return min((len(reviews) for reviews in self.parts.values()), default=0)

    @property
    def whole(self) -> list[Review]:
        """One approval of each reviewer who covers everything, in the order in which they were given."""
        covering = [{review.reviewer_id for review in reviews} for reviews in self.parts.values()]
        everywhere = set.intersection(*covering) if covering else set()
        found = {review.reviewer_id: review for reviews in self.parts.values() for review in reviews}
        return sorted((found[reviewer] for reviewer in everywhere), key=lambda review: review.pk)

    def lapsed_for(self, reviewer: Any) -> list[tuple[str, str]]:
        """Return the parts that a reviewer's approvals don't cover."""
        return [
            part
            for part, reviews in self.parts.items()
            if not any(review.reviewer_id == reviewer for review in reviews)
        ]


def stand(coverages: Coverages, approvals: Iterable[Sequence[Review]]) -> Standing:
    """Return which of some approvals, grouped by reviewer, cover which part of what would be published."""
    standing = Standing(
        {(record, part): [] for record, parts in coverages.items() for part in parts},
    )
    for given in approvals:
        for (record, part), reviews in standing.parts.items():
            covering = [review for review in given if _covers(review, record, part, coverages[record][part])]
            reviews.extend(covering[-1:])
    return standing


def _covers(review: Review, record: str, part: str, wanted: str) -> bool:
    covered = review.covers.get(record)
    return isinstance(covered, Mapping) and covered.get(part) == wanted
