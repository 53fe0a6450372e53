"""SQLite for many writers: they come to the write lock in the order in which they came for it.

SQLite lets a writer that finds the database locked sleep and ask again, first after one millisecond, later after a hundred.
So newcomers overtake those who have waited for long, and with fifty writers some of them wait until their time is up. Here
the transactions of one process stand in line, and of several processes each asks often, however long it has waited.
"""

import collections
import os
import threading
import time
from collections.abc import Callable
from typing import Any

from django.db.backends.sqlite3 import base

PATIENCE = 20  # seconds; whoever waits longer is told that the database is locked


class Line:
    """Those of one process who want to write to one database: whoever leaves hands on to the first who waits."""

    def __init__(self) -> None:
        self.mutex, self.is_taken = threading.Lock(), False
        self.waiting: collections.deque[threading.Event] = collections.deque()

    def enter(self, patience: float) -> bool:
        """Wait for one's turn; tell whether it came."""
        turn = threading.Event()
        with self.mutex:
            if not self.is_taken:
                self.is_taken = True
                return True
            self.waiting.append(turn)
        turn.wait(patience)
        with self.mutex:
            if not turn.is_set():
                self.waiting.remove(turn)
        return turn.is_set()

    def leave(self) -> None:
        """Let the next one write."""
        with self.mutex:
            if self.waiting:
                self.waiting.popleft().set()
            else:
                self.is_taken = False


lines: collections.defaultdict[str, Line] = collections.defaultdict(Line)
os.register_at_fork(after_in_child=lines.clear)  # whoever stands in line there isn't in this process


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's, whose transactions stand in line from beginning to end, and whose cursors wait for other processes."""

    line: Line | None = None
    patience: float = PATIENCE  # what can be left undone sets it to 0 for the while

    def create_cursor(self, name: str | None = None) -> base.SQLiteCursorWrapper:
        return self.connection.cursor(factory=lambda connection: PatientCursor(connection, self))

    def _start_transaction_under_autocommit(self) -> None:
        line = lines[str(self.settings_dict["NAME"])]
        if line.enter(self.patience):  # or else SQLite says what is to be said
            self.line = line
        try:
            super()._start_transaction_under_autocommit()
        except BaseException:
            self._leave()
            raise

    def _commit(self) -> None:
        super()._commit()  # where it fails, a rollback follows
        self._leave()

    def _rollback(self) -> None:
        try:
            super()._rollback()
        finally:
            self._leave()

    def _close(self) -> None:
        try:
            super()._close()
        finally:
            self._leave()

    def _leave(self) -> None:
        line, self.line = self.line, None
        if line:
            line.leave()


class PatientCursor(base.SQLiteCursorWrapper):
    """Begins a statement again while the database is locked. Inside a transaction the lock is held already (it begins
    IMMEDIATE), so that would be another mistake."""

    def __init__(self, connection: Any, database: DatabaseWrapper):
        super().__init__(connection)
        self.database = database

    def execute(self, query: str, params: Any = None) -> Any:
        return self._patiently(super().execute, query, params)

    def executemany(self, query: str, param_list: Any) -> Any:
        if self.connection.in_transaction:
            return super().executemany(query, param_list)
        return self._patiently(super().executemany, query, list(param_list))

    def _patiently(self, execute: Callable, *arguments: Any) -> Any:
        deadline = time.monotonic() + self.database.patience
        while True:
            try:
                return execute(*arguments)
            except base.Database.OperationalError as error:
                is_lock = error.sqlite_errorcode & 0xFF == base.Database.SQLITE_BUSY  # the rest says why
                if not is_lock or self.connection.in_transaction or time.monotonic() > deadline:
                    raise
