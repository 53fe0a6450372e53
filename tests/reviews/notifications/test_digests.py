"""Exactly one digest a person and period: however many items, beats, jumps of the clock and dead workers."""

import datetime as dt
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.utils import timezone

from reviews.models import Mail, Notification
from reviews.notifications import digests
from reviews.notifications.delivery import send_mails
from reviews.notifications.digests import make_digests, period_before
from reviews.services.subscribing import pause
from tests.databases import PROJECT, process_environment

pytestmark = pytest.mark.django_db


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def made(row, moment: str) -> None:
    Notification.objects.filter(pk=row.pk).update(made=at(moment))


def periods(user) -> list[str]:
    return sorted(Mail.objects.filter(owner=user).exclude(kind="now").values_list("period", flat=True))


@pytest.mark.parametrize(
    ("kind", "now", "name", "end"),
    [
        ("daily", "2026-11-28T00:00", "2026-11-27", "2026-11-28"),
        ("daily", "2026-11-28T23:59", "2026-11-27", "2026-11-28"),
        ("daily", "2027-01-01T00:01", "2026-12-31", "2027-01-01"),
        ("weekly", "2026-11-29T23:59", "2026-W47", "2026-11-23"),
        ("weekly", "2026-11-30T00:00", "2026-W48", "2026-11-30"),
        ("weekly", "2027-01-04T05:00", "2026-W53", "2027-01-04"),
        ("weekly", "2026-01-01T05:00", "2025-W52", "2025-12-29"),
    ],
)
def test_a_period_is_a_utc_day_or_an_iso_week(kind, now, name, end):
    assert period_before(kind, at(now)) == (name, at(end))


def test_one_holds_all_that_waited_and_nothing_of_today(addressed, notify):
    for number in range(30):
        made(notify(addressed.emma, level="daily"), f"2026-11-27T{number % 24:02}:10")
    made(notify(addressed.emma, level="daily"), "2026-11-28T00:00")
    made(notify(addressed.rita, level="weekly"), "2026-11-27T10:00")
    assert make_digests(now=at("2026-11-28T00:05")) == 1
    mail = Mail.objects.get()
    assert (mail.owner, mail.period, mail.carries.count()) == (addressed.emma, "2026-11-27", 30)
    assert make_digests(now=at("2026-11-30T00:05")) == 2
    assert periods(addressed.rita) == ["2026-W48"]


def test_what_comes_after_the_digest_of_its_period_waits_for_the_next(addressed, notify):
    made(notify(addressed.emma, level="daily"), "2026-11-27T10:00")
    make_digests(now=at("2026-11-28T00:05"))
    late = notify(addressed.emma, level="daily")
    made(late, "2026-11-27T23:59")
    assert make_digests(now=at("2026-11-28T00:15")) == 0
    assert make_digests(now=at("2026-11-29T00:05")) == 1
    late.refresh_from_db()
    assert late.mail.period == "2026-11-28"


@pytest.mark.parametrize(
    "clock",
    [
        ["2026-11-28T00:05"] * 5,
        ["2026-11-28T00:05", "2026-11-30T00:05", "2026-11-28T00:10", "2026-11-29T00:05", "2026-11-30T00:05"],
        ["2027-11-28T00:05", "2026-11-28T00:05", "2026-11-29T00:05", "2027-11-28T00:05"],
        ["2026-11-20T00:05", "2026-11-28T00:05", "2026-11-20T00:05", "2026-11-28T00:05"],
    ],
)
def test_whatever_the_clock_does_everything_is_told_once_and_no_period_twice(addressed, notify, smtp, clock):
    rows = []
    for moment in clock:
        row = notify(addressed.emma, level="daily")
        made(row, "2026-11-27T10:00")
        rows.append(row)
        make_digests(now=at(moment))
        make_digests(now=at(moment))
        send_mails(now=timezone.now() + dt.timedelta(days=500))
    make_digests(now=at("2028-01-01T00:05"))
    found = periods(addressed.emma)
    assert len(found) == len(set(found))
    assert not Notification.objects.filter(mail=None).exists()
    assert len(set(smtp.message_ids)) == len(smtp.message_ids)
    told = sum(int(m.message["Subject"].rpartition(": ")[2].split()[0]) for m in smtp.accepted)
    send_mails(now=timezone.now() + dt.timedelta(days=1000))
    told = sum(int(m.message["Subject"].rpartition(": ")[2].split()[0]) for m in smtp.accepted)
    assert told == len(rows)


def test_whoever_is_killed_between_two_people_leaves_the_rest_to_the_next_beat(
    addressed, notify, monkeypatch
):
    for user in (addressed.emma, addressed.erik, addressed.rita):
        made(notify(user, level="daily"), "2026-11-27T10:00")
    one = digests._make_one
    done = []

    def killed(owner, *arguments):
        if done:
            raise SystemExit
        done.append(owner)
        return one(owner, *arguments)

    monkeypatch.setattr(digests, "_make_one", killed)
    with pytest.raises(SystemExit):
        make_digests(now=at("2026-11-28T00:05"))
    monkeypatch.undo()
    assert make_digests(now=at("2026-11-28T00:15")) == 2
    assert Mail.objects.count() == 3


def test_whoever_pauses_gets_one_with_all_when_the_pause_is_over(addressed, notify):
    pause(actor=addressed.emma, until=timezone.now() + dt.timedelta(days=30))
    over = timezone.now() + dt.timedelta(days=31)
    for number in range(5):
        row = notify(addressed.emma)  # at once, but for the pause
        made(row, f"2026-11-2{number}T10:00")
        row.refresh_from_db()
        assert row.digest == "daily"
        assert make_digests(now=timezone.now() + dt.timedelta(days=number)) == 0
    assert make_digests(now=over) == 1
    assert Mail.objects.get().carries.count() == 5


def test_what_one_persons_digest_meets_costs_nobody_else_theirs(addressed, notify, monkeypatch):
    for user in (addressed.emma, addressed.erik):
        made(notify(user, level="daily"), "2026-11-27T10:00")
    one = digests._make_one

    def faulty(owner, *arguments):
        if owner == addressed.emma.pk:
            raise RuntimeError("broken")
        return one(owner, *arguments)

    monkeypatch.setattr(digests, "_make_one", faulty)
    assert make_digests(now=at("2026-11-28T00:05")) == 1


# --- real processes

BEAT = """
import datetime as dt, sys
import django; django.setup()
from reviews.notifications.digests import make_digests
sys.stdin.readline()
print(make_digests(now=dt.datetime(2030, 1, 8, 0, 5, tzinfo=dt.UTC)))
"""
FILL = """
import django; django.setup()
from django.contrib.auth.models import User
from chokepoints.models import Activity
from reviews.models import Notification
users = [User.objects.create_user(f"m{n}", email=f"m{n}@example.org") for n in range(20)]
for number in range(5):
    activity = Activity.objects.create(verb="release.published", subject="release:1")
    for user in users:
        for digest in ("daily", "weekly")[: 1 + user.pk % 2]:
            Notification.objects.get_or_create(owner=user, activity=activity, defaults=dict(event="release", subject="release:1",
                level=digest, digest=digest))
"""
SHOW = """
import django; django.setup()
from reviews.models import Mail, Notification
print(Mail.objects.count(), Notification.objects.filter(mail=None).count(), sum(m.carries.count() for m in Mail.objects.all()))
"""


def start(code: str, url: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=PROJECT,
        env=process_environment(url),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen, words: str = "") -> str:
    out, _ = process.communicate(words, timeout=120)
    assert process.returncode == 0
    return out


@pytest.mark.database
def test_two_beats_at_once_make_each_digest_once(fresh_database):
    finish(start(FILL, fresh_database))
    beats = [start(BEAT, fresh_database) for _ in range(2)]
    with ThreadPoolExecutor() as pool:
        made = [int(out) for out in pool.map(lambda beat: finish(beat, "go\n"), beats)]
    mails, waiting, carried = map(int, finish(start(SHOW, fresh_database)).split())
    assert (sum(made), mails, waiting, carried) == (20, 20, 0, 100)
