"""Every error below /api/ is a problem (RFC 9457), whoever finds it: a view, the framework, or Django itself."""

import json

import pytest
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import Http404
from django.test import Client
from rest_framework import exceptions
from rest_framework.renderers import BrowsableAPIRenderer, JSONRenderer
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from chokepoints.api import views
from chokepoints.api.problems import ApiProblem, problem_body, quoted

JSON = {"content_type": "application/json"}


def insist(answer, status: int) -> dict:
    """Return the members of an answer that has to be a problem."""
    if hasattr(answer, "render"):
        answer.render()
    assert answer.status_code == status, answer.content
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Cache-Control"] == "no-store"
    problem = json.loads(answer.content)
    assert problem["status"] == status
    assert problem["type"] and problem["title"] and problem["detail"]
    return problem


@pytest.mark.django_db
def test_whatever_django_and_the_framework_refuse_is_a_problem(client):
    for path in (
        "/api/",
        "/api/v1/nothing/",
        "/api/v1/nothing",
        "/api/v2/",
        "/api/v1/chokepoints/a/b/",
        "/api/v1//",
    ):
        for method in ("get", "post", "put", "delete", "options"):
            insist(getattr(client, method)(path), 404)
    for path in ("/api/v1/", "/api/v1/chokepoints/", "/api/v1/chokepoints/x/", "/api/v1/changesets/1/"):
        for method in ("post", "put", "patch", "delete", "trace"):
            answer = getattr(client, method)(path)
            assert "“" in insist(answer, 405)["detail"] or method.upper() in answer.json()["detail"]
            assert answer.headers["Allow"] == "GET, HEAD, OPTIONS"
    for accept in ("text/csv", "image/png", "application/xml;q=0.9", "nonsense"):
        insist(client.get("/api/v1/chokepoints/", headers={"Accept": accept}), 406)
    for body in (b"x" * 3_000_000, b"{"):
        insist(client.post("/api/v1/chokepoints/", body, **JSON), 405)


@pytest.mark.django_db
def test_a_missing_slash_leads_on_with_method_and_body(client):
    answer = client.get("/api/v1/chokepoints?page_size=3")
    assert (answer.status_code, answer.headers["Location"]) == (308, "/api/v1/chokepoints/?page_size=3")
    assert client.post("/api/v1/chokepoints").status_code == 308
    assert client.get("/api").status_code == 404


@pytest.mark.django_db
def test_what_breaks_is_a_problem_that_tells_nothing(monkeypatch):
    def broken(*args, **kwargs):
        raise RuntimeError("the secret of the house")

    monkeypatch.setattr(views.RecordList, "body", broken)
    answer = Client(raise_request_exception=False).get("/api/v1/chokepoints/")
    insist(answer, 500)
    assert b"secret" not in answer.content


class Probe(APIView):
    """A view that raises what it is given, or reads its body."""

    permission_classes = ()
    authentication_classes = ()
    renderer_classes = (JSONRenderer, BrowsableAPIRenderer)
    error: Exception | None = None

    def post(self, request):
        if self.error:
            raise self.error
        return Response({"read": request.data})


def test_each_exception_has_its_status():
    for error, status in (
        (ApiProblem(409, "No.", headers={"X-Why": "so"}, change=3), 409),
        (Http404("secret"), 404),
        (PermissionDenied(), 403),
        (PermissionDenied("Not yours."), 403),
        (SuspiciousOperation("secret"), 400),
        (exceptions.NotAuthenticated(), 403),
        (exceptions.UnsupportedMediaType("text/csv"), 415),
        (exceptions.Throttled(wait=2.2), 429),
        (exceptions.ValidationError({"name": ["Wrong."]}), 400),
    ):
        answer = Probe.as_view(error=error)(APIRequestFactory().post("/api/v1/probe/"))
        problem = insist(answer, status)
        assert "secret" not in json.dumps(problem)
        if status == 409:
            assert (problem["change"], answer.headers["X-Why"]) == (3, "so")
        if status == 429:
            assert answer.headers["Retry-After"] == "3"


def test_bodies_that_are_no_strict_json_are_refused_before_anything_reads_them():
    post, view = APIRequestFactory().post, Probe.as_view()
    deep, pairs = b"[" * 100_000, b'{"a": 1, "a": 2}'
    for body in (b"{", b"\xff", pairs, deep, b"[NaN]", b"[1e400]", b"[" + b"9" * 5_000 + b"]", b'["\\u0000"]',
                 b'["\\ud800"]', b'{"\\ud800": 1}', b'{"a": -Infinity}'):  # fmt: skip
        insist(view(post("/api/v1/probe/", body, **JSON)), 400)
    insist(view(post("/api/v1/probe/", b"[" + b" " * 2_000_000 + b"]", **JSON)), 413)
    for kind in (
        "text/plain",
        "text/csv",
        "multipart/form-data; boundary=x",
        "application/x-www-form-urlencoded",
    ):
        insist(view(post("/api/v1/probe/", b"a=1", content_type=kind)), 415)
    answer = view(post("/api/v1/probe/", '{"题": ["\uf9d0", 1.5]}'.encode(), **JSON))
    assert answer.data == {"read": {"题": ["\uf9d0", 1.5]}}


def test_what_is_repeated_is_short_and_shows_what_is_invisible():
    assert quoted("plain 材料") == "“plain 材料”"
    assert quoted("a\u202eb\u200bc\0d\ne") == r"“a\u202eb\u200bc\x00d\ne”"
    assert quoted("x" * 61) == f"“{'x' * 60}…”"
    assert problem_body(400, "half \ud800")["detail"] == "half ?"
