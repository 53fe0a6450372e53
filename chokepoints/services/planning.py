"""Planning: what the register would hold after some changes, or every reason why it can't.

A plan lays the changed records over the published ones and checks the whole: each field, each record's own rules, and
what needs other records (references, keys, cycles, what is still referred to). Proposals are checked with it when they
are written; publishing makes the plan again inside the lock, and only that one counts.
"""

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .. import projection
from ..canonical import same_json
from ..exceptions import FIELD, KEY, REFERENCE, RULE, ChangesRefused, Problem
from ..fields import FieldError
from ..models import Assessment, RecordKey
from ..models.revision import CREATE, OPERATIONS, RESTORE, RETIRE, UPDATE
from ..records import KINDS, Kind, State


@dataclass(frozen=True)
class RecordChange:
    """One operation on one record.

    `fields` maps field names to new values (None clears one); retire and restore take none. `cites` maps field names to
    ids of the evidence that speaks for the new value ("" for the change as a whole).
    """

    kind: str
    record: str
    operation: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    cites: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass
class PlannedChange:
    """A change with the record's state before (empty for a new one) and after."""

    change: RecordChange
    kind: Kind
    before: State
    after: State


class Plan:
    """The published register with some changes laid over it. `changes` holds them with their states."""

    def __init__(self) -> None:
        self.changes: list[PlannedChange] = []
        self._after: dict[tuple[str, str], State] = {}
        self._published: dict[tuple[str, str], State | None] = {}

    def add(self, planned: PlannedChange) -> None:
        """Lay one more change over the register."""
        self.changes.append(planned)
        self._after[planned.kind.name, planned.change.record] = planned.after

    def touches(self, kind: str, record: str) -> bool:
        """Tell whether a change of this plan is about a record."""
        return (kind, record) in self._after

    def before(self, kind: str, record: str) -> State | None:
        """Return a record's published state, or None if there is no such record."""
        if (kind, record) not in self._published:
            self._published[kind, record] = projection.read_state(KINDS[kind], record)
        return self._published[kind, record]

    def preload(self, kind: str, records: Iterable[str]) -> None:
        """Read the published states of many records with few queries."""
        wanted = [record for record in records if (kind, record) not in self._published]
        if not wanted:
            return
        rows = projection.model_of(KINDS[kind]).objects.filter(pk__in=wanted)
        states = projection.read_states(KINDS[kind], rows)
        self._published |= {(kind, record): states.get(record) for record in wanted}

    def after(self, kind: str, record: str) -> State | None:
        """Return a record's state with the changes laid over it, or None if there is no such record."""
        if (kind, record) in self._after:
            return self._after[kind, record]
        return self.before(kind, record)


def plan_changes(changes: Sequence[RecordChange]) -> Plan:
    """Return the plan of some changes. Raises ChangesRefused with every problem found."""
    problems: list[Problem] = []
    if not changes:
        raise ChangesRefused([Problem(RULE, 0, "", "There is nothing to publish: no record is changed.")])
    plan = Plan()
    _preload(plan, changes)
    for position, change in enumerate(changes):
        problems += _add_change(plan, position, change)
    if problems:  # what follows needs whole states
        raise ChangesRefused(problems)
    for position, planned in enumerate(plan.changes):
        problems += _check_record(plan, position, planned)
    problems += _check_keys(plan)
    if problems:
        raise ChangesRefused(problems)
    return plan


def _preload(plan: Plan, changes: Sequence[RecordChange]) -> None:
    by_kind: dict[str, set[str]] = {}
    for change in changes:
        if change.kind in KINDS and _is_uuid(change.record):
            by_kind.setdefault(change.kind, set()).add(change.record)
    for kind, records in by_kind.items():
        plan.preload(kind, records)


def _is_uuid(text: Any) -> bool:
    try:
        return str(uuid.UUID(text)) == text
    except (ValueError, TypeError, AttributeError):
        return False


def _add_change(plan: Plan, position: int, change: RecordChange) -> Iterator[Problem]:
    """Add one change to the plan, yielding what is wrong with the change by itself."""

    def problem(sort: str, message: str, field_name: str = "") -> Problem:
        return Problem(sort, position, field_name, message)

    kind = KINDS.get(change.kind)
    if kind is None:
        yield problem(FIELD, f"There is no kind of record named “{str(change.kind)[:60]}”.")
        return
    if not _is_uuid(change.record):
        yield problem(REFERENCE, "This isn't the id of a record.")
        return
    if change.operation not in OPERATIONS:
        yield problem(
            FIELD, f"A record is created, updated, retired or restored, not “{str(change.operation)[:60]}”."
        )
        return
    if plan.touches(kind.name, change.record):
        yield problem(RULE, "The same record is changed twice. Put both into one change.")
        return
    before = plan.before(kind.name, change.record)
    if change.operation == CREATE and before is not None:
        yield problem(KEY, "This record exists already.")
        return
    if change.operation != CREATE and before is None:
        yield problem(REFERENCE, f"There is no such {kind.name}.")
        return
    before = before or {}
    if change.operation in {RETIRE, RESTORE}:
        yield from _switch(plan, position, change, kind, before)
        return
    if before.get("retired"):
        yield problem(REFERENCE, f"This {kind.name} is retired. Restore it first.")
        return
    after, wrong = _apply_fields(kind, change, before)
    yield from (problem(FIELD, message, name) for name, message in wrong)
    if not wrong and change.operation == UPDATE and same_json(before, after):
        yield problem(RULE, f"This changes nothing: the {kind.name} already says so.")
        return
    plan.add(PlannedChange(change, kind, before, after))


def _switch(plan: Plan, position: int, change: RecordChange, kind: Kind, before: State) -> Iterator[Problem]:
    """Add a retirement or restoration to the plan."""
    retire = change.operation == RETIRE
    if change.fields:
        yield Problem(
            FIELD,
            position,
            "",
            "Retiring or restoring a record changes no other field; use a second proposal.",
        )
    elif bool(before.get("retired")) == retire:
        yield Problem(RULE, position, "", f"This {kind.name} is {'already' if retire else 'not'} retired.")
    else:
        after = {name: value for name, value in before.items() if name != "retired"}
        plan.add(PlannedChange(change, kind, before, after | {"retired": True} if retire else after))


def _apply_fields(kind: Kind, change: RecordChange, before: State) -> tuple[State, list[tuple[str, str]]]:
    """Return the state after a create or update, and what is wrong with single values."""
    after, wrong = dict(before), []
    for name, value in change.fields.items():
        if name not in kind.editable:
            wrong.append(
                (str(name)[:60], f"A {kind.name} has no field “{str(name)[:60]}” that can be proposed.")
            )
            continue
        try:
            clean = kind.fields[name].clean(value)
        except FieldError as error:
            wrong.append((name, str(error)))
            continue
        if (
            change.operation == UPDATE
            and not kind.may_change(name)
            and not same_json(clean, before.get(name))
        ):
            wrong.append(
                (
                    name,
                    f"Once published this field of an {kind.name} can't change: a new judgement is a new {kind.name}.",
                )
            )
        after.pop(name, None)
        if clean is not None:
            after[name] = clean
    return after, wrong


def _check_record(plan: Plan, position: int, planned: PlannedChange) -> Iterator[Problem]:
    """Yield what is wrong with one planned record among the others."""
    kind, after = planned.kind, planned.after
    record = planned.change.record
    if after.get("retired"):
        yield from _check_retirement(plan, position, planned)
        return
    yield from (Problem(RULE, position, name, message) for name, message in kind.problems(after))
    targets = list(kind.references(after))
    for target_kind in {target_kind for _, target_kind, _ in targets}:
        plan.preload(target_kind, {target for _, other, target in targets if other == target_kind})
    for reference, target_kind, target in targets:
        state = plan.after(target_kind, target)
        if state is None:
            yield Problem(
                REFERENCE, position, reference.name, f"There is no {target_kind} with the id {target}."
            )
        elif state.get("retired"):
            yield Problem(
                REFERENCE,
                position,
                reference.name,
                f"The {target_kind} “{_name(target_kind, state)}” is retired.",
            )
        if getattr(reference, "acyclic", False) and _leads_back(plan, kind, reference, record, target):
            yield Problem(
                RULE,
                position,
                reference.name,
                f"{reference.label}: following it from here leads back to this {kind.name}.",
            )
    for name, evidence in planned.change.cites.items():
        if name and name not in kind.fields:
            yield Problem(
                FIELD,
                position,
                name,
                f"Evidence is cited for “{name[:60]}”, which is no field of a {kind.name}.",
            )
        yield from _check_cited(plan, position, name, evidence)
    if kind.name == "assessment" and planned.change.operation in {CREATE, RESTORE}:
        yield from _check_reduction(plan, position, planned)


def _check_cited(plan: Plan, position: int, name: str, evidence: Iterable[str]) -> Iterator[Problem]:
    for target in evidence:
        state = plan.after("evidence", target) if _is_uuid(target) else None
        if state is None:
            yield Problem(
                REFERENCE, position, name, f"There is no evidence with the id {str(target)[:60]} to cite."
            )
        elif state.get("retired"):
            yield Problem(
                REFERENCE, position, name, f"The cited evidence “{_name('evidence', state)}” is retired."
            )


def _check_retirement(plan: Plan, position: int, planned: PlannedChange) -> Iterator[Problem]:
    """Refuse to retire what is still referred to, unless the same changes deal with it."""
    kind, record = planned.kind, planned.change.record
    for other, reference, referrer in projection.referrers(kind.name, record):
        if plan.touches(other.name, referrer):
            continue  # judged by its own state after the changes: there a retired target is refused
        state = plan.before(other.name, referrer) or {}
        yield Problem(
            REFERENCE,
            position,
            "",
            f"The {other.name} “{_name(other.name, state)}” still refers to it ({reference.label}). "
            "Deal with that in the same proposal.",
        )
    for name, evidence in planned.change.cites.items():
        yield from _check_cited(plan, position, name, evidence)


def _leads_back(plan: Plan, kind: Kind, reference: Any, start: str, first: str) -> bool:
    """Tell whether following `reference` from `first` reaches `start`."""
    seen, queue = set(), [first]
    while queue:
        record = queue.pop()
        if record == start:
            return True
        if record not in seen:
            seen.add(record)
            state = plan.after(kind.name, record) or {}
            queue += [target for _, target in reference.references(state.get(reference.name))]
    return False


def _check_reduction(plan: Plan, position: int, planned: PlannedChange) -> Iterator[Problem]:
    """A reduction is one since an earlier assessment, so a first assessment can't be `reduced`."""
    state = planned.after
    if state.get("status") != "reduced" or "chokepoint" not in state or "as_of" not in state:
        return
    as_of = planned.kind.fields["as_of"].to_columns(state["as_of"])["as_of"]
    standing = Assessment.objects.filter(
        chokepoint=state["chokepoint"], retired=False, as_of__lt=as_of
    ).exclude(rank="deprecated")
    untouched = any(not plan.touches("assessment", str(pk)) for pk in standing.values_list("pk", flat=True))
    planned_earlier = any(
        other.kind.name == "assessment"
        and other.after.get("chokepoint") == state["chokepoint"]
        and not other.after.get("retired")
        and other.after.get("rank") != "deprecated"
        and other.kind.fields["as_of"].to_columns(other.after.get("as_of"))["as_of"] < as_of
        for other in plan.changes
        if other is not planned and other.after.get("as_of")
    )
    if not untouched and not planned_earlier:
        yield Problem(
            RULE,
            position,
            "status",
            "“Reduced” means reduced since an earlier assessment, and this chokepoint has no earlier one that counts.",
        )


def _check_keys(plan: Plan) -> Iterator[Problem]:
    """A key is given once for ever: not to two records here, not to one if another has or had it."""
    given: dict[tuple[str, str], str] = {}
    for position, planned in enumerate(plan.changes):
        key = planned.after.get("key")
        if not planned.kind.has_key or key is None or key == planned.before.get("key"):
            continue
        owner = given.setdefault((planned.kind.name, key), planned.change.record)
        taken = (
            RecordKey.objects.filter(kind=planned.kind.name, key=key)
            .exclude(record=planned.change.record)
            .exists()
        )
        if owner != planned.change.record or taken:
            yield Problem(
                KEY,
                position,
                "key",
                f"The key “{key}” is or was another {planned.kind.name}'s, and keys are never given again.",
            )


def _name(kind: str, state: State) -> str:
    title = KINDS[kind].title
    return str(state.get(title) or state.get("status") or state.get("role") or "without a name")[:90]
