"""`manage.py rebuild_register`: make the tables show again what the ledger says."""

from django.core.management.base import BaseCommand, CommandError

from chokepoints.exceptions import LedgerError
from chokepoints.services.repairing import rebuild_register


class Command(BaseCommand):
    help = "Write over the rows that differ from the ledger and take away those that it knows nothing of."

    def handle(self, **options):
        try:
            repair = rebuild_register()
        except LedgerError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{repair.written} records were written anew, {repair.removed} were taken away.")
