"""Weighing: what a plan does to the register, and what that needs by policy.

Called when a proposal is submitted, so that nobody waits for reviewers in vain, and again inside the lock when it is
decided, which is the check that counts.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.utils import timezone

from chokepoints.corroboration import origins_of_evidence
from chokepoints.exceptions import RULE, Problem
from chokepoints.models import Assessment, Bearing
from chokepoints.models.revision import RESTORE, RETIRE
from chokepoints.projection import read_states
from chokepoints.records import KINDS
from chokepoints.services.planning import Plan, PlannedChange
from chokepoints.status import Judgement

from ..kinds import CONTENT, EXISTENCE, STATUS
from ..models import Policy
from ..policies import DEFAULTS, Requirement, Turn, stances_carry, turns

Pieces = dict[str, tuple[str, frozenset[str]]]


@dataclass
class Weight:
    """What a plan does (`effects`), whose status it turns (`turned`), and what it lacks (`problems`)."""

    effects: set[str] = field(default_factory=set)
    turned: list[Turn] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    approvals_needed: int = 1


def requirements() -> dict[str, Requirement]:
    """Return what each effect needs: the policy records, and the defaults where there is none."""
    rows = Policy.objects.in_force()
    return DEFAULTS | {row.key: Requirement(row.approvals, row.evidence) for row in rows}


def weigh(plan: Plan, *, today: dt.date | None = None) -> Weight:
    """Return what a plan does and needs, as the policies stand."""
    today = today or timezone.now().date()
    rules = requirements()
    weight = Weight()
    if any(planned.change.operation in {RETIRE, RESTORE} for planned in plan.changes):
        weight.effects.add(EXISTENCE)
    cited = {
        target for planned in plan.changes for targets in planned.change.cites.values() for target in targets
    }
    for chokepoint, position in _concerned(plan).items():
        before, after = _judgements(plan, chokepoint)
        for turn in turns(chokepoint, before, after, today):
            lost = turn.before == turn.after and _loses_support(plan, chokepoint, turn)
            if turn.before == turn.after and not lost:
                continue
            weight.effects.add(STATUS)
            weight.turned.append(turn)
            pieces = carrying_pieces(plan, chokepoint, {*turn.rests_on, *cited})
            if not stances_carry(turn.after, pieces, rules[STATUS].evidence):
                weight.problems.append(
                    Problem(RULE, position, "evidence", _lacks(plan, turn, rules[STATUS], lost))
                )
                break  # one sentence a chokepoint says it
    weight.effects = weight.effects or {CONTENT}
    weight.approvals_needed = max(rules[effect].approvals for effect in weight.effects)
    return weight


def carrying_pieces(
    plan: Plan, chokepoint: str, evidence: Iterable[str], *, published: bool = False
) -> Pieces:
    """Return those pieces that can carry a status of a chokepoint, each with stance and origins.

    A piece can if it bears on the chokepoint, is an observation, isn't retired, and its source is in force. `published`
    asks how it stands without the plan.
    """
    look = plan.before if published else plan.after
    pieces: Pieces = {}
    for target in evidence:
        state = look("evidence", target)
        if not state or state.get("retired") or state.get("nature") != "observation":
            continue
        source = look("source", state["source"])
        if not source or source.get("retired") or source.get("standing") != "in-force":
            continue
        for bearing in state.get("bears_on", ()):
            if bearing.get("chokepoint") == chokepoint:
                origins = origins_of_evidence(state, lambda key: look("source", key))
                pieces[target] = (bearing["stance"], origins)
    return pieces


def _concerned(plan: Plan) -> dict[str, int]:
    """Return the chokepoints whose status a plan may concern, each with the position of a change that does."""
    concerned: dict[str, int] = {}
    for position, planned in enumerate(plan.changes):
        for chokepoint in _chokepoints_of(planned):
            concerned.setdefault(chokepoint, position)
    return concerned


def _chokepoints_of(planned: PlannedChange) -> set[str]:
    states = (planned.before, planned.after)
    if planned.kind.name == "assessment":
        return {state["chokepoint"] for state in states if "chokepoint" in state}
    if planned.kind.name == "evidence" and planned.before:
        return {
            entry["chokepoint"]
            for state in states
            for entry in state.get("bears_on", ())
            if "chokepoint" in entry
        }
    if planned.kind.name == "source" and planned.before:
        rows = Bearing.objects.filter(evidence__source=planned.change.record, chokepoint__isnull=False)
        return {str(pk) for pk in rows.values_list("chokepoint", flat=True)}
    return set()


def _judgements(plan: Plan, chokepoint: str) -> tuple[list[Judgement], list[Judgement]]:
    rows = list(Assessment.objects.filter(chokepoint=chokepoint))
    published = {str(row.pk): row.created_in_id for row in rows}
    states = read_states(KINDS["assessment"], rows)
    before = [Judgement.from_state(record, state, published[record]) for record, state in states.items()]
    for planned in plan.changes:
        if planned.kind.name == "assessment":
            states.pop(planned.change.record, None)
            if planned.after.get("chokepoint") == chokepoint:
                states[planned.change.record] = planned.after
    after = [
        Judgement.from_state(record, state, *([published[record]] if record in published else []))
        for record, state in states.items()
    ]
    return before, after


def _loses_support(plan: Plan, chokepoint: str, turn: Turn) -> bool:
    """Tell whether evidence that carried the status before doesn't any longer."""
    before = carrying_pieces(plan, chokepoint, turn.rests_on, published=True)
    after = carrying_pieces(plan, chokepoint, turn.rests_on)
    return any(after.get(target, (None,))[0] != stance for target, (stance, _) in before.items())


def _lacks(plan: Plan, turn: Turn, rule: Requirement, lost: bool) -> str:
    name = (plan.after("chokepoint", turn.chokepoint) or {}).get("name", "the chokepoint")
    what = (
        f"takes away the evidence that carries “{turn.after}”" if lost else f"makes the status “{turn.after}”"
    )
    number = "one piece" if rule.evidence == 1 else f"{rule.evidence} pieces of different origin"
    return (
        f"For {name} this {what}, which needs {number} of evidence that bears on it with a stance that carries the status, "
        "is an observation, and whose source is in force."
    )
