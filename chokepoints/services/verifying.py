"""Verifying: does the ledger say what its digests say, and do the tables show what the ledger says?

    the chain    every commitment, revision and changeset is computed again, and each must follow on the one before
    the openings as many as there are commitments, so none is missing and none was added
    the tables   each record's last state is rebuilt from the ledger and compared, column by column, both ways

What it can't find by itself is a ledger whose end was cut off, or that was written anew from some changeset on,
together with the tables: only somebody who remembers an older head can tell (`head`). docs/ledger.md says more.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import Error as DatabaseError
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from .. import projection
from ..canonical import NO_DIGEST, same_json
from ..checking import Ground, Link, fresh_commitments, problems_of
from ..exceptions import LedgerError
from ..models import Changeset, Opening, RecordKey, Revision, Verification
from ..records import KINDS, Kind
from ..sealing import SealedChangeset, SealedRevision
from .reading import (
    LastState,
    changeset_numbers,
    cited_and_held,
    commitments_in,
    head_link,
    in_parts,
    last_states,
    openings_of,
    predecessors_of,
    read_changesets,
    records_of,
)

_HEAD = re.compile(r"(?:([0-9]{1,18}):)?([0-9a-f]{64})")
_ATTEMPTS = 20  # at reading a record while nobody publishes it


@dataclass(frozen=True)
class Report:
    """What verification found. `problem` is a sentence about the first bad changeset or record, None if all agree."""

    head_number: int
    head_digest: str
    changesets: int
    records: int
    problem: str | None


class _Found(Exception):
    """The first problem; carries the sentence."""


@dataclass(frozen=True)
class KnownHead:
    """A head that somebody remembers: its digest, and its number if that was kept too."""

    digest: str
    number: int | None = None

    @classmethod
    def parse(cls, text: str) -> "KnownHead":
        """Read ``digest`` or ``number:digest``. Raises LedgerError for anything else."""
        match = _HEAD.fullmatch(text.strip().lower())
        if not match:
            raise LedgerError("A known head is written as its digest of 64 digits, or as number:digest.")
        return cls(match[2], int(match[1]) if match[1] else None)


class _Run:
    """One verification, pinned to the head that it found at its start."""

    def __init__(self, known: KnownHead | None):
        self.known = known
        self.head = head_link()
        self.link = Link()  # the last changeset found good
        self.records = 0
        self.fresh = 0

    def verify(self) -> None:
        self.chain()
        self.known_head()
        self.strays()
        self.openings()
        for kind in KINDS.values():
            self.tables(kind)
        self.keys()

    # --- the chain

    def chain(self) -> None:
        for numbers in changeset_numbers(self.head.number):
            try:
                self.changesets(numbers)
            except (_Found, DatabaseError):
                raise
            except Exception:
                # Something in this chunk can't even be read. One by one the first such changeset shows itself.
                if numbers[0] <= self.link.number:
                    numbers = [number for number in numbers if number > self.link.number]
                self.one_by_one(numbers)
        if self.link.number != self.head.number:
            raise _Found(f"Changeset {self.link.number + 1} is missing.")

    def one_by_one(self, numbers: Sequence[int]) -> None:
        for number in numbers:
            try:
                self.changesets([number])
            except (_Found, DatabaseError):
                raise
            except Exception as error:
                raise _Found(
                    f"Changeset {number} can't be read: {type(error).__name__}: {str(error)[:200]}"
                ) from error

    def changesets(self, numbers: Sequence[int]) -> None:
        read = list(read_changesets(numbers))
        changesets = [changeset for changeset, _ in read]
        predecessors = predecessors_of(changesets)
        openings = openings_of(commitments_in(changesets, predecessors.values()))
        held = cited_and_held(changesets)
        for changeset, positions in read:
            cited = frozenset(at for at, number in held.items() if number <= changeset.number)
            ground = Ground(self.link, predecessors, openings, cited)
            for problem in problems_of(changeset, ground):
                raise _Found(f"Changeset {changeset.number} {problem}")
            if positions != list(range(len(positions))):
                raise _Found(
                    f"Changeset {changeset.number} has revisions at wrong positions: {positions[:20]}."
                )
            self.pass_on(changeset, predecessors)

    def pass_on(self, changeset: SealedChangeset, predecessors: dict[str, SealedRevision]) -> None:
        """Go on to the next changeset."""
        for revision in changeset.revisions:
            predecessors[revision.record] = revision
            self.records += revision.number == 1
        self.fresh += len(fresh_commitments(changeset))
        self.link = Link(changeset.number, changeset.digest, changeset.time)
        if self.known and changeset.digest == self.known.digest:
            if self.known.number not in (None, changeset.number):
                raise _Found(f"The known head is changeset {changeset.number} here, not {self.known.number}.")
            self.known = None

    def known_head(self) -> None:
        if self.known is None or (self.known.digest == NO_DIGEST and not self.known.number):
            return
        name = f"{self.known.digest[:12]}…"
        if self.known.number is None:
            raise _Found(
                f"The known head {name} isn't in this ledger, which ends with changeset {self.link.number}."
            )
        if self.known.number > self.link.number:
            raise _Found(
                f"Changeset {self.link.number + 1} is missing: the ledger ends with changeset {self.link.number}, "
                f"and the known head is changeset {self.known.number} ({name})."
            )
        raise _Found(
            f"Changeset {self.known.number} isn't the known head {name}: the ledger was written anew."
        )

    def strays(self) -> None:
        """Find revisions of a changeset that isn't there."""
        present = Changeset.objects.filter(number=OuterRef("changeset_id"))
        strays = Revision.objects.filter(~Exists(present)).order_by(
            "pk"
        )  # by changeset would join, and drop them
        stray = strays.values_list("changeset_id", "kind", "record").first()
        if stray:
            number, kind, record = stray
            raise _Found(
                f"Changeset {number} is missing, and a revision of the {kind} {record} that it made is not."
            )

    # --- the openings

    def openings(self) -> None:
        """Count: each commitment is opened once. Who adds, removes or uses one twice changes the count."""
        for _ in range(_ATTEMPTS):
            before = head_link().number
            later = sum(len(fresh_commitments(changeset)) for changeset in self._after_pin(before))
            count = Opening.objects.count()
            if head_link().number == before:
                break
        if count > self.fresh + later:
            raise _Found(f"The opening {self.stray_opening()} belongs to no changeset.")
        if count < self.fresh + later:
            raise _Found(
                f"Two changesets use one commitment: there are {self.fresh + later} and {count} openings."
            )

    def _after_pin(self, up_to: int) -> Iterator[SealedChangeset]:
        if up_to > self.head.number:
            for changeset, _ in read_changesets([self.head.number + 1, up_to]):
                yield changeset

    def stray_opening(self) -> str:
        """Name an opening that nothing refers to. Slow, and only ever needed once something is wrong."""
        for part in in_parts(Opening.objects.order_by("pk").values_list("pk", flat=True).iterator(), 50_000):
            left = set(part)
            for numbers in changeset_numbers(head_link().number):
                left -= commitments_in(changeset for changeset, _ in read_changesets(numbers))
            if left:
                return min(left)
        return "of a commitment that is gone by now"

    # --- the tables

    def tables(self, kind: Kind) -> None:
        for records in records_of(kind.name, self.head.number):
            for record, problem in differences(kind, records):
                raise _Found(f"The {kind.name} {record} {problem}")
        for stray in unknown_rows(kind)[:1]:
            raise _Found(f"The {kind.name} {stray} stands in the tables, and the ledger knows nothing of it.")

    def keys(self) -> None:
        for row in unknown_keys()[:1]:
            raise _Found(
                f"The {row.kind} key “{row.key}” leads to a record that the ledger knows nothing of."
            )


def unknown_rows(kind: Kind) -> QuerySet:
    """Return the ids of the rows of a kind that the ledger knows nothing of."""
    known = Revision.objects.filter(kind=kind.name, number=1, record=OuterRef("pk"))
    return (
        projection.model_of(kind).objects.filter(~Exists(known)).order_by("pk").values_list("pk", flat=True)
    )


def unknown_keys() -> QuerySet[RecordKey]:
    """Return the keys that lead to a record which the ledger knows nothing of."""
    known = Revision.objects.filter(kind=OuterRef("kind"), number=1, record=OuterRef("record"))
    return RecordKey.objects.filter(~Exists(known)).order_by("pk")


def differences(kind: Kind, records: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield (record, how the tables differ from the ledger about it) for those of some records where they do."""
    try:
        expected, shown = last_states(kind, records), _shown(kind, records)
    except DatabaseError:
        raise
    except Exception:  # some row can't even be read: below each is read by itself
        expected, shown = {}, {}
    for record in records:
        differs = _difference(kind, expected.get(record), shown.get(record))
        if differs and (problem := _difference_at_rest(kind, record)):
            yield record, problem


def _shown(kind: Kind, records: Sequence[str]) -> dict[str, LastState]:
    """Return what the tables show of some records."""
    rows = {str(row.pk): row for row in projection.model_of(kind).objects.filter(pk__in=records)}
    states = projection.read_states(kind, rows.values())
    keys: dict[str, set[str]] = {}
    for record, key in RecordKey.objects.filter(kind=kind.name, record__in=records).values_list(
        "record", "key"
    ):
        keys.setdefault(str(record), set()).add(key)
    return {
        record: LastState(
            states[record],
            row.revision,
            row.created_in_id,
            row.changed_in_id,
            frozenset(keys.get(record, ())),
        )
        for record, row in rows.items()
    }


def _difference(kind: Kind, expected: LastState | None, shown: LastState | None) -> str | None:
    """Say how the tables differ from the ledger about one record."""
    if expected is None or shown is None:
        return "is in the ledger, and its row is missing." if shown is None else "is not in the ledger."
    for name in sorted({*expected.state, *shown.state}):
        if not same_json(expected.state.get(name), shown.state.get(name)):
            return f"shows another {kind.fields[name].label.lower()} ({name}) than the ledger."
    for number in ("revision", "created_in", "changed_in"):
        if getattr(expected, number) != getattr(shown, number):
            return (
                f"shows {getattr(shown, number)} as its {number}, and the ledger {getattr(expected, number)}."
            )
    if expected.keys != shown.keys:
        return f"has other keys than the ledger: {', '.join(sorted(expected.keys ^ shown.keys))}."
    return None


def _difference_at_rest(kind: Kind, record: str) -> str | None:
    """Compare one record again, at a moment in which nobody published it.

    Reading ledger and row takes two queries, and a changeset may come in between. If the ledger is the same before and
    after the row was read, then the row belongs to it.
    """
    for _ in range(_ATTEMPTS):
        before = last_states(kind, [record]).get(record)
        try:
            shown = _shown(kind, [record]).get(record)
        except DatabaseError:
            raise
        except Exception as error:
            return f"can't be read from its tables: {type(error).__name__}: {str(error)[:200]}"
        if last_states(kind, [record]).get(record) == before:
            return _difference(kind, before, shown)
    return None  # published twenty times meanwhile: the next run will look at it


def verify_ledger() -> Report:
    """Verify only the ledger, not the tables."""
    return _report(_Run(None), lambda run: (run.chain(), run.strays(), run.openings()))


def verify_register(*, head: str | None = None) -> Report:
    """Verify ledger and tables and return what was found. `head`: a head known from elsewhere, digest or number:digest.

    Raises LedgerError if `head` isn't written as one.
    """
    return _report(_Run(KnownHead.parse(head) if head else None), _Run.verify)


def _report(run: _Run, verify: Callable[[_Run], Any]) -> Report:
    problem = None
    try:
        verify(run)
    except _Found as found:
        problem = str(found)
    return Report(run.head.number, run.head.digest, run.link.number, run.records, problem)


def verify_and_record(*, head: str | None = None) -> Report:
    """Verify, and keep what was found as a Verification row."""
    row = Verification.objects.create()
    report = verify_register(head=head)
    Verification.objects.filter(pk=row.pk).update(
        finished=timezone.now(),
        head=report.head_number,
        head_digest=report.head_digest,
        problem=report.problem or "",
    )
    return report
