"""Releases through the API: what each holds, and where its files are. Open to everybody."""

import hashlib
import json
from typing import Any

from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.http import quote_etag
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from ..models import Release
from ..releases.edition import SUMS
from .asking import check_parameters
from .conditional import is_for_programs, not_modified
from .ordering import Listing
from .paging import PAGING, page_body, page_of
from .problems import ApiProblem
from .views import Negotiation

RELEASES = Listing("releases", Release, {"number": "number", "id": "pk"}, "-number")


class ReleaseView(APIView):
    """Base: for everybody. The newest one may be another in a moment, so whoever keeps an answer asks again."""

    permission_classes = (AllowAny,)
    content_negotiation_class = Negotiation

    def read(self, request: Request, body: dict[str, Any]) -> Any:
        """Answer with a body, or with 304 where the client has it."""
        if not is_for_programs(request):
            return Response(body)
        etag = quote_etag(hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:32])
        answer: Any = not_modified(request, etag) or Response(body)
        answer["ETag"], answer["Cache-Control"] = etag, "public, no-cache"
        patch_vary_headers(answer, ["Accept"])
        return answer


class ReleaseList(ReleaseView):
    """All releases, the newest first."""

    def get(self, request: Request) -> Any:
        check_parameters(request.query_params, [*PAGING, "format"])
        page = page_of(Release.objects.published().select_related("previous"), RELEASES, request.query_params)
        return self.read(request, page_body(request, page, [body_of(request, row) for row in page.rows]))


class ReleaseDetail(ReleaseView):
    """One release, or the newest, with its files."""

    def get(self, request: Request, number: int | None = None) -> Any:
        check_parameters(request.query_params, ["format"])
        rows = Release.objects.published().select_related("previous")
        row = (rows if number is None else rows.filter(number=number)).first()
        if row is None:
            raise ApiProblem(404, "There is no such release.")
        return self.read(request, body_of(request, row) | {"files": _files(request, row)})


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
