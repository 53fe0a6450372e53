"""The register lock: every transaction that decides something takes it first, so decisions stand in one line.

SQLite: transactions begin IMMEDIATE (settings), so an atomic block holds the only write lock there is. PostgreSQL: an
advisory lock that ends with the transaction. After it come proposals, by ascending id; nothing slow inside.
"""

import contextlib
from collections.abc import Iterator

from django.db import connection, transaction

_ADVISORY_KEY = 0x63686F6B65  # "choke": any fixed number that nothing else in this database uses


@contextlib.contextmanager
def register_lock() -> Iterator[None]:
    """Open a transaction (or a savepoint in one) that holds the register lock until the outermost one ends."""
    with transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_ADVISORY_KEY])
        yield
