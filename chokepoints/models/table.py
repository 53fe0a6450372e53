"""The base of all register tables: they are written through one door, and say so to whoever tries another way."""

import contextlib
import contextvars
import uuid
from collections.abc import Iterable, Iterator
from typing import Any, NoReturn

from django.db import models
from django.db.models import Q

from ..exceptions import OneDoorError

_door_is_open = contextvars.ContextVar("door_is_open", default=False)


@contextlib.contextmanager
def open_door() -> Iterator[None]:
    """Let register tables be written. Only chokepoints/projection.py may call this; a test reads the code for it."""
    token = _door_is_open.set(True)
    try:
        yield
    finally:
        _door_is_open.reset(token)


def _refuse(*args: Any, **kwargs: Any) -> NoReturn:
    raise OneDoorError(
        "The register changes only by publishing a changeset: see chokepoints.services.publishing.publish."
    )


class RegisterQuerySet(models.QuerySet):
    """A queryset that reads freely and writes only through the door."""

    def _guard(name: str) -> Any:
        def method(self: "RegisterQuerySet", *args: Any, **kwargs: Any) -> Any:
            if not _door_is_open.get():
                _refuse()
            return getattr(models.QuerySet, name)(self, *args, **kwargs)

        method.__name__ = name
        return method

    create = _guard("create")
    get_or_create = _guard("get_or_create")
    update_or_create = _guard("update_or_create")
    bulk_create = _guard("bulk_create")
    bulk_update = _guard("bulk_update")
    update = _guard("update")
    _update = _guard("_update")
    delete = _guard("delete")
    _raw_delete = _guard("_raw_delete")
    update.alters_data = delete.alters_data = True
    del _guard


class RegisterTable(models.Model):
    """A table that pictures the ledger."""

    objects = RegisterQuerySet.as_manager()

    class Meta:
        abstract = True
        base_manager_name = "objects"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not _door_is_open.get():
            _refuse()
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        if not _door_is_open.get():
            _refuse()
        return super().delete(*args, **kwargs)


class RecordQuerySet(RegisterQuerySet):
    """Records in the words of the pages."""

    def in_force(self) -> "RecordQuerySet":
        """Records that are not retired."""
        return self.filter(retired=False)

    def having_any(self, column: str, values: Iterable[str]) -> "RecordQuerySet":
        """Records whose set in a JSON column holds any of some values of its vocabulary."""
        condition = Q(pk__in=[])
        for value in values:
            condition |= Q(**{f"{column}__icontains": f'"{value}"'})
        return self.filter(condition)


class Record(RegisterTable):
    """What every kind of record has. The UUID is fixed when its creation is drafted."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    revision = models.PositiveIntegerField(help_text="Number of the revision that this row shows.")
    created_in = models.ForeignKey("chokepoints.Changeset", models.PROTECT, related_name="+")
    changed_in = models.ForeignKey("chokepoints.Changeset", models.PROTECT, related_name="+")
    note = models.TextField(blank=True, help_text="What is not known, and why.")
    retired = models.BooleanField(default=False, db_index=True)
    merged_into = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="+")

    objects = RecordQuerySet.as_manager()

    class Meta(RegisterTable.Meta):
        abstract = True
