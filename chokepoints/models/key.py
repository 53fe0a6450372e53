"""Every key that a record has or ever had."""

from django.db import models

from .table import RegisterTable


class RecordKey(RegisterTable):
    """A key of a record. Former keys lead on to it and are never given to another."""

    kind = models.CharField(max_length=40)
    key = models.CharField(max_length=120)
    record = models.UUIDField()

    class Meta(RegisterTable.Meta):
        constraints = [models.UniqueConstraint(fields=["kind", "key"], name="a_key_is_given_once_for_ever")]
        indexes = [models.Index(fields=["record"], name="keys_of_a_record")]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"
