"""Bringing a file in tests: from text to a checked run, and what its report says."""

import contextlib

from chokepoints.imports.mapping import ColumnPlan, TablePlan, load_plan
from reviews.models import ImportRun
from reviews.services.bringing import save_plan, upload_file


def columns(**targets) -> dict[str, ColumnPlan]:
    """Return plans of columns: a target each, or a whole plan."""
    return {
        column: plan if isinstance(plan, ColumnPlan) else ColumnPlan(plan) for column, plan in targets.items()
    }


def bring(
    actor, data, kind="", plan=None, *, name="", file_name="things.csv", mapping=None, fixed=None, **options
):
    """Upload a file and have it checked, with what is suggested or with `plan` (its table's columns)."""
    data = data.encode() if isinstance(data, str) else data
    run = upload_file(actor=actor, data=data, file_name=file_name, mapping=mapping, **options)
    assert run.state == "read", run.reason
    tables = load_plan(run.plan)
    if plan is not None:
        (table,) = tables
        rest = {column: ColumnPlan() for column in tables[table].columns if column not in plan}
        tables = {table: TablePlan(kind, rest | plan, fixed or {})}
    return save_plan(actor=actor, number=run.pk, plan=tables, name=name)


def outcomes(run: ImportRun) -> list[str]:
    """Return the outcome of each row, in order."""
    return [line.outcome for line in run.lines.all()]


def said(run: ImportRun, number: int, table: str = "") -> str:
    """Return everything that is said of a row, a line each as `level column: words`."""
    lines = run.lines.filter(number=number)
    line = lines.get(table=table) if table else lines.get()
    return "\n".join(f"{f['level']} {f['column']}: {f['words']}" for f in line.findings)


def changes(run: ImportRun) -> list[tuple[str, dict]]:
    """Return what a run would propose: label and fields."""
    return [(line.label, line.change["fields"]) for line in run.lines.filter(change__isnull=False)]


@contextlib.contextmanager
def nothing_changes():
    """Hold that neither the ledger nor proposals change."""
    from chokepoints.models import Changeset
    from reviews.models import Proposal

    before = Changeset.objects.count(), Proposal.objects.count()
    yield
    assert (Changeset.objects.count(), Proposal.objects.count()) == before
