"""The search of the pages, asked of a record as the ledger held it: what would the database have found then?"""

from typing import Any

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
        texts = [str(one.state.get(column, "")) for column in self.columns]
        for column in self.json_columns:
            texts += one.state.get(column) or []
        looked = [folded(text) for text in texts]
        return all(any(word in text for text in looked) for word in folded(value).split())
