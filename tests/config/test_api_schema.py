"""The schema says of every address what it takes and answers, neither more nor less."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator
from jsonschema import Draft202012Validator

from chokepoints.api.describing import any_of
from chokepoints.api.rendering import PATHS
from chokepoints.api.views import views_of
from config.api_schema import all_operations, schema
from tests.builders import Builder, golden_register

METHODS = ("get", "post", "patch", "put", "delete")


def routes() -> dict[str, Any]:
    """Return the view of every address below /api/v1/, as OpenAPI writes addresses."""
    found: dict[str, Any] = {}

    def walk(patterns: Any, prefix: str) -> None:
        for pattern in patterns:
            path = prefix + str(pattern.pattern)
            if isinstance(pattern, URLResolver):
                walk(pattern.url_patterns, path)
            elif isinstance(pattern, URLPattern) and path.startswith("api/v1/"):
                found["/" + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", path)] = pattern.callback.cls

    walk(get_resolver().url_patterns, "")
    return found


def references(value: Any) -> set[str]:
    if isinstance(value, dict):
        own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
        return own.union(*(references(part) for part in value.values()))
    if isinstance(value, list):
        return set().union(*(references(part) for part in value))
    return set()


def test_every_address_and_method_is_described_and_nothing_else():
    described = {path: set(methods) for path, methods in all_operations().items()}
    taken = {
        path: {name.upper() for name in METHODS if hasattr(view, name)} for path, view in routes().items()
    }
    assert described == taken
    assert {
        path: {method.upper() for method in methods} for path, methods in schema()["paths"].items()
    } == described


def test_the_scopes_that_it_names_are_those_that_the_views_ask_for():
    views = routes()
    wrong = [
        f"{method} {path}"
        for path, methods in all_operations().items()
        for method, operation in methods.items()
        if method != "GET" or operation.scope  # what everybody may read asks tokens alone
        if any_of(operation.scope) != any_of(views[path].scopes.get(method))
    ]
    assert not wrong


def test_the_schema_is_made_without_a_warning():
    SchemaGenerator().get_schema(public=True)
    assert not GENERATOR_STATS._warn_cache
    assert not GENERATOR_STATS._error_cache


def test_every_reference_leads_to_a_component_and_every_component_is_used():
    whole = schema()
    known = {
        f"#/components/{sort}/{name}"
        for sort in ("schemas", "responses", "headers")
        for name in whole["components"][sort]
    }
    assert references(whole) == known


def test_operations_have_names_of_their_own():
    names = [operation["operationId"] for path in schema()["paths"].values() for operation in path.values()]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("kind", PATHS)
def test_the_parameters_of_the_register_are_the_ones_that_its_views_take(kind):
    listing, detail = (view() for view in views_of(kind))
    for view, path in ((listing, f"/api/v1/{PATHS[kind]}/"), (detail, f"/api/v1/{PATHS[kind]}/{{name}}/")):
        described = {each.name for each in all_operations()[path]["GET"].parameters if each.place == "query"}
        assert described | {"format"} == set(view.parameters()), path


def problems_of(path: str, body: Any) -> list[str]:
    """Return what of an answer the schema doesn't allow."""
    shape = schema()["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    validator = Draft202012Validator(
        {"components": schema()["components"], **shape}, format_checker=Draft202012Validator.FORMAT_CHECKER
    )
    return [
        f"{path}: {'/'.join(map(str, error.path))}: {error.message[:200]}"
        for error in validator.iter_errors(body)
    ]


@pytest.fixture
def build(db) -> Builder:
    return Builder()


def test_what_is_answered_is_what_the_schema_says(build):
    golden_register(build)
    client, problems = Client(), []
    for path in PATHS.values():
        expand = ",".join(_expandable(path))
        expanded = f"?expand={expand}" if expand else ""
        for query in ("?retired=any&count=true", "?fields=id,note", expanded):
            page = client.get(f"/api/v1/{path}/{query}")
            assert page.status_code == 200, (path, query, page.content[:300])
            problems += problems_of(f"/api/v1/{path}/", page.json())
            for one in page.json()["results"]:
                name = one["id"]
                detail = client.get(f"/api/v1/{path}/{name}/{expanded}")
                problems += problems_of(f"/api/v1/{path}/{{name}}/", detail.json())
    problems += problems_of("/api/v1/", client.get("/api/v1/").json())
    problems += problems_of("/api/v1/changesets/", client.get("/api/v1/changesets/").json())
    problems += problems_of("/api/v1/changesets/{number}/", client.get("/api/v1/changesets/1/").json())
    assert problems == []


def _expandable(path: str) -> list[str]:
    kind = next(kind for kind, plural in PATHS.items() if plural == path)
    return views_of(kind)[0]().expandable()


def test_a_schema_that_can_say_no():
    assert problems_of("/api/v1/sectors/", {"next": None, "previous": None, "results": [{"id": 5}]})
    assert problems_of("/api/v1/sectors/", {"next": None, "previous": None, "results": [], "more": 1})


def test_the_schema_is_served_conditionally_and_its_pages_from_our_own_files(client):
    first = client.get("/api/schema/")
    assert first.status_code == 200 and first.json()["openapi"].startswith("3.1")
    assert client.get("/api/schema/", headers={"If-None-Match": first["ETag"]}).status_code == 304
    yaml = client.get("/api/schema/?format=yaml")
    assert yaml.status_code == 200 and yaml.content.startswith(b"openapi:")
    assert yaml["ETag"] != first["ETag"]
    assert client.get("/api/schema/?format=xml").status_code == 400


@pytest.mark.django_db
def test_the_documentation_loads_nothing_from_elsewhere(client):
    page = client.get("/api/docs/").content.decode()
    assert not re.findall(r"<(?:script|link|img)[^>]*(?:src|href)=\"(?:https?:)?//", page)
    assert "swagger-ui-bundle.js" in page
