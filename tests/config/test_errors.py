"""An error below /api/ is a problem, and a page anywhere else, whichever of Django's handlers is called."""

import json

import pytest
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.http import Http404
from django.test import Client, RequestFactory

from config import errors

CASES = [
    (lambda request: errors.bad_request(request, SuspiciousOperation("secret")), 400),
    (lambda request: errors.bad_request(request, RequestDataTooBig("secret")), 413),
    (lambda request: errors.permission_denied(request, PermissionDenied()), 403),
    (lambda request: errors.not_found(request, Http404("secret")), 404),
    (lambda request: errors.server_error(request), 500),
    (lambda request: errors.csrf_failure(request, "No cookie."), 403),
]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("handler", "status"), CASES, ids=lambda case: str(case) if isinstance(case, int) else ""
)
def test_each_handler_answers_programs_and_people(handler, status):
    for path in ("/api", "/api/v1/chokepoints/", "/api/nothing"):
        answer = handler(RequestFactory().post(path))
        assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json")
        assert answer.headers["Cache-Control"] == "no-store"
        problem = json.loads(answer.content)
        assert problem["status"] == status and problem["detail"] and "secret" not in problem["detail"]
    request = RequestFactory().post("/apiary/")
    request.user = request.session = None
    if status != 403 or handler is CASES[2][0]:
        answer = handler(request)
        assert answer.status_code == status
        assert answer.headers["Content-Type"].startswith("text/html")


@pytest.mark.django_db
def test_a_name_that_only_begins_like_the_interface_is_a_page():
    answer = Client().get("/apiary/")
    assert answer.status_code == 404
    assert answer.headers["Content-Type"].startswith("text/html")
