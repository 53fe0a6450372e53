"""Rows that a set-up writes, recorded when it runs first and put back in a few statements when it is asked for again.

Hundreds of tests begin with the same small register. Publishing it takes longer than most of them, and its seeded builder
makes the same of it each time; so each run of the tests publishes it once.
"""

from collections import Counter, defaultdict
from collections.abc import Callable
from copy import deepcopy
from typing import Any

from django.db import connection

from chokepoints.models import Changeset
from tests.builders import Builder

Rows = dict[str, list[tuple]]


class Recording:
    """What one set-up wrote, and what it returned. A set-up only adds rows, and is asked for where there are none of them."""

    def __init__(self) -> None:
        self.rows: Rows | None = None
        self.result: Any = None

    def lay(self, make: Callable[[], Any]) -> Any:
        """Return what `make` returned when it ran; the database holds what it wrote then, or writes now."""
        if self.rows is None:
            before = _all_rows()
            self.result = make()
            self.rows = _added(before, _all_rows())
        else:
            _insert(self.rows)
        return self.result


# By what publishes, and the author that the builder's seed gives.
_registers: defaultdict[Any, Recording] = defaultdict(Recording)


def lay_register(publish: Callable[[Builder], dict[str, str]], build: Builder) -> dict[str, str]:
    """Let a builder have published a register, as `publish(build)` does, and return the same ids by name."""
    if (
        build.changesets or Changeset.objects.exists()
    ):  # after something else it isn't the one that was recorded
        return publish(build)
    recording = _registers[publish, build.author.pk]
    ids, state = recording.lay(lambda: (publish(build), deepcopy(vars(build))))
    vars(build).update(deepcopy(state))
    return dict(ids)


def _all_rows() -> Rows:
    """Return all rows of all tables, as the database gives them and takes them back."""
    with connection.cursor() as cursor:
        rows = {}
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            rows[table] = cursor.fetchall()
    return rows


def _added(before: Rows, after: Rows) -> Rows:
    added = {}
    for table, rows in after.items():
        old, new = Counter(map(repr, before[table])), Counter(map(repr, rows))
        assert not old - new, f"This set-up changes rows of {table}, which a recording can't put back."
        if len(rows) > len(before[table]):
            added[table] = [row for row in rows if repr(row) not in old]
    return added


def _insert(rows: Rows) -> None:
    with connection.cursor() as cursor:
        for table, new in rows.items():
            places = ", ".join(["%s"] * len(new[0]))
            cursor.executemany(f"INSERT INTO {connection.ops.quote_name(table)} VALUES ({places})", new)
