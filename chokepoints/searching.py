"""How words are found in texts: as the database finds them, in Python too, for what the ledger holds.

Pages and the API search the tables; exports and `?at=` look at rows as they were. All must find the same, so what a letter
equals and what a set of names is stand here alone.
"""

from typing import Any

from django.db import connection
from django.db.models import BooleanField, F, Func

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


class AnyNameHas(Func):
    """Whether any name of a set in a JSON column has a word in it.

    The names are asked, not the JSON: its brackets and quotes are no part of them, nor are the escapes (`\\u5149`) as which
    SQLite keeps Chinese.
    """

    output_field = BooleanField()
    names = {
        "sqlite": "SELECT 1 FROM json_each({column}) AS one WHERE one.value LIKE %s ESCAPE '\\'",
        "postgresql": "SELECT 1 FROM jsonb_array_elements_text({column}) AS one(value)"
        " WHERE UPPER(one.value) LIKE UPPER(%s)",
    }

    def __init__(self, column: str, word: str):
        self.word = word
        super().__init__(F(column))

    def as_sql(self, compiler: Any, connection: Any, **context: Any) -> tuple[str, Any]:  # type: ignore[override]
        column, parameters = compiler.compile(self.source_expressions[0])
        names = self.names[connection.vendor].format(column=column)
        return f"EXISTS ({names})", [*parameters, f"%{connection.ops.prep_for_like_query(self.word)}%"]
