"""`manage.py load_dataset`: the 35 chokepoints of 2018, published directly at first, proposed later; safe to repeat."""

from collections import Counter
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError, CommandParser

from chokepoints.exceptions import RegisterError
from chokepoints.imports.genesis import genesis
from chokepoints.imports.reading import read_dataset
from chokepoints.records import KINDS
from reviews.exceptions import ReviewError
from reviews.services.loading import LoadResult, load_records

NAME = "the data set of 2018"
REFERENCE = "dataset:chokepoints-2018"
RATIONALE = (
    "Loaded from the files in data/chokepoints-2018, not reviewed. Levels of dependency are the data set's reading of "
    "its sources; docs/data.md says what became of each column and why."
)


class Command(BaseCommand):
    help = (
        "Load the data set of 2018. While nothing was ever published from a proposal it goes into the register "
        "directly; later, rows that changed become draft proposals. What is there already stays."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        default = settings.BASE_DIR / "data" / "chokepoints-2018"
        parser.add_argument(
            "--path", type=Path, default=default, help="folder of the four CSV files (data/chokepoints-2018)"
        )
        parser.add_argument(
            "--author", metavar="USERNAME", help="account that drafts proposals, once there were proposals"
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="only say what would be published or drafted"
        )

    def handle(self, *, path: Path, author: str | None, dry_run: bool, **options: Any) -> None:
        try:
            records = genesis(read_dataset(path))
            actor = self.account(author) if author else None
            result = load_records(
                records, name=NAME, reference=REFERENCE, rationale=RATIONALE, actor=actor, dry_run=dry_run
            )
        except (RegisterError, ReviewError) as error:
            hint = " (--author USERNAME)" if str(error).endswith("name their author.") else ""
            raise CommandError(f"Nothing was loaded.\n{error}{hint}") from error
        self.report(result, dry_run)

    def account(self, username: str) -> Any:
        user = (
            get_user_model()
            .objects.filter(**{get_user_model().USERNAME_FIELD: username}, is_active=True)
            .first()
        )
        if user is None:
            raise CommandError(f"There is no active account named “{username}”.")
        return user

    def report(self, result: LoadResult, dry_run: bool) -> None:
        """Say in a few lines what was done, or would be."""
        would = "would be " if dry_run else ""
        if result.policies:
            self.stdout.write(f"First policies: {would}published.")
        if not result.changes:
            self.stdout.write("Data set of 2018: no changes.")
        else:
            where = "published" if result.direct else "drafted as a proposal, not published"
            if result.changeset:
                where += f" as changeset {result.changeset.number}"
            for proposal in result.proposals:
                where += f" ({proposal})"
            self.stdout.write(f"Data set of 2018: {_counted(result)} {would}{where}.")
        if result.retired:
            self.stdout.write(
                f"Left alone: {result.retired} changed in the files, but retired in the register."
            )
        if result.gone:
            self.stdout.write(f"Left alone: {result.gone} loaded earlier that the files don't give any more.")
        if dry_run:
            self.stdout.write("Nothing was changed: this was a dry run.")


def _counted(result: LoadResult) -> str:
    """Say how many records of each kind are new and how many changed."""
    counts = Counter((change.operation == "create", change.kind) for change in result.changes)
    parts = []
    for new, words in ((True, "new"), (False, "changed")):
        kinds = [
            f"{counts[new, name]} {kind.plural if counts[new, name] != 1 else name}"
            for name, kind in KINDS.items()
            if counts[new, name]
        ]
        if kinds:
            parts.append(f"{words}: {', '.join(kinds)}")
    return "; ".join(parts)
