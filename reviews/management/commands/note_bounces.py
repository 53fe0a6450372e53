"""`manage.py note_bounces [FILE …]`: marks addresses that refuse mail, from the bounces that came back."""

import mailbox
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from reviews.notifications.bounces import note_bounces


class Command(BaseCommand):
    help = (
        "Read bounces (RFC 3464), each a file, or an mbox of them, or one or an mbox on stdin, and mark the addresses that "
        "refuse mail for good. Only bounces of mails that this register sent count."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("files", nargs="*", type=Path, help="files; without any, stdin is read")

    def handle(self, *, files: list[Path], **options: Any) -> None:
        read = marked = 0
        for content in _contents(files):
            read += 1
            for bounce in note_bounces(content):
                marked += 1
                self.stdout.write(f"{bounce.address} refuses mail: {bounce.why}")
        self.stdout.write(f"{read} read, {marked} marked.")


def _contents(files: list[Path]) -> Iterator[bytes]:
    try:
        wholes = [path.read_bytes() for path in files] if files else [sys.stdin.buffer.read()]
    except OSError as error:
        raise CommandError(f"{error.filename} can't be read: {error.strerror}") from error
    for whole in wholes:
        if whole.startswith(b"From "):
            yield from _of_mbox(whole)
        elif whole.strip():
            yield whole


def _of_mbox(whole: bytes) -> Iterator[bytes]:
    with tempfile.NamedTemporaryFile() as file:
        file.write(whole)
        file.flush()
        box = mailbox.mbox(file.name, create=False)
        for key in box.iterkeys():
            yield box.get_bytes(key)
