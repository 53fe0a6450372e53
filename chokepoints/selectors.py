"""What the pages read, a page's worth at a time and with a fixed number of queries each.

One file above the usual length, because the reads share how records are named and people are looked up.
"""

import datetime as dt
import uuid
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, Prefetch, Q, QuerySet

from . import corroboration
from .comparison import FieldComparison, compare
from .history import open_commitments, states_of
from .models import (
    Assessment,
    AssessmentEvidence,
    Bearing,
    Changeset,
    Chokepoint,
    Contributor,
    Evidence,
    EvidenceBasis,
    Organization,
    Release,
    Revision,
    Sector,
    Source,
    SourceDerivation,
    Supply,
    SupplyEvidence,
    Verification,
)
from .models.changeset import IMPORT
from .models.release import PUBLISHED
from .models.revision import CREATE
from .presenting import WITHHELD, Names, country_name
from .projection import model_of
from .records import KINDS, Kind, State
from .vocabularies import STANCES, STATUSES, SUPPLY_ROLES, UNASSESSED

STATUS_SEQUENCE = (*STATUSES, UNASSESSED)


def today() -> dt.date:
    """The register's day: the same everywhere, whatever the local clock says."""
    return dt.datetime.now(dt.UTC).date()


# --- names of records


def names_of(references: Iterable[tuple[str, str]]) -> Names:
    """Return label and address of records of any kind, with one query a kind."""
    wanted: dict[str, set[str]] = defaultdict(set)
    for kind, record in references:
        if kind in KINDS:
            wanted[kind].add(record)
    names: dict[tuple[str, str], tuple[str, str]] = {}
    for kind, records in wanted.items():
        for row in _labelled(KINDS[kind]).filter(pk__in=records):
            names[kind, str(row.pk)] = (
                label_of(kind, row),
                row.get_absolute_url() if hasattr(row, "get_absolute_url") else "",
            )
    return names


def _labelled(kind: Kind) -> QuerySet:
    related = {"supply": ("organization", "chokepoint"), "assessment": ("chokepoint",)}
    return model_of(kind).objects.select_related(*related.get(kind.name, ()))


def label_of(kind: str, row: Any) -> str:
    """Return what a record is called where nothing else says what it is about."""
    if kind == "assessment":
        return f"{row.chokepoint}: {row}"
    return str(row)


def references_in(kind: Kind, *states: State) -> list[tuple[str, str]]:
    """Return every record that some states of one kind refer to."""
    return [
        (target_kind, target)
        for state in states
        for name, value in state.items()
        if value is not WITHHELD and name in kind.fields
        for target_kind, target in kind.fields[name].references(value)
    ]


# --- reading the ledger


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


# --- overview


@dataclass
class SectorLine:
    """A sector with its chokepoints, or where there are too many to draw, their numbers by status."""

    sector: Sector
    total: int
    counts: list[tuple[str, int]]
    chokepoints: list[Chokepoint]


MARKS_UP_TO = 150  # chokepoints that the overview draws one by one


def status_counts(day: dt.date) -> list[tuple[str, int]]:
    """Return how many chokepoints have each status on `day`, every status named."""
    rows = Chokepoint.objects.in_force().with_status(day).order_by().values("status").annotate(n=Count("pk"))
    counts = {row["status"]: row["n"] for row in rows}
    return [(status, counts.get(status, 0)) for status in STATUS_SEQUENCE]


def sector_lines(day: dt.date) -> list[SectorLine]:
    """Return every sector that has chokepoints, with their statuses."""
    chokepoints = Chokepoint.objects.in_force().with_status(day)
    rows = chokepoints.order_by().values("sector", "status").annotate(n=Count("pk"))
    counts: dict[Any, Counter] = defaultdict(Counter)
    for row in rows:
        counts[row["sector"]][row["status"]] += row["n"]
    drawn: dict[Any, list[Chokepoint]] = defaultdict(list)
    if sum(counter.total() for counter in counts.values()) <= MARKS_UP_TO:
        for chokepoint in sorted(chokepoints, key=lambda c: (STATUS_SEQUENCE.index(c.status), c.name)):
            drawn[chokepoint.sector_id].append(chokepoint)
    return [
        SectorLine(
            sector,
            counts[sector.pk].total(),
            [(status, counts[sector.pk][status]) for status in STATUS_SEQUENCE if counts[sector.pk][status]],
            drawn[sector.pk],
        )
        for sector in Sector.objects.filter(pk__in=counts).order_by("name", "pk")
    ]


def last_verification() -> Verification | None:
    """Return the last verification of the ledger that was finished."""
    return Verification.objects.filter(finished__isnull=False).first()


def release_attempts() -> list[Release]:
    """Return what was held back, failed or is being made since the last release came out, the newest first."""
    last = Release.objects.published().values_list("pk", flat=True).first()
    return list(Release.objects.exclude(state=PUBLISHED).filter(pk__gt=last or 0)[:5])


# --- chokepoints


def chokepoint_rows(queryset: QuerySet) -> QuerySet:
    """Chokepoints as a list shows them."""
    supplies = Supply.objects.in_force().filter(role="foreign-supplier").select_related("organization")
    return queryset.select_related("sector").prefetch_related(
        Prefetch("supplies", supplies, to_attr="foreign_supplies")
    )


def add_supplier_countries(chokepoints: Iterable[Chokepoint]) -> None:
    """Set `supplied_from` on chokepoints of chokepoint_rows(): the codes of the countries, in order."""
    for chokepoint in chokepoints:
        codes = {
            s.country or (s.organization.country if s.organization else "")
            for s in chokepoint.foreign_supplies
        }
        chokepoint.supplied_from = sorted(codes - {""})


def add_status_dates(chokepoints: Iterable[Chokepoint]) -> None:
    """Set `status_as_of_precision` on chokepoints of with_status(), in one query for all."""
    ids = [chokepoint.current_assessment_id for chokepoint in chokepoints]
    precisions = dict(Assessment.objects.filter(pk__in=ids).values_list("pk", "as_of_precision"))
    for chokepoint in chokepoints:
        chokepoint.status_as_of_precision = precisions.get(chokepoint.current_assessment_id, "")


def add_evidence_counts(chokepoints: Iterable[Chokepoint]) -> None:
    """Set `evidence_count` on chokepoints, in one query for all."""
    rows = Bearing.objects.filter(chokepoint__in=list(chokepoints), evidence__retired=False)
    counts = dict(rows.values_list("chokepoint").annotate(n=Count("pk")))
    for chokepoint in chokepoints:
        chokepoint.evidence_count = counts.get(chokepoint.pk, 0)


def supplier_countries() -> list[tuple[str, str]]:
    """Return code and name of every country that supplies something, by name."""
    supplies = Supply.objects.in_force().filter(role="foreign-supplier")
    codes = set(supplies.exclude(country="").values_list("country", flat=True).distinct())
    codes |= set(
        supplies.exclude(organization__country="")
        .filter(organization__isnull=False)
        .values_list("organization__country", flat=True)
        .distinct()
    )
    return sorted(((code, country_name(code)) for code in codes), key=lambda pair: pair[1])


def sectors_with_parts(sectors: Iterable[str]) -> set[str]:
    """Return the ids of some sectors and of all sectors under them."""
    rows = Sector.objects.filter(parent__isnull=False).values_list("pk", "parent_id")
    return with_parts(sectors, {str(pk): str(parent) for pk, parent in rows})


def with_parts(roots: Iterable[str], parents: Mapping[str, str]) -> set[str]:
    """Return some ids and all that stand under them. `parents` maps what is part of something to that."""
    parts: dict[str, list[str]] = defaultdict(list)
    for part, parent in parents.items():
        parts[parent].append(part)
    found: set[str] = set()
    queue = list(roots)
    while queue:
        one = queue.pop()
        if one not in found:
            found.add(one)
            queue += parts[one]
    return found


@dataclass
class SourceGroup:
    """The statements of one source about one chokepoint or list."""

    source: Source
    bearings: list[Bearing]


def assessments_of(chokepoint: Chokepoint) -> list[Assessment]:
    """Return all assessments of a chokepoint, those that count first in their order, with their evidence."""
    links = AssessmentEvidence.objects.select_related("evidence__source")
    assessments = list(
        Assessment.objects.filter(chokepoint=chokepoint)
        .by_precedence()
        .select_related("created_in", "changed_in")
        .prefetch_related(Prefetch("evidence_links", links, to_attr="links"))
    )
    for assessment in assessments:
        assessment.is_current = assessment.pk == chokepoint.current_assessment_id
    return assessments


def bearings_on(**target: Any) -> list[Bearing]:
    """Return what bears on a chokepoint or list, with evidence and source; retired evidence is left out."""
    return list(
        Bearing.objects.filter(evidence__retired=False, **target)
        .select_related("evidence__source")
        .prefetch_related("evidence__source__derived_from", "evidence__rests_on")
        .order_by("evidence__source__key", "evidence_id")
    )


def by_source(bearings: Iterable[Bearing]) -> list[SourceGroup]:
    """Return bearings grouped by their source, in the order of the source keys."""
    groups: dict[uuid.UUID, SourceGroup] = {}
    for bearing in bearings:
        source = bearing.evidence.source
        groups.setdefault(source.pk, SourceGroup(source, [])).bearings.append(bearing)
    return list(groups.values())


def supplies_of(**owner: Any) -> dict[str, list[Supply]]:
    """Return supplies of a chokepoint or an organization by role, each role named."""
    links = SupplyEvidence.objects.select_related("evidence__source")
    rows = (
        Supply.objects.filter(retired=False, **owner)
        .select_related("organization", "chokepoint")
        .prefetch_related(Prefetch("evidence_links", links, to_attr="links"))
        .order_by("organization__name", "country", "pk")
    )
    groups: dict[str, list[Supply]] = {role: [] for role in SUPPLY_ROLES}
    for supply in rows:
        groups[supply.role].append(supply)
    return groups


def origins_behind(pieces: Iterable[Evidence]) -> tuple[int, int]:
    """Return how many different origins stand behind some evidence, and how many pieces have none established."""
    pieces = list(pieces)
    bases: dict[str, list[str]] = defaultdict(list)
    for evidence, source in EvidenceBasis.objects.filter(evidence__in=pieces).values_list(
        "evidence_id", "source_id"
    ):
        bases[str(evidence)].append(str(source))
    roots = {str(piece.source_id) for piece in pieces} | {s for sources in bases.values() for s in sources}
    state_of = derivation_states(roots)
    origins = [
        corroboration.origins_of_evidence(
            {"source": str(p.source_id), "own_finding": p.own_finding, "rests_on": bases[str(p.pk)]}, state_of
        )
        for p in pieces
    ]
    return corroboration.count_origins(origins), sum(not found for found in origins)


def derivation_states(sources: Iterable[str]) -> Callable[[str], State | None]:
    """Return a look-up of derivation and derived_from for some sources and all above them, two queries a level."""
    states: dict[str, State] = {}
    level = set(sources)
    while level:
        above: dict[str, list[str]] = defaultdict(list)
        for source, origin in SourceDerivation.objects.filter(source__in=level).values_list(
            "source_id", "origin_id"
        ):
            above[str(source)].append(str(origin))
        for pk, derivation in Source.objects.filter(pk__in=level).values_list("pk", "derivation"):
            states[str(pk)] = {"derivation": derivation, "derived_from": above[str(pk)]}
        level = {origin for found in above.values() for origin in found} - set(states)
    return states.get


# --- sources


@dataclass
class ChainLink:
    """A source in a chain of derivation, `depth` steps away."""

    source: Source
    depth: int


CHAIN_LIMIT = 200


def derivation_chain(source: Source, *, upward: bool) -> list[ChainLink]:
    """Return what a source derives from (upward) or what derives from it, step by step; one query a step."""
    here, there = ("source", "origin") if upward else ("origin", "source")
    chain: list[ChainLink] = []
    seen, level, depth = {source.pk}, {source.pk}, 0
    while level and len(chain) < CHAIN_LIMIT:
        depth += 1
        found = set(
            SourceDerivation.objects.filter(**{f"{here}__in": level}).values_list(f"{there}_id", flat=True)
        )
        level = found - seen
        seen |= level
        rows = Source.objects.filter(pk__in=level).order_by("key")[: CHAIN_LIMIT - len(chain)]
        chain += [ChainLink(row, depth) for row in rows]
    return chain


# --- gaps


@dataclass
class Gap:
    """Something that the register doesn't know: which records lack it, and which change would tell."""

    key: str
    title: str
    why: str
    kind: str
    operation: str
    records: QuerySet

    @property
    def about(self) -> str:
        return KINDS[self.kind].plural


def gaps(day: dt.date) -> list[Gap]:
    """Return every sort of gap, as querysets that nothing has been read of yet."""
    chokepoints = Chokepoint.objects.in_force().with_status(day).order_by("name", "pk")
    sources = Source.objects.in_force().order_by("key")
    evidence = Evidence.objects.in_force().select_related("source").order_by("source__key", "pk")
    supplied = Supply.objects.in_force().filter(role="foreign-supplier").values("chokepoint")
    borne = Bearing.objects.filter(evidence__retired=False, chokepoint__isnull=False).values("chokepoint")

    def gap(key: str, title: str, why: str, records: QuerySet, operation: str = "update") -> Gap:
        kind = {
            Chokepoint: "chokepoint",
            Source: "source",
            Evidence: "evidence",
            Organization: "organization",
            Supply: "supply",
        }
        return Gap(key, title, why, kind[records.model], operation, records)

    return [
        gap(
            "unassessed",
            "Never assessed",
            "Nobody has judged how dependent the country is.",
            chokepoints.filter(status=UNASSESSED),
            "assess",
        ),
        gap(
            "undetermined",
            "Undetermined",
            "Somebody looked, and the sources don't say.",
            chokepoints.filter(status="undetermined"),
            "assess",
        ),
        gap(
            "no-supplier",
            "Without a foreign supplier",
            "Nothing says who supplies it.",
            chokepoints.exclude(pk__in=supplied),
        ),
        gap(
            "no-evidence", "Without evidence", "No statement bears on it.", chokepoints.exclude(pk__in=borne)
        ),
        gap(
            "no-headline",
            "Without a headline",
            "Its place on a list has no headline.",
            chokepoints.filter(listings__isnull=False, listings__headline="").distinct(),
        ),
        gap(
            "no-named-on",
            "Without the day of publication",
            "Its place on a list has no day.",
            chokepoints.filter(listings__isnull=False, listings__named_on__isnull=True).distinct(),
        ),
        gap(
            "no-scope",
            "Without a scope",
            "What is meant, and what isn't, was never written down.",
            chokepoints.filter(scope=""),
        ),
        gap(
            "unknown-derivation",
            "Origin not established",
            "Whether the source found this out itself or retells it isn't known, so it corroborates nothing.",
            sources.filter(derivation="unknown"),
        ),
        gap(
            "no-source-date",
            "Sources without a date",
            "Nobody knows when it was published.",
            sources.filter(published_on__isnull=True),
        ),
        gap(
            "no-reliability",
            "Sources without a grade",
            "Nobody has graded its reliability.",
            sources.filter(reliability=""),
        ),
        gap(
            "not-seen",
            "Sources not seen",
            "Nobody here has read the document itself.",
            sources.filter(seen="not-seen"),
        ),
        gap(
            "no-evidence-date",
            "Evidence without a date",
            "Neither when it was said nor which time it speaks of is known.",
            evidence.filter(observed_on__isnull=True, about_from__isnull=True, about_to__isnull=True),
        ),
        gap(
            "no-quote",
            "Evidence without a quote",
            "The very sentence isn't here to be checked.",
            evidence.filter(quote=""),
        ),
        gap(
            "no-translation",
            "Quotes without a translation",
            "The quote can't be read in English.",
            evidence.exclude(quote="")
            .filter(translation="")
            .exclude(Q(quote_language="en") | Q(quote_language__startswith="en-")),
        ),
        gap(
            "no-seat",
            "Organizations without a country",
            "Where it has its seat isn't known.",
            Organization.objects.in_force().filter(country="").order_by("name", "pk"),
        ),
        gap(
            "no-share",
            "Supplies without a share",
            "How much of the market it has isn't known.",
            Supply.objects.in_force()
            .filter(share_low__isnull=True)
            .select_related("organization", "chokepoint")
            .order_by("chokepoint__name", "pk"),
        ),
    ]


def gap_counts(found: Iterable[Gap]) -> Mapping[str, int]:
    """Return how many records each gap has, one query a gap."""
    return {gap.key: gap.records.count() for gap in found}


def stance_counts(bearings: Iterable[Bearing]) -> list[tuple[str, int]]:
    """Return how many statements there are of each stance, in the order of the vocabulary."""
    counts = Counter(bearing.stance for bearing in bearings)
    return [(stance, counts[stance]) for stance in STANCES if counts[stance]]
