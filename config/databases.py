"""From DATABASE_URL to Django's DATABASES entry, with what each engine needs to be used by several processes."""

from pathlib import Path

import environ

# https://docs.djangoproject.com/en/5.2/ref/databases/#sqlite-notes
# Web, worker and commands write at the same time. With Django's defaults four writers met "database is locked" within
# seconds; WAL alone made it worse; with all of this it does not happen. The price: every atomic block takes the
# write lock, so reads stay outside of atomic blocks and ATOMIC_REQUESTS stays off. The short busy_timeout is what
# config/backends/sqlite3 begins again after, so that nobody starves.
SQLITE_ENGINE = "config.backends.sqlite3"
SQLITE_OPTIONS = {
    "timeout": 20,
    "transaction_mode": "IMMEDIATE",
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA busy_timeout=20;",
}

# https://www.postgresql.org/docs/current/libpq-connect.html
# A server that accepts and never answers must not hang a request.
POSTGRESQL_OPTIONS = {"connect_timeout": 5}


def database_from_url(url: str) -> dict:
    """The DATABASES entry for a `sqlite:///…` or `postgres://…` address; other engines are refused."""
    database = environ.Env.db_url_config(url)
    engine = database["ENGINE"].rpartition(".")[2]
    if engine == "sqlite3":
        if database["NAME"] == ":memory:":
            raise ValueError("DATABASE_URL: SQLite in memory cannot be shared by processes; give a file.")
        Path(database["NAME"]).parent.mkdir(parents=True, exist_ok=True)
        return {
            **database,
            "ENGINE": SQLITE_ENGINE,
            "OPTIONS": {**SQLITE_OPTIONS, **database.get("OPTIONS", {})},
        }
    if engine == "postgresql":
        # https://docs.djangoproject.com/en/5.2/ref/databases/#persistent-connections
        return {
            **database,
            "CONN_MAX_AGE": 60,
            "CONN_HEALTH_CHECKS": True,
            "OPTIONS": {**POSTGRESQL_OPTIONS, **database.get("OPTIONS", {})},
        }
    raise ValueError(f"DATABASE_URL: {engine} is not supported; use sqlite:///path or postgres://…")
