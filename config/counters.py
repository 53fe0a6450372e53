"""Counters that all processes of one machine share, in a file of their own: a cache backend for throttling.

Django's local-memory cache counts in each process apart, so every web worker would grant the whole rate again; its file
and database caches read, add and write, so requests at the same moment are counted once. Here one SQL statement does it.
The file isn't the register's database: counting takes no lock that a publication waits for. With CACHE_URL a Redis takes
its place, whose increments are atomic as well.
"""

import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache

PATIENCE = 1.0  # seconds that a counter waits for another process; it is held for some microseconds
CULL_EVERY = 1_000  # writes

_TABLE = (
    """CREATE TABLE IF NOT EXISTS counters (key TEXT PRIMARY KEY, value INTEGER NOT NULL, expires REAL)"""
)
_SET = "INSERT INTO counters VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value, expires = excluded.expires"
_ADD = f"{_SET} WHERE counters.expires <= ?"
_INCREASE = (
    "UPDATE counters SET value = value + ? WHERE key = ? AND (expires IS NULL OR expires > ?) RETURNING value"
)
_GET = "SELECT value FROM counters WHERE key = ? AND (expires IS NULL OR expires > ?)"

# A Redis that accepts and never answers must not hang a request.
REDIS_OPTIONS = {"socket_connect_timeout": 1, "socket_timeout": 1}


def cache_from_url(url: str, file: Path) -> dict[str, Any]:
    """Return Django's CACHES entry for counters: the Redis that a URL names, or a file of this machine.

    Raises ValueError for any other URL.
    """
    if not url:
        return {"BACKEND": "config.counters.SharedCounters", "LOCATION": str(file)}
    if not url.startswith(("redis://", "rediss://", "unix://")):
        raise ValueError(
            "CACHE_URL: only redis://, rediss:// and unix:// (a Redis socket) can count for throttles."
        )
    return {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": url,
        "OPTIONS": REDIS_OPTIONS,
        "KEY_PREFIX": "chokepoint-register",
    }


class SharedCounters(BaseCache):
    """Whole numbers by key. LOCATION is the file; what it holds may be lost at any time."""

    def __init__(self, location: str, params: dict[str, Any]):
        super().__init__(params)
        self._path = Path(location)
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._owner = 0
        self._writes = 0

    def add(self, key: str, value: int, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        row = (self._key(key, version), int(value), self.get_backend_timeout(timeout), time.time())
        with self._open() as connection:
            return connection.execute(_ADD, row).rowcount > 0

    def set(self, key: str, value: int, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> None:
        with self._open() as connection:
            connection.execute(_SET, (self._key(key, version), int(value), self.get_backend_timeout(timeout)))

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        with self._open() as connection:
            row = connection.execute(_GET, (self._key(key, version), time.time())).fetchone()
        return row[0] if row else default

    def incr(self, key: str, delta: int = 1, version: int | None = None) -> int:
        """Add to a counter and return it. Raises ValueError for one that isn't there."""
        with self._open() as connection:
            found = connection.execute(_INCREASE, (delta, self._key(key, version), time.time())).fetchall()
        if not found:
            raise ValueError(f"There is no counter {key!r}.")
        return found[0][0]

    def touch(self, key: str, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        with self._open() as connection:
            row = (self.get_backend_timeout(timeout), self._key(key, version), time.time())
            statement = "UPDATE counters SET expires = ? WHERE key = ? AND (expires IS NULL OR expires > ?)"
            return connection.execute(statement, row).rowcount > 0

    def delete(self, key: str, version: int | None = None) -> bool:
        with self._open() as connection:
            statement = "DELETE FROM counters WHERE key = ?"
            return connection.execute(statement, (self._key(key, version),)).rowcount > 0

    def clear(self) -> None:
        with self._open() as connection:
            connection.execute("DELETE FROM counters")

    def _key(self, key: str, version: int | None) -> str:
        return self.make_and_validate_key(key, version=version)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """Give this process's connection, to one thread at a time; every statement is its own transaction."""
        with self._lock:
            if self._connection is None or self._owner != os.getpid():  # a forked child needs its own
                self._connection, self._owner = self._connect(), os.getpid()
            self._writes += 1
            if self._writes % CULL_EVERY == 0:
                self._connection.execute("DELETE FROM counters WHERE expires <= ?", (time.time(),))
            yield self._connection

    def _connect(self) -> sqlite3.Connection:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(
            self._path, timeout=PATIENCE, isolation_level=None, check_same_thread=False
        )
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = OFF")  # a lost counter starts again at nought
        connection.execute(_TABLE)
        return connection
