"""What an error looks like: a problem (RFC 9457) below /api/, a page anywhere else."""

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.shortcuts import render
from django.urls import resolve
from django.views import defaults
from django.views.decorators.csrf import csrf_exempt

from chokepoints.api.problems import (
    MALFORMED,
    NOTHING_HERE,
    TOO_LARGE,
    is_api,
    page_or_problem,
    problem_response,
)
from reviews.views import keeping

BROKEN = "Something broke on our side. The register changes only in whole steps, so what was sent is either in or not."


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400, or 413 where the reason is the size of what was sent."""
    if isinstance(exception, RequestDataTooBig):
        if is_api(request):
            return problem_response(413, TOO_LARGE)
        return render(request, "413.html", status=413)
    return page_or_problem(request, defaults.bad_request(request, exception), MALFORMED)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403."""
    if is_api(request):
        return problem_response(403, str(exception) or "This is not yours to do.")
    return defaults.permission_denied(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404."""
    return (
        problem_response(404, NOTHING_HERE)
        if is_api(request)
        else defaults.page_not_found(request, exception)
    )


def server_error(request: HttpRequest) -> HttpResponse:
    """500. It asks nothing of the database, which may be what broke."""
    return problem_response(500, BROKEN) if is_api(request) else defaults.server_error(request)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 for a post without the right token."""
    if is_api(request):
        return problem_response(403, f"The CSRF token is missing or not of this session. {reason}".strip())
    return keeping.csrf_failure(request, reason)


@csrf_exempt
def unknown_api_address(request: HttpRequest) -> HttpResponse:
    """Answer for every address below /api/ that nothing else answers for.

    One without its last slash leads on with method and body (308), where Django's own redirect would lose them.
    """
    path = request.path_info
    if not path.endswith("/") and resolve(f"{path}/").func is not unknown_api_address:
        address = request.get_full_path(force_append_slash=True)
        return HttpResponsePermanentRedirect(address, preserve_request=True)
    return problem_response(404, NOTHING_HERE)
