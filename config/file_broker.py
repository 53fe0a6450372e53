"""The broker that needs no server: kombu's messages in files, made so that nobody ever reads half of one.

kombu opens a file under its last name and then writes it. A worker that looked in between found it empty and ended, and
`up` with it; a process that was killed there left a table of queues with which no worker started again. Here files are
whole from the moment that they have their name, and one that isn't is dropped: a lost message costs time and no work.
"""

import contextlib
import logging
import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from queue import Empty
from time import monotonic
from typing import Any

from kombu.exceptions import ChannelError
from kombu.transport import filesystem
from kombu.utils.json import dumps

log = logging.getLogger(__name__)


class Channel(filesystem.Channel):
    """kombu's channel, writing and reading whole files only."""

    def _put(self, queue: str, payload: Any, **kwargs: Any) -> None:
        name = f"{round(monotonic() * 1000)}_{uuid.uuid4()}.{queue}.msg"
        _write_whole(Path(self.data_folder_out) / name, dumps(payload))

    def _get(self, queue: str) -> Any:
        try:
            return super()._get(queue)
        except ValueError as error:
            log.warning(
                "A message that wasn't whole was dropped. What it told of is found by the next sweep."
            )
            raise Empty from error

    def get_table(self, exchange: str) -> list[Any]:
        try:
            return super().get_table(exchange)
        except ValueError:
            log.warning(
                "The table of queues of %r wasn't whole. It is written anew when a worker starts.", exchange
            )
            return []

    def _queue_bind(self, exchange: str, routing_key: str, pattern: str, queue: str) -> None:
        row = filesystem.exchange_queue_t(routing_key or "", pattern or "", queue or "")
        file = self._exchange_file(exchange)
        with self._alone():
            table = self.get_table(exchange)
            if row not in table:
                _write_whole(file, dumps([row, *table]))

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep apart those who write tables: each adds to what the one before wrote."""
        self.control_folder.mkdir(exist_ok=True)
        with (self.control_folder / "lock").open("wb") as guard:
            filesystem.lock(guard, filesystem.LOCK_EX)
            try:
                yield
            finally:
                filesystem.unlock(guard)


class Transport(filesystem.Transport):
    """What `filesystem://` means here."""

    Channel = Channel


def _write_whole(file: Path, text: str) -> None:
    """Write a file that has its name only once all of it is there. Raises ChannelError, as kombu does."""
    draft = file.with_name(f"{file.name}.{uuid.uuid4().hex}.part")
    try:
        draft.write_text(text, encoding="utf-8")
        os.replace(draft, file)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise ChannelError(f"Cannot write {str(file)!r}") from error
