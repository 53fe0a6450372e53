"""The register at a moment: as its tables show it now, or as the ledger has it at an earlier changeset.

A record that hasn't changed since a moment was then what its table shows now. So only what did change since is read out
of the ledger, and a list of some thousand records at a moment costs little more than the list of today.
"""

import datetime as dt
import re
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.utils.dateparse import parse_datetime

from ..history import states_of
from ..models import Changeset, RecordKey, Revision
from ..projection import model_of, read_states
from ..records import KINDS, Kind
from .problems import ApiProblem, wrong_parameter
from .rendering import Known

CHUNK = 1_000
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True)
class Moment:
    """Up to which changeset the register is read, on which day statuses are asked for, and whether that is now."""

    changeset: int
    day: dt.date
    time: dt.datetime | None
    is_now: bool


def now() -> Moment:
    """Return the present moment."""
    head = Changeset.objects.order_by("-number").first()
    return Moment(head.number if head else 0, today(), head.time if head else None, True)


def today() -> dt.date:
    """Return the register's day: the same everywhere, whatever the local clock says."""
    return dt.datetime.now(dt.UTC).date()


def read_moment(text: str | None) -> Moment:
    """Return the moment that `?at=` names: a changeset's number, a date (the end of that UTC day), or a time.

    A day that isn't over is the present moment. Raises ApiProblem: 400 for what is no moment or lies in the future, 404 for a
    changeset that isn't there.
    """
    if not text:
        return now()
    if text.isascii() and text.isdigit():
        return _at_number(text)
    until, day = _until(text)
    if day > today():
        raise wrong_parameter("at", f"This lies in the future. The register's day is {today()} (UTC).")
    if until > dt.datetime.now(dt.UTC):
        return now()
    changeset = last_before(until)
    return Moment(changeset.number if changeset else 0, day, changeset.time if changeset else None, False)


def _at_number(text: str) -> Moment:
    number = int(text) if len(text) < 19 else 0
    changeset = Changeset.objects.filter(number=number).first() if number else None
    if changeset is None:
        raise ApiProblem(404, f"There is no changeset {text[:20]}. The last one is {now().changeset}.")
    return Moment(number, changeset.time.astimezone(dt.UTC).date(), changeset.time, False)


def _until(text: str) -> tuple[dt.datetime, dt.date]:
    """Return the moment before which changesets count, and its day."""
    try:
        time = read_time(text)
        day = time.date()
        step = dt.timedelta(days=1) if _DAY.fullmatch(text) else dt.timedelta(microseconds=1)
        return time + step, day
    except (ValueError, OverflowError) as error:
        words = (
            "This is a changeset's number, a date such as 2026-11-24, or a time such as 2026-11-24T12:00:00Z."
        )
        raise wrong_parameter("at", words) from error


def read_time(text: str) -> dt.datetime:
    """Return the time (UTC) that a text names, the beginning of the day for a date. Raises ValueError or OverflowError."""
    if _DAY.fullmatch(text):
        return dt.datetime.combine(dt.date.fromisoformat(text), dt.time(), dt.UTC)
    # A plus sign that nobody escaped arrives as a blank.
    time = parse_datetime(text.replace(" ", "+"))
    if time is None or time.tzinfo is None:
        raise ValueError("no time with a zone")
    return time.astimezone(dt.UTC)


def last_before(time: dt.datetime) -> Changeset | None:
    """Return the last changeset before a time."""
    return Changeset.objects.filter(time__lt=time).order_by("-number").first()


# --- records


def known_now(kind: Kind, rows: Iterable[Any]) -> list[Known]:
    """Return rows of a kind's table as they stand, in their order."""
    rows = list(rows)
    states: dict[str, Any] = {}
    for start in range(0, len(rows), CHUNK):
        states |= read_states(kind, rows[start : start + CHUNK])
    return [
        Known(kind, str(row.pk), states[str(row.pk)], row.revision, row.created_in_id, row.changed_in_id)
        for row in rows
    ]


def known_at(kind: Kind, moment: Moment, condition: Q | None = None) -> list[Known]:
    """Return the records of a kind at a moment, in no particular order.

    `condition` narrows the table as it is now; records that changed since the moment come whether they meet it or not, so the
    caller looks at their states.
    """
    rows = standing(kind, moment)
    still = known_now(kind, rows if condition is None else rows.filter(condition))
    return with_moved(kind, moment, {one.record: one for one in still})


def standing(kind: Kind, moment: Moment) -> QuerySet:
    """Return the rows of a kind that show what was so at a moment, because they haven't changed since."""
    rows = model_of(kind).objects.all()
    return rows if moment.is_now else rows.filter(changed_in__lte=moment.changeset)


def with_moved(kind: Kind, moment: Moment, still: Mapping[str, Any]) -> list[Any]:
    """Return what was made of standing rows, by record, with the records that have moved on, as the ledger had them.

    A changeset that was published while the standing rows were read may have changed some under the reader; they are among
    those that have moved on by now, and replaced.
    """
    if moment.is_now:
        return list(still.values())
    rows = model_of(kind).objects.filter(changed_in__gt=moment.changeset, created_in__lte=moment.changeset)
    moved = set(map(str, rows.values_list("pk", flat=True)))
    kept = [one for record, one in still.items() if record not in moved]
    return kept + list(known_then(kind, moved, moment))


def known_then(kind: Kind, records: Iterable[str], moment: Moment) -> Iterator[Known]:
    """Yield some records of a kind as the ledger has them at a moment; one that wasn't there is missing."""
    ids = sorted(records)
    for start in range(0, len(ids), CHUNK):
        yield from _from_ledger(kind, revisions_then(kind.name, ids[start : start + CHUNK], moment))


def revisions_then(kind: str, records: Sequence[str], moment: Moment) -> QuerySet[Revision]:
    """Return the last revision of each of some records of a kind at a moment."""
    until = Revision.objects.filter(changeset__lte=moment.changeset)
    last = until.filter(record=OuterRef("record")).order_by("-number").values("number")[:1]
    return until.filter(kind=kind, record__in=records, number=Subquery(last))


def _from_ledger(kind: Kind, revisions: Iterable[Revision]) -> Iterator[Known]:
    revisions = list(revisions)
    created = dict(
        Revision.objects.filter(record__in=[r.record for r in revisions], number=1).values_list(
            "record", "changeset_id"
        )
    )
    for revision, state in zip(revisions, states_of(revisions), strict=True):
        yield Known(
            kind,
            str(revision.record),
            state,
            revision.number,
            created[revision.record],
            revision.changeset_id,
        )


def look_at(moment: Moment) -> Any:
    """Return a look-up of records at a moment, (kind, ids) → records by id; each is read once."""
    found: dict[tuple[str, str], Known | None] = {}

    def look(kind: str, ids: Iterable[str]) -> Mapping[str, Known]:
        wanted = set(ids)
        if missing := [record for record in wanted if (kind, record) not in found]:
            found.update({(kind, record): None for record in missing})
            found.update({(kind, one.record): one for one in _known(KINDS[kind], missing, moment)})
        return {record: found[kind, record] for record in wanted if found[kind, record]}

    return look


def _known(kind: Kind, ids: Sequence[str], moment: Moment) -> Iterable[Known]:
    if moment.is_now:
        return known_now(kind, model_of(kind).objects.filter(pk__in=ids))
    return known_then(kind, ids, moment)


def record_then(kind: str, name: str, moment: Moment) -> Known | None:
    """Return the record with an id or key at a moment, or None. A former key leads on to its record."""
    look = look_at(moment)
    for record in (_id(name), _record_with_key(kind, name)):
        if record and (found := look(kind, [record])):
            return found[record]
    return None


def _id(text: str) -> str | None:
    try:
        return str(uuid.UUID(text)) if len(text) == 36 else None
    except ValueError:
        return None


def _record_with_key(kind: str, key: str) -> str | None:
    if "\0" in key or len(key) > 200:
        return None
    record = RecordKey.objects.filter(kind=kind, key=key).values_list("record", flat=True).first()
    return str(record) if record else None
