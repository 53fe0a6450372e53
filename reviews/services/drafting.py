"""Drafting: writing proposals, up to and including handing them in, and taking them back.

Every function takes `actor`, a signed-in user, and raises the errors of exceptions.py; then nothing has changed.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils import timezone

from chokepoints.exceptions import FIELD, REFERENCE, RULE, ChangesRefused, Problem
from chokepoints.fields import FieldError, check_name, check_text, check_uuid
from chokepoints.models import Contributor, Revision
from chokepoints.models.revision import CREATE, OPERATIONS, RESTORE, RETIRE
from chokepoints.records import KINDS
from chokepoints.services.contributing import contributor_for
from chokepoints.services.locking import register_lock
from chokepoints.services.recording import record_activity

from ..exceptions import InvalidProposal, NotAllowed
from ..models import Authorship, Change, Concern, Proposal, Version
from ..workflow import target_of
from .admitting import check_may, check_version, locked_proposal
from .applying import prepare
from .roles import is_editor

HEAD = -1  # a problem's position when it concerns title or rationale
MOST_CHANGES = 500


@dataclass(frozen=True)
class DraftChange:
    """One operation on one record as an author writes it.

    `fields` holds only what is proposed. `base_revision` is the revision that the author saw, 0 for a new record.
    """

    kind: str
    record: str
    operation: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    cites: Mapping[str, Sequence[str]] = field(default_factory=dict)
    base_revision: int = 0


def draft_proposal(*, actor: Any, title: str, rationale: str, changes: Sequence[DraftChange]) -> Proposal:
    """Write a new draft, which only its author sees. Raises NotAllowed and InvalidProposal."""
    if not is_editor(actor):
        raise NotAllowed("Only members of the group Editors propose changes. An admin can add you.")
    head, rows = _clean(title, rationale, changes)
    with transaction.atomic():
        author = contributor_for(actor)
        proposal = Proposal.objects.create()
        Authorship.objects.create(proposal=proposal, contributor=author)
        _write_version(proposal, 1, head, rows, author)
        record_activity("proposal.drafted", actor=author, subject=f"proposal:{proposal.number}")
    return proposal


def revise_proposal(
    *, actor: Any, number: int, version: int, title: str, rationale: str, changes: Sequence[DraftChange]
) -> Proposal:
    """Rewrite a draft, or make a new version of a proposal that is under review, which opens it again.

    `version` is the one that the author saw. A draft keeps its last version only, under the next number; a version of a
    proposal under review must be publishable, as at submission.
    """
    head, rows = _clean(title, rationale, changes)
    with register_lock():
        proposal, author = locked_proposal(number, actor), contributor_for(actor)
        move = "edit" if proposal.state == "draft" else "revise"
        check_may(move, proposal, actor, author)
        check_version(proposal, version)
        if move == "edit":
            proposal.versions.all().delete()  # nobody else has seen them; the number goes on, so two tabs can't collide
            proposal.version += 1
            _write_version(proposal, proposal.version, head, rows, author)
            proposal.save()
        else:
            proposal.version += 1
            written = _write_version(proposal, proposal.version, head, rows, author)
            _check_whole(written)
            proposal.state = target_of(move, proposal.state)
            proposal.conflicts = []
            proposal.save()
            record_activity(
                "proposal.edited",
                actor=author,
                subject=f"proposal:{proposal.number}",
                version=proposal.version,
            )
    return proposal


def submit_proposal(*, actor: Any, number: int, version: int) -> Proposal:
    """Hand a draft in for review. Raises InvalidProposal if it could not be published as it is."""
    with register_lock():
        proposal, author = locked_proposal(number, actor), contributor_for(actor)
        check_may("submit", proposal, actor, author)
        check_version(proposal, version)
        _check_whole(proposal.present_version())
        proposal.state = target_of("submit", proposal.state)
        proposal.opened = timezone.now()
        proposal.save()
        record_activity("proposal.opened", actor=author, subject=f"proposal:{proposal.number}")
    return proposal


def withdraw_proposal(*, actor: Any, number: int) -> Proposal:
    """Take a proposal back. A draft is discarded, since nobody else has seen it."""
    with register_lock():
        proposal, author = locked_proposal(number, actor), contributor_for(actor)
        check_may("withdraw", proposal, actor, author)
        if proposal.state == "draft":
            Proposal.objects.filter(pk=number).delete()
            return proposal
        proposal.state = target_of("withdraw", proposal.state)
        proposal.ended = timezone.now()
        proposal.save()
        record_activity("proposal.withdrawn", actor=author, subject=f"proposal:{proposal.number}")
    return proposal


def _check_whole(version: Version) -> None:
    """Raise InvalidProposal unless a version could be published now, once approved."""
    problems = []
    if not version.rationale:
        problems.append(Problem(RULE, HEAD, "rationale", "Say why: a proposal needs a rationale."))
    try:
        problems += prepare(version).weight.problems
    except ChangesRefused as refusal:
        problems += refusal.problems
    if problems:
        raise InvalidProposal(problems)


def _clean(
    title: str, rationale: str, changes: Sequence[DraftChange]
) -> tuple[tuple[str, str], list[Change]]:
    """Return clean title and rationale and unsaved rows, or raise InvalidProposal with every problem."""
    problems: list[Problem] = []
    head = ("", "")
    try:
        name = check_name(title, limit=200)
        if not name:
            problems.append(Problem(FIELD, HEAD, "title", "Give the proposal a title."))
        head = (name, head[1])
    except FieldError as error:
        problems.append(Problem(FIELD, HEAD, "title", str(error)))
    try:
        words = (
            check_text(rationale, lines=True, limit=20_000).replace("\r\n", "\n").replace("\r", "\n").strip()
        )
        head = (head[0], words)
    except FieldError as error:
        problems.append(Problem(FIELD, HEAD, "rationale", str(error)))
    if len(changes) > MOST_CHANGES:
        problems.append(
            Problem(RULE, HEAD, "", f"A proposal has at most {MOST_CHANGES} changes; make two of it.")
        )
    rows = []
    for position, change in enumerate(changes[:MOST_CHANGES]):
        row, wrong = _clean_change(position, change)
        problems += wrong
        rows.append(row)
    records = [row.record for row in rows if row]
    if len(set(records)) < len(records):
        problems.append(
            Problem(RULE, HEAD, "", "The same record is changed twice. Put both into one change.")
        )
    if problems:
        raise InvalidProposal(problems)
    return head, rows


def _clean_change(position: int, change: DraftChange) -> tuple[Change | None, list[Problem]]:
    kind = KINDS.get(change.kind)
    if kind is None or not kind.proposable:
        return None, [
            Problem(
                FIELD, position, "", f"There is no kind of record named “{str(change.kind)[:60]}” to propose."
            )
        ]
    if change.operation not in OPERATIONS:
        return None, [
            Problem(FIELD, position, "", "A record is created, updated, retired or restored, nothing else.")
        ]
    problems: list[Problem] = []
    fields: dict[str, Any] = {}
    cites: dict[str, list[str]] = {}
    try:
        record = check_uuid(change.record)
    except FieldError as error:
        return None, [Problem(REFERENCE, position, "", str(error))]
    if change.fields and change.operation in {RETIRE, RESTORE}:
        problems.append(
            Problem(FIELD, position, "", "Retiring or restoring a record changes no other field.")
        )
    for name, value in change.fields.items():
        if name not in kind.editable:
            problems.append(
                Problem(
                    FIELD,
                    position,
                    "",
                    f"A {kind.name} has no field “{str(name)[:60]}” that can be proposed.",
                )
            )
            continue
        try:
            fields[name] = kind.fields[name].clean(value)
        except FieldError as error:
            problems.append(Problem(FIELD, position, name, str(error)))
    for name, targets in change.cites.items():
        try:
            cites[name] = sorted({check_uuid(target) for target in targets})
        except FieldError as error:
            problems.append(Problem(REFERENCE, position, name, str(error)))
    problems += _check_base(position, kind.name, record, change)
    if change.operation == CREATE:
        fields = {name: value for name, value in fields.items() if value is not None}
    row = Change(
        position=position,
        kind=kind.name,
        record=record,
        operation=change.operation,
        base_revision=change.base_revision if change.operation != CREATE else 0,
        fields=fields,
        cites={name: targets for name, targets in cites.items() if targets},
    )
    return row, problems


def _check_base(position: int, kind: str, record: str, change: DraftChange) -> list[Problem]:
    """A proposal remembers what its author saw, so that must be something that there was to see."""
    if change.operation == CREATE:
        return []
    number = change.base_revision
    seen = (
        isinstance(number, int)
        and Revision.objects.filter(kind=kind, record=record, number=min(number, 2**31 - 1)).exists()
    )
    return (
        []
        if seen
        else [
            Problem(
                REFERENCE,
                position,
                "",
                f"There is no such {kind}, or no such revision of it that you could have seen.",
            )
        ]
    )


def _write_version(
    proposal: Proposal, number: int, head: tuple[str, str], rows: list[Change], editor: Contributor
) -> Version:
    version = Version.objects.create(
        proposal=proposal, number=number, title=head[0], rationale=head[1], editor=editor
    )
    for row in rows:
        row.version = version
    Change.objects.bulk_create(rows)
    Concern.objects.bulk_create(
        Concern(change=row, record=record) for row in rows for record in _concerned(row)
    )
    return version


def _concerned(change: Change) -> set[uuid.UUID]:
    """Return the records that a change is about: its own, and those that its fields name."""
    fields = KINDS[change.kind].fields
    named = {target for name, value in change.fields.items() for _, target in fields[name].references(value)}
    return {uuid.UUID(str(record)) for record in {str(change.record), *named}}
