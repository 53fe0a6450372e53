"""Publishing: the one door. No other code writes the ledger or the register tables.

publish(changes) → plan inside the lock → seal → append to the ledger → project onto the tables
replay(sealed)   →                        check → append to the ledger → project onto the tables
"""

import datetime as dt
import secrets
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from django.utils import timezone

from .. import projection
from ..canonical import NO_DIGEST, SALT_BYTES
from ..exceptions import LedgerError, RegisterError
from ..fields import FieldError, check_text
from ..models import Changeset, Contributor, Opening, Revision
from ..models.changeset import ADMINISTRATIVE, IMPORT, LONGEST_REFERENCE, ORIGINS, PROPOSAL
from ..models.revision import CREATE
from ..records import KINDS, State
from ..sealing import (
    FORMAT,
    Salts,
    SealedChangeset,
    SealedRevision,
    Sealer,
    Verdict,
    seal_changeset,
    seal_revision,
)
from .locking import register_lock
from .planning import Plan, PlannedChange, RecordChange, plan_changes
from .recording import record_activity

__all__ = ["ADMINISTRATIVE", "IMPORT", "PROPOSAL", "Origin", "RecordChange", "Verdict", "publish", "replay"]


@dataclass(frozen=True)
class Origin:
    """Where a changeset comes from: `kind` is proposal, import or administrative; `reference` is opaque here."""

    kind: str
    reference: str = ""


def _fresh_salt() -> bytes:
    return secrets.token_bytes(SALT_BYTES)


def publish(
    *,
    changes: Sequence[RecordChange],
    authors: Sequence[Contributor],
    summary: str,
    rationale: str,
    origin: Origin,
    reviews: Sequence[Verdict] = (),
    clock: Callable[[], dt.datetime] = timezone.now,
    salts: Salts = _fresh_salt,
) -> Changeset:
    """Publish changes as the next changeset and return it.

    `authors` come proposer first. Clock and salts are arguments so that tests and golden files can fix them. Raises
    ChangesRefused, with every reason, if the register can't take the changes, and RegisterError if an author is among
    the approvers; then nothing has changed.
    """
    author_ids = [str(author.pk) for author in authors]
    if not author_ids:
        raise RegisterError("A changeset has an author.")
    if own := {review.reviewer for review in reviews} & set(author_ids):
        raise RegisterError(f"Nobody reviews what they wrote any part of: {', '.join(sorted(own))}.")
    if origin.kind not in ORIGINS or len(origin.reference) > LONGEST_REFERENCE:
        raise RegisterError(
            f"A changeset's origin is one of {', '.join(ORIGINS)}, with a reference of {LONGEST_REFERENCE} characters at most."
        )
    _check_words(summary, rationale, origin.reference, *(review.reason for review in reviews))
    with register_lock():
        plan = plan_changes(changes)
        head = head_changeset()
        sealer = Sealer(salts)
        now = clock()
        sealed = seal_changeset(
            number=head.number + 1 if head else 1,
            time=max(now, head.time) if head else now,
            authors=tuple(author_ids),
            summary=sealer.commit(summary),
            rationale=sealer.commit(rationale),
            reviews=tuple(sealer.verdict(review) for review in reviews),
            origin=origin.kind,
            reference=origin.reference,
            format=FORMAT,
            previous=head.digest if head else NO_DIGEST,
            revisions=_seal_revisions(plan, sealer),
            openings=tuple(sealer.openings),
        )
        changeset = _append(sealed)
        _project(sealed.revisions, [planned.after for planned in plan.changes], changeset)
        record_activity("changeset.published", actor=authors[0], subject=f"changeset:{changeset.number}")
    return changeset


def _check_words(*texts: str | None) -> None:
    """Refuse what one of the databases, or canonical JSON, couldn't carry: it would be sealed for ever."""
    for text in texts:
        try:
            if text is not None:
                check_text(text, lines=True, limit=100_000)
        except FieldError as error:
            raise RegisterError(f"The words of a changeset can't be published. {error}") from error


def replay(sealed: SealedChangeset, states: Sequence[State]) -> Changeset:
    """Append a changeset that was published elsewhere, exactly as it was, and project it.

    `states` are the whole states of its revisions, in order, lifted to the present format. The caller has checked the
    digests (services/transferring.py). Raises LedgerError if it doesn't follow on this ledger's head.
    """
    with register_lock():
        head = head_changeset()
        number, digest = (head.number, head.digest) if head else (0, NO_DIGEST)
        if (sealed.number, sealed.previous) != (number + 1, digest):
            raise LedgerError(
                f"Changeset {sealed.number} doesn't follow on this ledger's head, changeset {number} ({digest[:12]})."
            )
        changeset = _append(sealed)
        _project(sealed.revisions, states, changeset)
    return changeset


def head_changeset() -> Changeset | None:
    """Return the last changeset of the ledger, or None if it is empty."""
    return Changeset.objects.order_by("-number").first()


def last_revisions(records: Iterable[str]) -> dict[str, Revision]:
    """Return the last revision of each of some records, by record id."""
    found: dict[str, Revision] = {}
    for revision in Revision.objects.filter(record__in=list(records)).order_by("record", "number"):
        found[str(revision.record)] = revision
    return found


def _seal_revisions(plan: Plan, sealer: Sealer) -> tuple[SealedRevision, ...]:
    cited = {
        target for planned in plan.changes for targets in planned.change.cites.values() for target in targets
    }
    standing = last_revisions({planned.change.record for planned in plan.changes} | cited)
    numbers = {record: revision.number for record, revision in standing.items()}
    for planned in plan.changes:  # evidence that changes here too is cited as it is afterwards
        numbers[planned.change.record] = numbers.get(planned.change.record, 0) + 1
    return tuple(
        _seal_revision(planned, standing.get(planned.change.record), numbers, sealer)
        for planned in plan.changes
    )


def _seal_revision(
    planned: PlannedChange, last: Revision | None, numbers: dict[str, int], sealer: Sealer
) -> SealedRevision:
    state, changed = sealer.state(planned.before, last.state if last else {}, planned.after)
    cites = {
        name: [{"evidence": target, "revision": numbers[target]} for target in sorted(set(targets))]
        for name, targets in sorted(planned.change.cites.items())
        if targets
    }
    return seal_revision(
        kind=planned.kind.name,
        record=planned.change.record,
        number=numbers[planned.change.record],
        operation=planned.change.operation,
        state=state,
        changed=changed,
        cites=cites,
        format=planned.kind.format,
    )


def _append(sealed: SealedChangeset) -> Changeset:
    """Write the ledger rows of a changeset."""
    Opening.objects.bulk_create(
        Opening(commitment=opening.commitment, salt=opening.salt, value=opening.value)
        for opening in sealed.openings
    )
    changeset = Changeset.objects.create(
        number=sealed.number,
        time=sealed.time,
        authors=list(sealed.authors),
        summary=sealed.summary,
        rationale=sealed.rationale,
        reviews=[dict(review) for review in sealed.reviews],
        origin=sealed.origin,
        reference=sealed.reference,
        format=sealed.format,
        previous=sealed.previous,
        digest=sealed.digest,
    )
    Revision.objects.bulk_create(
        Revision(changeset=changeset, position=position, **(revision.body() | {"digest": revision.digest}))
        for position, revision in enumerate(sealed.revisions)
    )
    return changeset


def _project(revisions: Sequence[SealedRevision], states: Sequence[State], changeset: Changeset) -> None:
    """Make the register tables show the new states."""
    created = dict(
        Revision.objects.filter(record__in=[r.record for r in revisions], operation=CREATE).values_list(
            "record", "changeset_id"
        )
    )
    for revision, state in zip(revisions, states, strict=True):
        record = uuid.UUID(revision.record)
        projection.write_record(
            KINDS[revision.kind],
            record,
            state,
            revision=revision.number,
            created_in=created[record],
            changed_in=changeset.number,
        )
