"""Other sites' pages: none may read the API, unless the environment names them; none ever as who is signed in."""

import pytest
from django.conf import settings as site
from django.test import Client

from .test_settings import run, show

HERE = {"HTTP_ORIGIN": "https://notebook.example"}
PREFLIGHT = {
    **HERE,
    "HTTP_ACCESS_CONTROL_REQUEST_METHOD": "POST",
    "HTTP_ACCESS_CONTROL_REQUEST_HEADERS": "authorization,idempotency-key",
}


@pytest.fixture
def allowed(settings):
    settings.CORS_ALLOWED_ORIGINS = [HERE["HTTP_ORIGIN"]]
    settings.MIDDLEWARE = ["corsheaders.middleware.CorsMiddleware", *site.MIDDLEWARE]


def _cors(answer):
    return {name.lower() for name in answer.headers if name.lower().startswith("access-control-")}


def test_off_unless_configured(db, client):
    for path in ("/api/v1/", "/api/nothing/", "/"):
        assert not _cors(client.get(path, **HERE)) and not _cors(client.options(path, **PREFLIGHT))
    assert "corsheaders.middleware.CorsMiddleware" not in site.MIDDLEWARE


def test_a_named_origin_reads_the_api_and_nothing_else_without_credentials(allowed, db):
    client = Client()
    answer = client.get("/api/v1/", **HERE)
    assert answer["Access-Control-Allow-Origin"] == HERE["HTTP_ORIGIN"]
    assert "Access-Control-Allow-Credentials" not in answer
    exposed = answer["Access-Control-Expose-Headers"].split(", ")
    assert exposed == ["ETag", "Location", "Retry-After", "Link", "Idempotency-Replayed"]
    before = client.options("/api/v1/", **PREFLIGHT)
    assert {"authorization", "idempotency-key", "if-match"} <= set(
        before["Access-Control-Allow-Headers"].split(", ")
    )
    assert client.get("/api/nothing/", **HERE)["Access-Control-Allow-Origin"]  # problems too
    assert not _cors(client.get("/", **HERE))
    assert not _cors(client.get("/api/v1/", HTTP_ORIGIN="https://notebook.example.evil.example"))


def test_the_environment_names_the_origins(tmp_path):
    shown = show("settings.MIDDLEWARE[1], settings.CORS_ALLOWED_ORIGINS, settings.CORS_ALLOW_CREDENTIALS")
    done = run(shown, tmp_path, settings="local", CORS_ALLOWED_ORIGINS="https://a.example,https://b.example")
    assert done.stdout.split() == [
        "corsheaders.middleware.CorsMiddleware", "['https://a.example',", "'https://b.example']", "False"
    ]  # fmt: skip
