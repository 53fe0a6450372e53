"""Examining a brought file: what each row would do to the register, and why. Nothing is written but the report.

The rules of rows are pure (chokepoints/imports); this module reads what the register has and keeps what they say.
"""

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from django.db.models import F, Q

from chokepoints.canonical import same_json
from chokepoints.exceptions import ChangesRefused
from chokepoints.history import states_at
from chokepoints.imports.folding import fold
from chokepoints.imports.gathering import gather
from chokepoints.imports.identifying import NATURAL
from chokepoints.imports.mapping import Plan
from chokepoints.imports.matching import Index, Known, Matcher, empty_catalogue
from chokepoints.imports.outcomes import (
    ERROR,
    LEFT_OUT,
    LEVELS,
    PROPOSED,
    REFUSED,
    WARNING,
    Draft,
    Gathered,
    Row,
)
from chokepoints.imports.sums import sums_over_the_whole
from chokepoints.imports.tables import Table
from chokepoints.models import Contributor, RecordKey, Supply
from chokepoints.models.revision import CREATE, UPDATE
from chokepoints.projection import model_of, read_states
from chokepoints.records import KINDS, State
from chokepoints.selectors import label_of, names_of
from chokepoints.services.planning import RecordChange, plan_changes
from chokepoints.services.reading import in_parts

from ..models import Change, ImportLine, ImportRun, Proposal

MOST_PLANS = 5  # rounds of taking out what couldn't be published, and what rests on it
Beat = Callable[..., None]


def no_beat(**progress: int) -> None:
    """Report progress to nobody."""


def examine(run: ImportRun, tables: Sequence[Table], plan: Plan, beat: Beat = no_beat) -> Gathered:
    """Return what a file asks for, row by row, as the register is now."""
    kinds = _kinds_needed(plan)
    beat(done=0)
    matcher = Matcher(catalogue(kinds), run.answers)
    beat(done=run.rows // 4)
    found = gather(tables, plan, matcher, seed=f"import {run.pk}", states=_states, states_at=_states_at)
    beat(done=run.rows // 2)
    _note_proposed(found, run.owner)
    _check_whole(found, beat)
    _check_sums(found)
    return found


def _kinds_needed(plan: Plan) -> set[str]:
    """Return the kinds that a file brings, and those that their fields refer to."""
    kinds = {table.kind for table in plan.values() if table.kind}
    for name in list(kinds):
        for field in KINDS[name].fields.values():
            if hasattr(field, "kind"):
                kinds.add(field.kind)
            elif field.shape in {"bearings", "listings"}:
                kinds |= {"chokepoint", "list"}
    return kinds


# --- what the register has


def catalogue(kinds: Iterable[str]) -> dict[str, Index]:
    """Return the records of some kinds by everything that they can be known by."""
    found = empty_catalogue()
    for name in sorted(kinds):
        _index(name, found[name])
    return found


def _index(name: str, index: Index) -> None:
    kind = KINDS[name]
    columns = ["pk", "revision", "retired"]
    texts = [field for field in (kind.title, f"{kind.title}_original") if field and field in kind.fields]
    has = [field for field in ("key", "aliases", "identifiers") if field in kind.fields]
    if name in NATURAL:
        _index_by_what_they_refer_to(name, index)
        return
    for row in model_of(kind).objects.order_by("pk").values(*columns, *texts, *has).iterator():
        known = Known(
            str(row["pk"]),
            next((row[text] for text in texts if row[text]), row.get("key", "")),
            row["revision"],
            row["retired"],
            key=row.get("key", ""),
        )
        index.add(
            known,
            names=[*(row[text] for text in texts), *(row.get("aliases") or ())],
            identifiers=[(one["scheme"], one["value"]) for one in row.get("identifiers") or ()],
        )
    for key, record in RecordKey.objects.filter(kind=name).values_list("key", "record"):
        index.keys[key] = str(record)


def _index_by_what_they_refer_to(name: str, index: Index) -> None:
    kind = KINDS[name]
    related = {"supply": ("organization", "chokepoint"), "assessment": ("chokepoint",)}.get(name, ())
    for row in model_of(kind).objects.order_by("pk").select_related(*related).iterator():
        record = str(row.pk)
        index.add(Known(record, label_of(name, row), row.revision, row.retired))
        parts = [kind.fields[part].from_columns(row) for part in NATURAL[name]]
        natural = tuple(
            fold(value) if part == "claim" else str(value or "")
            for part, value in zip(NATURAL[name], parts, strict=True)
        )
        if not row.retired:
            index.natural[natural].add(record)
        if "as_of" in kind.fields:
            index.dates[record] = kind.fields["as_of"].from_columns(row) or ""


def _states(kind: str, records: Iterable[str]) -> Mapping[str, State]:
    found: dict[str, State] = {}
    for part in in_parts(records):
        found |= read_states(KINDS[kind], model_of(KINDS[kind]).objects.filter(pk__in=part))
    return found


def _states_at(wanted: Iterable[tuple[str, int]]) -> Mapping[tuple[str, int], State]:
    found: dict[tuple[str, int], State] = {}
    for part in in_parts(wanted):
        found |= states_at(part)
    return found


# --- what is proposed already


def _note_proposed(found: Gathered, owner: Any) -> None:
    """Take out what a pending proposal, or a draft of the owner's, says already: a second run proposes nothing twice."""
    me = Contributor.objects.filter(user=owner).first()
    waiting = Proposal.objects.pending().values("pk")
    mine = (
        Proposal.objects.filter(state="draft", authors=me).values("pk")
        if me
        else Proposal.objects.none().values("pk")
    )
    present = Change.objects.filter(
        Q(version__proposal__in=waiting) | Q(version__proposal__in=mine),
        version__number=F("version__proposal__version"),
    )
    updates = _pending_updates(present, found.drafts)
    creations = _pending_creations(present, found.drafts)
    for draft in found.drafts:
        if draft.is_new:
            number = creations.get((draft.kind, _known_by(draft.kind, draft.fields)))
        else:
            number = _that_says(updates.get(draft.record, ()), draft.fields)
        if number:
            for row in draft.rows:
                row.outcome = PROPOSED
                row.say("info", f"Proposal {number} says so already.")
    found.drafts = [draft for draft in found.drafts if draft.rows[0].outcome != PROPOSED]


def _pending_updates(present: Any, drafts: Iterable[Draft]) -> dict[str, list[tuple[int, dict[str, Any]]]]:
    found: dict[str, list[tuple[int, dict[str, Any]]]] = {}
    for part in in_parts(draft.record for draft in drafts if not draft.is_new):
        rows = present.filter(operation=UPDATE, record__in=part)
        for record, fields, number in rows.values_list("record", "fields", "version__proposal"):
            found.setdefault(str(record), []).append((number, fields))
    return found


def _that_says(proposed: Iterable[tuple[int, Mapping[str, Any]]], fields: Mapping[str, Any]) -> int:
    for number, theirs in proposed:
        if all(name in theirs and same_json(theirs[name], value) for name, value in fields.items()):
            return number
    return 0


def _pending_creations(present: Any, drafts: Iterable[Draft]) -> dict[tuple[str, str], int]:
    kinds = {draft.kind for draft in drafts if draft.is_new}
    rows = present.filter(operation=CREATE, kind__in=kinds)
    return {
        (kind, _known_by(kind, fields)): number
        for kind, fields, number in rows.values_list("kind", "fields", "version__proposal")
    }


def _known_by(kind: str, fields: Mapping[str, Any]) -> str:
    if kind in NATURAL:
        names = (*NATURAL[kind], *(("as_of",) if kind == "supply" else ()))
        return "\n".join(fold(str(fields.get(name) or "")) for name in names)
    return fold(fields.get(KINDS[kind].title)) or str(fields.get("key", ""))


# --- could it be published?


def _check_whole(found: Gathered, beat: Beat) -> None:
    """Lay everything over the register at once; what couldn't be published is refused, and what rests on it."""
    for _ in range(MOST_PLANS):
        beat()
        drafts = found.drafts
        if not drafts:
            return
        changes = [
            RecordChange(draft.kind, draft.record, CREATE if draft.is_new else UPDATE, draft.fields)
            for draft in drafts
        ]
        try:
            plan_changes(changes)
            return
        except ChangesRefused as refusal:
            refused = set()
            for problem in refusal.problems:
                draft = drafts[problem.change]
                refused.add(problem.change)
                field = KINDS[draft.kind].fields.get(problem.field)
                draft.rows[0].say(ERROR, f"{field.label}: {problem.message}" if field else problem.message)
        for position in refused:
            for row in drafts[position].rows:
                row.outcome = REFUSED if row is drafts[position].rows[0] else LEFT_OUT
        found.drafts = [draft for place, draft in enumerate(drafts) if place not in refused]
    for draft in found.drafts:
        draft.rows[0].say(ERROR, "It rests on rows that can't be taken.")
        for row in draft.rows:
            row.outcome = REFUSED
    found.drafts = []


def _check_sums(found: Gathered) -> None:
    """Say where shares of one base sum to more than the whole, in the file with what the register has."""
    drafts = {draft.record: draft for draft in found.drafts if draft.kind == "supply"}
    chokepoints = {draft.after.get("chokepoint") for draft in drafts.values()} - {None}
    states: dict[str, State] = {}
    for part in in_parts(chokepoints):
        states |= read_states(KINDS["supply"], Supply.objects.in_force().filter(chokepoint__in=part))
    states |= {record: draft.after for record, draft in drafts.items()}
    over = sums_over_the_whole(states)
    names = names_of({("chokepoint", str(base[0])) for base in over})
    for base, (total, records) in over.items():
        label = names.get(("chokepoint", str(base[0])), ("this chokepoint", ""))[0]
        numbers = sorted(draft.rows[0].line.number for record, draft in drafts.items() if record in records)
        others = len(records) - len(numbers)
        also = f" and {others} in the register" if others else ""
        words = (
            f"The shares of {label} with the same base sum to {total.normalize():f} percent: rows "
            f"{', '.join(map(str, numbers[:12]))}{' …' if len(numbers) > 12 else ''}{also}."
        )
        for record in records:
            if record in drafts:
                drafts[record].rows[0].say(WARNING, words)


# --- the report


def lines_of(run: ImportRun, found: Gathered) -> list[ImportLine]:
    """Return the report's lines, one a row of the file, in its order."""
    first = {id(draft.rows[0]): draft for draft in found.drafts}
    return [_line(run, position, row, first.get(id(row))) for position, row in enumerate(found.rows)]


def _line(run: ImportRun, position: int, row: Row, draft: Draft | None) -> ImportLine:
    levels = {finding.level for finding in row.findings}
    return ImportLine(
        run=run,
        position=position,
        table=row.table,
        number=row.line.number,
        kind=row.kind,
        record=uuid.UUID(row.record) if row.record else None,
        label=row.label[:300],
        how=row.how,
        outcome=row.outcome,
        worst=next((level for level in LEVELS if level in levels), ""),
        findings=[asdict(finding) for finding in row.findings],
        question=row.question,
        change={"base": draft.base, "fields": draft.fields} if draft else None,
    )


def counts_of(found: Gathered, tables: Sequence[Table]) -> dict[str, Any]:
    """Return the report's figures: outcomes, levels, changes by kind, and what is to be said of tables as a whole."""
    outcomes: dict[str, int] = {}
    levels: dict[str, int] = {}
    for row in found.rows:
        outcomes[row.outcome] = outcomes.get(row.outcome, 0) + 1
        for level in {finding.level for finding in row.findings}:
            levels[level] = levels.get(level, 0) + 1
    kinds: dict[str, dict[str, int]] = {}
    for draft in found.drafts:
        about = kinds.setdefault(draft.kind, {"new": 0, "changed": 0})
        about["new" if draft.is_new else "changed"] += 1
    return {
        "rows": len(found.rows),
        "outcomes": outcomes,
        "levels": levels,
        "kinds": kinds,
        "drafts": len(found.drafts),
        "remarks": [f"{table.name}: {words}" for table in tables for words in table.remarks][:100],
    }
