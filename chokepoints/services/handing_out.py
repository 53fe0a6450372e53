"""Handing work to the broker. It may be down: the row in the database is the promise, and a sweep hands out again."""

import logging
import uuid

from celery import current_app

log = logging.getLogger(__name__)


def hand_out(task: str, row: uuid.UUID | int) -> bool:
    """Send a task with the id of a row, and return whether the broker took it. It never raises: what waits is swept up."""
    try:
        current_app.send_task(task, [str(row)])
    except Exception as error:  # each broker fails in its own way, and none of them may fail who asked
        log.warning("The broker didn't take %s for %s, so the sweep will: %s", task, row, error)
        return False
    return True
