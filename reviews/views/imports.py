"""Bringing a file, step by step: upload, what its columns mean, what changed its meaning, questions, report, drafts.

Each page shows where the import is and what is next; without JavaScript a page of something under way is looked at again.
"""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views import View

from chokepoints.comparison import FieldComparison, compare
from chokepoints.exports.formulas import neutralise
from chokepoints.history import states_at
from chokepoints.imports.matching import Candidate
from chokepoints.imports.outcomes import LEVELS, OUTCOMES
from chokepoints.records import KINDS
from chokepoints.selectors import names_of, references_in

from ..exceptions import ImportRefused, NotFound, ReviewError
from ..forms.imports import (
    FilingForm,
    MappingForm,
    ReadingForm,
    UploadForm,
    read_answers,
    read_choices,
)
from ..models import ImportLine, ImportMapping, ImportRun
from ..models.import_run import CHECKED, DRAFTED, FAILED, MAPPED, READ
from ..services import bringing, storing
from ..services.filing import drafts_of, note_drafts_left
from .answering import UNPROCESSABLE, EditorRequired
from .paging import page_links

SHOWN = 50  # of rows, runs and drafts on one page
QUESTIONS_SHOWN = 200  # on one page; the rest come when these are answered


@dataclass(frozen=True)
class Step:
    """One step of an import: its page, and whether it is done, next, or not to be reached yet."""

    name: str
    label: str
    is_here: bool
    is_open: bool


class ImportList(EditorRequired, View):
    """Somebody's imports, the latest first, and the mappings that they keep."""

    def get(self, request: HttpRequest) -> HttpResponse:
        runs = Paginator(ImportRun.objects.visible_to(request.user), SHOWN)
        page = runs.get_page(request.GET.get("page"))
        note_drafts_left(page.object_list)
        mappings = ImportMapping.objects.filter(owner=request.user)
        context = {"runs": page.object_list, "pager": page_links(request, page), "mappings": mappings}
        return render(request, "reviews/import_list.html", context)


class ImportNew(EditorRequired, View):
    """Uploading a file."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._show(request, UploadForm(request.user))

    def post(self, request: HttpRequest) -> HttpResponse:
        form = UploadForm(request.user, request.POST, request.FILES)
        if not form.is_valid():
            return self._show(request, form, UNPROCESSABLE)
        upload, limit = form.cleaned_data["file"], storing.limits().packed
        if upload.size > limit:
            form.add_error(
                "file", f"The file has {upload.size:,} bytes; at most {limit:,} fit. Bring it in parts."
            )
            return self._show(request, form, UNPROCESSABLE)
        try:
            run = bringing.upload_file(
                actor=request.user,
                data=upload.read(),
                file_name=upload.name or "",
                encoding=form.cleaned_data["encoding"],
                delimiter=form.cleaned_data["delimiter"],
                mapping=form.cleaned_data["mapping"],
            )
        except ImportRefused as refusal:
            for name, words in refusal.problems.items():
                form.add_error(name or None, words)
            return self._show(request, form, refusal.status)
        return redirect(next_page(run))

    def _show(self, request: HttpRequest, form: UploadForm, status: int = 200) -> HttpResponse:
        context = {"form": form, "limits": storing.limits().in_words()}
        return render(request, "reviews/import_new.html", context, status=status)


class ImportPage(EditorRequired, View):
    """A page of one import; somebody else's is as if it weren't there."""

    step = ""
    template = ""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return super().dispatch(request, *args, **kwargs)
        except NotFound as error:
            raise Http404(error.message) from error

    def show(self, request: HttpRequest, run: ImportRun, status: int = 200, **context: Any) -> HttpResponse:
        frame = {"run": run, "steps": list(steps_of(run, self.step))}
        return render(request, self.template, frame | context, status=status)

    def refused(self, request: HttpRequest, refusal: ReviewError) -> None:
        messages.error(request, refusal.message)


def steps_of(run: ImportRun, here: str) -> Iterator[Step]:
    """Yield the steps of an import."""
    is_open = {
        "import-map": run.state in {READ, MAPPED, CHECKED},
        "import-meaning": bool(run.alarms) and run.state in {MAPPED, CHECKED},
        "import-questions": bool(run.questions) and run.state == CHECKED,
        "import-report": run.state in {CHECKED, DRAFTED},
        "import-drafts": run.state in {CHECKED, DRAFTED},
    }
    labels = {
        "import-map": "Columns",
        "import-meaning": "Meaning",
        "import-questions": "Questions",
        "import-report": "Report",
        "import-drafts": "Drafts",
    }
    for name, label in labels.items():
        yield Step(name, label, name == here, is_open[name] and not run.job)


def next_page(run: ImportRun) -> str:
    """Return the address of what somebody has to do next with an import."""
    if run.job or run.state == FAILED or run.reason:
        return run.get_absolute_url()
    if run.state == READ:
        return _address(run, "map")
    if run.state == MAPPED:
        return _address(run, "meaning") if run.alarms else _address(run, "map")
    if run.state == CHECKED:
        return _address(run, "questions") if run.questions else _address(run, "report")
    return _address(run, "drafts") if run.state == DRAFTED else run.get_absolute_url()


def _address(run: ImportRun, page: str) -> str:
    return f"{run.get_absolute_url()}{page}/"


class ImportDetail(ImportPage):
    """Where an import is: what is being done, what went wrong, what is next."""

    template = "reviews/import_detail.html"

    def get(self, request: HttpRequest, number: int) -> HttpResponse:
        run = bringing.run_of(request.user, number)
        if request.htmx and not run.job:
            response = HttpResponse()
            response["HX-Redirect"] = next_page(run)
            return response
        if request.htmx:
            return render(request, "reviews/_import_progress.html", {"run": run})
        as_read = {"encoding": run.encoding, "delimiter": run.delimiter}
        may_read = run.state in {FAILED, READ} and run.stored_as and not run.job
        form = ReadingForm(initial=as_read) if may_read else None
        return self.show(request, run, next_url=next_page(run), reading=form)


class ImportRead(ImportPage):
    """Reading the file again, in another way."""

    def post(self, request: HttpRequest, number: int) -> HttpResponse:
        given = {name: request.POST.get(name, "") for name in ("encoding", "delimiter")}
        try:
            return redirect(next_page(bringing.read_again(actor=request.user, number=number, **given)))
        except ReviewError as refusal:
            self.refused(request, refusal)
            return redirect(bringing.run_of(request.user, number))


class ImportMap(ImportPage):
    """What the columns mean."""

    step, template = "import-map", "reviews/import_map.html"

    def get(self, request: HttpRequest, number: int) -> HttpResponse:
        run = bringing.run_of(request.user, number)
        if run.job or run.state not in {READ, MAPPED, CHECKED}:
            return redirect(run)
        return self.show(request, run, form=MappingForm(run))

    def post(self, request: HttpRequest, number: int) -> HttpResponse:
        run = bringing.run_of(request.user, number)
        if run.job or run.state not in {READ, MAPPED, CHECKED}:
            return redirect(run)
        form = MappingForm(run, request.POST)
        if form.suggests_anew:
            return self.show(request, run, form=form, suggested=True)
        try:
            run = bringing.save_plan(actor=request.user, number=number, plan=form.plan, name=form.name)
        except ReviewError as refusal:
            form.problems = getattr(refusal, "problems", {"": refusal.message})
            return self.show(request, run, refusal.status, form=form, refusal=form.problems.get("", ""))
        return redirect(next_page(run))


class ImportMeaning(ImportPage):
    """What of the file doesn't mean what it meant last time; going on takes a choice about each."""

    step, template = "import-meaning", "reviews/import_meaning.html"

    def get(self, request: HttpRequest, number: int) -> HttpResponse:
        run = bringing.run_of(request.user, number)
        if run.job or not run.alarms:
            return redirect(next_page(run))
        return self._show(request, run, {one["key"]: one["choice"] for one in run.choices}, {})

    def post(self, request: HttpRequest, number: int) -> HttpResponse:
        run = bringing.run_of(request.user, number)
        choices = read_choices(run.alarms, request.POST)
        try:
            run = bringing.choose_meanings(actor=request.user, number=number, choices=choices)
        except ImportRefused as refusal:
            return self._show(request, run, choices, refusal.problems, refusal.status)
        except ReviewError as refusal:
            self.refused(request, refusal)
        return redirect(next_page(run))

    def _show(
        self,
        request: HttpRequest,
        run: ImportRun,
        chosen: dict[str, str],
        problems: dict[str, str],
        status: int = 200,
    ) -> HttpResponse:
        alarms = [
            alarm | {"chosen": chosen.get(alarm["key"], ""), "problem": problems.get(alarm["key"], "")}
            for alarm in run.alarms
        ]
        return self.show(
            request, run, status, alarms=alarms, refusal=problems.get("", ""), refused=bool(problems)
        )


class ImportQuestions(ImportPage):
    """Which records are meant."""

    step, template = "import-questions", "reviews/import_questions.html"

    def get(self, request: HttpRequest, number: int) -> HttpResponse:
        run = bringing.run_of(request.user, number)
        if run.job or not run.questions:
            return redirect(next_page(run))
        return self._show(request, run, {}, {})

    def post(self, request: HttpRequest, number: int) -> HttpResponse:
        run = bringing.run_of(request.user, number)
        answers = read_answers(run.questions[:QUESTIONS_SHOWN], request.POST)
        try:
            run = bringing.answer_questions(actor=request.user, number=number, answers=answers)
        except ImportRefused as refusal:
            return self._show(request, run, answers, refusal.problems, refusal.status)
        except ReviewError as refusal:
            self.refused(request, refusal)
        return redirect(next_page(run))

    def _show(
        self,
        request: HttpRequest,
        run: ImportRun,
        answers: dict[str, str],
        problems: dict[str, str],
        status: int = 200,
    ) -> HttpResponse:
        shown = run.questions[:QUESTIONS_SHOWN]
        urls = names_of((each["kind"], one["record"]) for each in shown for one in each["candidates"])
        questions = [
            each
            | {
                "answer": answers.get(each["key"], ""),
                "problem": problems.get(each["key"], ""),
                "candidates": [
                    (Candidate(**one), urls.get((each["kind"], one["record"]), ("", ""))[1])
                    for one in each["candidates"]
                ],
            }
            for each in shown
        ]
        return self.show(
            request,
            run,
            status,
            questions=questions,
            left=len(run.questions) - len(shown),
            refusal=problems.get("", ""),
            refused=bool(problems),
        )


@dataclass(frozen=True)
class ReportRow:
    """One row of the report with the before and after of what it changes."""

    line: ImportLine
    url: str
    comparisons: list[FieldComparison]
    new: bool


class ImportReport(ImportPage):
    """What each row would do, and why; nothing is proposed yet."""

    step, template = "import-report", "reviews/import_report.html"

    def get(self, request: HttpRequest, number: int) -> HttpResponse:
        run = bringing.run_of(request.user, number)
        if run.job or run.state not in {CHECKED, DRAFTED}:
            return redirect(next_page(run))
        outcome, level = request.GET.get("outcome", ""), request.GET.get("level", "")
        lines = ImportLine.objects.filter(run=run).order_by("position")
        lines = lines.filter(outcome=outcome) if outcome in OUTCOMES else lines
        lines = lines.filter(worst=level) if level in LEVELS else lines
        page = Paginator(lines, SHOWN).get_page(request.GET.get("page"))
        counts = run.counts or {}
        return self.show(
            request,
            run,
            rows=report_rows(page.object_list),
            pager=page_links(request, page),
            outcome=outcome,
            level=level,
            outcomes=_counted(OUTCOMES, counts.get("outcomes", {})),
            levels=_counted(LEVELS, counts.get("levels", {})),
            kinds=[(KINDS[kind].plural, about) for kind, about in counts.get("kinds", {}).items()],
            columns=column_facts(run),
        )


def _counted(words: dict[str, str], counts: dict[str, int]) -> list[tuple[str, str, int]]:
    return [(key, label, counts[key]) for key, label in words.items() if counts.get(key)]


def column_facts(run: ImportRun) -> list[tuple[str, str, dict[str, int]]]:
    """Return table, column and what its cells are, for columns that mean something: empty and zero are kept apart."""
    return [
        (
            table,
            column,
            {sort: about["sorts"].get(sort, 0) for sort in ("value", "zero", "empty", "unknown", "none")},
        )
        for table, kept in run.profile.items()
        for column, about in kept["columns"].items()
        if about["target"]
    ]


def report_rows(lines: Any) -> list[ReportRow]:
    """Return lines with what they change, in a constant number of queries."""
    lines = list(lines)
    changing = [line for line in lines if line.change]
    before = states_at((str(line.record), line.change["base"]) for line in changing if line.change["base"])
    references: list[tuple[str, str]] = [(line.kind, str(line.record)) for line in lines if line.record]
    for line in changing:
        old = before.get((str(line.record), line.change["base"]), {})
        references += references_in(KINDS[line.kind], old, line.change["fields"])
    names = names_of(references)
    rows = []
    for line in lines:
        comparisons: list[FieldComparison] = []
        if line.change:
            old = before.get((str(line.record), line.change["base"]), {})
            after = {
                name: value for name, value in {**old, **line.change["fields"]}.items() if value is not None
            }
            comparisons = compare(KINDS[line.kind], old, after, list(line.change["fields"]), names)
        url = names.get((line.kind, str(line.record)), ("", ""))[1]
        rows.append(ReportRow(line, url, comparisons, bool(line.change and not line.change["base"])))
    return rows


class ImportReportFile(ImportPage):
    """The report as CSV, a line for each thing that is said of a row."""

    def get(self, request: HttpRequest, number: int) -> HttpResponse:
        run = bringing.run_of(request.user, number)
        out = io.StringIO(newline="")
        writer = csv.writer(out, lineterminator="\r\n")
        writer.writerow(["table", "row", "kind", "record", "name", "outcome", "level", "column", "reason"])
        for line in ImportLine.objects.filter(run=run).order_by("position").iterator():
            head = [line.table, line.number, line.kind, line.record or "", line.label, OUTCOMES[line.outcome]]
            for finding in line.findings or [{"level": "", "column": "", "words": ""}]:
                cells = [*head, finding["level"], finding["column"], finding["words"]]
                writer.writerow([neutralise(cell) if isinstance(cell, str) else cell for cell in cells])
        response = HttpResponse("\ufeff" + out.getvalue(), content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="import-{run.pk}-report.csv"'
        return response


class ImportDrafts(ImportPage):
    """Drafting everything that can be taken, and handing all drafts in."""

    step, template = "import-drafts", "reviews/import_drafts.html"

    def get(self, request: HttpRequest, number: int) -> HttpResponse:
        run = bringing.run_of(request.user, number)
        if run.job or run.state not in {CHECKED, DRAFTED}:
            return redirect(next_page(run))
        typed = {"title": run.title or _title_for(run), "rationale": run.rationale, "grouping": run.grouping}
        return self._show(request, run, FilingForm(initial=typed))

    def post(self, request: HttpRequest, number: int) -> HttpResponse:
        run = bringing.run_of(request.user, number)
        if "submit" in request.POST:
            try:
                run = bringing.ask_for_submission(actor=request.user, number=number)
            except ReviewError as refusal:
                self.refused(request, refusal)
            return redirect(next_page(run))
        form = FilingForm(request.POST)
        if not form.is_valid():
            return self._show(request, run, form, UNPROCESSABLE)
        try:
            run = bringing.ask_for_drafts(actor=request.user, number=number, **form.cleaned_data)
        except ImportRefused as refusal:
            for name, words in refusal.problems.items():
                form.add_error(name or None, words)
            return self._show(request, run, form, refusal.status)
        except ReviewError as refusal:
            self.refused(request, refusal)
        return redirect(next_page(run))

    def _show(
        self, request: HttpRequest, run: ImportRun, form: FilingForm, status: int = 200
    ) -> HttpResponse:
        page = Paginator(drafts_of(run), SHOWN).get_page(request.GET.get("page"))
        drafts = [(proposal, run.refusals.get(str(proposal.number), "")) for proposal in page.object_list]
        ahead, too_much = bringing.proposals_ahead(run) if run.state == CHECKED else (0, "")
        context = {
            "form": form,
            "drafts": drafts,
            "pager": page_links(request, page),
            "waiting": drafts_of(run).filter(state="draft").count(),
            "ahead": ahead,
            "too_much": "" if form.errors else too_much,
        }
        return self.show(request, run, status, **context)


def _title_for(run: ImportRun) -> str:
    return (run.file_name.rpartition(".")[0] or run.file_name)[:100]


class ImportDelete(ImportPage):
    """Throwing an import away."""

    http_method_names = ["post", "options"]

    def post(self, request: HttpRequest, number: int) -> HttpResponse:
        try:
            bringing.forget_run(actor=request.user, number=number)
        except ImportRefused as refusal:
            self.refused(request, refusal)
            return redirect("import-detail", number)
        messages.success(request, f"Import {number} and its file are thrown away.")
        return redirect("import-list")


class ImportMappingDelete(ImportPage):
    """Forgetting a mapping."""

    http_method_names = ["post", "options"]

    def post(self, request: HttpRequest, number: int) -> HttpResponse:
        bringing.forget_mapping(actor=request.user, number=number)
        messages.success(request, "The mapping is forgotten.")
        return redirect("import-list")
