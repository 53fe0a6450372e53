"""One register for all readings of a module: filled once, read many times, rolled back at the end."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from chokepoints.api.rendering import PATHS
from tests.builders import Builder
from tests.chokepoints.api.filter_table import CASES
from tests.chokepoints.api.registers import Read, full_register, reader, what_happened_later


@dataclass
class Filled:
    """A register: its builder, its records by name, its last changeset; `said` is what lists answered at `before`."""

    build: Builder
    ids: dict[str, str]
    read: Read
    head: int = 0
    before: int = 0
    said: dict[Any, Any] = field(default_factory=dict)

    def named(self, results: list[dict[str, Any]]) -> set[str]:
        """Return the names of records in results."""
        names = {record: name for name, record in self.ids.items()}
        return {names.get(one["id"], one["id"]) for one in results}


@pytest.fixture(scope="module")
def rolled_back(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture(scope="module")
def full(rolled_back) -> Filled:
    """The full register."""
    build = Builder()
    ids = full_register(build)
    return Filled(build, ids, reader(Client()), head=build.changesets[-1].number)


@pytest.fixture(scope="module")
def moved(rolled_back) -> Filled:
    """The full register after much has changed, and everything that its lists and details said before."""
    build = Builder()
    ids = full_register(build)
    filled = Filled(build, ids, reader(Client()), before=build.changesets[-1].number)
    for kind, path in PATHS.items():
        for case in CASES[kind]:
            query = case.format(**ids)
            filled.said[kind, case] = filled.read(f"{path}/?{query}&count=true")
        for one in filled.read(f"{path}/?retired=any")["results"]:
            filled.said["detail", one["self"]] = filled.read(one["self"])
    what_happened_later(build, ids)
    filled.head = build.changesets[-1].number
    return filled


@pytest.fixture
def build(db) -> Builder:
    return Builder()
