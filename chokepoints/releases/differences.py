"""What changed in a table between two moments (pure): full = previous + delta, row by row."""

from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from typing import Any

Row = tuple[Any, ...]
ADDED, CHANGED, REMOVED = "added", "changed", "removed"
CHANGES = (ADDED, CHANGED, REMOVED)


def differences(
    before: Iterable[Row], now: Iterable[Row], key: Callable[[Row], tuple[Any, ...]]
) -> Iterator[tuple[str, Row | None, Row | None]]:
    """Yield (change, row before, row now) for each row that differs.

    Both sides come in order of their first cell; `key` says which rows are the same one. Memory: the rows of one first
    cell. For each of these come the rows of now in their order, then those that are gone in theirs.
    """
    left, right = _grouped(before), _grouped(now)
    old, new = next(left, None), next(right, None)
    while old or new:
        first = min(side[0] for side in (old, new) if side)
        were = {key(row): row for row in old[1]} if old and old[0] == first else {}
        are = {key(row): row for row in new[1]} if new and new[0] == first else {}
        for name, row in are.items():
            if name not in were:
                yield ADDED, None, row
            elif were[name] != row:
                yield CHANGED, were[name], row
        for name, row in were.items():
            if name not in are:
                yield REMOVED, row, None
        old = next(left, None) if old and old[0] == first else old
        new = next(right, None) if new and new[0] == first else new


def _grouped(rows: Iterable[Row]) -> Iterator[tuple[Any, list[Row]]]:
    return ((first, list(group)) for first, group in groupby(rows, key=lambda row: row[0]))
