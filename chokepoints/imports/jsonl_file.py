"""Reading JSON Lines: one object a line. null is an empty cell; a name that isn't there is no cell at all."""

import json
from typing import Any

from .tables import Cell, FileRefused, Line, Meter, Table, read_head

DEEPEST = 20  # levels of arrays and objects in one line; no field has more than three


def read_jsonl(data: bytes, *, name: str, meter: Meter) -> Table:
    """Return the one table of a JSON Lines file. Raises FileRefused."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FileRefused(f"Byte {error.start + 1:,} isn't UTF-8, in which JSON is written.") from error
    objects: list[tuple[int, dict[str, Cell]]] = []
    columns: dict[str, None] = {}
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            meter.tick()
            continue
        found = {column: _cell(value) for column, value in _object(line, number).items()}
        columns |= dict.fromkeys(found)
        meter.check_width(len(columns), f"Line {number}")
        meter.count(list(found.values()), f"Line {number}")
        objects.append((number, found))
    if not objects:
        raise FileRefused("The file is empty.")
    names = read_head(columns, "The file", meter)
    meter.cells += len(names) * len(objects) - sum(len(found) for _, found in objects)
    if meter.cells > meter.limits.cells:
        raise FileRefused(f"The file has more than {meter.limits.cells:,} cells. Bring it in parts.")
    by_name = dict(zip(names, columns, strict=True))
    lines = [Line(number, [found.get(by_name[name]) for name in names]) for number, found in objects]
    return Table(name, names, lines, is_json=True)


def _object(line: str, number: int) -> dict[str, Any]:
    if _depth(line) > DEEPEST:
        raise FileRefused(f"Line {number} is nested deeper than {DEEPEST} levels.")
    try:
        # Numbers stay as they are written: 0.10 isn't 0.1, and no integer is too long.
        found = json.loads(
            line, parse_float=str, parse_int=str, parse_constant=_no_constant, object_pairs_hook=_once
        )
    except (ValueError, RecursionError) as error:
        raise FileRefused(f"Line {number} isn't JSON: {error}.") from error
    if not isinstance(found, dict):
        raise FileRefused(f'Line {number} isn\'t a JSON object, such as {{"name": "…"}}.')
    return found


def _depth(line: str) -> int:
    """Return how deep brackets are nested. Asked before parsing, which would go down with them."""
    deep = deepest = 0
    within = escaped = False
    for character in line:
        if within:
            if escaped:
                escaped = False
            elif character == "\\":
                escaped = True
            elif character == '"':
                within = False
        elif character == '"':
            within = True
        elif character in "[{":
            deep += 1
            deepest = max(deepest, deep)
        elif character in "]}":
            deep -= 1
    return deepest


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name stands there twice")
    return found


def _no_constant(text: str) -> Any:
    raise ValueError(f"{text} isn't a number")


def _cell(value: Any) -> Cell:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
