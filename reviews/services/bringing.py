"""Bringing data: from an uploaded file to draft proposals. Every use case of an import, for its owner alone.

(The data set that comes with the program is loaded: loading.py.)

upload_file → save_plan → (choose_meanings) → (answer_questions) → ask_for_drafts → ask_for_submission

Every function takes `actor`, an editor, and raises NotAllowed, NotFound or ImportRefused; then nothing has changed.
"""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from chokepoints.fields import FieldError, check_name, check_text, check_uuid
from chokepoints.imports.csv_file import DELIMITERS, ENCODINGS
from chokepoints.imports.mapping import Plan, dump_plan, load_plan
from chokepoints.imports.meaning import Alarm, renamed
from chokepoints.imports.vetting import plan_problems
from chokepoints.models import RecordKey
from chokepoints.projection import model_of
from chokepoints.records import KINDS

from ..exceptions import ImportRefused, InvalidProposal, NotAllowed, NotFound, WrongState
from ..models import ImportLine, ImportMapping, ImportRun
from ..models.import_run import (
    CHECKED,
    CHECKING,
    DRAFTED,
    DRAFTING,
    FAILED,
    GROUPINGS,
    MAPPED,
    READ,
    READING,
    SUBMITTING,
    UPLOADED,
)
from . import storing
from .carrying import carry_out, is_little, owe
from .filing import drafts_of, filed_changes, groups_of
from .roles import is_editor
from .writing import clean_words

UNDER_WAY = 10  # imports of one person that aren't drafted
SMALL_FILE = 200_000  # bytes: read while its owner waits


def _check_editor(actor: Any) -> None:
    if not is_editor(actor):
        raise NotAllowed("Only members of the group Editors bring data. An admin can add you.")


def run_of(actor: Any, number: int) -> ImportRun:
    """Return an import of the actor's. Raises NotFound for one that isn't there or is somebody else's."""
    run = ImportRun.objects.visible_to(actor).select_related("mapping").filter(pk=number).first()
    if run is None:
        raise NotFound(f"There is no import {str(number)[:20]}.")
    return run


def _locked(actor: Any, number: int, *states: str) -> ImportRun:
    """Return an import locked until the transaction ends, in one of some states and with nothing owed to it."""
    run = ImportRun.objects.visible_to(actor).select_for_update().filter(pk=number).first()
    if run is None:
        raise NotFound(f"There is no import {str(number)[:20]}.")
    if run.job:
        raise WrongState(f"{run.get_job_display()} Wait until that is done.")
    if run.state not in states:
        raise WrongState(f"This can't be done with an import that is {run.get_state_display()}.")
    return run


def upload_file(
    *,
    actor: Any,
    data: bytes,
    file_name: str,
    encoding: str = "utf-8",
    delimiter: str = "",
    mapping: ImportMapping | None = None,
) -> ImportRun:
    """Keep a file and have it read. A small one is read before this returns; `mapping` is one that was remembered."""
    _check_editor(actor)
    problems = _reading_problems(actor, encoding, delimiter)
    limit = storing.limits().packed
    if len(data) > limit:
        problems["file"] = f"The file has {len(data):,} bytes; at most {limit:,} fit. Bring it in parts."
    if not data.strip():
        problems["file"] = "The file is empty."
    if mapping and mapping.owner_id != actor.pk:
        problems["mapping"] = "There is no such mapping of yours."
    if problems:
        raise ImportRefused(problems)
    stored_as, digest = storing.store(data)
    with transaction.atomic():
        run = ImportRun.objects.create(
            owner=actor,
            file_name=_file_name(file_name),
            size=len(data),
            sha256=digest,
            stored_as=stored_as,
            encoding=encoding,
            delimiter=delimiter,
            mapping=mapping,
        )
        owe(run, READING)
    carry_out(run, little=len(data) <= SMALL_FILE)
    return run_of(actor, run.pk)


def _reading_problems(actor: Any, encoding: str, delimiter: str) -> dict[str, str]:
    """Return why a file can't be read so, or not now."""
    problems = {}
    if encoding not in ENCODINGS:
        problems["encoding"] = "Choose one of the encodings."
    if delimiter not in {"", *DELIMITERS}:
        problems["delimiter"] = "Choose comma, semicolon or tab."
    if ImportRun.objects.visible_to(actor).exclude(state__in=[DRAFTED, FAILED]).count() >= UNDER_WAY:
        problems[""] = f"{UNDER_WAY} imports of yours aren't drafted yet. Finish or throw away one of them."
    return problems


def read_again(*, actor: Any, number: int, encoding: str, delimiter: str) -> ImportRun:
    """Have a file read in another way, one that failed or whose columns have no meaning yet: nobody has to upload it again."""
    _check_editor(actor)
    with transaction.atomic():
        run = _locked(actor, number, FAILED, READ)
        problems = _reading_problems(actor, encoding, delimiter)
        if run.state == READ:
            problems.pop("", None)  # it is one of them
        if problems:
            raise ImportRefused(problems)
        ImportRun.objects.filter(pk=run.pk).update(
            encoding=encoding, delimiter=delimiter, state=UPLOADED, tables=[], plan={}, rows=0
        )
        run.rows = 0
        owe(run, READING)
    carry_out(run, little=run.size <= SMALL_FILE)
    return run_of(actor, number)


def _file_name(name: str) -> str:
    """Return a file's name as it can be shown; it names nothing on our disk."""
    try:
        return check_name(name.replace("\\", "/").rpartition("/")[2], limit=200) or "a file"
    except FieldError:
        return "a file"


def save_plan(*, actor: Any, number: int, plan: Plan, name: str = "") -> ImportRun:
    """Say what the columns mean, remember it under a name if there is one, and have the rows checked."""
    _check_editor(actor)
    with transaction.atomic():
        run = _locked(actor, number, READ, MAPPED, CHECKED)
        problems = plan_problems(plan, [table["name"] for table in run.tables])
        try:
            name = check_name(name, limit=100)
        except FieldError as error:
            problems["name"] = str(error)
        if problems:
            raise ImportRefused(problems)
        mapping = run.mapping
        if name and (mapping is None or mapping.name != name):
            # Under another name it is held against the same file as before: a new name is no way around the guard.
            kept_so_far = {"plan": mapping.plan, "profile": mapping.profile} if mapping else {}
            mapping, _ = ImportMapping.objects.get_or_create(owner=actor, name=name, defaults=kept_so_far)
        kept = dump_plan(plan)
        if mapping and not mapping.profile:
            ImportMapping.objects.filter(pk=mapping.pk).update(plan=kept, saved=timezone.now())
        ImportRun.objects.filter(pk=run.pk).update(mapping=mapping, plan=kept, state=MAPPED)
        owe(run, CHECKING)
    carry_out(run, little=is_little(run))
    return run_of(actor, number)


def choose_meanings(*, actor: Any, number: int, choices: Mapping[str, str]) -> ImportRun:
    """Go on although something doesn't mean what it meant: one deliberate choice for each alarm, kept with who and when."""
    _check_editor(actor)
    with transaction.atomic():
        run = _locked(actor, number, MAPPED, CHECKED)
        found = [Alarm(**_alarm_fields(kept)) for kept in run.alarms]
        missing = {
            alarm.key: "Choose what this means now."
            for alarm in found
            if choices.get(alarm.key) not in {choice for choice, _ in alarm.choices}
        }
        if missing or not found:
            raise ImportRefused(missing or {"": "Nothing has changed its meaning."})
        now = timezone.now().isoformat(timespec="seconds")
        kept = [
            {
                "key": alarm.key,
                "choice": choices[alarm.key],
                "words": alarm.words,
                "chosen": dict(alarm.choices)[choices[alarm.key]],
                "by": actor.get_username(),
                "at": now,
            }
            for alarm in found
        ]
        others = [one for one in run.choices if one["key"] not in {alarm.key for alarm in found}]
        remembered = run.mapping.plan if run.mapping else {}
        if len(remembered) == len(run.tables) == 1:  # the table of a CSV file has the file's name
            remembered = {run.tables[0]["name"]: next(iter(remembered.values()))}
        before = load_plan(remembered)
        plan = renamed(load_plan(run.plan), found, choices, before)
        ImportRun.objects.filter(pk=run.pk).update(
            choices=[*others, *kept], plan=dump_plan(plan), state=MAPPED
        )
        owe(run, CHECKING)
    carry_out(run, little=is_little(run))
    return run_of(actor, number)


def _alarm_fields(kept: Mapping[str, Any]) -> dict[str, Any]:
    fields = {name: value for name, value in kept.items() if name != "open"}
    fields["choices"] = tuple(tuple(pair) for pair in fields["choices"])
    return fields | {name: tuple(fields[name]) for name in ("examples", "new_words")}


def answer_questions(*, actor: Any, number: int, answers: Mapping[str, str]) -> ImportRun:
    """Say which records are meant; what isn't answered waits, and its rows with it. The rows are checked again."""
    _check_editor(actor)
    with transaction.atomic():
        run = _locked(actor, number, CHECKED)
        asked = {question["key"]: question for question in run.questions}
        problems = {}
        for key, answer in answers.items():
            question = asked.get(key)
            if question is None:
                problems[""] = "One of the questions isn't asked any more. Look at them again."
                continue
            allowed = {candidate["record"] for candidate in question["candidates"]} | {"skip"}
            allowed |= {"new"} if question["may_be_new"] else set()
            if answer not in allowed and not _is_record(question["kind"], answer):
                problems[key] = f"There is no {question['kind']} with this key or id."
        if problems or not answers:
            raise ImportRefused(problems or {"": "Answer at least one question."})
        given = {key: _as_record(asked[key]["kind"], answer) for key, answer in answers.items()}
        ImportRun.objects.filter(pk=run.pk).update(answers={**run.answers, **given}, state=MAPPED)
        owe(run, CHECKING)
    carry_out(run, little=is_little(run))
    return run_of(actor, number)


def _as_record(kind: str, answer: str) -> str:
    """Return the id for what somebody typed for another record; other answers as they are."""
    if answer in {"new", "skip"}:
        return answer
    found = RecordKey.objects.filter(kind=kind, key=answer).values_list("record", flat=True).first()
    return str(found) if found else answer


def _is_record(kind: str, answer: str) -> bool:
    try:
        check_text(answer, lines=False, limit=200)  # before any database sees it
        return model_of(KINDS[kind]).objects.filter(pk=check_uuid(_as_record(kind, answer))).exists()
    except FieldError:
        return False


def ask_for_drafts(*, actor: Any, number: int, title: str, rationale: str, grouping: str) -> ImportRun:
    """Have draft proposals written for everything that can be taken: all of them, or none."""
    _check_editor(actor)
    problems: dict[str, str] = {}
    try:
        title = check_name(title, limit=120)
        if not title:
            problems["title"] = "Give the import a title; the titles of its proposals begin with it."
    except FieldError as error:
        problems["title"] = str(error)
    try:
        rationale = clean_words(
            rationale, "rationale", required="Say where the data are from, and why they belong here."
        )
    except InvalidProposal as refusal:
        problems["rationale"] = refusal.message
    if grouping not in GROUPINGS:
        problems["grouping"] = "Choose how the changes are grouped."
    if problems:
        raise ImportRefused(problems)
    _check_size(run_of(actor, number), title, grouping)
    with transaction.atomic():
        run = _locked(actor, number, CHECKED)
        run.title, run.rationale, run.grouping = title, rationale, grouping
        if not ImportLine.objects.filter(run=run, change__isnull=False).exists():
            raise ImportRefused({"": "There is nothing to propose: the register has all of it already."})
        owe(run, DRAFTING, title=title, rationale=rationale, grouping=grouping)
    carry_out(run, little=is_little(run))
    return run_of(actor, number)


def _check_size(run: ImportRun, title: str, grouping: str) -> None:
    """Raise ImportRefused where one import would make too much: at once, rather than when a worker comes to it."""
    if run.state == CHECKED and not run.job:
        run.title, run.grouping = title, grouping
        groups_of(run, filed_changes(run))


def ask_for_submission(*, actor: Any, number: int) -> ImportRun:
    """Hand in all drafts of an import in one act."""
    _check_editor(actor)
    with transaction.atomic():
        run = _locked(actor, number, DRAFTED)
        waiting = drafts_of(run).filter(state="draft").count()
        if not waiting:
            raise ImportRefused({"": "None of its proposals is a draft any more."})
        owe(run, SUBMITTING)
    carry_out(run, little=waiting <= settings.IMPORT_AT_ONCE_ROWS // 10)
    return run_of(actor, number)


def forget_run(*, actor: Any, number: int) -> None:
    """Throw an import away with its file. Proposals that came of it stay. Raises NotFound, and ImportRefused while they are
    being handed in: that goes one by one, and would end in the middle without a word."""
    with transaction.atomic():
        run = ImportRun.objects.visible_to(actor).select_for_update().filter(pk=number).first()
        if run is None:
            raise NotFound(f"There is no import {str(number)[:20]}.")
        if run.job == SUBMITTING:
            raise ImportRefused({"": "Its drafts are being handed in. Wait a moment, then throw it away."})
        stored_as = run.stored_as
        run.delete()
    storing.discard(stored_as)


def forget_mapping(*, actor: Any, number: int) -> None:
    """Forget a mapping; imports that used it stay. Raises NotFound for one that isn't the actor's."""
    if not ImportMapping.objects.filter(owner=actor, pk=number).delete()[0]:
        raise NotFound("There is no such mapping of yours.")


def proposals_ahead(run: ImportRun) -> tuple[int, str]:
    """Return how many proposals a checked run would become with its grouping, and why it couldn't, if so."""
    try:
        return len(groups_of(run, filed_changes(run))), ""
    except ImportRefused as refusal:
        return 0, refusal.message
