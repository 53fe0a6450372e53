"""Changesets and revisions as pages show them: their words opened, their people by name."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import QuerySet

from ..comparison import FieldComparison, compare
from ..history import open_commitments, states_of
from ..models import Changeset, Contributor, Revision
from ..models.changeset import IMPORT
from ..models.revision import CREATE
from ..presenting import WITHHELD, Names
from ..records import KINDS, Kind, State
from .naming import names_of, references_in


@dataclass
class ChangesetLine:
    """A changeset with its words opened and its people by name."""

    changeset: Changeset
    summary: str
    rationale: str
    authors: list[Contributor]
    reviews: list[dict[str, Any]]  # reviewer (Contributor or None), verdict, version, reason

    @property
    def approvers(self) -> list[Contributor]:
        return [
            review["reviewer"]
            for review in self.reviews
            if review["verdict"] == "approve" and review["reviewer"]
        ]

    @property
    def how(self) -> str:
        """How it came in where nobody reviewed it; empty otherwise."""
        if self.reviewed:
            return ""
        return (
            "loaded, not reviewed"
            if self.changeset.origin == IMPORT
            else f"{self.changeset.origin}, not reviewed"
        )

    @property
    def reviewed(self) -> bool:
        """Whether anybody decided; what was loaded wasn't reviewed."""
        return bool(self.reviews)


def changeset_lines(changesets: Iterable[Changeset]) -> list[ChangesetLine]:
    """Return changesets with summaries, rationales, authors and reviews, in two queries for all."""
    changesets = list(changesets)
    commitments = [text for c in changesets for text in (c.summary, c.rationale)]
    commitments += [review["reason"] for c in changesets for review in c.reviews if review.get("reason")]
    texts = open_commitments(commitments)
    ids = {
        person for c in changesets for person in [*c.authors, *(review["reviewer"] for review in c.reviews)]
    }
    people = {str(person.pk): person for person in Contributor.objects.filter(pk__in=ids)}
    return [
        ChangesetLine(
            changeset,
            texts.get(changeset.summary) or "Summary withheld",
            texts.get(changeset.rationale) or "",
            [people[author] for author in changeset.authors if author in people],
            [
                review
                | {
                    "reviewer": people.get(review["reviewer"]),
                    "reason": texts.get(review.get("reason") or "", ""),
                }
                for review in changeset.reviews
            ],
        )
        for changeset in changesets
    ]


@dataclass
class RevisionView:
    """A revision as its page shows it: what it is about, and what it changed."""

    revision: Revision
    kind: Kind | None
    label: str
    url: str
    comparisons: list[FieldComparison]
    cites: dict[str, list[tuple[str, str]]] = field(default_factory=dict)

    @property
    def rows(self) -> list[tuple[FieldComparison, list[tuple[str, str]]]]:
        return [(comparison, self.cites.get(comparison.name, [])) for comparison in self.comparisons]


def revision_views(revisions: Iterable[Revision]) -> list[RevisionView]:
    """Return revisions with before and after of what each changed; queries don't grow with their number."""
    revisions = list(revisions)
    before_of = _revisions_before(revisions)
    with_before = [before_of.get((str(r.record), r.number - 1)) for r in revisions]
    opened = states_of([*revisions, *(r for r in with_before if r)], withheld=WITHHELD)
    states, rest = opened[: len(revisions)], iter(opened[len(revisions) :])
    befores = [next(rest) if r else {} for r in with_before]
    references = [(r.kind, str(r.record)) for r in revisions]
    references += [
        ("evidence", cite["evidence"]) for r in revisions for cites in r.cites.values() for cite in cites
    ]
    for revision, state, before in zip(revisions, states, befores, strict=True):
        if revision.kind in KINDS:
            references += references_in(KINDS[revision.kind], state, before)
    names = names_of(references)
    return [_revision_view(*trio, names) for trio in zip(revisions, befores, states, strict=True)]


def _revisions_before(revisions: list[Revision]) -> dict[tuple[str, int], Revision]:
    wanted = {(str(r.record), r.number - 1) for r in revisions if r.number > 1}
    rows = Revision.objects.filter(record__in={r for r, _ in wanted}, number__in={n for _, n in wanted})
    return {(str(row.record), row.number): row for row in rows}


def _revision_view(revision: Revision, before: State, after: State, names: Names) -> RevisionView:
    kind = KINDS.get(revision.kind)
    fallback = after.get(kind.title) if kind and kind.title else None
    fallback = fallback if isinstance(fallback, str) else f"{revision.kind} {str(revision.record)[:8]}"
    label, url = names.get((revision.kind, str(revision.record)), (fallback, ""))
    fields = [name for name in revision.changed if name != "retired"] if kind else []
    comparisons = (
        compare(kind, {} if revision.operation == CREATE else before, after, fields, names) if kind else []
    )
    cites = {
        name: [names.get(("evidence", c["evidence"]), (f"evidence {c['evidence'][:8]}", "")) for c in found]
        for name, found in revision.cites.items()
    }
    return RevisionView(revision, kind, label, url, comparisons, cites)


def history_of(record: uuid.UUID | str) -> QuerySet[Revision]:
    """The revisions of a record, latest first."""
    return Revision.objects.filter(record=record).select_related("changeset").order_by("-number")


def latest_changes(record: uuid.UUID | str, limit: int = 10) -> list[tuple[Revision, ChangesetLine]]:
    """Return a record's latest revisions, each with its changeset in words."""
    revisions = list(history_of(record)[:limit])
    return list(zip(revisions, changeset_lines([r.changeset for r in revisions]), strict=True))


def register_head() -> int | None:
    """Return the number of the newest changeset."""
    return Changeset.objects.order_by("-number").values_list("number", flat=True).first()
