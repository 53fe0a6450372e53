"""Editions for tests. `python -m tests.chokepoints.releases.editions FOLDER` writes the golden one, of the golden ledger.

Run it in a process of its own it replays the ledger into the database that DATABASE_URL names, which must be empty.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

GOLDEN = Path(__file__).parents[2] / "golden" / "release-format-1"
LEDGER = GOLDEN.parent / "ledger-1.jsonl"
VERIFIER = Path(__file__).parents[3] / "chokepoints" / "releases" / "verify_release.py"
BEFORE = 9  # the changeset of the release before the golden one


def edition_at(number: int, changeset: int, before: int = 0) -> Any:
    """Return an edition of a changeset, after a release of another one."""
    from chokepoints.models import Changeset
    from chokepoints.releases.wording import Before, Edition

    head = Changeset.objects.get(number=changeset)
    last = Changeset.objects.filter(number=before).first()
    return Edition(
        number,
        head.number,
        head.digest,
        head.time,
        Before(number - 1, last.number, last.time) if last else None,
    )


def write_golden(folder: Path) -> None:
    """Write the golden edition of the register that the golden ledger holds."""
    from chokepoints.models import Changeset
    from chokepoints.releases.edition import write_edition

    folder.mkdir(parents=True, exist_ok=True)
    write_edition(edition_at(2, Changeset.objects.order_by("-number")[0].number, BEFORE), folder)


def files_in(folder: Path) -> dict[str, bytes]:
    """Return the files of a folder by path."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def golden_files() -> dict[str, bytes]:
    """Return the golden edition as it is published: the verifier isn't kept twice."""
    return files_in(GOLDEN) | {"verify_release.py": VERIFIER.read_bytes()}


def golden_copy(target: Path) -> Path:
    """Return a copy of the golden edition that may be altered."""
    shutil.copytree(GOLDEN, target)
    shutil.copyfile(VERIFIER, target / "verify_release.py")
    return target


def verify(folder: Path, *arguments: str, **environment: str) -> tuple[int, str]:
    """Run a release's own verifier in a bare Python, outside the project, and return its exit code and words."""
    done = subprocess.run(
        [sys.executable, "-I", str(folder / "verify_release.py"), *arguments],
        cwd=folder.parent,
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
    )
    return done.returncode, done.stdout + done.stderr


def json_lines(data: bytes) -> list[dict[str, Any]]:
    """Return the objects in JSON Lines."""
    return [json.loads(line) for line in data.decode().splitlines() if line]


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.test")
    import django

    django.setup()
    from chokepoints.services.transferring import replay_dump

    with LEDGER.open("rb") as stream:
        replay_dump(stream)
    write_golden(Path(sys.argv[1]))
