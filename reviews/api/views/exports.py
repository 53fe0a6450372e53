"""Exports through the API: asked for with 202 and an address to look at, fetched from there. One's own; admins see all.

They stand in this room because whoever asks is somebody: tokens, scopes and requests that may come twice are of the process.
"""

import uuid
from typing import Any, ClassVar

from django.http import FileResponse
from django.urls import reverse
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from chokepoints.api.ordering import Listing
from chokepoints.api.paging import PAGING
from chokepoints.api.problems import ApiProblem
from chokepoints.exceptions import ExportRefused
from chokepoints.exports import describing
from chokepoints.exports.formats import FORMATS
from chokepoints.models import Export
from chokepoints.services import exporting
from chokepoints.views.exports import file_response

from .. import bodies
from .base import READ, Act, ProcessView

EXPORTS = Listing("exports", Export, {"made": "made", "id": "pk"}, "-made")
NO_SUCH = "There is no such export of yours."


class At(bodies.Words):
    """A changeset's number, a date, or a time."""

    def to_internal_value(self, data: Any) -> str:
        is_number = isinstance(data, int) and not isinstance(data, bool)
        return super().to_internal_value(str(data) if is_number else data)


class NewExport(bodies.Body):
    """Which kinds, in which format; filters and columns by kind, the moment, and whether a CSV begins with a mark (BOM)."""

    kinds = serializers.ListField(child=bodies.Words(), max_length=20)
    format = bodies.OneOf(list(FORMATS))
    filters = serializers.DictField(child=serializers.DictField(child=bodies.Words()), required=False)
    columns = serializers.DictField(
        child=serializers.ListField(child=bodies.Words(), max_length=200), required=False
    )
    at = At(required=False)
    bom = bodies.Truth(required=False)


class ExportView(ProcessView):
    """Base: each is an own export or a 404."""

    scopes: ClassVar[dict[str, str]] = {"GET": READ}
    members_only = True

    def own(self, export: uuid.UUID) -> Export:
        """Return an export that the asker may see. Raises ApiProblem (404)."""
        row = Export.objects.visible_to(self.request.user).filter(pk=export).first()
        if row is None:
            raise ApiProblem(404, NO_SUCH)
        return row


class ExportList(ExportView, Act):
    """One's exports, the newest first; and asking for another."""

    scopes: ClassVar[dict[str, str]] = {"GET": READ, "POST": READ}

    def parameters(self) -> list[str]:
        return [*PAGING, "format"]

    def get(self, request: Request) -> Any:
        rows = Export.objects.visible_to(request.user)
        return self.page(rows, EXPORTS, lambda rows: [body_of(request, row) for row in rows])

    def act(self, request: Request, **named: Any) -> Response:
        asked = self.body(NewExport)
        try:
            row = exporting.request_export(actor=request.user, site=request.build_absolute_uri("/"), **asked)
        except ExportRefused as refused:
            raise _problem(refused, 400) from refused
        body = body_of(request, row)
        return self.written(Response(body, status=202), body["self"])


class ExportDetail(ExportView):
    """How far an export is."""

    def get(self, request: Request, export: uuid.UUID) -> Any:
        return self.read(body_of(request, self.own(export)))


class ExportAct(ExportView, Act):
    """Cancel an export, or let it be written again: `does` is the service."""

    scopes: ClassVar[dict[str, str]] = {"POST": READ}
    does: Any = None

    def act(self, request: Request, export: uuid.UUID | None = None, **named: Any) -> Response:
        self.body(bodies.Nothing)
        try:
            row = self.does(actor=request.user, export=export)
        except Export.DoesNotExist as error:
            raise ApiProblem(404, NO_SUCH) from error
        except ExportRefused as refused:
            raise _problem(refused, 409) from refused
        return self.written(Response(body_of(request, row)))


class ExportFile(ExportView):
    """The file of an export that is ready."""

    def get(self, request: Request, export: uuid.UUID) -> FileResponse:
        try:
            return file_response(*exporting.open_export(actor=request.user, export=export))
        except Export.DoesNotExist as error:
            raise ApiProblem(404, NO_SUCH) from error
        except ExportRefused as refused:
            raise _problem(refused, 409) from refused


def _problem(refused: ExportRefused, status: int) -> ApiProblem:
    errors = [
        {"pointer": f"/{part}" if part else "", "message": words} for part, words in refused.problems.items()
    ]
    return ApiProblem(status, str(refused), errors=errors)


def body_of(request: Request, row: Export) -> dict[str, Any]:
    """Return an export as JSON."""

    def address(name: str) -> str:
        return request.build_absolute_uri(reverse(f"api-export-{name}", args=[row.pk]))

    def time(value: Any) -> str | None:
        return value.isoformat().replace("+00:00", "Z") if value else None

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
        "made": time(row.made),
        "started": time(row.started),
        "ended": time(row.ended),
        "expires": time(row.expires),
        "file": address("file") if ready else None,
        "file_name": row.file_name or None,
        "size": row.size if ready else None,
        "sha256": row.sha256 if ready else None,
        "citation": describing.citation_of(row),
    }
