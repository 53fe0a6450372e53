"""Checking what sealing made: whether changesets say what their digests say, and follow on each other (pure).

Verification reads changesets from the database, replaying reads them from a dump; both are judged here. Every function
yields sentences about what is wrong, the first one first.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .canonical import NO_DIGEST, commit, digest, same_json
from .exceptions import LedgerError
from .fields import check_uuid
from .records import KINDS, State
from .sealing import FORMAT, Opening, SealedChangeset, SealedRevision

_DIGEST = re.compile(r"[0-9a-f]{64}")
_SALT = re.compile(r"[0-9a-f]{32}")

CREATE, RETIRE, RESTORE = "create", "retire", "restore"
OPERATIONS = {CREATE, "update", RETIRE, RESTORE}


@dataclass(frozen=True)
class Link:
    """What the next changeset must follow on."""

    number: int = 0
    digest: str = NO_DIGEST
    time: Any = None


@dataclass
class Ground:
    """What one changeset is judged against.

    `predecessors` holds, by record, the revision before the first one here; `openings` all openings of both, by
    commitment; `known` tells whether the ledger, this changeset included, holds a revision of evidence.
    """

    after: Link
    predecessors: Mapping[str, SealedRevision] = field(default_factory=dict)
    openings: Mapping[str, Opening] = field(default_factory=dict)
    cited: frozenset[tuple[str, int]] = frozenset()


def fresh_commitments(changeset: SealedChangeset) -> list[str]:
    """Return the commitments that are new in a changeset, in the order of its openings."""
    fresh = [changeset.summary, changeset.rationale]
    fresh += [review["reason"] for review in changeset.reviews if review["reason"] is not None]
    for revision in changeset.revisions:
        fresh += [revision.state[name] for name in revision.changed if name in revision.state]
    return fresh


def evidence_cited(changeset: SealedChangeset) -> set[tuple[str, int]]:
    """Return (evidence, revision) of everything that a changeset cites."""
    entries = (
        entry for revision in changeset.revisions for cited in revision.cites.values() for entry in cited
    )
    return {(entry["evidence"], entry["revision"]) for entry in entries}


def problems_of(changeset: SealedChangeset, ground: Ground) -> Iterator[str]:
    """Yield what is wrong with one changeset, as clauses that go on from "Changeset 7 …"."""
    yield from _seal_problems(changeset)
    yield from _link_problems(changeset, ground.after)
    yield from _people_problems(changeset)
    for commitment in [
        changeset.summary,
        changeset.rationale,
        *(review["reason"] for review in changeset.reviews),
    ]:
        if commitment is not None:
            for problem in _opening_problems(commitment, ground.openings, "its words"):
                yield f"isn't whole: {problem}"
            if commitment in ground.openings and not isinstance(ground.openings[commitment].value, str):
                yield "has words that are no text."
    before = dict(ground.predecessors)
    for position, revision in enumerate(changeset.revisions):
        where = f"the {revision.kind} {revision.record} (revision {revision.number})"
        for problem in _revision_problems(revision, before.get(revision.record), ground.openings):
            yield f"is wrong about {where}: {problem}"
        if revision.record in {other.record for other in changeset.revisions[:position]}:
            yield f"changes {where} twice."
        before[revision.record] = revision
    for evidence, number in sorted(evidence_cited(changeset) - ground.cited):
        yield f"cites revision {number} of the evidence {evidence}, which the ledger doesn't hold."


def _seal_problems(changeset: SealedChangeset) -> Iterator[str]:
    if changeset.format != FORMAT:
        yield f"has the format {changeset.format}, and this program knows {FORMAT}."
    for revision in changeset.revisions:
        if revision.digest != digest(revision.body()):
            yield f"holds a revision of the {revision.kind} {revision.record} that isn't what its digest says."
    if changeset.digest != digest(changeset.body()):
        yield "isn't what its digest says."
    if not changeset.revisions:
        yield "changes no record."


def _link_problems(changeset: SealedChangeset, after: Link) -> Iterator[str]:
    if changeset.number != after.number + 1:
        yield f"stands where changeset {after.number + 1} should: one is missing or out of order."
    if changeset.previous != after.digest:
        yield f"names another predecessor than changeset {after.number}."
    if after.time is not None and changeset.time < after.time:
        yield f"has a time before that of changeset {after.number}."


def _people_problems(changeset: SealedChangeset) -> Iterator[str]:
    if not changeset.authors or len(set(changeset.authors)) != len(changeset.authors):
        yield "has no author, or one twice."
    if {review["reviewer"] for review in changeset.reviews} & set(changeset.authors):
        yield "was reviewed by one of its authors."
    for review in changeset.reviews:
        if set(review) != {"reviewer", "verdict", "version", "reason"}:
            yield "holds a review with other parts than reviewer, verdict, version and reason."


def _opening_problems(commitment: Any, openings: Mapping[str, Opening], what: str) -> Iterator[str]:
    opening = openings.get(commitment)
    if opening is None:
        yield f"the opening of {what} is missing."
    elif (
        not _SALT.fullmatch(opening.salt) or commit(bytes.fromhex(opening.salt), opening.value) != commitment
    ):
        yield f"the value of {what} isn't the one that was committed to."


def _revision_problems(
    revision: SealedRevision, before: SealedRevision | None, openings: Mapping[str, Opening]
) -> Iterator[str]:
    if revision.operation not in OPERATIONS:
        yield f"there is no operation “{revision.operation}”."
    if revision.number != (before.number + 1 if before else 1):
        yield f"it should be revision {before.number + 1 if before else 1}."
    if (revision.operation == CREATE) != (before is None):
        yield "the first revision of a record creates it, and no other does."
    if before and before.kind != revision.kind:
        yield f"it was a {before.kind} before."
    earlier = before.state if before else {}
    differ = sorted(
        name for name in {*earlier, *revision.state} if earlier.get(name) != revision.state.get(name)
    )
    if list(revision.changed) != differ:
        yield f"it says that {_words(revision.changed)} changed, but {_words(differ)} did."
    if revision.operation in {RETIRE, RESTORE} and differ != ["retired"]:
        yield f"a record that is {revision.operation}d changes in nothing else."
    if ("retired" in revision.state) != (revision.operation == RETIRE):
        yield "only retiring makes a record retired, and only restoring ends that."
    for name, commitment in sorted(revision.state.items()):
        yield from _opening_problems(commitment, openings, name)
    for name in differ:
        one, other = openings.get(earlier.get(name, "")), openings.get(revision.state.get(name, ""))
        if one and other and same_json(one.value, other.value):
            yield f"{name} is said to have changed and has the value it had."
    yield from _kind_problems(revision)


def _kind_problems(revision: SealedRevision) -> Iterator[str]:
    kind = KINDS.get(revision.kind)
    if kind is None:
        yield "this program knows no such kind of record."
    elif not 1 <= revision.format <= kind.format:
        yield f"its format is {revision.format}, and this program knows 1 to {kind.format}."
    elif revision.format == kind.format and (unknown := sorted(set(revision.state) - set(kind.fields))):
        yield f"a {kind.name} has no field {unknown[0]}."


def _words(names: Any) -> str:
    return ", ".join(names) or "nothing"


def state_of(revision: SealedRevision, openings: Mapping[str, Opening]) -> State:
    """Return the state that a revision commits to, in the present format of its kind."""
    state = {name: openings[commitment].value for name, commitment in revision.state.items()}
    return KINDS[revision.kind].lift(state, revision.format)


def check_digest(text: Any) -> str:
    """Return `text` if it is written as a digest is; raise LedgerError otherwise."""
    if not isinstance(text, str) or not _DIGEST.fullmatch(text):
        raise LedgerError(f"{str(text)[:80]!r} is no digest: that is 64 digits 0-9 and a-f.")
    return text


def check_record(text: Any) -> str:
    """Return `text` if it is the canonical text of a UUID; raise LedgerError otherwise."""
    if not isinstance(text, str) or check_uuid(text) != text:
        raise LedgerError(f"{str(text)[:80]!r} is no id in canonical form.")
    return text
