"""Applying: from an approved proposal to a changeset, all or nothing.

    merge each change into what the register holds now → plan → weigh → enough approvals? → publish

When it decides, this runs inside the register lock that reviewing.py holds.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from chokepoints.exceptions import FIELD, REFERENCE, RULE, ChangesRefused, Problem
from chokepoints.fields import check_uuid
from chokepoints.history import state_at
from chokepoints.models import Changeset, Contributor
from chokepoints.models.revision import CREATE, UPDATE
from chokepoints.projection import read_state
from chokepoints.records import KINDS
from chokepoints.services.planning import Plan, PlannedChange, RecordChange, plan_changes
from chokepoints.services.publishing import PROPOSAL, Origin, Verdict, publish

from ..merging import merge
from ..models import Change, Proposal, Review, Version
from .roles import is_reviewer
from .weighing import Weight, coverage, weigh


@dataclass
class Application:
    """A version as it would be published now: `coverages` maps each change's record to what an approval must cover."""

    plan: Plan
    weight: Weight
    coverages: dict[str, str]


def prepare(version: Version) -> Application:
    """Merge a version into the register as it is, plan and weigh it. Raises ChangesRefused if it can't be published."""
    changes = list(version.changes.all())
    merged, problems = [], []
    for position, change in enumerate(changes):
        record_change, wrong = _merge_change(position, change)
        problems += wrong
        merged.append(record_change)
    if problems:
        raise ChangesRefused(problems)
    standing = [record_change for record_change in merged if record_change]
    if not standing:
        words = (
            "The register already says all of this."
            if changes
            else "This proposal changes nothing: add a change."
        )
        raise ChangesRefused([Problem(FIELD if changes else RULE, -1, "", words)])
    plan = plan_changes(standing)
    weight = weigh(plan)
    coverages = {str(change.record): coverage(plan, _as_proposed(plan, change)) for change in changes}
    return Application(plan, weight, coverages)


def standing_approvals(proposal: Proposal, coverages: dict[str, str]) -> list[Review]:
    """Return the approvals that count: each reviewer's last verdict, by a reviewer in office who is no author, of what
    would be published now."""
    authors = set(proposal.authors.values_list("pk", flat=True))
    last: dict[uuid.UUID, Review] = {}
    for review in proposal.reviews.select_related("reviewer__user").order_by("pk"):
        last[review.reviewer_id] = review
    return [
        review
        for review in last.values()
        if review.verdict == "approve"
        and review.reviewer_id not in authors
        and is_reviewer(review.reviewer.user)
        and all(review.covers.get(record) == covered for record, covered in coverages.items())
    ]


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
        for review in proposal.reviews.order_by("pk")
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


def _as_proposed(plan: Plan, change: Change) -> PlannedChange:
    """Return a change with the values that were proposed, so that a moved base elsewhere lets approvals stand."""
    proposed = RecordChange(change.kind, str(change.record), change.operation, change.fields, change.cites)
    return PlannedChange(proposed, KINDS[change.kind], {}, {})


def _merge_change(position: int, change: Change) -> tuple[RecordChange | None, Sequence[Problem]]:
    """Return a change as it applies to the register now (None: already so), and its conflicts."""
    kind = KINDS[change.kind]
    record = check_uuid(change.record)
    plain = RecordChange(kind.name, record, change.operation, change.fields, change.cites)
    if change.operation == CREATE:
        return plain, []
    current = read_state(kind, record)
    base = state_at(record, change.base_revision)
    if current is None or base is None:
        return None, [Problem(REFERENCE, position, "", f"There is no such {kind.name}.")]
    if change.operation != UPDATE:
        return plain, []
    if current.get("retired"):
        return None, [Problem(REFERENCE, position, "", f"This {kind.name} was retired meanwhile.")]
    merged = merge(kind, base, current, change.fields)
    problems = [
        Problem(
            FIELD,
            position,
            next((name for name in conflict.fields if name in change.fields), conflict.fields[0]),
            f"{kind.fields[conflict.fields[0]].label} was changed meanwhile by somebody else. Look at both and propose again.",
        )
        for conflict in merged.conflicts
    ]
    if problems or not merged.fields:
        return None, problems
    return RecordChange(kind.name, record, UPDATE, merged.fields, change.cites), []
