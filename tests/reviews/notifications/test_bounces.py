"""Bounces that come back: those of our own mails mark an address, whatever else is sent there marks none."""

import datetime as dt
import io
import sys

import pytest
from django.core.management import call_command
from django.utils import timezone

from reviews.models import Mail, NotificationSettings
from reviews.notifications.addresses import message_id_of
from reviews.notifications.bounces import note_bounces
from reviews.notifications.delivery import send_mails

pytestmark = pytest.mark.django_db

BOUNCE = """From: MAILER-DAEMON@mx.example.org
To: register@127.0.0.1
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

Sorry.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.org

Final-Recipient: rfc822; {recipient}
Action: {action}
Status: {status}
Diagnostic-Code: smtp; 550 5.1.1 No such user

--b
Content-Type: {enclosed}

From: register@127.0.0.1
Message-ID: {message_id}
Subject: x

--b--
"""


@pytest.fixture
def sent(addressed, notify):
    """A mail of ours to emma, sent."""
    notify(addressed.emma)
    assert send_mails() == 1
    return Mail.objects.get()


def bounce(mail, **parts) -> bytes:
    parts = {
        "recipient": "Emma@example.org",
        "action": "failed",
        "status": "5.1.1",
        "enclosed": "text/rfc822-headers",
        "message_id": message_id_of(mail),
    } | parts
    return BOUNCE.format(**parts).encode()


@pytest.mark.parametrize("enclosed", ["text/rfc822-headers", "message/rfc822"])
def test_a_bounce_of_our_mail_marks_its_address(sent, enclosed):
    (noted,) = note_bounces(bounce(sent, enclosed=enclosed))
    row = NotificationSettings.objects.get()
    assert (noted.address, row.bounced_address) == ("emma@example.org", "emma@example.org")
    assert "No such user" in row.bounced_why
    sent.refresh_from_db()
    assert sent.state == "failed"


@pytest.mark.parametrize(
    "parts",
    [
        {"action": "delayed"},
        {"status": "4.4.1"},
        {"status": "5.2.2"},  # full
        {"status": "5.7.1"},  # about us
        {"recipient": "rita@example.org"},
        {"message_id": "<mail-1.00000000000000000000@127.0.0.1>"},
        {"message_id": "<somebody@elses>"},
        {"recipient": ""},
        {"enclosed": "text/plain"},
    ],
)
def test_what_is_no_hard_bounce_of_our_mail_to_that_address_marks_nothing(sent, parts):
    assert note_bounces(bounce(sent, **parts)) == []
    assert not NotificationSettings.objects.exists()


@pytest.mark.parametrize(
    "content", [b"", b"\xff\x00", b"Subject: hello\n\nI am on holiday.", b"From: x\n" * 1000]
)
def test_other_mails_mark_nothing(sent, content):
    assert note_bounces(content) == []


def test_the_command_reads_files_and_mboxes_and_stdin(sent, tmp_path, monkeypatch):
    single, box = tmp_path / "one.eml", tmp_path / "box"
    single.write_bytes(bounce(sent, status="4.0.0"))
    box.write_bytes(
        b"".join(
            b"From x Fri Nov 27 00:00:00 2026\n" + bounce(sent, status=s) + b"\n" for s in ("4.1.1", "5.1.1")
        )
    )
    out = io.StringIO()
    call_command("note_bounces", str(single), str(box), stdout=out)
    assert "emma@example.org refuses mail" in out.getvalue() and "3 read, 1 marked." in out.getvalue()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(bounce(sent))))
    out = io.StringIO()
    call_command("note_bounces", stdout=out)
    assert "1 read, 1 marked." in out.getvalue()


def test_rows_of_digests_go_when_nothing_that_they_carried_is_left(addressed, notify, settings, tmp_path):
    from reviews.notifications.filing import drop_old_mails

    settings.EMAIL_FILE_PATH = str(tmp_path)
    old = timezone.now() - dt.timedelta(days=400)
    row = notify(addressed.emma, level="daily")
    rows = {"state": "sent", "due": old, "ended": old, "owner": addressed.emma, "kind": "daily"}
    carrying = Mail.objects.create(period="2025-01-01", **rows)
    Mail.objects.create(period="2025-01-02", **rows)
    type(row).objects.update(mail=carrying)
    assert drop_old_mails(now=timezone.now()) == 1
    assert Mail.objects.get() == carrying
