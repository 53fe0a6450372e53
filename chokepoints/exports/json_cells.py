"""Cells as JSON (pure)."""

import json
from decimal import Decimal
from typing import Any

from .columns import Column


def json_text(value: Any) -> str:
    """Return a value as JSON without blanks, its Chinese as it is."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def number_of(text: str) -> int | float:
    """Return a canonical decimal as a number that is written the same; shares have few enough digits for that."""
    number = Decimal(text)
    return int(number) if number == number.to_integral_value() else float(number)


def json_value(column: Column, cell: Any) -> Any:
    """Return a cell as the JSON value that stands for it."""
    return number_of(cell) if column.type == "percent" and cell is not None else cell
