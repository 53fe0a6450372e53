"""From one cell to what it says about a field (pure): nothing, take away, not known, none, or a value.

Readings that somebody should know of (an alpha-3 country, a percent sign) come with words, so that the report can say them.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from gettext import translation
from typing import Any

import pycountry

from ..exports.formulas import restore
from ..fields import (
    COUNTRIES,
    Bearings,
    Children,
    ChoiceSet,
    Country,
    Field,
    FieldError,
    Flag,
    Identifiers,
    Listings,
    Names,
    Number,
    Reference,
    ReferenceSet,
    Share,
)
from .folding import fold
from .mapping import TAKE, ColumnPlan
from .tables import Cell
from .targets import EXACT, part_words, vocabulary_of

LANGUAGES = ("zh_CN", "de")  # whose names of countries are read beside the English ones
NOTHING, TAKEN, UNKNOWN, NONE, VALUE = "nothing", "taken", "unknown", "none", "value"
Resolve = Callable[[tuple[str, ...], str], tuple[str, str]]  # (kinds, text) → (kind, id); raises FieldError

_RANGE = re.compile(
    r"([<>≤≥~≈]?)\s*([0-9]+(?:[.,][0-9]+)?)\s*%?\s*(?:(?:-|–|—|to)\s*([0-9]+(?:[.,][0-9]+)?)\s*%?)?"
)


@dataclass(frozen=True)
class Said:
    """What a cell says: which of the five, the value where it is one, and words about how it was read."""

    sort: str
    value: Any = None
    words: str = ""


def read_cell(
    cell: Cell, plan: ColumnPlan, field: Field, resolve: Resolve, *, part: str = "", restores: bool = False
) -> Said:
    """Return what a cell says about a field, or about a part of a share. Raises FieldError, in words for its row."""
    if cell is None:
        return Said(NOTHING)
    if not cell.strip():
        return Said(TAKEN if plan.empty == TAKE else NOTHING)
    text = restore(cell) if restores and field.shape in {"line", "text", "original"} else cell
    text = plan.words.get(text.strip(), text)
    words = part_words(field, part) if isinstance(field, Share) else vocabulary_of(field)
    if word := _word_of(words, text):
        return _value(field, part, word, plan, resolve)
    sort = plan.sort_of(text)
    if sort in {UNKNOWN, NONE}:
        return Said(sort)
    return _value(field, part, text, plan, resolve)


def _word_of(words: Any, text: str) -> str:
    """Return the word of a vocabulary that a text is, by itself or by its label, whatever its case; "" if it is none."""
    folded = fold(text)
    for word, label in words.items():
        if folded in {fold(str(word)), fold(label), fold(label.partition(":")[0])}:
            return str(word)
    return ""


def _value(field: Field, part: str, text: str, plan: ColumnPlan, resolve: Resolve) -> Said:
    if isinstance(field, Share):
        return _share_part(field, part, text.strip())
    if isinstance(field, Country):
        return _country(text)
    if isinstance(field, Reference):
        return Said(VALUE, resolve((field.kind,), text.strip())[1])
    if isinstance(field, Children | Names):
        return _entries(field, text, plan, resolve)
    if isinstance(field, Flag):
        truth = {"1": "yes", "0": "no", "y": "yes", "n": "no"}.get(text.strip().lower(), text.strip().lower())
        return Said(VALUE, field.clean_value(truth)) if truth != "no" and truth != "false" else Said(NONE)
    if isinstance(field, Number):
        return Said(VALUE, field.clean(re.sub(r"\.0+$", "", text.strip())))
    return Said(VALUE, field.clean(text))


# --- countries


@cache
def _country_names() -> dict[str, tuple[str, str]]:
    """Return code and what it was read from, by folded alpha-3 code and name, in English and the languages of the pages."""
    found = {fold(name): (code, "name") for code, name in COUNTRIES.items()}
    for country in pycountry.countries:
        for name in (
            country.name,
            getattr(country, "official_name", ""),
            getattr(country, "common_name", ""),
        ):
            if name:
                found[fold(name)] = (country.alpha_2, "name")
        found[fold(country.alpha_3)] = (country.alpha_2, "code of three letters")
    for language in LANGUAGES:
        translated = translation("iso3166-1", pycountry.LOCALES_DIR, languages=[language], fallback=True)
        for country in pycountry.countries:
            for name in (country.name, getattr(country, "common_name", "")):
                if name and (other := translated.gettext(name)) != name:
                    found.setdefault(fold(other), (country.alpha_2, "name"))
    # What people write for countries that ISO calls otherwise.
    usual = {
        "uk": "GB",
        "united kingdom": "GB",
        "usa": "US",
        "u s a": "US",
        "u s": "US",
        "prc": "CN",
        "korea": "KR",
        "holland": "NL",
        "台湾": "TW",
        "欧盟": "EU",
        "europäische union": "EU",
    }
    return {name: (code, "usual name") for name, code in usual.items()} | found


def _country(text: str) -> Said:
    code = text.strip()
    if code in COUNTRIES:
        return Said(VALUE, code)
    if code.upper() in COUNTRIES:
        return Said(VALUE, code.upper(), f"“{code}” is read as {code.upper()}.")
    found = _country_names().get(fold(code))
    if not found:
        raise FieldError(f"“{code[:60]}” isn't a country: write ISO 3166-1 alpha-2, such as JP, or EU.")
    return Said(VALUE, found[0], f"“{code[:60]}” ({found[1]}) is read as {found[0]}.")


# --- shares


def _share_part(field: Share, part: str, text: str) -> Said:
    if part in {"low", "high", EXACT}:
        return _percent(part, text)
    if part == "year":
        return Said(VALUE, Number("year", "Year", low=1900, high=2200).clean(re.sub(r"\.0+$", "", text)))
    words = part_words(field, part)
    if words and text not in words:
        raise FieldError(f"“{text[:60]}” isn't one of: {', '.join(words)}.")
    return Said(VALUE, text)


def _percent(part: str, text: str) -> Said:
    """Read 12, 12.5, 12 %, 12,5% or, where both bounds stand in one cell, 10–20 %. Nothing is guessed: 0.12 is 0.12 %."""
    match = _RANGE.fullmatch(text)
    if not match or match[1] or (match[3] and part != EXACT):
        bounds = " or 10–20 %" if part == EXACT else ""
        raise FieldError(
            f"“{text[:60]}” isn't a share: write 12, 12.5 %{bounds}; for “less than”, give both bounds."
        )
    low = match[2].replace(",", ".")
    high = (match[3] or match[2]).replace(",", ".")
    words = f"“{text}” is read as {low} percent." if "%" in text and not match[3] else ""
    if "%" not in text and 0 < Decimal(low) < 1:
        words = f"“{text}” is read as {low} percent, not as {Decimal(low) * 100:f}: the register's shares are in percent."
    for number in (low, high):
        Share._percent(number)
    return Said(VALUE, (low, high), words)


# --- sets


def _entries(field: Field, text: str, plan: ColumnPlan, resolve: Resolve) -> Said:
    if text.lstrip().startswith("["):
        entries = _json(text)
    elif isinstance(field, Bearings | Listings):
        raise FieldError(
            f"{field.label} has entries of several parts; write them as a JSON array, as exports do."
        )
    else:
        entries = [entry.strip() for entry in re.split(f"[\n\r]+|{re.escape(plan.separator or ';')}", text)]
        entries = [entry for entry in entries if entry]
    return Said(VALUE, field.clean(_resolved(field, entries, plan, resolve)) or [])


def _json(text: str) -> list[Any]:
    try:
        entries = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FieldError("This begins like a JSON array and isn't one.") from error
    if not isinstance(entries, list):
        raise FieldError("This must be a JSON array.")
    return entries


def _resolved(field: Field, entries: list[Any], plan: ColumnPlan, resolve: Resolve) -> list[Any]:
    """Return entries with ids for what people call records, and words of the vocabulary for their labels."""
    if isinstance(field, ReferenceSet):
        return [resolve((field.kind,), str(entry))[1] for entry in entries]
    if isinstance(field, Bearings | Listings):
        kinds = ("chokepoint", "list") if isinstance(field, Bearings) else ("list",)
        return [
            {
                part: resolve((part,), str(content))[1] if part in kinds and content else content
                for part, content in entry.items()
            }
            if isinstance(entry, dict)
            else entry
            for entry in entries
        ]
    if isinstance(field, ChoiceSet):
        return [_word_of(field.choices, plan.words.get(str(entry), str(entry))) or entry for entry in entries]
    if isinstance(field, Identifiers):
        return [_identifier(entry) for entry in entries]
    return entries


def _identifier(entry: Any) -> Any:
    if isinstance(entry, str):
        scheme, colon, value = entry.partition(":")
        if not colon:
            raise FieldError(f"“{entry[:60]}” isn't written as scheme: value, such as wikidata: Q182477.")
        return {"scheme": scheme.strip(), "value": value.strip()}
    return entry
