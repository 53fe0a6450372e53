"""Applying: from an approved proposal to a changeset, all or nothing.

    merge each change into what the register holds now → plan → weigh → what must an approval cover? → publish

When it decides, this runs inside the register lock that settling.py holds.
"""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.db.models import QuerySet

from chokepoints.exceptions import FIELD, REFERENCE, RULE, ChangesRefused, Problem
from chokepoints.fields import check_uuid
from chokepoints.history import states_at
from chokepoints.models import Changeset, Contributor
from chokepoints.models.revision import CREATE, RESTORE, RETIRE, UPDATE
from chokepoints.projection import model_of, read_state, read_states
from chokepoints.records import KINDS, Kind, State
from chokepoints.services.planning import Plan, PlannedChange, RecordChange, plan_changes
from chokepoints.services.publishing import PROPOSAL, Origin, Verdict, publish

from ..merging import Merge, merge
from ..models import Change, Proposal, Review, Suggestion, Version
from .covering import Coverages, Standing, cover_change, stand
from .roles import is_reviewer
from .weighing import Weight, weigh


@dataclass
class MergedChange:
    """A change as it meets the register now: `base` is what its author saw, `current` what stands, `problems` why it can't
    be applied. `applied` is what would be published; None if the register says so already or it can't be. `mergeable` is
    the same without regard to conflicts: what of it could be published if its author resolved them."""

    position: int
    change: Change
    kind: Kind
    base: State = field(default_factory=dict)
    current: State = field(default_factory=dict)
    merge: Merge | None = None
    applied: RecordChange | None = None
    mergeable: RecordChange | None = None
    problems: list[Problem] = field(default_factory=list)

    @property
    def record(self) -> str:
        return check_uuid(self.change.record)


@dataclass
class Application:
    """A version as it would be published now; `coverages` is what an approval must cover."""

    plan: Plan
    weight: Weight
    coverages: Coverages
    merged: list[MergedChange]

    @property
    def merged_texts(self) -> dict[tuple[str, str], str]:
        """The texts that neither side wrote, by record and field: whoever approves must have seen them."""
        return {
            (one.record, name): one.merge.fields[name]
            for one in self.merged
            if one.merge
            for name in one.merge.merged_texts
        }


def prepare(version: Version) -> Application:
    """Merge a version into the register as it is, plan and weigh it. Raises ChangesRefused if it can't be published."""
    return prepare_changes(list(version.changes.all()))


def prepare_changes(changes: Sequence[Change]) -> Application:
    """The same for changes that may not be written yet."""
    merged = merge_changes(changes)
    if problems := [problem for one in merged for problem in one.problems]:
        raise ChangesRefused(problems)
    standing = [one for one in merged if one.applied]
    if not standing:
        words = (
            "The register already says all of this."
            if changes
            else "This proposal changes nothing: add a change."
        )
        raise ChangesRefused([Problem(FIELD if changes else RULE, -1, "", words)])
    try:
        plan = plan_changes([one.applied for one in standing])
    except ChangesRefused as refusal:
        raise ChangesRefused(_in_positions(refusal.problems, standing)) from refusal
    weight = weigh(plan)
    weight.problems = _in_positions(weight.problems, standing)
    return Application(plan, weight, cover(merged), merged)


def cover(merged: Sequence[MergedChange]) -> Coverages:
    """Return what an approval covers now: all that could be published if its author resolved what is in conflict."""
    look = Plan()  # what the changes make of the register, whether or not it could be published like that
    standing = [one for one in merged if one.mergeable]
    for one in standing:
        look.add(PlannedChange(one.mergeable, one.kind, one.current, _after(one)))
    return {
        one.record: cover_change(look, one.mergeable, one.current if one.change.operation == UPDATE else {})
        for one in standing
    }


def _after(one: MergedChange) -> State:
    state = {**one.current, **one.mergeable.fields}
    if one.change.operation in {RETIRE, RESTORE}:
        state["retired"] = True if one.change.operation == RETIRE else None
    return {name: value for name, value in state.items() if value is not None}


def _in_positions(problems: Iterable[Problem], standing: Sequence[MergedChange]) -> list[Problem]:
    """Return problems with the positions of the proposal's changes, of which some may be so already."""
    return [
        Problem(problem.sort, standing[problem.change].position, problem.field, problem.message)
        if 0 <= problem.change < len(standing)
        else problem
        for problem in problems
    ]


def merge_changes(changes: Sequence[Change]) -> list[MergedChange]:
    """Merge each change into the register as it is now, with a fixed number of queries for all of a kind."""
    changing = [change for change in changes if change.operation != CREATE]
    bases = states_at((str(change.record), change.base_revision) for change in changing)
    current: dict[str, State] = {}
    for name in {change.kind for change in changing}:
        rows = model_of(KINDS[name]).objects.filter(
            pk__in=[change.record for change in changing if change.kind == name]
        )
        current |= read_states(KINDS[name], rows)
    return [
        _merge_change(
            position,
            change,
            current.get(str(change.record)),
            bases.get((str(change.record), change.base_revision)),
        )
        for position, change in enumerate(changes)
    ]


def _merge_change(position: int, change: Change, current: State | None, base: State | None) -> MergedChange:
    kind = KINDS[change.kind]
    result = MergedChange(position, change, kind)
    plain = RecordChange(kind.name, result.record, change.operation, change.fields, change.cites)
    if change.operation == CREATE:
        result.applied = result.mergeable = plain
        return result
    if current is None or base is None:
        result.problems.append(Problem(REFERENCE, position, "", f"There is no such {kind.name}."))
        return result
    result.base, result.current = base, current
    if change.operation != UPDATE:
        result.applied = result.mergeable = plain
    elif current.get("retired"):
        result.problems.append(Problem(REFERENCE, position, "", _went(kind, current)))
    else:
        _merge_fields(result)
    return result


def _merge_fields(result: MergedChange) -> None:
    """Merge the fields of an update, and say which were changed on both sides."""
    change, kind = result.change, result.kind
    result.merge = merge(kind, result.base, result.current, change.fields)
    result.problems += [
        Problem(
            FIELD,
            result.position,
            next((name for name in conflict.fields if name in change.fields), conflict.fields[0]),
            f"{kind.fields[conflict.fields[0]].label} was changed meanwhile by somebody else. Its author must say what holds.",
        )
        for conflict in result.merge.conflicts
    ]
    if result.merge.fields:
        result.mergeable = RecordChange(kind.name, result.record, UPDATE, result.merge.fields, change.cites)
        result.applied = None if result.problems else result.mergeable


def _went(kind: Kind, current: State) -> str:
    target = current.get("merged_into")
    if not target:
        return f"This {kind.name} was retired meanwhile."
    state = read_state(kind, target) or {}
    return f"This {kind.name} was merged meanwhile into “{str(state.get(kind.title) or target)[:90]}”."


def standing_approvals(proposal: Proposal, coverages: Coverages) -> Standing:
    """Return which approvals count for which part: those by reviewers in office who are no authors, of what would be
    published now. A later verdict of another sort takes back a reviewer's earlier approvals, unless they took that back."""
    authors = set(proposal.authors.values_list("pk", flat=True))
    by_reviewer: dict[uuid.UUID, list[Review]] = {}
    for review in given_reviews(proposal).select_related("reviewer__user"):
        given = by_reviewer.setdefault(review.reviewer_id, [])
        if review.verdict == "approve":
            given.append(review)
        elif not review.dismissed or review.dismissed_by_id != review.reviewer_id:
            given.clear()
    counting = [
        given
        for reviewer, given in by_reviewer.items()
        if given and reviewer not in authors and is_reviewer(given[0].reviewer.user)
    ]
    return stand(coverages, counting)


def given_reviews(proposal: Proposal) -> QuerySet[Review]:
    """Return the verdicts on a proposal in order. An approval in advance is none until all of what was suggested with it
    is taken."""
    waiting = Suggestion.objects.filter(proposal=proposal, approval__isnull=False).exclude(state="taken")
    return proposal.reviews.exclude(pk__in=waiting.values("approval")).order_by("pk")


def publish_proposal(proposal: Proposal, version: Version, application: Application) -> Changeset:
    """Publish an approved version. Raises ChangesRefused if policy or register refuse it."""
    if application.weight.problems:
        raise ChangesRefused(application.weight.problems)
    authors = list(
        Contributor.objects.filter(authorships__proposal=proposal).order_by("authorships__position")
    )
    own = {author.pk for author in authors}
    reviews = [
        Verdict(str(review.reviewer_id), review.verdict, review.version, review.comment or None)
        for review in given_reviews(proposal)
        if review.reviewer_id not in own
    ]
    return publish(
        changes=[planned.change for planned in application.plan.changes],
        authors=authors,
        summary=version.title,
        rationale=version.rationale,
        origin=Origin(PROPOSAL, f"proposal:{proposal.number}"),
        reviews=reviews,
    )
