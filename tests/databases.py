"""Databases that a test may really commit to, and the real processes that use them.

Django's way to undo commits is to flush every table, which the ledger's append-only triggers refuse, as they should.
So a test that needs commits (threads, processes, servers) gets a copy of a migrated template, dropped afterwards:

    def test_something(fresh_database):
        run_manage(fresh_database, "load_dataset")
        with live_server_process(fresh_database) as server:
            urlopen(server.url + "/healthz/ready")
"""

import contextlib
import itertools
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.error import URLError
from urllib.parse import urlsplit, urlunsplit
from urllib.request import urlopen

PROJECT = Path(__file__).resolve().parents[1]

# Servers end with the process that started them, so a killed test run leaves none behind.
LEASHED = (sys.executable, "-m", "chokepoints.management.leash")

# The server on which databases are made and dropped; one that only tests use, with trust for loopback.
_named = os.environ.get("DATABASE_URL", "")
POSTGRESQL_SERVER = os.environ.get("TEST_POSTGRESQL_URL") or (
    _named if _named.startswith("postgres") else "postgres://postgres@127.0.0.1:5432/postgres"
)
NEEDS_POSTGRESQL = (
    "needs PostgreSQL that lets user postgres in on 127.0.0.1:5432 (or TEST_POSTGRESQL_URL): "
    "apt-get install -y postgresql, then `trust` for 127.0.0.1/32 in pg_hba.conf; .ci/run does both"
)


def engine_of_this_run() -> str:
    """`sqlite`, or `postgresql` where DATABASE_URL names such a server."""
    return "postgresql" if _named.startswith("postgres") else "sqlite"


@cache
def postgresql_answers() -> bool:
    """Whether databases can be made on the PostgreSQL server."""
    import psycopg

    with contextlib.suppress(psycopg.OperationalError):
        _on_postgresql("SELECT 1")
        return True
    return False


class Templates:
    """Migrated databases, one per engine, made when first needed; and the copies of them."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.templates: dict[str, str] = {}
        # Unique per process, and so per xdist worker and per run.
        self.names = (f"register_fresh_{os.getpid()}_{number}" for number in itertools.count())

    def __enter__(self) -> "Templates":
        return self

    def __exit__(self, *_) -> None:
        for url in self.templates.values():
            _drop(url)

    def fresh_database(self, engine: str) -> contextlib.AbstractContextManager[str]:
        """The DATABASE_URL of a copy of the template; the copy is dropped at the end, whoever still uses it."""
        return self.copy_of(self._template(engine))

    @contextlib.contextmanager
    def copy_of(self, original: str) -> Iterator[str]:
        """The DATABASE_URL of a copy of a database that nobody uses at this moment; dropped at the end."""
        url = self._address("postgresql" if original.startswith("postgres") else "sqlite")
        _copy(original, url)
        try:
            yield url
        finally:
            _drop(url)

    def take_over(self, migrated: str, engine: str) -> None:
        """Make a template out of a database that was just migrated, for migrating takes seconds and copying none.

        It must be one that nobody has written to or is connected to.
        """
        if engine == "postgresql":
            _drop_leftovers()
        url = self._address(engine)
        self.templates[engine] = url
        _copy(address_of(engine, migrated), url)

    def _template(self, engine: str) -> str:
        if engine not in self.templates:
            url = self._address(engine)
            if engine == "postgresql":
                _drop_leftovers()
                _on_postgresql(f'CREATE DATABASE "{_name(url)}"')
            self.templates[engine] = url  # before migrating: what fails half-way is dropped as well
            run_manage(url, "migrate", "--verbosity", "0")
        return self.templates[engine]

    def _address(self, engine: str) -> str:
        name = next(self.names)
        return address_of(engine, name if engine == "postgresql" else f"{self.folder / name}.sqlite3")


def address_of(engine: str, name: str) -> str:
    """The DATABASE_URL of a database on the tests' PostgreSQL server, or of SQLite's file of that name."""
    if engine == "postgresql":
        return urlunsplit(urlsplit(POSTGRESQL_SERVER)._replace(path=f"/{name}"))
    return f"sqlite:///{name}"


def _name(url: str) -> str:
    return urlsplit(url).path[1:]


def _copy(template: str, url: str) -> None:
    if template.startswith("postgres"):
        _on_postgresql(f'CREATE DATABASE "{_name(url)}" TEMPLATE "{_name(template)}"')
        return
    # What is still in the write-ahead log goes into the file first, so that the file alone is the database.
    with contextlib.closing(sqlite3.connect(_name(template))) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copyfile(_name(template), _name(url))


def _drop(url: str) -> None:
    if url.startswith("postgres"):
        # FORCE ends the connections of processes that a failed test left behind.
        _on_postgresql(f'DROP DATABASE IF EXISTS "{_name(url)}" WITH (FORCE)')
        return
    for ending in ("", "-wal", "-shm", "-journal"):
        Path(_name(url) + ending).unlink(missing_ok=True)


def _drop_leftovers() -> None:
    """Drop what killed runs left on this machine's server: databases named for a process that is gone."""
    if urlsplit(POSTGRESQL_SERVER).hostname not in ("127.0.0.1", "localhost"):
        return  # another machine's processes cannot be seen from here
    for (name,) in _on_postgresql(
        r"SELECT datname FROM pg_database WHERE datname ~ '^register_(fresh|test)_\d+'"
    ):
        try:
            os.kill(int(name.split("_")[2]), 0)
        except ProcessLookupError:
            _on_postgresql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        except PermissionError:
            pass  # somebody else's, and alive


def _on_postgresql(statement: str) -> list[tuple]:
    import psycopg

    with psycopg.connect(POSTGRESQL_SERVER, autocommit=True, connect_timeout=5) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


# --- real processes

# These begin with Django's system checks, which import every view: half of the time that they take. Nothing that tests ask
# of them depends on it, and tests/config/test_settings.py runs all checks.
CHECK_FIRST = {"dump_ledger", "replay_ledger", "verify_register", "load_dataset", "load_demo"}


def process_environment(database_url: str, **more: str) -> dict[str, str]:
    """The environment of a process of this project under test settings, on that database."""
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings.test",
        "DATABASE_URL": database_url,
        "PYTHONUNBUFFERED": "1",
        **more,
    }


def run_manage(
    database_url: str, *arguments: str, check: bool = True, timeout: float = 300, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run `manage.py …` in a process of its own and return it; unless `check=False`, failure raises with its words."""
    skip = ["--skip-checks"] if arguments[0] in CHECK_FIRST else []
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments, *skip],
        cwd=PROJECT,
        env=process_environment(database_url, **environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
    )
    if check and done.returncode:
        raise AssertionError(
            f"manage.py {' '.join(arguments)} ended with {done.returncode}\n{done.stdout}\n{done.stderr}"
        )
    return done


def free_port() -> int:
    """A loopback port that nobody uses at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclass
class LiveServer:
    """A running server: its address, its database, and what it has written so far."""

    url: str
    database_url: str
    log_file: Path
    process: subprocess.Popen

    @property
    def log(self) -> str:
        return self.log_file.read_text(errors="replace")


@contextlib.contextmanager
def live_server_process(
    database_url: str, *, timeout: float = 60, **environment: str
) -> Iterator[LiveServer]:
    """The real site in a process of its own on a free port, once it answers; stopped at the end."""
    with tempfile.TemporaryDirectory() as folder:
        for attempt in range(3):
            server = _start_server(database_url, Path(folder) / f"server-{attempt}.log", environment)
            try:
                answered = _answers(server, timeout)
                if not answered and attempt < 2 and "already in use" in server.log:
                    continue  # somebody took the port between our look and the server's
                assert answered, f"The server did not answer within {timeout} s:\n{server.log}"
                yield server
                return
            finally:
                end_process(server.process)


def _start_server(database_url: str, log_file: Path, environment: dict[str, str]) -> LiveServer:
    port = free_port()
    with log_file.open("w") as log:
        process = subprocess.Popen(
            [*LEASHED, "django", "runserver", "--noreload", "--skip-checks", f"127.0.0.1:{port}"],
            cwd=PROJECT,
            env=process_environment(database_url, **environment),
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    return LiveServer(f"http://127.0.0.1:{port}", database_url, log_file, process)


def _answers(server: LiveServer, timeout: float) -> bool:
    def live() -> bool:
        with (
            contextlib.suppress(URLError, OSError),
            urlopen(f"{server.url}/healthz/live", timeout=5) as answer,
        ):
            return answer.status == 200
        return False

    return (
        wait_until(lambda: live() or server.process.poll() is not None, timeout)
        and server.process.poll() is None
    )


def end_process(process: subprocess.Popen, patience: float = 10) -> int:
    """Ask a process to end, make it if it does not, and return its exit code."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
    if process.stdin:
        process.stdin.close()
    return process.wait()


def wait_until(condition, timeout: float = 30, interval: float = 0.05) -> bool:
    """Whether the condition came true before the time was up."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(interval)
    return bool(condition())
