"""Exports through the API: asked for with 202 and an address to look at, fetched from there. One's own; admins see all."""

import uuid
from typing import Any

from django.http import FileResponse
from django.urls import reverse
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from ..exceptions import ExportRefused
from ..models import Export
from ..services import exporting
from ..views.exports import file_response
from .paging import PAGING, Page, check_parameters, page_of
from .problems import ApiProblem, unknown

MEMBERS = ("kinds", "format", "filters", "columns", "at", "bom")
ORDERINGS = {"made": "made", "id": "pk"}
NO_SUCH = "There is no such export of yours."


class ExportView(APIView):
    """Base: private answers are kept by nobody, and each is an own export or a 404."""

    def finalize_response(self, request: Request, response: Any, *args: Any, **where: Any) -> Any:
        response = super().finalize_response(request, response, *args, **where)
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response


class ExportList(ExportView):
    """Own exports, the newest first; a POST asks for another."""

    def get(self, request: Request) -> Response:
        check_parameters(request.query_params, PAGING)
        page = page_of(Export.objects.visible_to(request.user), request.query_params, ORDERINGS, "-made")
        results = [body_of(request, row) for row in page.rows]
        count = {} if page.count is None else {"count": page.count}
        return Response(count | links_of(request, page, "-made") | {"results": results})

    def post(self, request: Request) -> Response:
        asked = _asked(request.data)
        try:
            row = exporting.request_export(actor=request.user, site=request.build_absolute_uri("/"), **asked)
        except ExportRefused as refused:
            raise _problem(refused, 400) from refused
        body = body_of(request, row)
        return Response(body, status=202, headers={"Location": body["self"]})


class ExportDetail(ExportView):
    """How far an export is."""

    def get(self, request: Request, pk: uuid.UUID) -> Response:
        check_parameters(request.query_params, ())
        return Response(body_of(request, _own(request, pk)))


class ExportAct(ExportView):
    """Cancel an export, or let it be written again: `act` is the service that does it."""

    act: Any = None

    def post(self, request: Request, pk: uuid.UUID) -> Response:
        try:
            row = self.act(actor=request.user, export=pk)
        except Export.DoesNotExist as error:
            raise ApiProblem(404, NO_SUCH) from error
        except ExportRefused as refused:
            raise _problem(refused, 409) from refused
        return Response(body_of(request, row))


class ExportFile(ExportView):
    """The file."""

    def get(self, request: Request, pk: uuid.UUID) -> FileResponse:
        try:
            return file_response(*exporting.open_export(actor=request.user, export=pk))
        except Export.DoesNotExist as error:
            raise ApiProblem(404, NO_SUCH) from error
        except ExportRefused as refused:
            raise _problem(refused, 409) from refused


def _own(request: Request, pk: uuid.UUID) -> Export:
    row = Export.objects.visible_to(request.user).filter(pk=pk).first()
    if row is None:
        raise ApiProblem(404, NO_SUCH)
    return row


def _problem(refused: ExportRefused, status: int) -> ApiProblem:
    errors = [
        {"pointer": f"/{part}" if part else "", "message": words} for part, words in refused.problems.items()
    ]
    return ApiProblem(status, str(refused), errors=errors)


def _asked(body: Any) -> dict[str, Any]:
    """Return what a body asks for, in the shapes that the service takes. Raises ApiProblem (400)."""
    if not isinstance(body, dict):
        raise ApiProblem(400, "The body is an object with kinds and format.")
    for name in body:
        if name not in MEMBERS:
            raise unknown(str(name), MEMBERS, "member")
    wrong: dict[str, str] = {}

    def texts(value: Any) -> bool:
        return isinstance(value, list) and all(isinstance(one, str) for one in value)

    def by_kind(value: Any, fits: Any) -> bool:
        return isinstance(value, dict) and all(fits(one) for one in value.values())

    asked = {"kinds": [], "format": "", "filters": {}, "columns": {}, "at": "", "bom": False} | body
    if isinstance(asked["at"], int) and not isinstance(asked["at"], bool):
        asked["at"] = str(asked["at"])
    if not texts(asked["kinds"]):
        wrong["kinds"] = "A list of names of kinds."
    if not isinstance(asked["format"], str):
        wrong["format"] = "A text."
    if not by_kind(asked["columns"], texts):
        wrong["columns"] = 'An object: kind → list of columns, such as {"source": ["title"]}.'
    if not by_kind(asked["filters"], lambda one: by_kind(one, lambda value: isinstance(value, str))):
        wrong["filters"] = 'An object: kind → filter → text, such as {"source": {"reliability": "B"}}.'
    if not isinstance(asked["at"], str):
        wrong["at"] = "A changeset's number, a date or a time."
    if not isinstance(asked["bom"], bool):
        wrong["bom"] = "true or false."
    if wrong:
        raise _problem(ExportRefused(wrong), 400)
    return asked


def links_of(request: Request, page: Page, default: str) -> dict[str, str | None]:
    """Return where the pages beside one are; `default` is the ordering where none is asked for."""
    ordering = request.query_params.get("ordering") or default

    def link(cursor: Any) -> str | None:
        if cursor is None:
            return None
        query = request.query_params.copy()
        query["cursor"] = cursor.text(ordering)
        return request.build_absolute_uri(f"{request.path}?{query.urlencode()}")

    return {"next": link(page.next), "previous": link(page.previous)}


def body_of(request: Request, row: Export) -> dict[str, Any]:
    """Return an export as JSON."""

    def address(name: str) -> str:
        return request.build_absolute_uri(reverse(f"api-export-{name}", args=[row.pk]))

    ready = row.state == "ready"
    return {
        "id": str(row.pk),
        "self": address("detail"),
        "state": row.state,
        "reason": row.reason or None,
        "kinds": row.kinds,
        "format": row.format,
        "filters": {table["kind"]: table["filters"] for table in row.tables},
        "columns": {table["kind"]: table["fields"] for table in row.tables},
        "bom": row.bom,
        "changeset": row.changeset,
        "day": row.day.isoformat(),
        "records_read": row.read,
        "records_total": row.total,
        "rows": row.rows,
        "attempt": row.attempt,
        "made": row.made,
        "started": row.started,
        "ended": row.ended,
        "expires": row.expires,
        "file": address("file") if ready else None,
        "file_name": row.file_name or None,
        "size": row.size if ready else None,
        "sha256": row.sha256 if ready else None,
        "citation": exporting.citation_of(row),
    }
