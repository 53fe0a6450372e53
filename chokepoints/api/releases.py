"""Releases through the API: what each holds, and where its files are. Open to everybody."""

from typing import Any

from django.urls import reverse
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from ..models import Release
from ..releases.edition import SUMS
from .exports import links_of
from .paging import PAGING, check_parameters, page_of
from .problems import ApiProblem

ORDERINGS = {"number": "number", "id": "pk"}


class ReleaseView(APIView):
    """Base: for everybody. The newest one may be another in a moment, so whoever keeps an answer asks again."""

    authentication_classes: tuple = ()
    permission_classes: tuple = ()

    def finalize_response(self, request: Request, response: Any, *args: Any, **where: Any) -> Any:
        response = super().finalize_response(request, response, *args, **where)
        response.headers.setdefault("Cache-Control", "no-cache")
        return response


class ReleaseList(ReleaseView):
    """All releases, the newest first."""

    def get(self, request: Request) -> Response:
        check_parameters(request.query_params, PAGING)
        rows = Release.objects.published().select_related("previous")
        page = page_of(rows, request.query_params, ORDERINGS, "-number")
        count = {} if page.count is None else {"count": page.count}
        results = [body_of(request, row) for row in page.rows]
        return Response(count | links_of(request, page, "-number") | {"results": results})


class ReleaseDetail(ReleaseView):
    """One release, or the newest, with its files."""

    def get(self, request: Request, number: int | None = None) -> Response:
        check_parameters(request.query_params, ())
        rows = Release.objects.published().select_related("previous")
        row = (rows if number is None else rows.filter(number=number)).first()
        if row is None:
            raise ApiProblem(404, "There is no such release.")
        return Response(body_of(request, row) | {"files": _files(request, row)})


def body_of(request: Request, row: Release) -> dict[str, Any]:
    """Return a release as JSON, without its files."""

    def address(name: str, *arguments: Any) -> str:
        return request.build_absolute_uri(reverse(name, args=[row.number, *arguments]))

    return {
        "number": row.number,
        "self": address("api-release-detail"),
        "page": address("release-detail"),
        "previous": row.previous.number if row.previous else None,
        "changeset": row.changeset,
        "digest": row.digest,
        "time": _time(row.time),
        "format": row.format,
        "published": _time(row.made),
        "despite": row.despite or None,
        "archive": row.archive | {"url": address("release-file", row.archive["path"])},
        "sums": {"url": address("release-file", SUMS), "sha256": row.sums},
        "counts": row.counts,
        "statuses": row.turned,
    }


def _files(request: Request, row: Release) -> list[dict[str, Any]]:
    return [
        one | {"url": request.build_absolute_uri(reverse("release-file", args=[row.number, one["path"]]))}
        for one in [*row.files, *row.extras]
    ]


def _time(moment: Any) -> str:
    return moment.isoformat().replace("+00:00", "Z")
