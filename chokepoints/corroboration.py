"""How many independent origins agree (pure). Origins are counted, never pages.

An origin is an `original` source at the root of a derivation. A statement's origins are found through what it rests on
first, then through what its source derives from. A chain that ends in a source of unknown derivation adds nothing.
"""

from collections.abc import Callable, Iterable
from typing import Any

State = dict[str, Any]


def origins_of_source(source: str, state_of: Callable[[str], State | None]) -> frozenset[str]:
    """Return the ids of the original sources at the roots of a source's derivation; cycles end where they began."""
    seen, queue, origins = set(), [source], set()
    while queue:
        record = queue.pop()
        state = state_of(record)
        if record in seen or state is None:
            continue
        seen.add(record)
        if state.get("derivation") == "original":
            origins.add(record)
        queue += state.get("derived_from", ())
    return frozenset(origins)


def origins_of_evidence(evidence: State, state_of: Callable[[str], State | None]) -> frozenset[str]:
    """Return the origins of one statement, given its state and a look-up of source states by id."""
    if evidence.get("own_finding"):
        return frozenset({evidence["source"]})
    roots = evidence.get("rests_on") or [evidence["source"]]
    return frozenset().union(*(origins_of_source(source, state_of) for source in roots))


def count_origins(pieces: Iterable[frozenset[str]]) -> int:
    """Return how many different origins stand behind some pieces of evidence."""
    return len(frozenset().union(*pieces))
