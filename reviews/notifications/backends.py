"""Where mails go: to files, unless the environment names a server; and to a server so that a death in between is known.

`before_end` is called right before a server may accept a mail. A backend that is `is_repeatable` may be given the same mail
twice and has it once.
"""

import os
import smtplib
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.backends.smtp import EmailBackend as DjangoSMTPBackend

END_OF_DATA = b"\r\n.\r\n"


class FileBackend(BaseEmailBackend):
    """Writes each mail into a file that is named by its Message-ID: whole or not at all, and twice is once."""

    is_repeatable = True

    def send_messages(self, email_messages: Iterable[Any]) -> int:
        folder = Path(settings.EMAIL_FILE_PATH)
        folder.mkdir(parents=True, exist_ok=True)
        written = 0
        for message in email_messages:
            if message.recipients():
                built = message.message()
                _write(folder / file_name_of(built["Message-ID"]), built.as_bytes(linesep="\n"))
                written += 1
        return written


def file_name_of(message_id: str) -> str:
    """Return the name of the file for a mail; nothing in it leads out of the folder."""
    name = message_id.strip("<>")
    return "".join(letter if letter.isalnum() or letter in "-_@." else "_" for letter in name)[:200] + ".eml"


def _write(path: Path, content: bytes) -> None:
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=".")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.replace(draft, path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise


class _AnnouncesItsEnd:
    """A mixin for smtplib's connections: whatever ends a mail is sent in two, and `before_end` is called in between."""

    before_end: Callable[[], None] | None = None

    def send(self, s: Any) -> None:
        if self.before_end and isinstance(s, bytes) and s.endswith(END_OF_DATA):
            # The dot alone makes the server accept it. Until then, whoever is lost leaves no mail behind.
            super().send(s[: -len(b".\r\n")])
            self.before_end()
            super().send(b".\r\n")
        else:
            super().send(s)


class _SMTP(_AnnouncesItsEnd, smtplib.SMTP):
    pass


class _SMTPOverTLS(_AnnouncesItsEnd, smtplib.SMTP_SSL):
    pass


class SMTPBackend(DjangoSMTPBackend):
    """Django's, but that it says before it ends a mail, and can be left in the middle of one."""

    is_repeatable = False

    @property
    def connection_class(self) -> type:
        return _SMTPOverTLS if self.use_ssl else _SMTP

    def open(self) -> bool | None:
        """Connect and say hello at once: a server that is there but answers nobody shows it here, not at the first mail."""
        is_new = super().open()
        if is_new and self.connection is not None:
            try:
                self.connection.ehlo_or_helo_if_needed()
            except Exception:
                self.abandon()
                raise
        return is_new

    def announce_end(self, before_end: Callable[[], None]) -> None:
        """Have a function called right before the next mail's end."""
        self.connection.before_end = before_end

    def abandon(self) -> None:
        """Hang up at once. QUIT in the middle of a mail would be a line of it."""
        if self.connection is not None:
            self.connection.close()
            self.connection = None
