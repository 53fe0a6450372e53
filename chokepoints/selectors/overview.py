"""The first page: how many chokepoints have which status, in which sector; and how the register itself is doing."""

import datetime as dt
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Any

from django.db.models import Count

from ..models import Chokepoint, Release, Sector, Verification
from ..models.release import PUBLISHED
from ..vocabularies import STATUSES, UNASSESSED

STATUS_SEQUENCE = (*STATUSES, UNASSESSED)


def today() -> dt.date:
    """The register's day: the same everywhere, whatever the local clock says."""
    return dt.datetime.now(dt.UTC).date()


MARKS_UP_TO = 150  # chokepoints that the overview draws one by one


@dataclass
class SectorLine:
    """A sector with its chokepoints, or where there are too many to draw, their numbers by status."""

    sector: Sector
    total: int
    counts: list[tuple[str, int]]
    chokepoints: list[Chokepoint]


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
