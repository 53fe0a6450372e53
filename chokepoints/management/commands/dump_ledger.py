"""`manage.py dump_ledger`: the whole ledger as lines of canonical JSON."""

import os
import sys
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from chokepoints.services.transferring import dump


class Command(BaseCommand):
    help = "Write the whole ledger, as it is now, to standard output or a file."

    def add_arguments(self, parser):
        parser.add_argument(
            "--output", metavar="FILE", help="write to this file; it appears once it is whole"
        )

    def handle(self, *, output, **options):
        if not output:
            dump(sys.stdout.buffer)
            sys.stdout.buffer.flush()
            return
        half = Path(f"{output}.{os.getpid()}.part")
        try:
            with half.open("wb") as stream:
                done = dump(stream)
            half.replace(output)
        except OSError as error:
            raise CommandError(f"{output} can't be written: {error.strerror}.") from error
        finally:
            half.unlink(missing_ok=True)
        self.stderr.write(f"{done.head_number} changesets, head {done.head_digest}")
