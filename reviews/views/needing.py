"""What a proposal still needs, in words for its page: whose approvals count for what, whose turn it is, what is in the way."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chokepoints.exceptions import FIELD, KEY, REFERENCE, RULE
from chokepoints.models import Contributor

from ..attention import Turn
from ..kinds import CONTENT, EXISTENCE, STATUS
from ..models import Proposal, Review
from ..selectors import Needs, active_reviewers
from ..services.covering import WHOLE
from .showing import ShownChange

BECAUSE = {
    STATUS: "it changes a chokepoint's status or what carries it",
    EXISTENCE: "it retires or restores a record",
    CONTENT: "it changes no status, and retires or restores nothing",
}
CONFLICT_WORDS = {
    FIELD: "Changed on both sides",
    KEY: "Key taken meanwhile",
    REFERENCE: "What it refers to is gone",
    RULE: "Against a rule of the register",
}


@dataclass(frozen=True)
class LapsedApproval:
    """An approval that doesn't count for everything: why it counts for nothing, or the `parts` that it doesn't cover.

    One given `in_advance` counts once its author takes what the reviewer suggests.
    """

    review: Review
    why: str = ""
    parts: Sequence[str] = ()
    in_advance: bool = False


def lapsed_approvals(
    proposal: Proposal, needs: Needs, changes: Sequence[ShownChange]
) -> list[LapsedApproval]:
    """Return the approvals that don't count for all of a proposal, each with the reason."""
    if not needs.lapsed:
        return []
    authors = set(proposal.authors.values_list("pk", flat=True))
    in_office = set(active_reviewers().values_list("contributor", flat=True))
    taken_back = {
        review.reviewer_id: review.verdict
        for review in proposal.reviews.filter(dismissed=None).order_by("pk")
    }
    in_advance = set(
        proposal.suggestions.filter(state="open", approval__isnull=False).values_list("approval", flat=True)
    )
    shown = {change.record: change for change in changes}
    return [
        LapsedApproval(
            lapse.review,
            _why_none(lapse.review.reviewer_id, authors, in_office, taken_back),
            _words_of_parts(lapse.parts, shown),
            in_advance=lapse.review.pk in in_advance,
        )
        for lapse in needs.lapsed
    ]


def _why_none(reviewer: Any, authors: set, in_office: set, last: Mapping[Any, str]) -> str:
    """Return why no approval by a reviewer counts, or "" if it is for what has moved."""
    if reviewer in authors:
        return "they are an author of it now"
    if reviewer not in in_office:
        return "they are no reviewer any more"
    return "" if last.get(reviewer) == "approve" else "they gave another verdict since"


def _words_of_parts(parts: Iterable[tuple[str, str]], shown: Mapping[str, ShownChange]) -> list[str]:
    """Return parts of changes in words: each change once, with the labels of its fields."""
    units: dict[str, list[str]] = {}
    for record, unit in parts:
        units.setdefault(record, []).append(unit)
    return [words_of_units(shown[record], wanted) for record, wanted in units.items() if record in shown]


def words_of_units(change: ShownChange, units: Sequence[str]) -> str:
    """Return some merge units of a change in words: "source Delivery: Title, Publisher"."""
    of_unit: dict[str, list[str]] = {}
    for name in change.change.fields:
        known = change.kind.fields[name]
        of_unit.setdefault(known.merge_unit, []).append(known.label)
    if not set(of_unit) - set(units):
        return change.name
    labels = [label for unit in units if unit != WHOLE for label in of_unit.get(unit, [])]
    if WHOLE in units:
        labels.append("the evidence cited for it")
    return f"{change.name}: {', '.join(labels)}"


@dataclass(frozen=True)
class TurnGroup:
    """People who are to act for the same reason, or nobody in particular: admins."""

    why: str
    rank: int
    people: Sequence[Contributor]
    is_mine: bool = False


def grouped_turns(turns: Iterable[Turn], mine: Contributor | None) -> list[TurnGroup]:
    """Return turns with the people of one reason together, in the order in which they are asked."""
    groups: dict[tuple[int, str], list[Any]] = {}
    for turn in turns:
        groups.setdefault((turn.rank, turn.why), []).append(turn.person)
    return [
        TurnGroup(
            why,
            rank,
            [person for person in people if person],
            is_mine=any(person and mine and person.pk == mine.pk for person in people),
        )
        for (rank, why), people in groups.items()
    ]


def conflict_words(conflicts: Iterable[Mapping[str, Any]]) -> list[tuple[str, list[str]]]:
    """Return the sentences of a conflicting proposal by the kind of conflict."""
    kinds: dict[str, list[str]] = {}
    for conflict in conflicts:
        words = kinds.setdefault(CONFLICT_WORDS.get(conflict.get("sort", ""), "In the way"), [])
        if conflict["message"] not in words:
            words.append(conflict["message"])
    return list(kinds.items())
