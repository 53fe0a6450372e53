"""How words are found in texts: as the database finds them, in Python too, for what the ledger holds.

Pages and the API search the tables; exports and `?at=` look at rows as they were. All must find the same, so what a letter
equals and what a set of names is stand here alone.
"""

from django.db import connection

# SQLite folds case for a–z alone.
_ASCII = str.maketrans({chr(code): chr(code - 32) for code in range(ord("a"), ord("z") + 1)})


def folded(text: str) -> str:
    """Return a text with its case folded as icontains of this database folds it.

    PostgreSQL compares upper(): each letter for one letter, which isn't Python's lower(): µ (U+00B5) is Μ there as μ is.
    """
    if connection.vendor == "sqlite":
        return text.translate(_ASCII)
    capitals = text.upper()
    # As long as it was: each letter became one letter.
    return capitals if len(capitals) == len(text) else "".join(map(_upper, text))


def _upper(letter: str) -> str:
    """Return the one letter that is a letter's capital; ß has none, and ᾳ one that Python takes for a title's."""
    capitals = (letter.upper(), letter.title())
    return next((capital for capital in capitals if len(capital) == 1), letter)
