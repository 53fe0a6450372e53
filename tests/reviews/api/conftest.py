"""Programs with tokens."""

import uuid

import pytest
from django.test import Client

from reviews.services.granting import create_token


class Program(Client):
    """A client that shows a token; server errors come as answers of 500."""

    def __init__(self, token: str | None = None):
        more = {} if token is None else {"HTTP_AUTHORIZATION": f"Bearer {token}"}
        super().__init__(raise_request_exception=False, enforce_csrf_checks=True, **more)


@pytest.fixture
def token_of(people):
    """A function that makes a token of somebody and returns its row and its text."""

    def token_of(name: str, *scopes: str):
        scopes = scopes or ("read", "propose", "review")
        user = getattr(people, name)
        return create_token(actor=user, name="a program", scopes=scopes, days=7, made_by=uuid.uuid4())

    return token_of


@pytest.fixture
def program(token_of):
    """A function that returns a program with a token of somebody, or without one."""

    def program(name: str | None = None, *scopes: str) -> Program:
        return Program(token_of(name, *scopes)[1] if name else None)

    return program
