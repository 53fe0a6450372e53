"""The lease of a job: the right to do one attempt at it, which a row keeps, and which is lost without a word.

Exports, imports and releases each have rows that say what is owed, and states of their own; how a lease is taken and given
back follows from those and stands with them. What is the same everywhere is here: whoever holds a lease reports while working,
which stretches it, and writes nothing any more once another has taken over.
"""

import datetime as dt
import time
from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone


class LeaseLost(Exception):
    """Somebody else does this now, or nobody is to do it any more."""


class Lease:
    """The right to do one attempt. `held` returns the job's row as long as this attempt holds it, and nothing afterwards;
    `seconds` is how long a lease lasts without a report, `every` how many seconds lie between two of them."""

    def __init__(self, held: Callable[[], QuerySet], seconds: float, *, every: float = 1.0):
        self.held, self.length, self.every = held, dt.timedelta(seconds=seconds), every
        self._next_beat = 0.0

    def beat(self, *, force: bool = False, stay: dt.timedelta | None = None, **progress: Any) -> None:
        """Report progress and stretch the lease, not too often unless forced. Raises LeaseLost."""
        if not force and time.monotonic() < self._next_beat:
            return
        self._next_beat = time.monotonic() + self.every
        self.write(lease_until=timezone.now() + (stay or self.length), **progress)

    def write(self, **fields: Any) -> None:
        """Change the row, if it is still held. Raises LeaseLost."""
        if not self.held().update(**fields):
            raise LeaseLost
