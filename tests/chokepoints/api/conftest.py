"""The full register: anew for each test, or (`told`) filled once for the whole table of filters."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from chokepoints.api.rendering import PATHS
from tests.builders import Builder
from tests.chokepoints.api.filter_table import CASES
from tests.chokepoints.api.registers import Read, full_register, reader, what_happened_later
from tests.recording import lay_register

# What looks at other records has a way of its own to ask of the past, even where nothing has changed since.
ASKS_AROUND = {"status", "status__in", "supplier_country", "supplier_country__in", "sector", "sector__in"}
TABLE = [(kind, case) for kind, cases in CASES.items() for case in cases]


@dataclass
class Filled:
    """A register: its builder, its records by name, and its last changeset."""

    build: Builder
    ids: dict[str, str]
    read: Read

    @property
    def head(self) -> int:
        return self.build.changesets[-1].number

    def named(self, results: list[dict[str, Any]]) -> set[str]:
        """Return the names of records in results."""
        names = {record: name for name, record in self.ids.items()}
        return {names.get(one["id"], one["id"]) for one in results}

    def ask(self, kind: str, case: str, at: Any = None) -> dict[str, Any]:
        """Return what a list answers to one line of the table of filters."""
        query = case.format(**self.ids) + ("" if at is None else f"&at={at}")
        return self.read(f"{PATHS[kind]}/?{query}&count=true")


@dataclass
class Told(Filled):
    """A register after much has changed, with all that its lists and details answered before, in changeset `before`."""

    before: int = 0
    said: dict[Any, Any] = field(default_factory=dict)  # (kind, case) → the answer of the tables
    said_at: dict[Any, Any] = field(default_factory=dict)  # some of it, asked of the ledger as of the head
    details: dict[str, Any] = field(default_factory=dict)  # address → answer


@pytest.fixture
def full(db) -> Filled:
    """The full register."""
    build = Builder()
    return Filled(build, lay_register(full_register, build), reader(Client()))


@pytest.fixture(scope="module")
def told(django_db_setup, django_db_blocker) -> Iterator[Told]:
    """The full register after much has changed, and everything that its lists and details said before."""
    with django_db_blocker.unblock(), transaction.atomic():
        build = Builder()
        told = Told(build, lay_register(full_register, build), reader(Client()))
        told.before = told.head
        for kind, case in TABLE:
            told.said[kind, case] = told.ask(kind, case)
            if ASKS_AROUND & set(re.findall(r"\w+(?==)", case)):
                told.said_at[kind, case] = told.ask(kind, case, at=told.head)
        for path in PATHS.values():
            for one in told.read(f"{path}/?retired=any")["results"]:
                told.details[one["self"]] = told.read(one["self"])
        what_happened_later(build, told.ids)
        yield told
        transaction.set_rollback(True)
