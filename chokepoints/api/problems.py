"""Errors as `application/problem+json` (RFC 9457): what is wrong, where, and what to do."""

import math
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from rest_framework import exceptions
from rest_framework.response import Response

MEDIA_TYPE = "application/problem+json"

NOTHING_HERE = "There is nothing at this address."
TOO_LARGE = "What was sent is too large. Nothing was changed."
MALFORMED = "The request could not be read; something in it is malformed."


class ApiProblem(exceptions.APIException):
    """A refusal with a sentence, an HTTP status, and optionally the places that are wrong.

    `errors` are objects {"message", and "parameter" or "pointer" (RFC 6901) or "change" and "field"}; `more` are further
    members of the answer, `headers` go with it.
    """

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        errors: Iterable[Mapping[str, Any]] = (),
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ):
        super().__init__(detail)
        self.status_code = status
        self.sentence = detail
        self.errors = [dict(error) for error in errors]
        self.headers = dict(headers or {})
        self.more = more


def unknown(name: str, known: Iterable[str], what: str = "parameter", *, parameter: str = "") -> ApiProblem:
    """Return the 400 for a parameter, field or ordering that doesn't exist, naming those that do.

    `parameter` is the one in which the name stands; by default the name is itself a parameter.
    """
    shown = name[:60]
    message = f"There is no {what} “{shown}”. There are: {', '.join(sorted(known))}."
    return ApiProblem(400, message, errors=[{"parameter": parameter or shown, "message": message}])


def wrong_parameter(parameter: str, message: str) -> ApiProblem:
    """Return the 400 for a query parameter whose value can't be taken."""
    return ApiProblem(400, f"{parameter}: {message}", errors=[{"parameter": parameter, "message": message}])


def problem_body(status: int, detail: str, **members: Any) -> dict[str, Any]:
    """Return the members of a problem. Halves of surrogate pairs, which UTF-8 can't carry, become question marks."""
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    return _printable(body | {name: value for name, value in members.items() if value})


def _printable(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, Mapping):
        return {_printable(name): _printable(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_printable(part) for part in value]
    return value


def handle_exception(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """Turn an exception of a view into a problem. What isn't expected goes on and becomes a 500 (config/errors.py)."""
    expected = _expected(error)
    if expected is None:
        return None
    headers = {"Cache-Control": "no-store"}
    if getattr(expected, "auth_header", None):
        headers["WWW-Authenticate"] = expected.auth_header
    if getattr(expected, "wait", None) is not None:
        headers["Retry-After"] = str(max(1, math.ceil(expected.wait)))
    if isinstance(expected, ApiProblem):
        body = problem_body(expected.status_code, expected.sentence, errors=expected.errors, **expected.more)
        headers |= expected.headers
    else:
        body = problem_body(expected.status_code, _sentence(expected))
    return Response(body, status=expected.status_code, headers=headers, content_type=MEDIA_TYPE)


def _expected(error: Exception) -> Any:
    """Return the exception of the framework that says what an exception means, or None for a mistake of ours."""
    if isinstance(error, exceptions.APIException):
        return error
    if isinstance(error, Http404):
        return exceptions.NotFound(NOTHING_HERE)
    if isinstance(error, PermissionDenied):
        return exceptions.PermissionDenied(str(error) or None)
    if isinstance(error, RequestDataTooBig):
        return ApiProblem(413, TOO_LARGE)
    if isinstance(error, SuspiciousOperation):
        return exceptions.ParseError(MALFORMED)
    return None


def _sentence(error: exceptions.APIException) -> str:
    return str(error.detail) if isinstance(error.detail, str) else "This can't be done as it was asked."


def problem_response(status: int, detail: str, **members: Any) -> JsonResponse:
    """Return a problem from outside of the views: an unknown address, a broken server."""
    response = JsonResponse(
        problem_body(status, detail, **members),
        status=status,
        content_type=MEDIA_TYPE,
        json_dumps_params={"ensure_ascii": False},
    )
    response["Cache-Control"] = "no-store"
    return response


def is_api(request: HttpRequest) -> bool:
    """Tell whether a request is for an address on which every error is a problem."""
    return request.path_info == "/api" or request.path_info.startswith("/api/")


def page_or_problem(request: HttpRequest, page: HttpResponse, detail: str) -> HttpResponse:
    """Return the problem for an address of the interface, the page for any other."""
    return problem_response(page.status_code, detail) if is_api(request) else page
