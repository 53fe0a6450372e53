"""Shares of one base held against each other (pure): together they can't be more than the whole."""

from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from ..records import State

Base = tuple[Any, ...]
WHOLE = Decimal(100)


def share_base_of(state: State) -> Base | None:
    """Return what a supply's share may be summed with: the same chokepoint, base, year and sort of supplier."""
    share = state.get("share")
    if not share:
        return None
    parts = ("market", "segment", "measure", "year", "counted")
    return (
        state.get("chokepoint"),
        "organization" if "organization" in state else "country",
        *(share.get(part) for part in parts),
    )


def sums_over_the_whole(supplies: Mapping[str, State]) -> dict[Base, tuple[Decimal, list[str]]]:
    """Return the bases whose lower bounds sum to more than 100 percent, each with the sum and the supplies in it."""
    totals: dict[Base, Decimal] = defaultdict(Decimal)
    members: dict[Base, list[str]] = defaultdict(list)
    for record, state in supplies.items():
        base = share_base_of(state)
        if base and not state.get("retired"):
            totals[base] += Decimal(state["share"]["low"])
            members[base].append(record)
    return {base: (total, members[base]) for base, total in totals.items() if total > WHOLE}
