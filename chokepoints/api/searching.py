"""The search of the pages, asked of a record as the ledger held it: what would the database have found then?"""

import json
from typing import Any

from django.db import connection

from ..filters import Search
from ..searching import folded
from .filtering import World
from .known import Known


class SearchIn(Search):
    """Words that must all be found, in English or Chinese."""

    words = "Words that must all be found, in English or Chinese."

    def filter_standing(self, rows: Any, value: str, world: World) -> Any:
        return self.filter(rows, value)

    def holds(self, one: Known, value: str, world: World) -> bool:
        texts = [folded(str(one.state.get(column, ""))) for column in self.columns]
        sets = [folded(_as_in_column(one.state.get(column, []))) for column in self.json_columns]
        return all(
            any(folded(word) in text for text in texts)
            or any(folded(form) in text for form in (word, json.dumps(word)[1:-1]) for text in sets)
            for word in value.split()
        )


def _as_in_column(value: Any) -> str:
    """Return a set as its column holds it: SQLite keeps JSON with its Chinese escaped."""
    return json.dumps(value, ensure_ascii=connection.vendor == "sqlite")
