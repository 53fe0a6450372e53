"""What the file of an export says of itself, and what it is called."""

from ..models import Changeset, Export
from .citing import LICENCE, citation
from .columns import exported_kinds, table_of
from .format import About
from .formats import FORMATS, ending_of

LONGEST_WHAT = 200  # characters of filters in a citation; more of them only the file itself names


def what_of(row: Export) -> str:
    """Return what an export holds, in words: "12 sources", "chokepoints and supplies"."""
    titles = [table_of(kind).name for kind in row.kinds]
    if len(titles) == len(exported_kinds()):
        words = "all tables"
    else:
        words = ", ".join(titles[:-1]) + (" and " if titles[1:] else "") + titles[-1]
    return f"{words}, narrowed" if any(table["filters"] for table in row.tables) else words


def file_name_of(row: Export) -> str:
    """Return what the file is called when it is fetched."""
    stem = table_of(row.kinds[0]).name if len(row.kinds) == 1 else "register"
    return f"{stem}-changeset-{row.changeset}{ending_of(FORMATS[row.format], len(row.kinds))}"


def citation_of(row: Export) -> str:
    """Return the sentence by which an export is cited."""
    changeset = Changeset.objects.filter(number=row.changeset).first()
    narrowed = "; ".join(filters_in_words(row))
    return citation(
        what=what_of(row) + (f" to {narrowed}" if 0 < len(narrowed) <= LONGEST_WHAT else ""),
        changeset=row.changeset,
        digest=changeset.digest if changeset else "",
        published=changeset.time if changeset else None,
        site=row.site,
    )


def filters_in_words(row: Export) -> tuple[str, ...]:
    """Return what an export was narrowed to."""
    return tuple(
        f"{table['kind']}: {name} = {value}"
        for table in row.tables
        for name, value in sorted(table["filters"].items())
    )


def about_export(row: Export) -> About:
    """Return what the file says of itself."""
    return About(
        title=f"The chokepoint register: {what_of(row)}",
        changeset=row.changeset,
        day=row.day.isoformat(),
        citation=citation_of(row),
        licence=LICENCE,
        address=row.site,
        filters=filters_in_words(row),
        bom=row.bom,
    )
