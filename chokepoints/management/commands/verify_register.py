"""`manage.py verify_register`: does the ledger say what its digests say, and do the tables show the same?"""

from django.core.management.base import BaseCommand, CommandError

from chokepoints.exceptions import LedgerError
from chokepoints.services.verifying import verify_and_record, verify_register


class Command(BaseCommand):
    help = (
        "Verify ledger and tables. Prints the head, to be kept as a known one; exits 1 if anything is wrong."
    )

    def add_arguments(self, parser):
        parser.add_argument(
            "--head", help="a known head that the ledger must hold: its digest, or number:digest"
        )
        parser.add_argument("--no-record", action="store_true", help="don't keep the result as a row")

    def handle(self, *, head, no_record, **options):
        verify = verify_register if no_record else verify_and_record
        try:
            report = verify(head=head)
        except LedgerError as error:
            raise CommandError(str(error)) from error
        if report.problem:
            raise CommandError(report.problem)
        self.stdout.write(
            f"{report.changesets} changesets and {report.records} records agree with their digests."
        )
        self.stdout.write(f"head {report.head_number}:{report.head_digest}")
