"""What a page of a chokepoint or list gathers: assessments, statements by source, supplies."""

import uuid
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Prefetch

from ..models import Assessment, AssessmentEvidence, Bearing, Chokepoint, Source, Supply, SupplyEvidence
from ..vocabularies import STANCES, SUPPLY_ROLES


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


def stance_counts(bearings: Iterable[Bearing]) -> list[tuple[str, int]]:
    """Return how many statements there are of each stance, in the order of the vocabulary."""
    counts = Counter(bearing.stance for bearing in bearings)
    return [(stance, counts[stance]) for stance in STANCES if counts[stance]]
