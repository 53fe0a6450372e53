"""The ledger: one record's new state in a changeset, and the openings of its commitments."""

from django.db import models
from django.db.models import Q

CREATE, UPDATE, RETIRE, RESTORE = "create", "update", "retire", "restore"
OPERATIONS = {CREATE: "created", UPDATE: "changed", RETIRE: "retired", RESTORE: "restored"}


class Revision(models.Model):
    """One record's whole new state, as one commitment a field.

    The kind is data, not a foreign key: the ledger outlives tables. `state` maps fields to commitments, `changed` names
    the fields that differ from the revision before, `cites` maps fields to lists of {evidence, revision}.
    """

    changeset = models.ForeignKey("chokepoints.Changeset", models.PROTECT, related_name="revisions")
    position = models.PositiveIntegerField()
    kind = models.CharField(max_length=40)
    record = models.UUIDField()
    number = models.PositiveIntegerField()
    operation = models.CharField(max_length=20, choices=list(OPERATIONS.items()))
    state = models.JSONField()
    changed = models.JSONField()
    cites = models.JSONField(default=dict)
    format = models.PositiveSmallIntegerField()
    digest = models.CharField(max_length=64)

    class Meta:
        ordering = ["changeset_id", "position"]
        indexes = [models.Index(fields=["kind", "record", "-number"], name="revision_by_record")]
        constraints = [
            models.UniqueConstraint(fields=["changeset", "position"], name="one_revision_per_position"),
            models.UniqueConstraint(fields=["record", "number"], name="revisions_of_a_record_are_numbered"),
            models.CheckConstraint(
                condition=Q(operation__in=list(OPERATIONS)), name="revision_operation_is_in_vocabulary"
            ),
            models.CheckConstraint(
                condition=Q(operation=CREATE, number=1) | (~Q(operation=CREATE) & Q(number__gte=2)),
                name="the_first_revision_creates",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.record}, revision {self.number}"


class Opening(models.Model):
    """The salt and value that open one commitment. Revisions that leave a field alone share its opening.

    A redaction (a later feature) may remove an opening without touching a ledger row.
    """

    commitment = models.CharField(max_length=64, primary_key=True)
    salt = models.CharField(max_length=32)
    value = models.JSONField(null=True)

    def __str__(self) -> str:
        return f"opening of {self.commitment[:12]}"
