"""Several tables in one file: a zip of one file each, with a note on what it is. The same tables give the same bytes."""

import zipfile
from collections.abc import Callable
from contextlib import contextmanager
from typing import BinaryIO

from .format import About, Sheet

# Zip entries carry a time. The earliest that the format knows says that it means nothing.
NO_TIME = (1980, 1, 1, 0, 0, 0)
README = "README.txt"


def entry(name: str) -> zipfile.ZipInfo:
    """Return the head of a zip entry without a time."""
    info = zipfile.ZipInfo(name, NO_TIME)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = 0o644 << 16
    return info


@contextmanager
def opened(pack: zipfile.ZipFile, name: str):
    """Open an entry to be written onwards; it may become larger than 4 GB."""
    with pack.open(entry(name), "w", force_zip64=True) as out:
        yield out


def write_one_or_pack(
    file: BinaryIO, sheets: list[Sheet], about: About, ending: str, write: Callable[[BinaryIO, Sheet], None]
) -> None:
    """Write a single table as it is, several as a zip."""
    if len(sheets) == 1:
        write(file, sheets[0])
        return
    with zipfile.ZipFile(file, "w") as pack:
        for sheet in sheets:
            with opened(pack, f"{sheet.table.name}{ending}") as out:
                write(out, sheet)
        pack.writestr(entry(README), "\n".join(about.lines()) + "\n")
