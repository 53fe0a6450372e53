"""Where statements come from: origins counted once, and chains of derivation."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from .. import corroboration
from ..models import Evidence, EvidenceBasis, Source, SourceDerivation
from ..records import State


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
