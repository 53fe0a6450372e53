"""`manage.py describe_columns`: docs/columns.md, made from the columns themselves."""

from django.core.management.base import BaseCommand

from chokepoints.exports.columns import describe


class Command(BaseCommand):
    help = (
        "Print the documentation of every column of an export: manage.py describe_columns > docs/columns.md."
    )
    requires_system_checks = []

    def handle(self, **options):
        self.stdout.write(describe(), ending="")
