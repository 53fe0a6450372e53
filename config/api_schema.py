"""The OpenAPI schema: drf-spectacular walks the addresses, the rooms' tables of operations say what each takes and answers.

https://drf-spectacular.readthedocs.io/en/latest/customization.html
"""

import hashlib
import json
from functools import cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.utils.http import quote_etag
from django.views.decorators.csrf import csrf_exempt
from drf_spectacular.drainage import warn
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.renderers import OpenApiJsonRenderer, OpenApiJsonRenderer2, OpenApiYamlRenderer
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from chokepoints.api import describing, operations, shapes
from chokepoints.api.conditional import not_modified
from chokepoints.api.problems import problem_response
from chokepoints.api.views import Negotiation
from reviews.api import operations as process
from reviews.api import shapes as proposed


@cache
def all_operations() -> describing.Operations:
    """Return the tables of operations of both rooms, as one."""
    return {**operations.operations(), **process.operations()}


class TableSchema(AutoSchema):
    """What one view takes and answers by one method, as the tables have it."""

    def get_operation(
        self, path: str, path_regex: str, path_prefix: str, method: str, registry: Any
    ) -> dict[str, Any] | None:
        if isinstance(self.view, SchemaView):
            return None
        described = all_operations().get(path, {}).get(method.upper())
        if described is None:
            warn(f"{method} {path} isn't described in a table of operations")
            return None
        return described.described()


def add_components(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Put the components into the schema (a hook of drf-spectacular)."""
    shared = describing.shared_components()
    schemas = shared.pop("schemas") | operations.components() | shapes.proposed_components()
    schemas |= proposed.components() | proposed.bodies_sent()
    result["components"] = shared | {"schemas": dict(sorted(schemas.items()))}
    return result


@cache
def schema() -> dict[str, Any]:
    """Return the whole schema. It says nothing of the data and nothing of who asks, so it is made once."""
    return SchemaGenerator().get_schema(public=True)


class SchemaView(APIView):
    """The schema, as JSON or (`?format=yaml`) YAML."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    content_negotiation_class = Negotiation
    renderer_classes = (OpenApiJsonRenderer, OpenApiJsonRenderer2, OpenApiYamlRenderer)

    def get(self, request: Request) -> Any:
        content = json.dumps(schema(), sort_keys=True) + request.accepted_renderer.format
        etag = quote_etag(hashlib.sha256(content.encode()).hexdigest()[:32])
        response: Any = not_modified(request._request, etag) or Response(schema())
        response["ETag"], response["Cache-Control"] = etag, "public, no-cache"
        patch_vary_headers(response, ["Accept"])
        return response


@csrf_exempt  # nothing is changed here; and below /api/ a method that isn't there is a problem, not a page about forms
def docs(request: HttpRequest) -> HttpResponse:
    """The schema for people to read and try, with Swagger UI from our own static files."""
    if request.method in {"GET", "HEAD"}:
        return render(request, "api_docs.html")
    answer = problem_response(405, "This page can only be read.")
    answer["Allow"] = "GET, HEAD"
    return answer
