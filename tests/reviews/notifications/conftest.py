"""Telling what is owed, as the worker does."""

import pytest

from chokepoints.models import Outbox
from reviews.notifications.fanning_out import fan_out


@pytest.fixture
def tell_all(db):
    """A function that tells everything owed, in its order. What making a register left is told to nobody: call it first."""

    def tell_all() -> None:
        for pk in list(Outbox.objects.order_by("pk").values_list("pk", flat=True)):
            fan_out(pk)

    return tell_all
