"""Exports: asking for one, looking how far it is, fetching it. Members only; each sees their own, admins all."""

import base64
import uuid
from typing import Any

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views import View

from ..exceptions import ExportRefused
from ..exports import describing
from ..exports.choosing import conditions
from ..exports.columns import exported_kinds, table_of
from ..exports.condition import FilterError
from ..exports.formats import FORMATS, media_type_of
from ..forms import ExportForm
from ..models import Export
from ..services import exporting
from .pages import page_of

PER_PAGE = 20
UNPROCESSABLE = 422
OWN_PARAMETERS = {
    "table",
    "page",
}  # of the address of the form; the rest are filters, and `kind` is one of them
NOUNS = {"evidence": "statements"}  # where the plural of a kind isn't what pages call its records


class ExportList(LoginRequiredMixin, View):
    """My exports, the newest first; admins may look at everybody's."""

    def get(self, request: HttpRequest) -> HttpResponse:
        everybody = request.user.is_superuser and request.GET.get("of") == "everybody"
        rows = Export.objects.visible_to(request.user).select_related("requester")
        page = page_of(request, rows if everybody else rows.filter(requester=request.user), PER_PAGE)
        lines = [line_of(row) for row in page]
        context = {"page": page, "lines": lines, "everybody": everybody}
        context["polls"] = any(line["export"].is_under_way for line in lines)
        template = "parts/exports_table" if request.htmx else "export_list"
        return render(request, f"chokepoints/{template}.html", context)


class ExportNew(LoginRequiredMixin, View):
    """The form; what the list that one came from was narrowed to stands in the address."""

    def get(self, request: HttpRequest) -> HttpResponse:
        kind, filters = self._asked(request)
        initial = {"retired": filters.get("retired") == "any"}
        return self._form(request, kind, filters, ExportForm(kind, initial=initial))

    def post(self, request: HttpRequest) -> HttpResponse:
        kind, filters = self._asked(request)
        form = ExportForm(kind, request.POST)
        if not form.is_valid():
            return self._form(request, kind, filters, form, status=UNPROCESSABLE)
        asked = form.cleaned_data
        kinds = [kind] if kind else asked["kinds"]
        narrowed = {k: v for k, v in filters.items() if k != "retired"}
        if asked["retired"]:
            narrowed["retired"] = "any"
        elif filters.get("retired") == "true":
            narrowed["retired"] = "true"
        try:
            export = exporting.request_export(
                actor=request.user,
                kinds=kinds,
                format=asked["format"],
                filters=dict.fromkeys(kinds, narrowed) if narrowed else {},
                columns={kind: asked["columns"]} if kind else {},
                at=asked["at"],
                bom=asked["bom"],
                site=request.build_absolute_uri("/"),
            )
        except ExportRefused as refused:
            for part, words in refused.problems.items():
                form.add_error(part if part in form.fields else None, words)
            return self._form(request, kind, filters, form, status=UNPROCESSABLE)
        return redirect(export)

    def _asked(self, request: HttpRequest) -> tuple[str, dict[str, str]]:
        kind = request.GET.get("table", "")
        if kind and kind not in exported_kinds():
            raise Http404("There is no table of this kind of record.")
        filters = {name: request.GET[name] for name in request.GET if name not in OWN_PARAMETERS}
        return kind, {name: value for name, value in filters.items() if kind and value.strip()}

    def _form(
        self, request: HttpRequest, kind: str, filters: dict[str, str], form: ExportForm, status: int = 200
    ) -> HttpResponse:
        context: dict[str, Any] = {"form": form, "kind": kind, "filters": filters}
        if kind:
            context["table"] = table_of(kind)
            context["noun"] = NOUNS.get(kind, context["table"].name)
            try:
                conditions(context["table"], filters)
            except FilterError as error:
                context["filter_error"], status = str(error), UNPROCESSABLE
        return render(request, "chokepoints/export_new.html", context, status=status)


class ExportDetail(LoginRequiredMixin, View):
    """One export: how far it is, or what became of it; a fragment for htmx."""

    def get(self, request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
        row = Export.objects.visible_to(request.user).filter(pk=pk).select_related("requester").first()
        if row is None:
            raise Http404("There is no such export of yours.")
        context = line_of(row) | {
            "citation": describing.citation_of(row),
            "filters": describing.filters_in_words(row),
            "format": FORMATS.get(row.format),
            "tables": [table_of(kind) for kind in row.kinds],
            "polls": row.is_under_way,
        }
        template = "parts/export_state" if request.htmx else "export_detail"
        return render(request, f"chokepoints/{template}.html", context)


class ExportCancel(LoginRequiredMixin, View):
    """Cancel."""

    def post(self, request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
        try:
            return redirect(exporting.cancel_export(actor=request.user, export=pk))
        except Export.DoesNotExist as error:
            raise Http404("There is no such export of yours.") from error


class ExportRetry(LoginRequiredMixin, View):
    """Write it again."""

    def post(self, request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
        try:
            return redirect(exporting.retry_export(actor=request.user, export=pk))
        except Export.DoesNotExist as error:
            raise Http404("There is no such export of yours.") from error
        except ExportRefused as refused:
            messages.error(request, str(refused))
            return redirect("export-detail", pk)


class ExportFile(LoginRequiredMixin, View):
    """The file, always as a download: nothing in it is to be shown as a page of this site."""

    def get(self, request: HttpRequest, pk: uuid.UUID) -> HttpResponse | FileResponse:
        try:
            return file_response(*exporting.open_export(actor=request.user, export=pk))
        except Export.DoesNotExist as error:
            raise Http404("There is no such export of yours.") from error
        except ExportRefused as refused:
            messages.error(request, str(refused))
            return redirect("export-detail", pk)


def file_response(row: Export, path: Any) -> FileResponse:
    """Return the answer that sends a file; pages and API share it."""
    media_type = media_type_of(FORMATS[row.format], len(row.kinds))
    answer = FileResponse(
        path.open("rb"), as_attachment=True, filename=row.file_name, content_type=media_type
    )
    answer["Cache-Control"] = "private, no-store"
    answer["Repr-Digest"] = f"sha-256=:{base64.b64encode(bytes.fromhex(row.sha256)).decode()}:"
    return answer


def line_of(row: Export) -> dict[str, Any]:
    """Return an export with what a page says of it."""
    return {
        "export": row,
        "what": describing.what_of(row),
        "percent": min(100, row.read * 100 // row.total) if row.total else 0,
        "file_url": reverse("export-file", args=[row.pk]),
    }
