"""A register whose people are told things, with each process of it on its own: web, worker, clock, and a mail server.

The web process comments; the clock does what beat has done, only more often; the worker is Celery's.
"""

import contextlib
import json
import signal
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.databases import PROJECT
from tests.faults.sites import CELERY
from tests.faults.sites import Site as AnySite

LEASE = 3.0  # seconds

PREPARE = """
import json
from django.contrib.auth.models import Group, User
from chokepoints.models import Outbox
from reviews.models import NotificationChoice, Subscription
from reviews.services.drafting import DraftChange, draft_proposal, submit_proposal
from chokepoints.models import Chokepoint
from tests.builders import Builder
build = Builder()
chokepoint = build.chokepoint("watched")
author = User.objects.create_user("author", email="author@example.org")
author.groups.add(Group.objects.get(name="Editors"))
changes = [DraftChange("chokepoint", chokepoint, "update", {{"summary": "材料"}}, {{}}, 1)]
proposal = draft_proposal(actor=author, title="A proposal that people talk about", rationale="So.", changes=changes)
submit_proposal(actor=author, number=proposal.number, version=1)
talker = User.objects.create_user("talker", email="talker@example.org")
talker.groups.add(Group.objects.get(name="Editors"))
for n in range({recipients}):
    user = User.objects.create_user(f"reader-{{n}}", email=f"reader-{{n}}@example.org")
    Subscription.objects.create(owner=user, what="everything")
    level = "now" if n % 2 else "daily"
    NotificationChoice.objects.create(owner=user, event="commented", scope="watched", level=level)
NotificationChoice.objects.create(owner=author, event="commented", scope="mine", level="inbox")
Outbox.objects.all().delete()
print(json.dumps({{"proposal": proposal.number, "chokepoint": chokepoint}}))
"""

# Comments, each in a transaction of its own; with TEST_DIE_AT it is killed at that one, after the commit and before
# the broker hears of it.
WEB = """
import os, signal, sys, django
django.setup()
from django.contrib.auth.models import User
from chokepoints.services import recording
from reviews.services.discussing import comment_on_proposal
number, first, last = map(int, sys.argv[1:4])
die_at = int(os.environ.get("TEST_DIE_AT", "-1"))
hand_out_soon, n = recording.hand_out_soon, first
def perhaps_die(*arguments):
    if n == die_at:
        os.kill(os.getpid(), signal.SIGKILL)
    hand_out_soon(*arguments)
recording.hand_out_soon = perhaps_die
talker = User.objects.get(username="talker")
for n in range(first, last):
    comment_on_proposal(actor=talker, number=number, text=f"Comment {n} 评论")
print("said all", flush=True)
"""

CLOCK = """
import datetime as dt, os, sys, time, django
django.setup()
from django.utils import timezone
from reviews.notifications import delivery, digests, fanning_out
fanning_out.PATIENCE = dt.timedelta(0)
delivery.pause_after = lambda *_: dt.timedelta(seconds=0.5)
days = float(os.environ.get("TEST_DAYS", "0"))
while True:
    fanning_out.sweep_outbox(most=20)
    if days:
        digests.make_digests(now=timezone.now() + dt.timedelta(days=days))
        delivery.send_mails(now=timezone.now() + dt.timedelta(days=days), most=20)
    else:
        delivery.send_mails(most=20)
    time.sleep(0.1)
"""

WORKER = (
    """
import datetime as dt, sys, django
django.setup()
from reviews.notifications import delivery
delivery.pause_after = lambda *_: dt.timedelta(seconds=0.5)
"""
    + CELERY
)


@dataclass
class Site(AnySite):
    """A register with a proposal that people talk about."""

    proposal: int

    def say(self, first: int, last: int, *, dies_at: int | None = None, **more: str) -> None:
        """Have a web process comment; it says so when it is through, and is killed in the middle if it is to."""
        if dies_at is not None:
            more["TEST_DIE_AT"] = str(dies_at)
        done = self.run(WEB, str(self.proposal), str(first), str(last), **more)
        if dies_at is None:
            assert "said all" in done.stdout and done.returncode == 0, done.stderr
        else:
            assert done.returncode == -signal.SIGKILL, done.stderr

    def owed(self) -> int:
        """How many activities are still to be told."""
        return self.query("SELECT count(*) FROM chokepoints_outbox")[0][0]

    def told(self) -> dict[str, tuple[int, int]]:
        """How many comments each person was told of, and by how many notifications."""
        rows = self.query(
            "SELECT username, count(DISTINCT activity_id), count(*) FROM reviews_notification "
            "JOIN auth_user ON auth_user.id = owner_id WHERE event = 'commented' GROUP BY username"
        )
        return {name: (activities, notifications) for name, activities, notifications in rows}

    def mails(self) -> dict[str, int]:
        """How many mails of their own are in which state."""
        return dict(self.query("SELECT state, count(*) FROM reviews_mail WHERE kind = 'now' GROUP BY state"))

    def digests(self) -> list[tuple[str, str, str]]:
        """Whose digests of which period are in which state."""
        return self.query(
            "SELECT username, period, state FROM reviews_mail JOIN auth_user ON auth_user.id = owner_id "
            "WHERE kind <> 'now' ORDER BY username"
        )

    def undigested(self) -> int:
        """How many notifications wait for a digest."""
        return self.query("SELECT count(*) FROM reviews_notification WHERE digest <> '' AND mail_id IS NULL")[
            0
        ][0]


def make_site(database_url: str, var: Path, recipients: int, mail_url: str) -> Site:
    """Return a register in which so many people watch everything, every second of them by mail at once."""
    code = PREPARE.format(recipients=recipients)
    environment = {
        "CELERY_BROKER_URL": "filesystem://localhost",
        "VAR_DIR": str(var),
        "EMAIL_URL": mail_url,
        "EMAIL_TIMEOUT": "5",
        "MAIL_LEASE_SECONDS": str(LEASE),
        "PYTHONPATH": str(PROJECT),
    }
    site = Site(database_url, var, environment, 0)
    site.proposal = json.loads(site.shell(code))["proposal"]
    return site


@contextlib.contextmanager
def silent_server() -> Iterator[tuple[str, list[socket.socket]]]:
    """A server that takes connections and never says a word: its address, and who came."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        came: list[socket.socket] = []

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    came.append(listener.accept()[0])

        threading.Thread(target=accept, daemon=True).start()
        try:
            yield f"127.0.0.1:{listener.getsockname()[1]}", came
        finally:
            for each in came:
                each.close()
