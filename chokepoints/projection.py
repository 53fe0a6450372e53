"""Between states and tables: how a record's state stands in rows, and how rows read as a state.

The only code that opens the door to the register tables. publishing.py decides what is written; nothing else may.
"""

import uuid
from collections.abc import Iterable
from typing import Any

from django.apps import apps
from django.db.models import QuerySet

from .fields import Field, Key, Reference, ReferenceSet
from .models import Record, RecordKey
from .models.table import open_door
from .records import Kind, State, referring_fields


def model_of(kind: Kind) -> type[Record]:
    """Return the table of a kind."""
    return apps.get_model(kind.app, kind.model)


def _child_model(kind: Kind, field: Any) -> Any:
    return apps.get_model(kind.app, field.table)


def _columns(kind: Kind, state: State) -> dict[str, Any]:
    columns: dict[str, Any] = {}
    for field in kind.fields.values():
        columns |= field.to_columns(state.get(field.name))
    return columns


def write_record(
    kind: Kind, record: uuid.UUID, state: State, *, revision: int, created_in: int, changed_in: int
) -> None:
    """Make the tables show `state` for one record, whatever they showed before. Part of a changeset's transaction."""
    model = model_of(kind)
    columns = _columns(kind, state) | {
        "revision": revision,
        "created_in_id": created_in,
        "changed_in_id": changed_in,
    }
    with open_door():
        model.objects.update_or_create(pk=record, defaults=columns)
        for field in kind.children:
            _write_children(_child_model(kind, field), field, record, state.get(field.name) or [])
        if kind.has_key:
            RecordKey.objects.get_or_create(kind=kind.name, key=state["key"], defaults={"record": record})


def _write_children(table: Any, field: Any, record: uuid.UUID, entries: list[Any]) -> None:
    parent = {f"{field.parent}_id": record}
    standing = [field.from_child(row) for row in table.objects.filter(**parent)]
    if field.sort(standing) != entries:
        table.objects.filter(**parent).delete()
        table.objects.bulk_create(table(**parent, **field.to_child(entry)) for entry in entries)


def remove_record(kind: Kind, record: uuid.UUID) -> None:
    """Take a row out of the tables that the ledger knows nothing of. Only repair does this."""
    with open_door():
        for field in kind.children:
            _child_model(kind, field).objects.filter(**{f"{field.parent}_id": record}).delete()
        RecordKey.objects.filter(record=record).delete()
        model_of(kind).objects.filter(pk=record).delete()


def free_key(kind: Kind, key: str, owner: uuid.UUID) -> None:
    """Take a key from rows that show it against the ledger, so that its owner can be written. Only repair does this.

    The caller writes those rows anew, or removes them.
    """
    with open_door():
        for row in model_of(kind).objects.filter(key=key).exclude(pk=owner):
            if isinstance(kind.fields["key"], Key):
                model_of(kind).objects.filter(pk=row.pk).update(key=f"out-of-the-way-{row.pk}")
            else:  # a key from a vocabulary leaves no room for another; nothing refers to such records
                model_of(kind).objects.filter(pk=row.pk).delete()


def write_keys(kind: Kind, record: uuid.UUID, keys: Iterable[str]) -> None:
    """Make exactly these keys lead to a record. Only repair does this: publishing never takes a key away."""
    keys = set(keys)
    with open_door():
        RecordKey.objects.filter(record=record).exclude(kind=kind.name, key__in=keys).delete()
        RecordKey.objects.filter(kind=kind.name, key__in=keys).exclude(record=record).delete()
        for key in sorted(keys):
            RecordKey.objects.get_or_create(kind=kind.name, key=key, defaults={"record": record})


def remove_key(row: int) -> None:
    """Take away a key that leads to a record which the ledger knows nothing of. Only repair does this."""
    with open_door():
        RecordKey.objects.filter(pk=row).delete()


def read_states(kind: Kind, rows: Iterable[Record]) -> dict[str, State]:
    """Return the states that rows of a kind show, by id, with one query for each child table."""
    rows = list(rows)
    states: dict[str, State] = {}
    plain = [field for field in kind.fields.values() if field not in kind.children]
    for row in rows:
        values = {field.name: field.from_columns(row) for field in plain}
        states[str(row.pk)] = {name: value for name, value in values.items() if value not in (None, [])}
    for field in kind.children if rows else ():
        entries: dict[str, list[Any]] = {}
        for child in _child_model(kind, field).objects.filter(
            **{f"{field.parent}_id__in": [row.pk for row in rows]}
        ):
            entries.setdefault(str(getattr(child, f"{field.parent}_id")), []).append(field.from_child(child))
        for record, values in entries.items():
            states[record][field.name] = field.sort(values)
    return states


def read_state(kind: Kind, record: str | uuid.UUID) -> State | None:
    """Return the present state of one record, or None if there is no such record of this kind."""
    return read_states(kind, model_of(kind).objects.filter(pk=record)).get(str(record))


def referrers(target_kind: str, target: str | uuid.UUID) -> Iterable[tuple[Kind, Field, str]]:
    """Yield (kind, field, id) for each record that is not retired and refers to a record."""
    for kind, field in referring_fields(target_kind):
        for record in _referring_ids(kind, field, target_kind, target):
            yield kind, field, str(record)


def _referring_ids(kind: Kind, field: Any, target_kind: str, target: Any) -> QuerySet:
    if isinstance(field, Reference):
        query = {f"{field.name}_id": target}
        return model_of(kind).objects.filter(retired=False, **query).values_list("pk", flat=True)
    column = field.column if isinstance(field, ReferenceSet) else target_kind
    query = {f"{column}_id": target, f"{field.parent}__retired": False}
    return _child_model(kind, field).objects.filter(**query).values_list(f"{field.parent}_id", flat=True)
