"""Reading the ledger back: sealed changesets in order, a few at a time, with what opens them.

Verifying, dumping and repairing walk the ledger through this; none of them holds more than a chunk of it. Reads stand
in no transaction, so a walk is pinned to the head that it found at its start, and publishing goes on meanwhile.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from ..canonical import NO_DIGEST
from ..checking import Link, evidence_cited, fresh_commitments, state_of
from ..models import Changeset, Opening, Revision
from ..records import Kind, State
from ..sealing import Opening as SealedOpening
from ..sealing import SealedChangeset, SealedRevision

CHUNK = 50  # changesets
VALUES_PER_QUERY = 400  # below the number of parameters that any SQLite takes


def in_parts(items: Iterable[Any], size: int = VALUES_PER_QUERY) -> Iterator[list[Any]]:
    """Yield items in lists of at most `size`."""
    part: list[Any] = []
    for item in items:
        part.append(item)
        if len(part) == size:
            yield part
            part = []
    if part:
        yield part


def head_link() -> Link:
    """Return number, digest and time of the ledger's last changeset; number 0 if it is empty."""
    head = Changeset.objects.order_by("-number").values("number", "digest", "time").first()
    return Link(**head) if head else Link(0, NO_DIGEST)


def link_of(number: int) -> Link:
    """Return number, digest and time of one changeset. Raises Changeset.DoesNotExist."""
    return Link(**Changeset.objects.values("number", "digest", "time").get(number=number))


def sealed_revision(row: Revision) -> SealedRevision:
    """Return a ledger row as it was sealed."""
    return SealedRevision(
        kind=row.kind,
        record=str(row.record),
        number=row.number,
        operation=row.operation,
        state=row.state,
        changed=tuple(row.changed),
        cites=row.cites,
        format=row.format,
        digest=row.digest,
    )


def sealed_changeset(row: Changeset, revisions: Iterable[Revision]) -> SealedChangeset:
    """Return a ledger row with its revisions as it was sealed, without openings."""
    return SealedChangeset(
        number=row.number,
        time=row.time,
        authors=tuple(row.authors),
        summary=row.summary,
        rationale=row.rationale,
        reviews=tuple(row.reviews),
        origin=row.origin,
        reference=row.reference,
        format=row.format,
        previous=row.previous,
        revisions=tuple(sealed_revision(revision) for revision in revisions),
        digest=row.digest,
    )


def changeset_numbers(up_to: int, chunk: int = CHUNK, *, after: int = -1) -> Iterator[list[int]]:
    """Yield the numbers of the changesets after one and up to another, in order, in chunks."""
    last = after
    while True:
        rows = Changeset.objects.filter(number__gt=last, number__lte=up_to).order_by("number")
        numbers = list(rows.values_list("number", flat=True)[:chunk])
        if not numbers:
            return
        yield numbers
        last = numbers[-1]


def read_changesets(numbers: Sequence[int]) -> Iterator[tuple[SealedChangeset, list[int]]]:
    """Yield changesets in order, each with the positions that its revisions have in the table."""
    low, high = numbers[0], numbers[-1]
    revisions = Revision.objects.filter(changeset_id__gte=low, changeset_id__lte=high).order_by(
        "changeset_id", "position"
    )
    by_changeset = {
        number: list(rows) for number, rows in groupby(revisions.iterator(), lambda row: row.changeset_id)
    }
    for row in Changeset.objects.filter(number__gte=low, number__lte=high).order_by("number"):
        rows = by_changeset.get(row.number, [])
        yield sealed_changeset(row, rows), [revision.position for revision in rows]


def revisions_at(wanted: Iterable[tuple[str, int]]) -> dict[tuple[str, int], Revision]:
    """Return the revisions with these records and numbers, as far as there are any."""
    wanted = set(wanted)
    found: dict[tuple[str, int], Revision] = {}
    for part in in_parts(sorted({record for record, _ in wanted})):
        numbers = {number for record, number in wanted if record in part}
        for row in Revision.objects.filter(record__in=part, number__in=numbers):
            if (str(row.record), row.number) in wanted:
                found[str(row.record), row.number] = row
    return found


def predecessors_of(changesets: Iterable[SealedChangeset]) -> dict[str, SealedRevision]:
    """Return, by record, the revision before the first one that these changesets hold."""
    first: dict[str, int] = {}
    for changeset in changesets:
        for revision in changeset.revisions:
            first.setdefault(revision.record, revision.number)
    rows = revisions_at((record, number - 1) for record, number in first.items() if number > 1)
    return {record: sealed_revision(row) for (record, _), row in rows.items()}


def openings_of(commitments: Iterable[str]) -> dict[str, SealedOpening]:
    """Return the openings of some commitments."""
    found = {}
    for part in in_parts(sorted(set(commitments))):
        for row in Opening.objects.filter(commitment__in=part):
            found[row.commitment] = SealedOpening(row.commitment, row.salt, row.value)
    return found


def commitments_in(changesets: Iterable[SealedChangeset], before: Iterable[SealedRevision] = ()) -> set[str]:
    """Return every commitment in some changesets and in the revisions before them."""
    commitments = {commitment for revision in before for commitment in revision.state.values()}
    for changeset in changesets:
        commitments.update(fresh_commitments(changeset))
        for revision in changeset.revisions:
            commitments.update(revision.state.values())
    return commitments


def cited_and_held(changesets: Sequence[SealedChangeset]) -> dict[tuple[str, int], int]:
    """Return the revisions of evidence that changesets cite and the ledger holds, with the changeset of each."""
    wanted = set().union(*(evidence_cited(changeset) for changeset in changesets))
    return {at: row.changeset_id for at, row in revisions_at(wanted).items() if row.kind == "evidence"}


def records_of(kind: str, up_to: int) -> Iterator[list[str]]:
    """Yield the ids of all records of a kind that the ledger knows up to a changeset, in order, in chunks."""
    last = None
    while True:
        rows = Revision.objects.filter(kind=kind, number=1, changeset_id__lte=up_to).order_by("record")
        if last is not None:
            rows = rows.filter(record__gt=last)
        chunk = list(rows.values_list("record", flat=True)[:VALUES_PER_QUERY])
        if not chunk:
            return
        yield [str(record) for record in chunk]
        last = chunk[-1]


@dataclass(frozen=True)
class LastState:
    """What the tables should show of a record."""

    state: State
    revision: int
    created_in: int
    changed_in: int
    keys: frozenset[str]


def last_states(kind: Kind, records: Sequence[str]) -> dict[str, LastState]:
    """Return what the tables should show of some records, as the ledger has it now."""
    last: dict[str, Revision] = {}
    created: dict[str, int] = {}
    key_commitments: dict[str, set[str]] = {}
    for row in Revision.objects.filter(kind=kind.name, record__in=records).order_by("number").iterator():
        record = str(row.record)
        last[record] = row
        created.setdefault(record, row.changeset_id)
        if kind.has_key:
            key_commitments.setdefault(record, set()).add(row.state["key"])
    wanted = {commitment for row in last.values() for commitment in row.state.values()}
    openings = openings_of(wanted.union(*key_commitments.values()))
    return {
        record: LastState(
            state_of(sealed_revision(row), openings),
            row.number,
            created[record],
            row.changeset_id,
            frozenset(openings[commitment].value for commitment in key_commitments.get(record, ())),
        )
        for record, row in last.items()
    }
