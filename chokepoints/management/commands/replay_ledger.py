"""`manage.py replay_ledger`: take over the changesets of a dump, all of them or none."""

import contextlib
import sys

from django.core.management.base import BaseCommand, CommandError

from chokepoints.exceptions import LedgerError
from chokepoints.services.transferring import replay_dump


class Command(BaseCommand):
    help = (
        "Append the changesets of a ledger dump. What this ledger holds already must be the dump's beginning."
    )

    def add_arguments(self, parser):
        parser.add_argument("file", help="a file that dump_ledger wrote, or - for standard input")

    def handle(self, *, file, **options):
        try:
            with contextlib.nullcontext(sys.stdin.buffer) if file == "-" else open(file, "rb") as stream:
                done = replay_dump(stream)
        except OSError as error:
            raise CommandError(f"{file} can't be read: {error.strerror}.") from error
        except LedgerError as error:
            raise CommandError(f"Nothing was taken over. {error}") from error
        self.stdout.write(
            f"{done.taken} changesets were new here; the dump's head is {done.head_number}:{done.head_digest}"
        )
