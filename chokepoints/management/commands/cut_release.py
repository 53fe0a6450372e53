"""`manage.py cut_release`: a numbered edition of the whole register, or a reason why there is none."""

from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from chokepoints.exceptions import ReleaseRefused
from chokepoints.models import Release
from chokepoints.models.release import PUBLISHED
from chokepoints.services.releasing import cut_release, write_again


class Command(BaseCommand):
    help = "Publish a release of the register as it is now. Exits 1 if it is held back or fails."

    def add_arguments(self, parser):
        parser.add_argument(
            "--despite", metavar="REASON", default="", help="let it out although it lost many rows; say why"
        )
        parser.add_argument(
            "--again", metavar="NUMBER", type=int, help="write a published release anew and compare its bytes"
        )
        parser.add_argument("--into", metavar="FOLDER", help="with --again: an empty folder to write it into")

    def handle(self, *, despite, again, into, **options):
        try:
            if again is not None:
                self._again(again, into)
                return
            release = cut_release(despite=despite)
        except ReleaseRefused as refused:
            raise CommandError(str(refused)) from refused
        if release.state != PUBLISHED:
            raise CommandError(f"The release {release.get_state_display()}. {release.reason}")
        self.stdout.write(f"Release {release.number}: changeset {release.changeset}, sha256 {release.digest}")

    def _again(self, number: int, into: str | None) -> None:
        if not into:
            raise CommandError("Say into which folder: --again 3 --into FOLDER.")
        try:
            same = write_again(number=number, target=Path(into))
        except Release.DoesNotExist as error:
            raise CommandError(f"There is no release {number}.") from error
        except OSError as error:
            raise CommandError(f"{into} can't be written: {error.strerror}.") from error
        if not same:
            raise CommandError(f"Written again, release {number} has other bytes than it was published with.")
        self.stdout.write(f"Release {number} has the same bytes as when it was published.")
