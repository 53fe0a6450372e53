"""Make demo accounts and example proposals. Local registers only."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from chokepoints.models import Chokepoint
from reviews.demo import ACCOUNTS, make_accounts, open_examples, password_of
from reviews.workflow import STATES


class Command(BaseCommand):
    """`manage.py load_demo`: idempotent; what is there stays as it is."""

    help = "Makes demo accounts with known passwords and example proposals, one for each state. Local settings only."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO_ACCOUNTS_ALLOWED:
            raise CommandError(
                "Demo accounts have passwords that everybody knows; only the local settings allow them."
            )
        if not Chokepoint.objects.exists():
            raise CommandError("The register is empty. Load the data set first: manage.py load_dataset")
        accounts = make_accounts()
        for proposal, title in open_examples(accounts):
            self.stdout.write(f"  proposal {proposal.number} ({STATES[proposal.state]}): {title}")
        self.stdout.write("Demo accounts (on this machine only):")
        for name, (full_name, _, group) in ACCOUNTS.items():
            role = group[:-1].lower() if group else "admin"
            self.stdout.write(f"  {name:5} {role:9} password {password_of(name)}   ({full_name})")
