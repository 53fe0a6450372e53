"""Senders in real processes, killed where it hurts, and two at once: each mail arrives, no digest arrives twice."""

import signal
import subprocess
import sys

import pytest

from tests.databases import PROJECT, process_environment, wait_until
from tests.reviews.notifications.smtp import DATA, END, SMTPServer

pytestmark = pytest.mark.database

SETUP = "import django; django.setup()\n"
FILL = """
import datetime as dt
from django.contrib.auth.models import User
from django.utils import timezone
from chokepoints.models import Activity
from reviews.models import Mail, Notification
for number in range({people}):
    user = User.objects.create_user(f"m{{number}}", email=f"m{{number}}@example.org")
    activity = Activity.objects.create(verb="release.published", subject="release:1")
    row = Notification.objects.create(owner=user, activity=activity, event="release", subject="release:1", level="{kind}")
    if "{kind}" == "now":
        Mail.objects.create(owner=user, kind="now", notification=row, due=timezone.now())
    else:
        mail = Mail.objects.create(owner=user, kind="{kind}", period="2026-11-27", due=timezone.now())
        Notification.objects.filter(pk=row.pk).update(mail=mail, digest="{kind}")
"""
SEND = "from reviews.notifications.delivery import send_mails; print(send_mails())"
LATER = """
import datetime as dt
from django.utils import timezone
from reviews.notifications.delivery import send_mails
print(send_mails(now=timezone.now() + dt.timedelta(hours=1)))
"""
STATES = "from reviews.models import Mail; print(*sorted(Mail.objects.values_list('state', flat=True)))"


def start(code: str, url: str, server: SMTPServer) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", SETUP + code],
        cwd=PROJECT,
        env=process_environment(url, EMAIL_URL=server.url, EMAIL_TIMEOUT="60"),
        stdout=subprocess.PIPE,
        text=True,
    )


def run(code: str, url: str, server: SMTPServer) -> str:
    process = start(code, url, server)
    out, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    return out.strip()


@pytest.mark.parametrize(
    ("kind", "stage", "state", "arrives"),
    [
        # Before the end the server surely has nothing: sent again, a digest too.
        ("now", DATA, "sent", 1),
        ("daily", DATA, "sent", 1),
        # At the end nobody knows: another mail is sent again, a digest isn't.
        ("now", END, "sent", 1),
        ("daily", END, "uncertain", 0),
    ],
)
def test_a_sender_that_is_killed(fresh_database, kind, stage, state, arrives):
    with SMTPServer(hang_at=stage) as server:
        run(FILL.format(people=1, kind=kind), fresh_database, server)
        sender = start(SEND, fresh_database, server)
        assert wait_until(lambda: server.reached == stage)
        sender.send_signal(signal.SIGKILL)
        sender.wait()
        server.hang_at = ""
        run(LATER, fresh_database, server)
        assert run(STATES, fresh_database, server) == state
        assert len(server.accepted) == arrives


def test_two_senders_at_once_send_each_mail_once(fresh_database):
    with SMTPServer() as server:
        run(FILL.format(people=40, kind="now"), fresh_database, server)
        senders = [start(SEND, fresh_database, server) for _ in range(2)]
        sent = [int(sender.communicate(timeout=120)[0]) for sender in senders]
        assert sum(sent) == 40
        assert sorted(server.recipients) == sorted(f"m{number}@example.org" for number in range(40))
        assert set(run(STATES, fresh_database, server).split()) == {"sent"}
