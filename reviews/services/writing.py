"""Writing versions: from what somebody typed to clean rows. What is wrong is said about every change at once."""

import contextlib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chokepoints.exceptions import FIELD, REFERENCE, RULE, Problem
from chokepoints.fields import FieldError, check_name, check_text, check_uuid
from chokepoints.history import states_at
from chokepoints.models import Contributor, Revision
from chokepoints.models.revision import CREATE, OPERATIONS, RESTORE, RETIRE
from chokepoints.records import KINDS, State

from ..exceptions import InvalidProposal
from ..models import Change, Concern, Proposal, Version
from .remembering import note_marks

HEAD = -1  # a problem's position when it concerns title or rationale
MOST_CHANGES = 500
LONGEST_BATCH = 100

Head = tuple[str, str]  # title and rationale


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

    @classmethod
    def of(cls, change: Change) -> "DraftChange":
        """Return a change as its author would write it again."""
        return cls(
            change.kind,
            str(change.record),
            change.operation,
            change.fields,
            change.cites,
            change.base_revision,
        )


def clean_words(text: Any, name: str, *, required: str = "", limit: int = 20_000) -> str:
    """Return paragraphs of somebody's own words; raise InvalidProposal, naming the field, if they can't be taken.

    `required` is what to say if there are none.
    """
    try:
        words = check_text(text, lines=True, limit=limit).replace("\r\n", "\n").replace("\r", "\n").strip()
    except FieldError as error:
        raise InvalidProposal([Problem(FIELD, HEAD, name, str(error))]) from error
    if required and not words:
        raise InvalidProposal([Problem(FIELD, HEAD, name, required)])
    return words


def clean_batch(name: Any) -> str:
    """Return the name of what is filed together; raise InvalidProposal if it can't be one."""
    try:
        return check_name(name, limit=LONGEST_BATCH)
    except FieldError as error:
        raise InvalidProposal([Problem(FIELD, HEAD, "batch", str(error))]) from error


def clean_version(title: str, rationale: str, changes: Sequence[DraftChange]) -> tuple[Head, list[Change]]:
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
    seen = _revisions_seen(changes[:MOST_CHANGES])
    for position, change in enumerate(changes[:MOST_CHANGES]):
        row, wrong = _clean_change(position, change, seen)
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


def _clean_change(
    position: int, change: DraftChange, seen: set[tuple[str, str, int]]
) -> tuple[Change | None, list[Problem]]:
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
    if change.operation != CREATE and (kind.name, record, change.base_revision) not in seen:
        words = f"There is no such {kind.name}, or no such revision of it that you could have seen."
        problems.append(Problem(REFERENCE, position, "", words))
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


def _revisions_seen(changes: Sequence[DraftChange]) -> set[tuple[str, str, int]]:
    """Return those (kind, record, revision) that changes name and that were there to see: a proposal remembers what its
    author saw, so that must be something that there was."""
    records, numbers = set(), set()
    for change in changes:
        if isinstance(change.base_revision, int) and 0 < change.base_revision < 2**31:
            with contextlib.suppress(FieldError):
                records.add(check_uuid(change.record))
                numbers.add(change.base_revision)
    rows = Revision.objects.filter(record__in=records, number__in=numbers)
    return {
        (kind, str(record), number) for kind, record, number in rows.values_list("kind", "record", "number")
    }


def write_version(
    proposal: Proposal,
    number: int,
    head: Head,
    rows: Sequence[Change],
    editor: Contributor,
    how: str = "written",
) -> Version:
    """Write a version with its changes, and what it is known again by."""
    version = Version.objects.create(
        proposal=proposal, number=number, title=head[0], rationale=head[1], editor=editor, how=how
    )
    for position, row in enumerate(rows):
        row.version, row.position = version, position
    Change.objects.bulk_create(rows)
    seen = states_at((str(row.record), row.base_revision) for row in rows if row.operation != CREATE)
    Concern.objects.bulk_create(
        Concern(change=row, record=record)
        for row in rows
        for record in _concerned(row, seen.get((str(row.record), row.base_revision), {}))
    )
    note_marks(version)
    return version


def _concerned(change: Change, seen: State) -> set[uuid.UUID]:
    """Return the records that a change is about: its own, those that its fields name, and the chokepoints and lists that
    the record spoke of before."""
    kind = KINDS[change.kind]
    named = {
        target for name, value in change.fields.items() for _, target in kind.fields[name].references(value)
    }
    named |= {target for _, other, target in kind.references(seen) if other in {"chokepoint", "list"}}
    return {uuid.UUID(str(record)) for record in {str(change.record), *named}}
