"""Chokepoints as a list shows them, and what it can be narrowed to."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from django.db.models import Count, Prefetch, QuerySet

from ..models import Assessment, Bearing, Chokepoint, Sector, Supply
from ..presenting import country_name


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
