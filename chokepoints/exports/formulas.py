"""Text cells that a spreadsheet would run (pure): made harmless in a way that can be taken back exactly.

Spreadsheets take a cell for a formula if it begins with one of = + - @, also in full width, or with blanks and then one of
them. Such a text gets an apostrophe before it, and so does one that begins with an apostrophe, so that restoring needs no
guess. A text that is nothing but a number stays as it is: -12.5 computes nothing. (The library that writes XLSX takes
texts of the form <r>…</r> for markup; they are kept from it in the same way.)
https://owasp.org/www-community/attacks/CSV_Injection
"""

import re
from collections.abc import Sequence

ESCAPE = "'"
_RUNS = re.compile(r"['\t\r\n]|<r>|\s*[=+\-@＝＋－＠]")
_NUMBER = re.compile(r"[+-]?[0-9]+(?:[.,][0-9]+)?(?:[eE][+-]?[0-9]+)?\s?%?")


def neutralise(text: str) -> str:
    """Return the text as a cell that no spreadsheet runs."""
    return ESCAPE + text if _RUNS.match(text) and not _NUMBER.fullmatch(text) else text


def restore(cell: str) -> str:
    """Return the text of which `neutralise` made a cell."""
    return cell[1:] if cell.startswith(ESCAPE) else cell


_XLSX_CODE = re.compile(r"_x([0-9A-Fa-f]{4})_")


def restore_xlsx(cell: str) -> str:
    """Return the text of which XLSX made a cell, as a reader that doesn't decode `_x000D_` and the like gives it.

    XML has no carriage returns and no control characters, so the format writes their codes (ECMA-376, 22.9.2.19).
    """
    return restore(_XLSX_CODE.sub(lambda found: chr(int(found[1], 16)), cell))


# What a text may begin with and still need a closer look; asked of whole columns at once, so that most cost nothing.
SUSPECTS = frozenset("'\t\r\n=+-@＝＋－＠<")


def neutralise_all(cells: Sequence[str | None]) -> Sequence[str | None]:
    """Neutralise a column of texts; the same list comes back where none begins with anything suspicious."""
    begins = {cell[:1] for cell in cells if cell}
    if not any(first in SUSPECTS or first.isspace() for first in begins if first):
        return cells
    return [neutralise(cell) if cell else cell for cell in cells]


def quoted(text: str) -> str:
    """Return a text as a cell, in quotes if it holds anything that ends one (RFC 4180, section 2)."""
    if '"' in text:
        return '"' + text.replace('"', '""') + '"'
    return f'"{text}"' if "," in text or "\n" in text or "\r" in text else text
