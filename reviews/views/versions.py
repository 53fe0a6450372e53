"""Two versions of a proposal side by side: what each changed, and how it came to be."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views import View

from chokepoints.comparison import Piece, compare_text
from chokepoints.history import states_of
from chokepoints.models.revision import CREATE, OPERATIONS
from chokepoints.records import State
from chokepoints.services.reading import revisions_at

from ..comparing import (
    SAME,
    AlteredField,
    Pair,
    Proposed,
    cites_changed,
    compare_pair,
    pair_changes,
    proposed_state,
)
from ..forms.proposals import whole_number
from ..forms.records import siblings_of
from ..forms.references import Shown, Siblings, label_of, show_records
from ..models import Version
from .answering import visible_proposal
from .paging import page_links

PER_PAGE = 50
SORTS = {"added": "Added", "removed": "Taken out", "altered": "Altered", "same": "Unchanged"}


@dataclass(frozen=True)
class ShownPair:
    """One change of two versions, ready for the page."""

    pair: Pair
    label: str
    title: str
    url: str
    operations: tuple[str, str] | None
    fields: list[AlteredField]
    cites_added: list[tuple[str, Shown]]
    cites_removed: list[tuple[str, Shown]]


class ProposalVersions(View):
    """Compares any two versions of a proposal; without a choice the last two."""

    def get(self, request: HttpRequest, number: int) -> HttpResponse:
        proposal = visible_proposal(number, request.user)
        versions = list(proposal.versions.select_related("editor").order_by("number"))
        earlier, later, missing = choose_versions(
            versions, request.GET.get("from", ""), request.GET.get("to", "")
        )
        before, after = list(earlier.changes.all()), list(later.changes.all())
        pairs = pair_changes(before, after)
        page = Paginator([pair for pair in pairs if pair.sort != SAME], PER_PAGE).get_page(
            request.GET.get("page")
        )
        unchanged = [pair for pair in pairs if pair.sort == SAME]
        shown = show_pairs([*page.object_list, *unchanged], siblings_of(after), siblings_of(before))
        context = {
            "proposal": proposal,
            "versions": versions,
            "earlier": earlier,
            "later": later,
            "missing": missing,
            "between": [one for one in versions if earlier.number <= one.number <= later.number],
            "title": words_compared(earlier.title, later.title),
            "rationale": words_compared(earlier.rationale, later.rationale),
            "counts": [(words, sum(one.sort == sort for one in pairs)) for sort, words in SORTS.items()],
            "differing": shown[: len(page.object_list)],
            "unchanged": shown[len(page.object_list) :],
            "is_unpublished": proposal.state != "published",
            **page_links(request, page),
        }
        return render(request, "reviews/versions.html", context)


def choose_versions(versions: list[Version], first: str, second: str) -> tuple[Version, Version, list[str]]:
    """Return the earlier and the later of two versions as typed, and what was typed that there is no version of.

    For a number that there isn't it is the nearest one; where that leaves nothing to compare, or nothing usable was typed,
    the last but one and the last.
    """
    present = {version.number for version in versions}
    missing = [typed for typed in (first, second) if typed and whole_number(typed) not in present]
    last_two = [versions[-2:][0], versions[-1]]
    chosen = [
        _nearest(versions, whole_number(typed)) if whole_number(typed) else default
        for typed, default in zip((first, second), last_two, strict=True)
    ]
    if missing and chosen[0] == chosen[1]:
        chosen = last_two
    earlier, later = sorted(chosen, key=lambda version: version.number)
    return earlier, later, missing


def _nearest(versions: list[Version], number: int) -> Version:
    return min(versions, key=lambda version: abs(version.number - number))


def words_compared(before: str, after: str) -> list[Piece]:
    """Return what changed between two texts, nothing if nothing did."""
    return compare_text(before, after) if before != after else []


def show_pairs(pairs: list[Pair], *siblings: Siblings) -> list[ShownPair]:
    """Return changes ready for the page, with queries that don't grow with their number."""
    together = Siblings(tuple(new for version in siblings for new in version.records))
    differing = [pair for pair in pairs if pair.sort != SAME]
    seen = _states_seen(one for pair in differing for one in (pair.earlier, pair.later) if one)
    states = [_states(pair, seen) for pair in pairs]
    wanted = {(pair.kind.name, pair.record) for pair in pairs}
    wanted |= {("evidence", target) for pair in pairs for found in cites_changed(pair) for _, target in found}
    for pair, both in zip(pairs, states, strict=True):
        wanted |= {(kind, target) for state in both for _, kind, target in pair.kind.references(state)}
    records = show_records(wanted, together)
    return [_show(pair, *both, records) for pair, both in zip(pairs, states, strict=True)]


def _states_seen(changes: Iterable[Proposed]) -> dict[tuple[str, int], State]:
    """Return the states that authors saw, by record and revision."""
    wanted = {(str(one.record), one.base_revision) for one in changes if one.operation != CREATE}
    found = revisions_at(wanted)
    return dict(zip(found, states_of(found.values()), strict=True))


def _states(pair: Pair, seen: dict[tuple[str, int], State]) -> tuple[State, State]:
    """Return the states to compare: what both versions propose, or what a lone change makes of what its author saw.

    Of what is unchanged only a name is shown, for which its own fields do.
    """
    befores, afters = [], []
    for one in (pair.earlier, pair.later):
        if one:
            befores.append(seen.get((str(one.record), one.base_revision), {}))
            afters.append(proposed_state(one, befores[-1]))
    return (afters[0], afters[1]) if len(afters) == 2 else (befores[0], afters[0])


def _show(pair: Pair, earlier: State, later: State, records: Any) -> ShownPair:
    # An anchor of a new record is one of the proposal's page, and of one version only: here it leads nowhere.
    names = {
        (one.kind, record): (one.label, "" if one.is_new else one.url) for record, one in records.items()
    }
    own = records.get(pair.record)
    added, removed = cites_changed(pair)
    fields = pair.kind.fields
    cites = [
        [
            (fields[name].label if name in fields else "", records[target])
            for name, target in found
            if target in records
        ]
        for found in (added, removed)
    ]
    return ShownPair(
        pair,
        SORTS[pair.sort],
        _title(pair, later or earlier, names),
        own.url if own and not own.is_new else "",
        _operations(pair),
        compare_pair(pair, earlier, later, names) if pair.sort != SAME else [],
        *cites,
    )


def _operations(pair: Pair) -> tuple[str, str] | None:
    """Return what both versions do with the record, in words, if it isn't the same."""
    if not (pair.earlier and pair.later) or pair.earlier.operation == pair.later.operation:
        return None
    return OPERATIONS[pair.earlier.operation], OPERATIONS[pair.later.operation]


def _title(pair: Pair, state: State, names: dict[tuple[str, str], tuple[str, str]]) -> str:
    """Name a record; one that is new and has no name of its own by its chokepoint."""
    own = names.get((pair.kind.name, pair.record), (label_of(pair.kind, state), ""))[0]
    about = names.get(("chokepoint", state.get("chokepoint", "")), ("", ""))[0]
    return f"{about}: {own}" if about and pair.either.operation == CREATE and not pair.kind.title else own
