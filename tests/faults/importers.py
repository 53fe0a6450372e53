"""A register, a file that somebody brings to it, and the workers that deal with the file, each in a process of its own.

A worker brings its own clock: it sweeps as beat does, only more often and without patience. It dies where TEST_DIE_AT says,
by the signal that nothing can catch; nothing else of the program is changed.
"""

import contextlib
import json
import signal
import subprocess
from pathlib import Path
from typing import Any

from tests.databases import PROJECT, wait_until
from tests.faults.sites import CELERY
from tests.faults.sites import Site as AnySite

# The first two are in the register; the names are too far apart for anything to be asked.
NAMES = (
    "Alpine Optics",
    "Borealis Steel",
    "Coral Bearings",
    "Dynamo Lasers",
    "Eiger Polymers",
    "Fjord Ceramics",
    "Granite Valves",
    "Harbour Sensors",
    "Indigo Turbines",
    "Jupiter Resins",
    "Kestrel Magnets",
    "Lagoon Pumps",
)
ROWS = len(NAMES)  # a proposal each
LEASE = 1.5  # seconds
FILE = "name,country\n" + "".join(f"{name},JP\n" for name in NAMES)

# An editor, two records that the file changes, and the file, checked and ready to be drafted as run 1.
PREPARE = f"""
from django.conf import settings
from django.contrib.auth.models import Group, User
from tests.builders import Builder
from tests.reviews.bringing_in import bring, columns
settings.IMPORT_AT_ONCE_ROWS = 300
build = Builder()
build.several(*(
    build.change("organization", "create", key=f"firm-{{n}}", name=name, country="CN", kind="company")
    for n, name in enumerate({NAMES[:2]})
))
emma = User.objects.create_user("emma")
emma.groups.add(Group.objects.get(name="Editors"))
run = bring(emma, {FILE!r}, "organization", columns(name="name", country="country"))
assert run.state == "checked", run.reason
"""
UPLOAD = f"""
from django.contrib.auth.models import User
from reviews.services import bringing
bringing.SMALL_FILE = 0
emma = User.objects.get(username="emma")
print(bringing.upload_file(actor=emma, data={FILE!r}.encode(), file_name="organizations.csv").pk)
"""
# What a person does on the pages, in a web process; `first` is what happens before.
ACT = """
import json
from django.contrib.auth.models import User
from chokepoints.imports.mapping import load_plan
from reviews.models import ImportRun
from reviews.services import bringing
actor, number = User.objects.get(username="emma"), {number}
run = ImportRun.objects.get(pk=number)
{first}
if "{what}" == "check":
    bringing.save_plan(actor=actor, number=number, plan=load_plan(run.plan))
elif "{what}" == "draft":
    bringing.ask_for_drafts(actor=actor, number=number, title="Firms", rationale="So.", grouping="record")
else:
    bringing.ask_for_submission(actor=actor, number=number)
"""
# Where a worker may be told to die. Each is reached once, or as often as the number after the colon says.
FAULTS = """
import datetime as dt, os, signal, sys, threading, time, django
django.setup()
from django.db import close_old_connections
from django.utils import timezone
from reviews.models import ImportLine
from reviews.services import carrying, examining, filing, storing

PLACES = {
    "reading": (storing, "_write"),
    "examining": (examining, "_check_whole"),
    "reporting": (ImportLine.objects.__class__, "bulk_create"),
    "filing": (filing, "_draft"),
    "remembering": (filing, "_remember"),
    "submitting": (filing, "submit_proposal"),
}
pause, times = float(os.environ.get("TEST_PAUSE", "0")), 0
def die_at(place, number):
    owner, name = PLACES[place]
    act = getattr(owner, name)
    def perhaps_die(*arguments, **options):
        global times
        times += 1
        time.sleep(pause)
        if times == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return act(*arguments, **options)
    setattr(owner, name, perhaps_die)

if place := os.environ.get("TEST_DIE_AT"):
    name, _, number = place.partition(":")
    die_at(name, int(number or 1))
carrying.PATIENCE = dt.timedelta(0)
"""
CLOCK = """
def sweep():
    while True:
        carrying.sweep_imports(now=timezone.now())
        close_old_connections()
        time.sleep(0.2)
threading.Thread(target=sweep, daemon=True).start()
"""
WORKER = FAULTS + CLOCK + CELERY
# The task as a broker that delivers it again would have it done, without any broker.
DIRECTLY = FAULTS + "carrying.run_import(int(sys.argv[1]))"


class Site(AnySite):
    """A register with a checked import, run 1."""

    def upload(self) -> int:
        """Bring another file, which waits for a worker to read it, and return its run's number."""
        return int(self.shell(UPLOAD))

    def ask(self, what: str, number: int = 1, *, first: str = "") -> None:
        """Ask for something on the page of an import."""
        self.shell(ACT.format(what=what, number=number, first=first))

    def run_row(self, number: int = 1) -> dict[str, Any]:
        """Return what an import's row says."""
        names = "state, job, reason, batch, attempt, tries_left, counts"
        (values,) = self.query(f"SELECT {names} FROM reviews_importrun WHERE number = {number}")
        found = dict(zip(names.split(", "), values, strict=True))
        return found | {"counts": _loaded(found["counts"])}

    def lines(self, number: int = 1) -> int:
        """How many lines its report has."""
        return self.query(f"SELECT count(*) FROM reviews_importline WHERE run_id = {number}")[0][0]

    def proposals(self) -> list[tuple[str, str]]:
        """The state of each proposal there is, and the record that it is about."""
        return self.query(
            "SELECT p.state, c.record FROM reviews_proposal p JOIN reviews_version v ON v.proposal_id = p.number "
            "JOIN reviews_change c ON c.version_id = v.id"
        )

    def worker(self, **environment: str) -> contextlib.AbstractContextManager[subprocess.Popen]:
        """A real worker with its clock; ended afterwards if it still runs."""
        return self.process(WORKER, **environment)

    def lose_a_worker(self, place: str) -> None:
        """Let a worker begin and be killed at a place."""
        with self.worker(TEST_DIE_AT=place) as worker:
            assert wait_until(lambda: worker.poll() is not None, timeout=60), self.run_row()
            assert worker.returncode == -signal.SIGKILL


def _loaded(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


def prepare(database_url: str, var: Path) -> None:
    """Publish what the file is about, and have it brought and checked."""
    make_site(database_url, var).shell(PREPARE)


def make_site(database_url: str, var: Path) -> Site:
    """Return the site of a prepared database."""
    environment = {
        "CELERY_BROKER_URL": "filesystem://localhost",
        "VAR_DIR": str(var),
        "IMPORTS_DIR": str(var / "imports"),
        "IMPORT_LEASE_SECONDS": str(LEASE),
        "IMPORT_AT_ONCE_ROWS": "0",
        "PYTHONPATH": str(PROJECT),
    }
    return Site(database_url, var, environment)
