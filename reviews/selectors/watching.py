"""What somebody watches and has muted, by name."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.urls import reverse

from chokepoints.models import Chokepoint, Sector, Source

from ..models import Proposal, Subscription
from ..models.notification import CHOKEPOINT, EVERYTHING, PROPOSAL, SECTOR, SOURCE, WATCHABLE

_NAMED = {CHOKEPOINT: (Chokepoint, "name"), SECTOR: (Sector, "name"), SOURCE: (Source, "title")}


@dataclass(frozen=True)
class Watched:
    """A subscription with the name and the page of what it is to; neither where that isn't to be seen any more."""

    row: Subscription
    label: str = ""
    address: str = ""

    @property
    def sort(self) -> str:
        return WATCHABLE.get(self.row.what, self.row.what)


def named(rows: Iterable[Subscription], contributor: Any) -> list[Watched]:
    """Return subscriptions with their names, in their order, with one query for each sort of them."""
    rows = list(rows)
    found: dict[tuple[str, str], tuple[str, str]] = {(EVERYTHING, ""): ("everything", reverse("history"))}
    for what in {row.what for row in rows}:
        keys = [row.target for row in rows if row.what == what]
        found |= {(what, key): each for key, each in names_of(what, keys, contributor).items()}
    return [Watched(row, *found.get((row.what, row.target), ("", ""))) for row in rows]


def names_of(what: str, targets: Iterable[str], contributor: Any) -> dict[str, tuple[str, str]]:
    """Return name and page of some things that can be watched, by target; those that somebody may see."""
    if what == PROPOSAL:
        numbers = [target for target in targets if target.isascii() and target.isdigit() and len(target) < 19]
        proposals = Proposal.objects.visible_to(contributor).filter(pk__in=numbers).named()
        return {
            str(one.pk): (f"#{one.pk} {one.title or ''}".strip(), one.get_absolute_url()) for one in proposals
        }
    if what not in _NAMED:
        return {}
    model, column = _NAMED[what]
    rows = model.objects.filter(pk__in=[target for target in targets if _is_id(target)])
    return {str(row.pk): (getattr(row, column), row.get_absolute_url()) for row in rows}


def _is_id(target: str) -> bool:
    try:
        return str(UUID(target)) == target
    except ValueError:
        return False
