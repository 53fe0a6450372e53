"""Filing: from an examined file to draft proposals of one batch, all or none; and handing all of them in.

Whoever brings a file, what it asks for becomes proposals, never published rows.
"""

from collections.abc import Callable, Iterable
from typing import Any

from django.db.models import Count
from django.utils import timezone

from chokepoints.history import states_at
from chokepoints.imports.grouping import FiledChange, Group, group_changes, titled
from chokepoints.models import Chokepoint, Evidence
from chokepoints.models.revision import CREATE, UPDATE
from chokepoints.records import KINDS
from chokepoints.selectors import names_of
from chokepoints.services.contributing import contributor_for
from chokepoints.services.locking import register_lock
from chokepoints.services.reading import in_parts
from chokepoints.services.recording import record_activity

from ..exceptions import ImportRefused, InvalidProposal, ReviewError
from ..models import ImportLine, ImportMapping, ImportRun, Proposal
from ..models.import_run import CHECKED, DRAFTED, DRAFTING
from .drafting import MOST_CHANGES, DraftChange, draft_proposal, submit_proposal

# Drafts of one import are written in one transaction, during which nobody else can decide anything.
MOST_PROPOSALS = 1_000
MOST_DRAFTED = 5_000  # changes


def batch_of(run: ImportRun) -> str:
    """Return the name that all proposals of an import share; its number makes it its own."""
    return f"import {run.pk}: {run.title or run.file_name}"[:100]


def filed_changes(run: ImportRun) -> list[FiledChange]:
    """Return the changes that a run's report holds, each with the state that it would make."""
    lines = list(ImportLine.objects.filter(run=run, change__isnull=False).order_by("position"))
    before: dict[tuple[str, int], Any] = {}
    for part in in_parts(line for line in lines if line.change["base"]):
        before |= states_at((str(line.record), line.change["base"]) for line in part)
    return [
        FiledChange(
            line.kind,
            str(line.record),
            line.label,
            line.change["base"],
            line.change["fields"],
            {**before.get((str(line.record), line.change["base"]), {}), **line.change["fields"]},
        )
        for line in lines
    ]


def groups_of(run: ImportRun, changes: list[FiledChange]) -> list[tuple[str, Group]]:
    """Return a run's changes as the proposals that they become, with titles. Raises ImportRefused."""
    if len(changes) > MOST_DRAFTED:
        words = f"The file asks for {len(changes):,} changes; one import makes at most {MOST_DRAFTED:,}. Bring it in parts."
        raise ImportRefused({"": words})
    name_of: Callable[[FiledChange], str] = {
        "record": lambda change: change.label,
        "together": lambda change: "",
        "sector": _sector_names(changes),
        "source": _source_names(changes),
    }[run.grouping]
    try:
        groups = group_changes(changes, name_of, most=MOST_CHANGES, one_each=run.grouping == "record")
    except ValueError as error:
        raise ImportRefused({"grouping": str(error)}) from error
    if len(groups) > MOST_PROPOSALS:
        words = f"That would be {len(groups):,} proposals; one import makes at most {MOST_PROPOSALS:,}. Choose larger groups."
        raise ImportRefused({"grouping": words})
    return titled(groups, run.title or run.file_name[:100])


def _sector_names(changes: Iterable[FiledChange]) -> Callable[[FiledChange], str]:
    """Return what names a change by the sector that its record is of; what has none goes by its kind."""
    changes = list(changes)
    new = {change.record: change.after.get("sector") for change in changes if change.kind == "chokepoint"}
    wanted = {chokepoint for change in changes for chokepoint in _chokepoints(change)} - set(new)
    sectors = dict(new)
    for part in in_parts(wanted):
        found = Chokepoint.objects.filter(pk__in=part).values_list("pk", "sector")
        sectors |= {str(pk): str(sector) for pk, sector in found}
    names = names_of({("sector", sector) for sector in sectors.values() if sector})

    def name(change: FiledChange) -> str:
        for chokepoint in _chokepoints(change):
            if label := names.get(("sector", sectors.get(chokepoint) or "")):
                return label[0]
        return KINDS[change.kind].plural

    return name


def _chokepoints(change: FiledChange) -> list[str]:
    if change.kind == "chokepoint":
        return [change.record]
    named = [
        change.after.get("chokepoint"),
        *(entry.get("chokepoint") for entry in change.after.get("bears_on") or ()),
    ]
    return [record for record in named if record]


def _source_names(changes: Iterable[FiledChange]) -> Callable[[FiledChange], str]:
    """Return what names a change by the source that it rests on; what rests on none goes by its kind."""
    changes = list(changes)
    cited = {record for change in changes for record in change.after.get("evidence") or ()}
    sources: dict[str, str] = {}
    for part in in_parts(cited):
        found = Evidence.objects.filter(pk__in=part).values_list("pk", "source")
        sources |= {str(pk): str(source) for pk, source in found}
    labels = {change.record: change.label for change in changes if change.kind == "source"}
    wanted = {*sources.values(), *(change.after.get("source") for change in changes)} - {None}
    names = names_of({("source", source) for source in wanted})

    def name(change: FiledChange) -> str:
        own = change.record if change.kind == "source" else change.after.get("source")
        own = own or next(
            (sources[one] for one in change.after.get("evidence") or () if one in sources), None
        )
        return labels.get(own or "") or names.get(("source", own or ""), (KINDS[change.kind].plural,))[0]

    return name


def draft_all(run: ImportRun, *, holds_lease: Callable[[], bool], beat: Callable[..., None]) -> bool:
    """Draft every proposal of a checked run in one transaction; return whether it was this call that did.

    `holds_lease` is asked inside the lock, so of two that run at once one drafts. Raises ImportRefused: then there is none.
    """
    groups = groups_of(run, filed_changes(run))
    if not groups:
        raise ImportRefused({"": "There is nothing to propose: the register has all of it already."})
    batch, actor = batch_of(run), run.owner
    with register_lock():
        held = ImportRun.objects.select_for_update().filter(pk=run.pk, state=CHECKED, job=DRAFTING).exists()
        if not (held and holds_lease()):
            return False
        numbers = []
        for title, group in groups:
            try:
                numbers.append(_draft(run, actor, batch, title, group).pk)
            except InvalidProposal as refusal:
                words = f"“{title[:120]}” can't be drafted: {refusal.message} So nothing was drafted."
                raise ImportRefused({"": words}) from refusal
        record_activity(
            "import.drafted", actor=contributor_for(actor), subject=f"import:{run.pk}", proposals=len(numbers)
        )
        _remember(run)
        ImportRun.objects.filter(pk=run.pk).update(
            state=DRAFTED, batch=batch, job="", lease_until=None, moved=timezone.now(), reason=""
        )
    return True


def _draft(run: ImportRun, actor: Any, batch: str, title: str, group: Group) -> Proposal:
    changes = [
        DraftChange(
            change.kind,
            change.record,
            UPDATE if change.base else CREATE,
            change.fields,
            base_revision=change.base,
        )
        for change in group.changes
    ]
    return draft_proposal(actor=actor, title=title, rationale=run.rationale, changes=changes, batch=batch)


def _remember(run: ImportRun) -> None:
    """Keep what this file had, so that the next one is held against it."""
    if run.mapping_id:
        ImportMapping.objects.filter(pk=run.mapping_id).update(
            plan=run.plan, profile=run.profile, saved=timezone.now()
        )


def drafts_of(run: ImportRun) -> Any:
    """Return the proposals of a run, with titles, as its owner sees them."""
    return (
        Proposal.objects.filter(batch=run.batch).named().order_by("number")
        if run.batch
        else Proposal.objects.none()
    )


def note_drafts_left(runs: Iterable[ImportRun]) -> None:
    """Note with each run, as `drafts_left`, how many of its proposals are still drafts."""
    runs = list(runs)
    drafts = Proposal.objects.filter(state="draft", batch__in=[run.batch for run in runs if run.batch])
    counts = dict(drafts.order_by().values_list("batch").annotate(Count("pk")))
    for run in runs:
        run.drafts_left = counts.get(run.batch, 0)


def submit_all(run: ImportRun, *, beat: Callable[..., None]) -> None:
    """Hand in every draft of a run. Each is decided by itself: what is refused stops no other, and is said on its page."""
    refusals: dict[str, str] = {}
    numbers = list(drafts_of(run).filter(state="draft").values_list("number", "version"))
    for done, (number, version) in enumerate(numbers):
        beat(done=done, total=len(numbers))
        try:
            submit_proposal(actor=run.owner, number=number, version=version)
        except ReviewError as refusal:
            if Proposal.objects.filter(
                pk=number, state="draft"
            ).exists():  # else somebody handed it in meanwhile
                refusals[str(number)] = refusal.message[:2_000]
    ImportRun.objects.filter(pk=run.pk).update(refusals=refusals)
