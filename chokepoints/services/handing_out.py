"""Handing work to the broker. It may be down: the row in the database is the promise, and a sweep hands out again."""

import atexit
import logging
import os
import queue
import threading
import time
import uuid

from celery import current_app

log = logging.getLogger(__name__)

# What may wait in this process for a broker that is slow; what doesn't fit is left to the sweep.
MOST_WAITING = 1000
PATIENCE_AT_EXIT = 2.0  # seconds


def hand_out(task: str, row: uuid.UUID | int) -> bool:
    """Send a task with the id of a row, and return whether the broker took it. It never raises: what waits is swept up."""
    try:
        current_app.send_task(task, [str(row)])
    except Exception as error:  # each broker fails in its own way, and none of them may fail who asked
        log.warning("The broker didn't take %s for %s, so the sweep will: %s", task, row, error)
        return False
    return True


def hand_out_soon(task: str, row: uuid.UUID | int) -> None:
    """Have a thread of this process send a task, and return at once: a broker that is silent holds up nobody's page."""
    _messenger.send(task, row)


class _Messenger:
    """One thread a process, started with the first message; forked processes start their own."""

    def __init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        self._waiting: queue.Queue[tuple[str, uuid.UUID | int]] = queue.Queue(MOST_WAITING)
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def send(self, task: str, row: uuid.UUID | int) -> None:
        try:
            self._waiting.put_nowait((task, row))
        except queue.Full:
            log.warning("The broker is too slow for %s of %s, so the sweep will hand it out.", task, row)
            return
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="messenger", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while True:
            hand_out(*self._waiting.get())
            self._waiting.task_done()

    def flush(self) -> None:
        """Wait until all is sent, but not for a broker that is silent."""
        deadline = time.monotonic() + PATIENCE_AT_EXIT
        while self._waiting.unfinished_tasks and time.monotonic() < deadline:
            time.sleep(0.01)


_messenger = _Messenger()
# A command that has done its work is gone at once, and with it the thread.
atexit.register(_messenger.flush)
os.register_at_fork(after_in_child=_messenger._begin)
