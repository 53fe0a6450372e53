"""What is put round an edition before it comes out: its own verifier's word, one archive of it, and extras beside it."""

import contextlib
import datetime as dt
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ..exports import parquet_file
from ..exports.citing import LICENCE
from ..exports.format import About, HashingFile, Sheet
from ..exports.packing import entry
from ..exports.rows import World
from .edition import SUMS, VERIFIER, Written
from .tables import rows_of, tables
from .wording import Edition, description

EXTRAS = "extras"
ROWS_PER_GROUP = 5_000

Beat = Callable[[], None]  # called on the way, so that others see that work goes on


def stem_of(number: int) -> str:
    """Return what a release is called when it is taken away."""
    return f"chokepoint-register-{number}"


def reason_against(content: Path, beat: Beat) -> str:
    """Run the release's own verifier as a stranger would, in a Python that knows nothing of the project; "" if it accepts it."""
    command = [sys.executable, "-I", str(content / VERIFIER), str(content)]
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    try:
        while process.poll() is None:
            beat()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=1)
        words = process.stderr.read().decode(errors="replace")[-500:].strip()  # type: ignore[union-attr]
    finally:
        process.kill()
        process.stderr.close()  # type: ignore[union-attr]
        process.wait()
    return f"Its own verifier doesn't accept it: {words}" if process.returncode else ""


def write_archive(
    edition: Edition, content: Path, part: Path, written: Written, beat: Beat
) -> dict[str, Any]:
    """Put all files into one zip, not compressed: what compresses changes with its version, and the bytes with it."""
    name = f"{stem_of(edition.number)}.zip"
    file = HashingFile(part / name)
    try:
        with zipfile.ZipFile(file, "w") as pack:  # type: ignore[arg-type]
            for path in sorted([one["path"] for one in written.files] + [SUMS]):
                info = entry(f"{stem_of(edition.number)}/{path}")
                info.compress_type, info.create_system = zipfile.ZIP_STORED, 3
                info.file_size = (content / path).stat().st_size
                with (content / path).open("rb") as source, pack.open(info, "w") as target:
                    shutil.copyfileobj(source, target, 1 << 20)
                beat()
        file.close()
    except BaseException:
        file.abandon()
        raise
    return {"path": name, "bytes": file.size, "sha256": file.sha256}


def write_extras(edition: Edition, target: Path, beat: Beat) -> list[dict[str, Any]]:
    """Write Parquet where its library is there: outside the sums, since its bytes change with its version."""
    if parquet_file.missing():
        return []
    target.mkdir()
    world = World(edition.changeset, edition.time.astimezone(dt.UTC).date())
    about = About(
        f"The chokepoint register, release {edition.number}",
        edition.changeset,
        edition.day,
        description(edition),
        LICENCE,
    )
    extras = []
    for table in tables():
        file = HashingFile(target / f"{table.name}.parquet")
        sheet = Sheet(table, table.columns, lambda copy_as, table=table: _groups(rows_of(table, world), beat))
        try:
            parquet_file.write_sheet(file, sheet, about)  # type: ignore[arg-type]
            file.close()
        except BaseException:
            file.abandon()
            raise
        extras.append({"path": f"{EXTRAS}/{table.name}.parquet", "bytes": file.size, "sha256": file.sha256})
    return extras


def _groups(rows: Iterator[Any], beat: Beat) -> Iterator[list[Any]]:
    group: list[Any] = []
    for row in rows:
        group.append(row)
        if len(group) == ROWS_PER_GROUP:
            yield group
            beat()
            group = []
    if group:
        yield group
