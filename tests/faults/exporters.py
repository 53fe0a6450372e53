"""A register, a real worker on the file-system broker, and the exports that it is to write, each in processes of their own."""

import contextlib
import subprocess
import time
from pathlib import Path
from typing import Any

from tests.databases import PROJECT, run_manage
from tests.faults.sites import CELERY
from tests.faults.sites import Site as AnySite

# Made through the one door: few large changesets, for what matters here is that an export takes long enough to be killed.
FILL = """
import sys
from tests.builders import Builder
build = Builder()
for start in range(0, {rows}, 400):
    build.several(*(
        build.change("sector", "create", key=f"sector-{{n}}", name=f"Sector {{n}} 材料", description="x" * 200)
        for n in range(start, min(start + 400, {rows}))
    ))
from django.contrib.auth import get_user_model
get_user_model().objects.create(username="ada")
"""
ASK = """
{first}
from django.contrib.auth import get_user_model
from chokepoints.services.exporting import request_export
user = get_user_model().objects.get(username="ada")
print(request_export(actor=user, kinds=["sector"], format="{format}").pk)
"""
LEASE = 2.0  # seconds
COLUMNS = ("state", "reason", "rows", "read", "attempt", "sha256", "size", "stored_as", "lease_until")
# Every chunk takes a while, so that there is a middle in which to be killed; nothing else of the program is changed.
SLOW = """
import os, time
from chokepoints.exports import copying, rows

pause = float(os.environ.get("TEST_PAUSE", "0"))
original = rows.chunk_after
def chunk_after(*arguments, **options):
    time.sleep(pause)
    return original(*arguments, **(options | {"size": 50}))
rows.chunk_after = chunk_after
copying._values = lambda *_: None
if room := int(os.environ.get("TEST_ROOM", "0")):
    import errno
    from chokepoints.exports.format import HashingFile
    write = HashingFile.write
    def full(self, data):
        if self.size + len(data) > room:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(self, data)
    HashingFile.write = full
"""
WORKER = f"""
import sys, django
django.setup()
{SLOW}
{CELERY}
"""


class Site(AnySite):
    """A database with rows in it, and the exports that are asked for there."""

    @property
    def exports(self) -> Path:
        return Path(self.environment["EXPORTS_DIR"])

    def ask(self, format: str = "csv", first: str = "") -> str:
        """Ask for an export of all rows, as a web process would, and return its id; `first` is what happens before."""
        return self.shell(ASK.format(format=format, first=first))

    def sweep(self, *, minutes: int = 0) -> None:
        """Do what beat has done every half minute, so many minutes from now."""
        self.shell(
            "import datetime as dt; from django.utils import timezone as t; from chokepoints.services.sweeping import "
            f"sweep_exports as s; s(now=t.now() + dt.timedelta(minutes={minutes}))"
        )

    def row(self, pk: str) -> dict[str, Any]:
        """Return an export's row."""
        names = ", ".join(f'"{name}"' for name in COLUMNS)
        key = pk if self.database_url.startswith("postgres") else pk.replace("-", "")
        (values,) = self.query(f"SELECT {names} FROM chokepoints_export WHERE id = ?", key)
        return dict(zip(COLUMNS, values, strict=True))

    def return_abandoned(self, pk: str) -> None:
        """Wait until the lease has run out, and sweep."""
        time.sleep(LEASE + 0.5)
        self.sweep()
        assert self.row(pk)["state"] == "waiting", self.row(pk)

    def files(self) -> list[str]:
        return sorted(path.name for path in self.exports.iterdir()) if self.exports.is_dir() else []

    def worker(
        self, *, pause: float = 0.0, **environment: str
    ) -> contextlib.AbstractContextManager[subprocess.Popen]:
        """A real worker; ended afterwards if it still runs."""
        return self.process(WORKER, TEST_PAUSE=str(pause), **environment)


def fill(database_url: str, rows: int) -> None:
    """Publish so many sectors, and let there be somebody who asks for exports."""
    run_manage(database_url, "shell", "-v0", "-c", FILL.format(rows=rows), PYTHONPATH=str(PROJECT))


def make_site(database_url: str, var: Path, **more: str) -> Site:
    """Return the site of a filled database."""
    environment = {
        "CELERY_BROKER_URL": "filesystem://localhost",
        "VAR_DIR": str(var),
        "EXPORTS_DIR": str(var / "exports"),
        "EXPORT_LEASE_SECONDS": str(LEASE),
        "PYTHONPATH": str(PROJECT),
    } | more
    return Site(database_url, var, environment)
