"""Sealing: from what a changeset says to the rows and digests that the ledger keeps (pure).

docs/ledger.md describes the format, and tests/golden holds files that these functions must reproduce for ever.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .canonical import canonical_time, commit, digest

FORMAT = 1  # of the changeset and of how digests are taken; each kind's state has a format of its own

Salts = Callable[[], bytes]


@dataclass(frozen=True)
class Opening:
    """What opens a commitment: its salt (hexadecimal) and the value."""

    commitment: str
    salt: str
    value: Any


@dataclass(frozen=True)
class Verdict:
    """One review as the ledger keeps it. `reason` is plain text before sealing, a commitment afterwards."""

    reviewer: str
    verdict: str
    version: int
    reason: str | None = None


@dataclass(frozen=True)
class SealedRevision:
    """One record's new state, each field as a commitment."""

    kind: str
    record: str
    number: int
    operation: str
    state: Mapping[str, str]
    changed: tuple[str, ...]
    cites: Mapping[str, list[dict[str, Any]]]
    format: int
    digest: str = ""

    def body(self) -> dict[str, Any]:
        """Return what the digest is taken of."""
        return {
            "changed": list(self.changed),
            "cites": {name: list(entries) for name, entries in self.cites.items()},
            "format": self.format,
            "kind": self.kind,
            "number": self.number,
            "operation": self.operation,
            "record": self.record,
            "state": dict(self.state),
        }


@dataclass(frozen=True)
class SealedChangeset:
    """One changeset as the ledger keeps it, with its revisions and the openings that are new in it."""

    number: int
    time: dt.datetime
    authors: tuple[str, ...]
    summary: str
    rationale: str
    reviews: tuple[Mapping[str, Any], ...]
    origin: str
    reference: str
    format: int
    previous: str
    revisions: tuple[SealedRevision, ...]
    digest: str = ""
    openings: tuple[Opening, ...] = field(default=(), compare=False)

    def body(self) -> dict[str, Any]:
        """Return what the digest is taken of."""
        return changeset_body(
            number=self.number,
            time=self.time,
            authors=self.authors,
            summary=self.summary,
            rationale=self.rationale,
            reviews=self.reviews,
            origin=self.origin,
            reference=self.reference,
            format=self.format,
            previous=self.previous,
            revisions=[revision.digest for revision in self.revisions],
        )


def changeset_body(*, time: dt.datetime, revisions: Iterable[str], **parts: Any) -> dict[str, Any]:
    """Return the object that a changeset's digest is taken of; `revisions` are their digests in order."""
    return {
        "authors": list(parts["authors"]),
        "format": parts["format"],
        "number": parts["number"],
        "origin": {"kind": parts["origin"], "reference": parts["reference"]},
        "previous": parts["previous"],
        "rationale": parts["rationale"],
        "reviews": [dict(review) for review in parts["reviews"]],
        "revisions": list(revisions),
        "summary": parts["summary"],
        "time": canonical_time(time),
    }


class Sealer:
    """Makes commitments with fresh salts and remembers their openings."""

    def __init__(self, salts: Salts):
        self._salts = salts
        self.openings: list[Opening] = []

    def commit(self, value: Any) -> str:
        """Return a commitment to a value under a salt of its own."""
        salt = self._salts()
        commitment = commit(salt, value)
        self.openings.append(Opening(commitment, salt.hex(), value))
        return commitment

    def state(
        self, before: Mapping[str, Any], before_sealed: Mapping[str, str], after: Mapping[str, Any]
    ) -> tuple[dict[str, str], tuple[str, ...]]:
        """Return the commitments of `after` and the names of the fields that differ from `before`.

        A field that stays as it was keeps its commitment, and so shares its opening with the revision before.
        """
        names = sorted(set(before) | set(after))
        changed = tuple(
            name
            for name in names
            if (name in before) != (name in after) or before.get(name) != after.get(name)
        )
        sealed = {
            name: self.commit(after[name]) if name in changed else before_sealed[name]
            for name in names
            if name in after
        }
        return sealed, changed

    def verdict(self, review: Verdict) -> dict[str, Any]:
        """Return a review with its reason as a commitment."""
        return {
            "reason": None if review.reason is None else self.commit(review.reason),
            "reviewer": review.reviewer,
            "verdict": review.verdict,
            "version": review.version,
        }


def seal_revision(**parts: Any) -> SealedRevision:
    """Return a revision with its digest."""
    revision = SealedRevision(**parts)
    return SealedRevision(**parts, digest=digest(revision.body()))


def seal_changeset(**parts: Any) -> SealedChangeset:
    """Return a changeset with its digest."""
    changeset = SealedChangeset(**parts)
    return SealedChangeset(**parts, digest=digest(changeset.body()))
