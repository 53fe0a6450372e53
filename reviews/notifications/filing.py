"""Mails in files: reading those that were written instead of sent, and letting go what is past its time."""

import datetime as dt
import email
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from pathlib import Path

from django.conf import settings

from ..models import Mail
from ..models.notification import ENDING, NOW, SENDING, WAITING

LONGEST_HEADING = 300
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class FiledMail:
    """A mail in a file, ready to be looked at."""

    name: str
    written: dt.datetime
    to: str
    subject: str
    text: str
    html: str
    headers: list[tuple[str, str]]

    @property
    def heading(self) -> str:
        """What it tells, in its first line: all mails about one proposal have one subject."""
        first = next((line.strip() for line in self.text.splitlines() if line.strip()), "")
        return first[:LONGEST_HEADING] or self.subject or "without words"

    @property
    def is_named_by_subject(self) -> bool:
        return self.subject.endswith(self.heading)


def filed_names() -> list[str]:
    """Return the names of all mails in files, the newest first."""
    found = sorted(_files(), key=lambda each: (-each[1], each[0].name))
    return [path.stem for path, _ in found]


def read_filed(name: str) -> FiledMail | None:
    """Return one mail in a file, or None if there is none of that name."""
    folder = Path(settings.EMAIL_FILE_PATH)
    path = folder / f"{name}.eml"
    if "\0" in name or path.parent != folder:
        return None
    try:
        content, written = path.read_bytes(), path.stat().st_mtime
    except OSError:
        return None  # gone in between
    message = email.message_from_bytes(content, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return FiledMail(
        name=name,
        written=dt.datetime.fromtimestamp(written, dt.UTC),
        to=str(message["To"] or ""),
        subject=str(message["Subject"] or "").strip(),
        text=_part(message, "plain"),
        html=_part(message, "html"),
        headers=[(key, str(value)) for key, value in message.items()],
    )


def drop_old_mails(*, now: dt.datetime) -> int:
    """Let go of files, and of rows that say nothing any more, after MAIL_KEEP_DAYS; return how many.

    The row of a digest stays as long as anything that it carried: without it that would wait for a digest again.
    """
    oldest = now - dt.timedelta(days=settings.MAIL_KEEP_DAYS)
    gone = 0
    for path, written in _files():
        if written < oldest.timestamp():
            path.unlink(missing_ok=True)
            gone += 1
    over = Mail.objects.exclude(state__in=(WAITING, SENDING, ENDING)).filter(ended__lt=oldest)
    rows, _ = over.exclude(kind=NOW).filter(carries__isnull=True).delete()
    return gone + rows


def _files() -> Iterator[tuple[Path, float]]:
    """The files of mails, with when they were written."""
    for path in Path(settings.EMAIL_FILE_PATH).glob("*.eml"):
        try:
            yield path, path.stat().st_mtime
        except OSError:
            continue  # gone in between


def _part(message: EmailMessage, subtype: str) -> str:
    part = message.get_body((subtype,))
    return part.get_content() if part is not None else ""
