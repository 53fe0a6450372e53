"""A register on a database of its own, with each of its processes apart: what tests under fault stand on."""

import contextlib
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from tests.databases import PROJECT, end_process, process_environment, run_manage

# What ends the code of a process that is to be a worker.
CELERY = """
from celery.__main__ import main
sys.argv = ["celery", "-A", "config", "worker", "--pool", "solo", "--without-gossip", "--without-mingle"]
main()
"""


@dataclass
class Site:
    """A database, a folder for everything that is written, and the environment of its processes."""

    database_url: str
    var: Path
    environment: dict[str, str]

    def shell(self, code: str, **environment: str) -> str:
        """Run code in a process of this site and return the last line that it printed."""
        done = run_manage(self.database_url, "shell", "-v0", "-c", code, **(self.environment | environment))
        return (done.stdout.strip().splitlines() or [""])[-1]

    def query(self, sql: str, *parameters: str) -> list[tuple]:
        """Ask the database, past the program, which takes too long to start for looking every moment."""
        if self.database_url.startswith("postgres"):
            with psycopg.connect(self.database_url) as connection:
                return connection.execute(sql.replace("?", "%s"), parameters).fetchall()
        path = urlsplit(self.database_url).path[1:]
        with contextlib.closing(sqlite3.connect(path, timeout=20)) as connection:
            return connection.execute(sql, parameters).fetchall()

    def run(self, code: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run code in a process of its own to its end, whatever that is."""
        return subprocess.run(
            [sys.executable, "-c", code, *arguments],
            cwd=PROJECT,
            env=process_environment(self.database_url, **(self.environment | environment)),
            capture_output=True,
            text=True,
            timeout=120,
        )

    @contextlib.contextmanager
    def process(self, code: str, **environment: str) -> Iterator[subprocess.Popen]:
        """A process of this site; ended afterwards if it still runs."""
        with (self.var / "processes.log").open("a") as log:
            process = subprocess.Popen(
                [sys.executable, "-c", code],
                cwd=PROJECT,
                env=process_environment(self.database_url, **(self.environment | environment)),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
            )
        try:
            yield process
        finally:
            end_process(process)

    def lose_messages(self) -> int:
        """Flush the broker: whatever it holds is gone. Return how many messages those were."""
        messages = list((self.var / "broker" / "messages").glob("*"))
        for path in messages:
            path.unlink(missing_ok=True)
        return len(messages)
