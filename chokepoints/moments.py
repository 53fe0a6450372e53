"""Moments of the register: the present, or an earlier changeset, day or time, as people name it (`?at=`, a form's “as of”)."""

import datetime as dt
import re
from dataclasses import dataclass

from django.utils.dateparse import parse_datetime

from .exceptions import NoMoment
from .models import Changeset
from .selectors import today

LONGEST_NUMBER = 18  # digits: what fits into a column
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
# A transaction that took its time a moment ago may still be on its way into the ledger.
SETTLED_AFTER = dt.timedelta(minutes=1)


@dataclass(frozen=True)
class Moment:
    """Up to which changeset the register is read, on which day statuses are asked for, and whether that is now.

    `is_settled` says that no changeset can still come to it.
    """

    changeset: int
    day: dt.date
    time: dt.datetime | None
    is_now: bool = False
    is_settled: bool = False


def now() -> Moment:
    """Return the present moment."""
    head = Changeset.objects.order_by("-number").only("number", "time").first()
    return Moment(head.number if head else 0, today(), head.time if head else None, is_now=True)


def read_moment(text: str | None) -> Moment:
    """Return the moment that `?at=` names: a changeset's number, a date (the end of that UTC day), or a time.

    No text, and a day that isn't over, is the present moment. Raises NoMoment, with a sentence, for what is no moment, lies in
    the future, or is a changeset that isn't there.
    """
    text = (text or "").strip()
    if not text:
        return now()
    if is_number(text):
        return _at_number(text)
    until, day = _until(text)
    if day > today():
        raise NoMoment(f"This lies in the future. The register's day is {today()} (UTC).")
    present = dt.datetime.now(dt.UTC)
    if until > present:
        return now()
    changeset = last_before(until)
    number, time = (changeset.number, changeset.time) if changeset else (0, None)
    return Moment(number, day, time, is_settled=until < present - SETTLED_AFTER)


def is_number(text: str) -> bool:
    """Tell whether a text is a whole number in plain digits."""
    return text.isascii() and text.isdigit()


def _at_number(text: str) -> Moment:
    number = int(text) if len(text) <= LONGEST_NUMBER else 0
    changeset = Changeset.objects.filter(number=number).first() if number else None
    if changeset is None:
        words = f"There is no changeset {text[:20]}. The last one is {now().changeset}."
        raise NoMoment(words, is_missing=True)
    day = changeset.time.astimezone(dt.UTC).date()
    return Moment(number, day, changeset.time, is_settled=True)


def _until(text: str) -> tuple[dt.datetime, dt.date]:
    """Return the moment before which changesets count, and its day."""
    try:
        time = read_time(text)
        step = dt.timedelta(days=1) if _DAY.fullmatch(text) else dt.timedelta(microseconds=1)
        return time + step, time.date()
    except (ValueError, OverflowError) as error:
        words = (
            "This is a changeset's number, a date such as 2026-11-24, or a time such as 2026-11-24T12:00:00Z."
        )
        raise NoMoment(words) from error


def read_time(text: str) -> dt.datetime:
    """Return the time (UTC) that a text names, the beginning of the day for a date. Raises ValueError or OverflowError."""
    if _DAY.fullmatch(text):
        return dt.datetime.combine(dt.date.fromisoformat(text), dt.time(), dt.UTC)
    # A plus sign that nobody escaped arrives as a blank.
    time = parse_datetime(text.replace(" ", "+")) if text.isascii() else None
    if time is None or time.tzinfo is None:
        raise ValueError("no time with a zone")
    return time.astimezone(dt.UTC)


def last_before(time: dt.datetime) -> Changeset | None:
    """Return the last changeset before a time."""
    return Changeset.objects.filter(time__lt=time).order_by("-number").first()
