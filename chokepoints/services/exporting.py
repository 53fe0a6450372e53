"""Exports: asking for a file, and what its requester may do about it. The row decides; the broker only carries its id.

exporting   a row: tables, fields, filters, changeset
writing     a worker: lease → rows → temporary name → rename → ready
sweeping    the clock: hands out again, takes back what lost workers held, lets files expire
"""

import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils import timezone

from ..exceptions import ExportRefused
from ..exports.choosing import conditions
from ..exports.columns import exported_kinds, table_of
from ..exports.condition import FilterError
from ..exports.formats import FORMATS
from ..exports.rows import World
from ..exports.streams import reason_against, streams_of
from ..models import Export
from ..models.export import CANCELLED, MAY_RETRY, READY, UNDER_WAY, WAITING
from ..moments import Moment, read_moment
from ..time_travel import has_moved_on
from .handing_out import hand_out_soon
from .writing import folder

TASK = "chokepoints.tasks.run_export"
TRIES = 3  # attempts that may be lost before an export counts as failed
AT_ONCE = 5  # exports of one person that wait or run


def request_export(
    *,
    actor: Any,
    kinds: Sequence[str],
    format: str,
    filters: Mapping[str, Mapping[str, str]] | None = None,
    columns: Mapping[str, Sequence[str]] | None = None,
    at: str = "",
    bom: bool = False,
    site: str = "",
) -> Export:
    """Ask for an export and return its row; a worker writes the file.

    `filters` and `columns` are by kind; no columns means all. `at` names a moment, "" the present. `site` is the register's own
    address. Raises ExportRefused, with everything that is wrong, by part: kinds, format, columns, filters, at, or "".
    """
    if not (actor.is_authenticated and actor.is_active):
        raise ExportRefused({"": "Exports are for those who are signed in."})
    tables, problems = _tables_asked_for(kinds, filters or {}, columns or {})
    if format not in FORMATS:
        problems["format"] = f"“{str(format)[:60]}” isn't one of: {', '.join(FORMATS)}."
    elif reason := FORMATS[format].missing():
        problems["format"] = reason
    moment = None
    try:
        moment = read_moment(at)
    except ValueError as error:
        problems["at"] = str(error)
    if problems or moment is None:
        raise ExportRefused(problems)
    if reason := _reason_against(format, tables, moment):
        raise ExportRefused({"format": reason})
    with transaction.atomic():
        _refuse_too_many(actor)
        export = Export.objects.create(
            requester=actor,
            format=format,
            tables=tables,
            bom=bool(bom),
            changeset=moment.changeset,
            day=moment.day,
            site=site[:300],
            tries_left=TRIES,
        )
        transaction.on_commit(lambda: give_soon(export))
    return export


def _tables_asked_for(
    kinds: Sequence[str], filters: Mapping[str, Mapping[str, str]], columns: Mapping[str, Sequence[str]]
) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """Return what each table of an export is to hold, and what is wrong with it, by part."""
    problems: dict[str, str] = {}
    known = exported_kinds()
    if not kinds or (set(kinds) - set(known)):
        problems["kinds"] = f"Choose one or more of: {', '.join(known)}."
    chosen = [kind for kind in known if kind in set(kinds)]
    for name, given in (("filters", filters), ("columns", columns)):
        if astray := sorted(set(given) - set(chosen)):
            problems[name] = f"There are {name} for “{str(astray[0])[:60]}”, which isn't exported."
    tables = []
    for kind in chosen:
        table, wanted, narrowed = table_of(kind), list(columns.get(kind, ())), dict(filters.get(kind, {}))
        try:
            table.chosen(wanted)
        except KeyError as error:
            there_are = ", ".join(table.fields)
            problems["columns"] = (
                f"{table.title} have no “{str(error.args[0])[:60]}”. They have: {there_are}."
            )
        try:
            conditions(table, narrowed)
        except FilterError as error:
            problems["filters"] = str(error)
        tables.append({"kind": kind, "fields": wanted, "filters": narrowed})
    return tables, problems


def _reason_against(name: str, tables: Sequence[Mapping[str, Any]], moment: Moment) -> str:
    """Say why a format can't hold what is asked for, "" if it can. Of the past, which takes longer, only the worker asks."""
    if has_moved_on(moment.changeset):
        return ""
    return reason_against(
        FORMATS[name], streams_of(tables, FORMATS[name], World(moment.changeset, moment.day))
    )


def _refuse_too_many(actor: Any) -> None:
    # Two requests of one person at the same moment count one after the other.
    get_user_model().objects.select_for_update().filter(pk=actor.pk).first()
    if Export.objects.filter(requester=actor).under_way().count() >= AT_ONCE:
        raise ExportRefused(
            {"": f"{AT_ONCE} of your exports wait or are being written. Wait for one, or cancel one."}
        )


def give_soon(export: Export) -> None:
    """Have an export handed out while whoever asked for it goes on: nobody's page waits for the broker."""
    Export.objects.filter(pk=export.pk, state=WAITING).update(handed_out=timezone.now())
    hand_out_soon(TASK, export.pk)


def cancel_export(*, actor: Any, export: uuid.UUID) -> Export:
    """Cancel an export that waits or runs; its worker stops within a second. One that has ended stays as it is.

    Raises Export.DoesNotExist for one that isn't there or isn't the actor's to see.
    """
    row = Export.objects.visible_to(actor).get(pk=export)
    Export.objects.filter(pk=row.pk, state__in=UNDER_WAY).update(
        state=CANCELLED, ended=timezone.now(), lease_until=None
    )
    row.refresh_from_db()
    return row


def retry_export(*, actor: Any, export: uuid.UUID) -> Export:
    """Let an export that failed, was cancelled or has expired be written again, of the same changeset.

    Raises Export.DoesNotExist for one that isn't the actor's to see, ExportRefused where there is nothing to retry.
    """
    row = Export.objects.visible_to(actor).get(pk=export)
    with transaction.atomic():
        _refuse_too_many(row.requester)
        again = {"read": 0, "rows": 0, "total": None, "reason": "", "tries_left": TRIES, "handed_out": None}
        times = {"started": None, "ended": None, "expires": None, "lease_until": None, "heartbeat": None}
        changed = Export.objects.filter(pk=row.pk, state__in=MAY_RETRY).update(
            state=WAITING, **again, **times
        )
        if not changed:
            raise ExportRefused(
                {"": "Only an export that failed, was cancelled or has expired is made again."}
            )
        transaction.on_commit(lambda: give_soon(row))
    row.refresh_from_db()
    return row


def open_export(*, actor: Any, export: uuid.UUID) -> tuple[Export, Path]:
    """Return a ready export with the path of its file, for its requester and for admins.

    Raises Export.DoesNotExist for one that isn't the actor's to see, ExportRefused where there is no file to fetch.
    """
    row = Export.objects.visible_to(actor).get(pk=export)
    path = folder() / (row.stored_as or "-")
    if row.state != READY or not path.is_file():
        raise ExportRefused({"": "There is no file to fetch."})
    return row, path
