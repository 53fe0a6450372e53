"""What chokepoints stand on: the sources of the evidence that bears on them, and what those derive from.

Whoever follows a chokepoint hears when its ground moves. A feed asks downwards which sources that are, whoever tells
people upwards which chokepoints stand on a source; both are one query, however long the chains. Retired evidence carries
nothing any more.
"""

import uuid
from collections.abc import Iterable

from django.db.models import Q, QuerySet

from .models import Bearing, Evidence, EvidenceBasis, Source, SourceDerivation

# By these fields a source weighs more, less or otherwise. Who printed it, and where it is kept, moves nothing.
WEIGHING = frozenset(
    {"standing", "standing_reason", "reliability", "derivation", "derived_from", "published_on", "retired"}
)
# How many derivations are followed, from a repost to its origin. Chains are short; a query has to end.
DEEPEST = 4


def moves_ground(kind: str, changed: Iterable[str]) -> bool:
    """Tell whether a change of some fields of a record that was there before moves the ground of what rests on it."""
    return kind == "source" and not WEIGHING.isdisjoint(changed)


def ground_moved() -> Q:
    """Return the revisions that move the ground of what rests on their record. A new source has nothing on it yet."""
    weighing = Q()
    for name in sorted(WEIGHING):
        weighing |= Q(changed__icontains=f'"{name}"')
    return Q(kind="source", number__gt=1) & weighing


def sources_under(chokepoints: QuerySet) -> QuerySet:
    """Return the ids of the sources that some chokepoints (a query for ids) stand on."""
    bearing = Bearing.objects.order_by().filter(chokepoint__in=chokepoints, evidence__retired=False)
    evidence = bearing.values("evidence")
    own = Evidence.objects.order_by().filter(pk__in=evidence).values("source")
    rested_on = EvidenceBasis.objects.order_by().filter(evidence__in=evidence).values("source")
    return _chain(own.union(rested_on), "source", "origin")


def chokepoints_on(sources: Iterable[uuid.UUID]) -> set[uuid.UUID]:
    """Return the ids of the chokepoints that stand on any of some sources."""
    first = list(sources)
    if not first:
        return set()
    found = _chain(Source.objects.order_by().filter(pk__in=first).values("pk"), "origin", "source")
    own = Evidence.objects.order_by().filter(source__in=found).values("pk")
    resting = EvidenceBasis.objects.order_by().filter(source__in=found).values("evidence")
    rows = Bearing.objects.order_by().filter(evidence__in=own.union(resting), chokepoint__isnull=False)
    rows = rows.filter(evidence__retired=False)
    return set(rows.values_list("chokepoint", flat=True).distinct())


def _chain(sources: QuerySet, here: str, there: str) -> QuerySet:
    """Return the ids of some sources, and of those that derivations lead to from `here` to `there`."""
    levels = [sources]
    for _ in range(DEEPEST):
        levels.append(SourceDerivation.objects.order_by().filter(**{f"{here}__in": levels[-1]}).values(there))
    return levels[0].union(*levels[1:])
