"""Carrying out what is owed to imports: reading, checking, drafting, submitting; by a worker, or at once where it is little.

The row decides. Whoever takes the lease with one conditional update works; nobody else does. So a task may run twice, late,
or be killed anywhere: there is one report, and one batch of drafts or none.
"""

import datetime as dt
import logging
from typing import Any

from django.conf import settings
from django.db import DatabaseError, transaction
from django.utils import timezone

from chokepoints.imports.mapping import ColumnPlan, Plan, dump_plan, load_plan, suggest_plan
from chokepoints.imports.meaning import alarms, aligned, open_alarms, profile_of, with_choices
from chokepoints.imports.tables import FileRefused, Table
from chokepoints.services.handing_out import hand_out, hand_out_soon
from chokepoints.services.leasing import Lease, LeaseLost

from ..exceptions import ReviewError
from ..models import ImportLine, ImportRun
from ..models.import_run import (
    CHECKED,
    CHECKING,
    DRAFTED,
    DRAFTING,
    FAILED,
    READ,
    READING,
    SUBMITTING,
    UPLOADED,
)
from . import storing
from .examining import counts_of, examine, lines_of
from .filing import draft_all, submit_all

log = logging.getLogger(__name__)

TASK = "reviews.tasks.run_import"
TRIES = 3  # attempts that may be lost before a job counts as failed
PATIENCE = dt.timedelta(minutes=2)  # how long a message may take before another is sent
SAMPLES = 3  # cells of each column that the page of the mapping shows


class RunLease(Lease):
    """The right to do one attempt of what is owed to a run."""

    def __init__(self, number: int, attempt: int, job: str):
        self.attempt, self.job = attempt, job
        row = ImportRun.objects.filter(pk=number, attempt=attempt, job=job, lease_until__isnull=False)
        super().__init__(row.all, settings.IMPORT_LEASE_SECONDS)

    def finish(self, **fields: Any) -> None:
        """Say that it is done, with what came of it. Raises LeaseLost."""
        self.write(job="", lease_until=None, moved=timezone.now(), **fields)


def owe(run: ImportRun, job: str, **fields: Any) -> None:
    """Write down that something is owed to a run. Part of the transaction that decides it; carry_out() follows."""
    ImportRun.objects.filter(pk=run.pk).update(
        job=job,
        tries_left=TRIES,
        lease_until=None,
        handed_out=None,
        done=0,
        total=run.rows,
        reason="",
        **fields,
    )


def carry_out(run: ImportRun, *, little: bool) -> None:
    """See to it that what is owed is done: at once where it is little, else by a worker. Whoever asks doesn't wait for the
    broker; the sweep finds what was missed."""
    if little:
        run_import(run.pk)
        return
    ImportRun.objects.filter(pk=run.pk).update(handed_out=timezone.now())
    hand_out_soon(TASK, run.pk)


def is_little(run: ImportRun) -> bool:
    """Tell whether a run's file is so small that its owner can wait for what is done with it."""
    return 0 < run.rows <= settings.IMPORT_AT_ONCE_ROWS


def run_import(number: int) -> None:
    """Do what is owed to a run, if nobody else does. Safe to run twice at once, and to be killed anywhere."""
    lease = _take_lease(number)
    if lease is None:
        return
    run = ImportRun.objects.select_related("mapping", "owner").get(pk=number)
    try:
        JOBS[lease.job](run, lease)
    except LeaseLost:
        log.info("%s isn't attempt %s's any more.", run, lease.attempt)
    except (FileRefused, ReviewError) as refusal:
        _fail(run, lease, str(refusal))
    except DatabaseError:
        raise  # the lease runs out, and the sweep returns it
    except Exception:
        log.exception("%s failed.", run)
        _fail(run, lease, "Something broke on our side; the log says what. Nothing was changed.")


def _take_lease(number: int) -> RunLease | None:
    """Take the lease of what is owed, or return None. One conditional update: of two that come at once one gets it."""
    row = ImportRun.objects.owed().filter(pk=number, lease_until__isnull=True)
    found = row.values_list("attempt", "job", "tries_left").first()
    if found is None:
        return None
    attempt, job, tries_left = found
    taken = row.filter(attempt=attempt, job=job).update(
        attempt=attempt + 1,
        tries_left=max(0, tries_left - 1),
        lease_until=timezone.now() + dt.timedelta(seconds=settings.IMPORT_LEASE_SECONDS),
    )
    return RunLease(number, attempt + 1, job) if taken else None


def _fail(run: ImportRun, lease: Lease, reason: str) -> None:
    """Say why it didn't work. A file that can't be read ends there; what came later goes back to where it was."""
    state = {"state": FAILED} if run.state == UPLOADED else {}
    lease.held().update(job="", lease_until=None, reason=reason, moved=timezone.now(), **state)


# --- what can be owed


def _read(run: ImportRun, lease: RunLease) -> None:
    tables = storing.read_tables(run)
    lease.finish(
        state=READ,
        tables=[_described(table) for table in tables],
        rows=sum(len(table.lines) for table in tables),
        plan=run.plan or dump_plan(_suggested(run, tables)),
    )


def _described(table: Table) -> dict[str, Any]:
    samples = {}
    for column in table.columns:
        said = dict.fromkeys((cell or "").strip()[:80] for cell in table.column(column))
        samples[column] = [cell for cell in said if cell][:SAMPLES]
    return {"name": table.name, "rows": len(table.lines), "columns": table.columns, "samples": samples}


def _suggested(run: ImportRun, tables: list[Table]) -> Plan:
    """Return the remembered plan where there is one, else what the columns seem to mean.

    A column that the remembered plan doesn't know has no meaning until somebody gives it one.
    """
    suggested = suggest_plan(tables)
    remembered = load_plan(aligned(run.mapping.plan, tables)) if run.mapping else {}
    for name, table in suggested.items():
        old = remembered.get(name)
        if old and old.kind:
            for column in table.columns:
                table.columns[column] = old.columns.get(column, ColumnPlan())
            table.kind, table.fixed, table.restores = old.kind, old.fixed, old.restores
    return suggested


def _check(run: ImportRun, lease: RunLease) -> None:
    tables, plan = storing.tables_of(run), load_plan(run.plan)
    chosen = {choice["key"]: choice["choice"] for choice in run.choices}
    found = alarms(aligned(run.mapping.profile, tables) if run.mapping else {}, tables, plan)
    waiting = open_alarms(found, chosen)
    kept = [vars(alarm) | {"open": alarm in waiting} for alarm in found]
    profile = profile_of(tables, plan)
    if waiting:
        with transaction.atomic():
            lease.finish(alarms=kept, profile=profile, counts={}, questions=[])
            ImportLine.objects.filter(run=run).delete()
        return
    gathered = examine(run, tables, with_choices(plan, found, chosen), lease.beat)
    lines = lines_of(run, gathered)
    questions = [
        {
            "key": each.key,
            "kind": each.kind,
            "text": each.text,
            "why": each.why,
            "may_be_new": each.may_be_new,
            "candidates": [vars(candidate) for candidate in each.candidates],
            "rows": each.rows,
        }
        for each in gathered.questions.values()
    ]
    with transaction.atomic():
        lease.finish(
            state=CHECKED,
            alarms=kept,
            profile=profile,
            questions=questions,
            counts=counts_of(gathered, tables),
        )
        ImportLine.objects.filter(run=run).delete()
        ImportLine.objects.bulk_create(lines, batch_size=200)


def _draft(run: ImportRun, lease: RunLease) -> None:
    draft_all(run, holds_lease=lambda: lease.held().exists(), beat=lease.beat)


def _submit(run: ImportRun, lease: RunLease) -> None:
    submit_all(run, beat=lease.beat)
    lease.finish(state=DRAFTED)


JOBS = {READING: _read, CHECKING: _check, DRAFTING: _draft, SUBMITTING: _submit}


# --- the sweep


def sweep_imports(*, now: dt.datetime) -> None:
    """Take back what lost workers held, hand out what is overdue, and let old files go."""
    lost = ImportRun.objects.abandoned(now)
    given_up = "Its worker was lost several times. Start it again, or bring the file in parts."
    lost.filter(tries_left=0, state=UPLOADED).update(job="", lease_until=None, state=FAILED, reason=given_up)
    lost.filter(tries_left=0).update(job="", lease_until=None, reason=given_up)
    lost.update(lease_until=None, handed_out=None)
    for run in ImportRun.objects.to_hand_out(now, PATIENCE).order_by("pk")[:100]:
        if hand_out(TASK, run.pk):
            ImportRun.objects.filter(pk=run.pk).update(handed_out=timezone.now())
    _let_go(now)


def _let_go(now: dt.datetime) -> None:
    """Files and reports are kept for a while only; what became proposals stays, as proposals and as a row that says so."""
    before = now - dt.timedelta(days=settings.IMPORT_KEEP_DAYS)
    old = ImportRun.objects.filter(moved__lt=before, job="")
    for run in old.exclude(stored_as="")[:100]:
        storing.discard(run.stored_as)
        ImportLine.objects.filter(run=run).delete()
        ImportRun.objects.filter(pk=run.pk).update(stored_as="", questions=[], alarms=[])
    old.exclude(state=DRAFTED).filter(stored_as="").delete()
    known = set(ImportRun.objects.exclude(stored_as="").values_list("stored_as", flat=True))
    storing.discard_litter(known, now - dt.timedelta(days=1))
