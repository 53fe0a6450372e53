"""Programs at the API: a client for each person, and bodies that the register takes."""

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from reviews.models import Token
from reviews.services.granting import create_token

ROOT = "/api/v1/proposals/"


class Program(Client):
    """Somebody's program: JSON out, JSON in, and server errors as answers of 500."""

    def __init__(self, user: Any = None):
        super().__init__(raise_request_exception=False)
        if user:
            self.force_login(user)

    def send(self, path: str, body: Any = None, *, method: str = "POST", **headers: str) -> Any:
        """Send a body to an address below that of proposals (or to a whole one)."""
        data = body if isinstance(body, bytes) else json.dumps({} if body is None else body).encode()
        address = path if path.startswith(("/", "http")) else ROOT + path
        return self.generic(
            method, address, data, content_type="application/json",
            headers={name.replace("_", "-"): value for name, value in headers.items()},
        )  # fmt: skip

    def patch_to(self, path: str, body: Any, **headers: str) -> Any:
        return self.send(path, body, method="PATCH", **headers)

    def read(self, path: str = "", **headers: str) -> Any:
        address = path if path.startswith(("/", "http")) else ROOT + path
        return self.get(address, headers={name.replace("_", "-"): value for name, value in headers.items()})


@pytest.fixture
def program(people) -> Callable[[str | None], Program]:
    """A function that returns the program of somebody, or of nobody in particular."""

    def program(name: str | None = None) -> Program:
        return Program(getattr(people, name) if name else None)

    return program


@pytest.fixture
def token_of(people) -> Callable[..., tuple[Token, str]]:
    """A function that makes a token of somebody and returns its row and its text."""

    def token_of(name: str, *scopes: str) -> tuple[Token, str]:
        scopes = scopes or ("read", "propose", "review")
        user = getattr(people, name)
        return create_token(actor=user, name="a program", scopes=scopes, days=7, made_by=uuid.uuid4())

    return token_of


class Bearer(Client):
    """A program that shows a token; server errors come as answers of 500, and the CSRF check is on as in life."""

    def __init__(self, token: str | None = None):
        more = {} if token is None else {"HTTP_AUTHORIZATION": f"Bearer {token}"}
        super().__init__(raise_request_exception=False, enforce_csrf_checks=True, **more)


@pytest.fixture
def bearer(token_of) -> Callable[..., Bearer]:
    """A function that returns a program with a token of somebody, or without one."""

    def bearer(name: str | None = None, *scopes: str) -> Bearer:
        return Bearer(token_of(name, *scopes)[1] if name else None)

    return bearer


def example(chokepoint: str = "microspheres", **more: Any) -> dict[str, Any]:
    """The example of the write door: a source, a statement in it, a judgement, and a summary that cites the statement."""
    return {
        "title": "Microspheres: dependency reduced",
        "rationale": "国产微球已批量供货: a domestic maker delivers.",
        "changes": [
            {
                "record": "source", "operation": "create", "ref": "s1",
                "fields": {
                    "key": "daily-2024-05-02", "kind": "press-release", "title": "Delivery", "title_original": "批量供货",
                    "url": "https://example.org/2024/5", "derivation": "original", "standing": "in-force",
                },
            },
            {
                "record": "evidence", "operation": "create", "ref": "e1",
                "fields": {
                    "source": "ref:s1", "claim": "A domestic maker delivers.", "quote": "国产微球已批量供货",
                    "quote_language": "zh", "nature": "observation",
                    "bears_on": [{"chokepoint": chokepoint, "stance": "shows-reduction"}],
                },
            },
            {
                "record": "assessment", "operation": "create",
                "fields": {
                    "chokepoint": chokepoint, "status": "reduced", "as_of": "2024-05", "evidence": ["ref:e1"],
                    "rationale": "A domestic maker delivers in volume; imports are still needed.", "rank": "normal",
                },
            },
            {
                "record": "chokepoint", "operation": "update", "id": chokepoint, "base_revision": 1,
                "fields": {"summary": "Small beads, made at home by now."}, "cites": {"summary": ["ref:e1"]},
            },
        ],
    } | more  # fmt: skip


def counts() -> dict[str, int]:
    """Return how many rows each table has: what was refused must leave all of them as they were."""
    with connection.cursor() as cursor:
        found = {}
        for table in {*connection.introspection.table_names(cursor)} - {"django_session"}:
            cursor.execute(f'SELECT count(*) FROM "{table}"')
            found[table] = cursor.fetchone()[0]
    return found
