"""Loading the data set that comes with the program: published directly while nothing was ever proposed, as drafts afterwards.

Files that people bring go another way (bringing.py), which never publishes. The comparison is always with what was last loaded
of a record. What people decided since then is nobody's to
overwrite, and what the files say unchanged is no news.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from chokepoints import projection
from chokepoints.canonical import same_json
from chokepoints.models import Changeset, Opening, Revision
from chokepoints.models.revision import CREATE, UPDATE
from chokepoints.records import KINDS, State
from chokepoints.services.contributing import the_register_itself
from chokepoints.services.locking import register_lock
from chokepoints.services.planning import RecordChange, plan_changes
from chokepoints.services.publishing import ADMINISTRATIVE, IMPORT, PROPOSAL, Origin, publish

from ..exceptions import ReviewError
from ..kinds import CONTENT, EXISTENCE, STATUS
from ..models import Change, Policy, Proposal
from .drafting import MOST_CHANGES, DraftChange, draft_proposal
from .governing import policy_id

FIRST_POLICIES = {
    STATUS: (2, 1),
    EXISTENCE: (2, 0),
    CONTENT: (1, 0),
}  # effect → approvals, pieces of evidence


@dataclass
class LoadResult:
    """What loading did, or would do: the changesets and proposals it made and the changes in them."""

    changes: list[RecordChange] = field(default_factory=list)
    direct: bool = True
    policies: bool = False  # the first policies were published as well
    changeset: Changeset | None = None
    proposals: list[Proposal] = field(default_factory=list)
    retired: int = 0  # records of the files that differ, but are retired in the register
    gone: int = 0  # records loaded earlier that the files don't hold any more


def load_records(
    records: Sequence[RecordChange],
    *,
    name: str,
    reference: str,
    rationale: str,
    actor: Any = None,
    dry_run: bool = False,
) -> LoadResult:
    """Bring the register up to a data set, given as creations of all its records, and return what was done.

    `name` says which data set it is, `reference` is what the changeset calls it. `actor` is the account that drafts
    proposals, needed once anything was proposed.
    Raises ChangesRefused, and ReviewError where an account is missing or may not propose; then nothing has changed.
    """
    with register_lock():
        result = LoadResult(direct=not Changeset.objects.filter(origin=PROPOSAL).exists())
        result.policies = not Policy.objects.exists()
        bases = _compare(records, result)
        if dry_run:
            if result.changes and result.direct:
                plan_changes(result.changes)
            return result
        if result.policies:
            publish_first_policies()
        if not result.changes:
            return result
        if result.direct:
            again = Changeset.objects.filter(origin=IMPORT).exists()
            result.changeset = publish(
                changes=result.changes,
                authors=[the_register_itself()],
                summary=f"{'Changes in' if again else 'Load'} {name}",
                rationale=rationale,
                origin=Origin(IMPORT, reference),
            )
        elif actor is None:
            raise ReviewError(
                "The register holds published proposals, so changes of the data set become drafts: name their author."
            )
        else:
            result.proposals = _draft(result.changes, bases, actor, name, rationale)
    return result


def publish_first_policies() -> Changeset:
    """Publish what a change needs by its effect, so that the register can begin."""
    return publish(
        changes=[
            RecordChange(
                "policy",
                policy_id(effect),
                CREATE,
                {"key": effect, "approvals": approvals, "evidence": evidence},
            )
            for effect, (approvals, evidence) in FIRST_POLICIES.items()
        ],
        authors=[the_register_itself()],
        summary="First policies",
        rationale="A change of a chokepoint's current status takes two approvals and evidence, retiring or restoring a "
        "record two approvals, anything else one.",
        origin=Origin(ADMINISTRATIVE, "policy"),
    )


def _compare(records: Sequence[RecordChange], result: LoadResult) -> dict[str, int]:
    """Fill in what differs, and return the present revision of each record that is there."""
    ids = [record.record for record in records]
    imported = loaded_states()
    present, bases = _present_states(records)
    result.gone = len(set(imported) - set(ids))
    for record in records:
        known = present.get(record.record)
        if known is None:
            change = record
        else:
            change = _difference(record, imported.get(record.record, {}), known)
            if change and known.get("retired"):
                result.retired += 1
                change = None
        if change and not result.direct:
            change = _without_what_was_proposed(change)
        if change:
            result.changes.append(change)
    return bases


def _difference(record: RecordChange, imported: State, present: State) -> RecordChange | None:
    """Return the update that the files ask for: what they say anew and the register doesn't say yet."""
    fields = {
        name: record.fields.get(name)
        for name in sorted(set(record.fields) | set(imported))
        if name in KINDS[record.kind].editable
        and not same_json(record.fields.get(name), imported.get(name))
        and not same_json(record.fields.get(name), present.get(name))
    }
    cites = {name: targets for name, targets in record.cites.items() if name in fields}
    return RecordChange(record.kind, record.record, UPDATE, fields, cites) if fields else None


def _present_states(records: Iterable[RecordChange]) -> tuple[dict[str, State], dict[str, int]]:
    by_kind: dict[str, list[str]] = {}
    for record in records:
        by_kind.setdefault(record.kind, []).append(record.record)
    states: dict[str, State] = {}
    revisions: dict[str, int] = {}
    for kind, ids in by_kind.items():
        rows = list(projection.model_of(KINDS[kind]).objects.filter(pk__in=ids))
        states |= projection.read_states(KINDS[kind], rows)
        revisions |= {str(row.pk): row.revision for row in rows}
    return states, revisions


def loaded_states() -> dict[str, State]:
    """Return what imports last said of each record they loaded, by record id. What was redacted is left out."""
    last: dict[str, Revision] = {}
    for revision in Revision.objects.filter(changeset__origin=IMPORT).order_by("record", "number"):
        last[str(revision.record)] = revision
    openings = dict(Opening.objects.values_list("commitment", "value")) if last else {}
    states = {}
    for record, revision in last.items():
        state = {name: openings[seal] for name, seal in revision.state.items() if seal in openings}
        states[record] = KINDS[revision.kind].lift(state, revision.format)
    return states


def _without_what_was_proposed(change: RecordChange) -> RecordChange | None:
    """Return what of a change was never proposed before, whatever became of it: what was rejected isn't asked again."""
    earlier = list(Change.objects.filter(record=change.record).values_list("operation", "fields"))
    if change.operation == CREATE:
        return (
            None
            if any(op == CREATE and same_json(fields, dict(change.fields)) for op, fields in earlier)
            else change
        )
    fields = {
        name: value
        for name, value in change.fields.items()
        if not any(name in proposed and same_json(proposed[name], value) for _, proposed in earlier)
    }
    cites = {name: targets for name, targets in change.cites.items() if name in fields}
    return RecordChange(change.kind, change.record, change.operation, fields, cites) if fields else None


def _draft(
    changes: Sequence[RecordChange], bases: dict[str, int], actor: Any, name: str, rationale: str
) -> list[Proposal]:
    """Draft the changes together, since new records refer to each other; in parts only where they are too many."""
    parts = [changes[start : start + MOST_CHANGES] for start in range(0, len(changes), MOST_CHANGES)]
    return [
        draft_proposal(
            actor=actor,
            batch=f"import: {name}"[:100],
            title=f"Changes in {name}" + (f", part {number} of {len(parts)}" if len(parts) > 1 else ""),
            rationale=rationale,
            changes=[
                DraftChange(c.kind, c.record, c.operation, c.fields, c.cites, bases.get(c.record, 0))
                for c in part
            ],
        )
        for number, part in enumerate(parts, start=1)
    ]
