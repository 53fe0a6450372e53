"""Reading the register for a page: what it says about the records that some changes are about, name and cite.

It takes a constant number of queries, however many changes there are.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import F
from django.utils import timezone

from chokepoints.history import states_of
from chokepoints.models import Chokepoint, Evidence, Revision
from chokepoints.models.revision import CREATE, RESTORE, RETIRE
from chokepoints.projection import model_of, read_states
from chokepoints.records import KINDS, State

from ..forms.references import Shown, Siblings, label_of, show_records
from ..models import Change


@dataclass
class Reading:
    """What pages need to show changes. Records are named by id, in `names` by kind and id.

    `states` are each record before and after its change; `rows` and `now` are read for pending changes only, `now` where a
    record has moved since its author looked; `statuses` are those of chokepoints that are judged anew.
    """

    states: list[tuple[State, State]]
    rows: dict[str, Any]
    now: dict[str, State]
    names: dict[tuple[str, str], Shown]
    evidence: dict[str, Evidence]
    statuses: dict[str, str]

    @classmethod
    def of(cls, changes: Sequence[Change], siblings: Siblings, *, pending: bool) -> "Reading":
        """Read the register for some changes, of which `siblings` are the new records."""
        published = [change for change in changes if change.operation != CREATE]
        seen = _seen_states(published)
        states = [_states(change, seen) for change in changes]
        rows, now = _present(published) if pending else ({}, {})
        return cls(
            states=states,
            rows=rows,
            now=now,
            names=_names(changes, states, now, siblings),
            evidence=_published_evidence(changes),
            statuses=_statuses_now(changes) if pending else {},
        )


def is_judgement(change: Change) -> bool:
    """Tell whether a change is a new assessment."""
    return change.kind == "assessment" and change.operation == CREATE


def cited(change: Change) -> list[str]:
    """Return the ids of the evidence that is cited for a change."""
    return sorted({target for targets in change.cites.values() for target in targets})


def evidence_named(change: Change) -> set[str]:
    """Return the ids of the evidence that a change names, in its fields or as cited for it."""
    fields = KINDS[change.kind].fields
    named = {
        target
        for name, value in change.fields.items()
        for kind, target in fields[name].references(value)
        if kind == "evidence"
    }
    return named | set(cited(change))


def _seen_states(changes: Sequence[Change]) -> dict[str, State]:
    """Return the records of changes as their author saw them."""
    if not changes:
        return {}
    wanted = {(change.record, change.base_revision) for change in changes}
    rows = Revision.objects.filter(
        record__in=[record for record, _ in wanted], number__in={number for _, number in wanted}
    )
    revisions = [row for row in rows if (row.record, row.number) in wanted]
    return {
        str(revision.record): state for revision, state in zip(revisions, states_of(revisions), strict=True)
    }


def _present(changes: Sequence[Change]) -> tuple[dict[str, Any], dict[str, State]]:
    """Return the rows of the changes' records, and the states of those that moved since the author looked."""
    bases: dict[str, dict[Any, int]] = {}
    for change in changes:
        bases.setdefault(change.kind, {})[change.record] = change.base_revision
    rows: dict[str, Any] = {}
    now: dict[str, State] = {}
    for name, seen in bases.items():
        present = list(model_of(KINDS[name]).objects.filter(pk__in=seen))
        rows |= {str(row.pk): row for row in present}
        if moved := [row for row in present if row.revision != seen[row.pk]]:
            now |= read_states(KINDS[name], moved)
    return rows, now


def _states(change: Change, seen: Mapping[str, State]) -> tuple[State, State]:
    """Return a record as the author saw it and as they propose it."""
    before = seen.get(str(change.record), {})
    after = {name: value for name, value in {**before, **change.fields}.items() if value is not None}
    if change.operation == RETIRE:
        after["retired"] = True
    if change.operation == RESTORE:
        after.pop("retired", None)
    return before, after


def _statuses_now(changes: Iterable[Change]) -> dict[str, str]:
    """Return the current status of the chokepoints that new assessments judge."""
    wanted = {change.fields.get("chokepoint") for change in changes if is_judgement(change)} - {None}
    if not wanted:
        return {}
    rows = Chokepoint.objects.with_status(timezone.now().date()).filter(pk__in=wanted)
    return {str(row.pk): row.status for row in rows}


def _names(
    changes: Sequence[Change],
    states: Sequence[tuple[State, State]],
    now: Mapping[str, State],
    siblings: Siblings,
) -> dict[tuple[str, str], Shown]:
    """Return how all records that changes name are shown, with one query a kind."""
    wanted: set[tuple[str, str]] = set()
    for change, seen in zip(changes, states, strict=True):
        wanted.add((change.kind, str(change.record)))
        wanted |= {("evidence", target) for target in cited(change)}
        for state in (*seen, now.get(str(change.record), {})):
            wanted |= {(kind, target) for _, kind, target in KINDS[change.kind].references(state)}
    shown = show_records(wanted, siblings)
    missing = {record for _, record in wanted} - set(shown)
    return {(one.kind, record): one for record, one in {**shown, **_proposed_elsewhere(missing)}.items()}


def _proposed_elsewhere(records: Iterable[str]) -> dict[str, Shown]:
    """Return how records are shown that another proposal creates: what was split off may name them."""
    if not records:
        return {}
    rows = Change.objects.filter(
        operation=CREATE, record__in=records, version__number=F("version__proposal__version")
    ).exclude(version__proposal__state="draft")
    return {
        str(row.record): Shown(
            "",
            f"{label_of(KINDS[row.kind], row.fields)} (proposal {row.version.proposal_id})",
            f"{row.version.proposal.get_absolute_url()}#ref-{row.position + 1}",
            row.kind,
        )
        for row in rows.select_related("version__proposal").order_by("pk")
    }


def _published_evidence(changes: Iterable[Change]) -> dict[str, Evidence]:
    """Return the published evidence that changes name, by id, with one query."""
    wanted = set().union(*(evidence_named(change) for change in changes))
    rows = (
        Evidence.objects.filter(pk__in=wanted)
        .select_related("source")
        .prefetch_related("bearings__chokepoint")
    )
    return {str(row.pk): row for row in rows}
