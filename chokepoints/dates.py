"""Dates known to the day, the month or the year (pure).

A partial date is written as a prefix of an ISO 8601 date: ``2018``, ``2018-05`` or ``2018-05-30``. The tables keep it
as the last day of that period plus its precision, so that databases can sort and compare; the ledger keeps the text.
"""

import calendar
import datetime as dt
import re

YEAR, MONTH, DAY = "year", "month", "day"
PRECISIONS = {YEAR: "to the year", MONTH: "to the month", DAY: "to the day"}
EARLIEST_YEAR, LATEST_YEAR = 1800, 2200

_PARTIAL = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?")


def parse_partial(text: str) -> tuple[dt.date, str]:
    """Return the last day of the period that `text` names, and its precision.

    Raises ValueError, with a sentence for people, if it is no such date or outside 1800–2200.
    """
    match = _PARTIAL.fullmatch(text)
    if not match:
        raise ValueError("Write a date as 2018, 2018-05 or 2018-05-30.")
    year, month, day = (int(part) if part else None for part in match.groups())
    if not EARLIEST_YEAR <= year <= LATEST_YEAR:
        raise ValueError(f"The year must lie between {EARLIEST_YEAR} and {LATEST_YEAR}.")
    if month is None:
        return dt.date(year, 12, 31), YEAR
    if not 1 <= month <= 12:
        raise ValueError(f"There is no month {month}.")
    last = calendar.monthrange(year, month)[1]
    if day is None:
        return dt.date(year, month, last), MONTH
    if not 1 <= day <= last:
        raise ValueError(f"{year:04}-{month:02} has no day {day}.")
    return dt.date(year, month, day), DAY


def format_partial(day: dt.date, precision: str) -> str:
    """Return the text of which `parse_partial` makes `day` and `precision`."""
    length = {YEAR: 4, MONTH: 7, DAY: 10}[precision]
    return day.isoformat()[:length]
