"""Values as people read them: labels instead of codes, names instead of ids (pure).

`names` maps (kind, id) to the label and address of a record; selectors.names_of() makes it with one query a kind.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .fields import (
    COUNTRIES,
    Bearings,
    Choice,
    ChoiceSet,
    Country,
    Field,
    Identifiers,
    Listings,
    Number,
    Original,
    Reference,
    ReferenceSet,
    Share,
    Text,
    Url,
)
from .records import KINDS, Kind, State
from .vocabularies import RELIABILITIES, STATUSES

Names = Mapping[tuple[str, str], tuple[str, str]]

HAN = ((0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x323AF))
KANA = ((0x3040, 0x30FF), (0x31F0, 0x31FF))


class Withheld:
    """The value of a field whose opening isn't there: the ledger says that there was a value, and not which."""

    def __repr__(self) -> str:
        return "WITHHELD"


WITHHELD = Withheld()


@dataclass(frozen=True)
class Shown:
    """One value, or one entry of a set, ready for a page.

    `form` says how: plain, text (paragraphs), original (with `language`), status or withheld. `note` is small print.
    """

    text: str
    url: str = ""
    form: str = "plain"
    language: str = ""
    note: str = ""


@dataclass(frozen=True)
class FieldValue:
    """A field with its presentable value; empty `values` means that nothing is known."""

    name: str
    label: str
    help: str
    shape: str
    values: tuple[Shown, ...]


def present(field: Field, value: Any, names: Names, language: str = "") -> tuple[Shown, ...]:
    """Return a canonical value as people read it. Nothing known is the empty tuple."""
    if value is WITHHELD:
        return (Shown("withheld", form="withheld"),)
    if value in (None, "", []):
        return ()
    if isinstance(field, Bearings | Listings | ReferenceSet | ChoiceSet | Identifiers) or isinstance(
        value, list
    ):
        return tuple(present_entry(field, entry, names) for entry in value)
    return (_present_one(field, value, names, language),)


def present_entry(field: Field, entry: Any, names: Names) -> Shown:
    """Return one entry of a set or map as people read it."""
    if isinstance(field, Bearings):
        kind = "chokepoint" if "chokepoint" in entry else "list"
        label, url = names.get((kind, entry[kind]), (f"{kind} {entry[kind]}", ""))
        words = field.stances.get(entry["stance"], entry["stance"])
        return Shown(f"{label}: {words}", url, note=entry.get("note", ""))
    if isinstance(field, Listings):
        label, url = names.get(("list", entry["list"]), (f"list {entry['list']}", ""))
        number = f", no. {entry['number']}" if "number" in entry else ""
        headline = f" “{entry['headline']}”" if "headline" in entry else ""
        day = f", {entry['named_on']}" if "named_on" in entry else ""
        return Shown(f"{label}{number}{headline}{day}", url)
    if isinstance(field, ReferenceSet):
        return _named(field.kind, entry, names)
    if isinstance(field, ChoiceSet):
        return Shown(field.choices.get(entry, entry))
    if isinstance(field, Identifiers):
        return Shown(f"{entry['scheme']}: {entry['value']}")
    return Shown(str(entry))


def _present_one(field: Field, value: Any, names: Names, language: str) -> Shown:
    if isinstance(field, Reference):
        return _named(field.kind, value, names)
    if isinstance(field, Country):
        return Shown(country_name(value))
    if isinstance(field, Choice) and field.choices.keys() == STATUSES.keys():
        return Shown(value, form="status")
    if isinstance(field, Choice) and field.choices.keys() == RELIABILITIES.keys():
        return Shown(f"{value}: {field.choices.get(value, value)}")
    if isinstance(field, Choice):
        return Shown(field.choices.get(value, str(value)))
    if isinstance(field, Number):
        words = (field.choices or {}).get(value)
        return Shown(f"{value}: {words}" if words else str(value))
    if isinstance(field, Share):
        return Shown(share_text(value))
    if isinstance(field, Original):
        return Shown(value, form="original", language=language or language_of(value))
    if isinstance(field, Text):
        return Shown(value, form="text")
    if isinstance(field, Url):
        return Shown(value, value)
    if field.shape == "flag":
        return Shown("yes" if value else "no")
    if isinstance(value, dict):  # a shape of another app's kind that has no words of its own here
        return Shown(", ".join(f"{name} {part}" for name, part in value.items()))
    return Shown(str(value))


def _named(kind: str, record: str, names: Names) -> Shown:
    label, url = names.get((kind, record), (f"{kind} {record}", ""))
    return Shown(label, url)


def country_name(code: str) -> str:
    """Return a country's name with its code."""
    return f"{COUNTRIES[code]} ({code})" if code in COUNTRIES else code


def share_text(share: Mapping[str, Any]) -> str:
    """Return a share with all that it must not be read without."""
    field: Share = KINDS["supply"].fields["share"]  # type: ignore[assignment]
    low, high = share["low"], share["high"]
    percent = f"{low} %" if low == high else f"{low}–{high} %"
    return f"{percent} {share_base(share, field)}"


def share_base(share: Mapping[str, Any], field: Share) -> str:
    """Return the base of a share: of which market, by which measure, of which year, counted how."""
    market = share.get("segment") or field.markets.get(share["market"], share["market"])
    measure = field.measures.get(share["measure"], share["measure"])
    parts = [f"of the {market}" if share["market"] != "segment" else f"of {market}"]
    parts.append(measure if share["measure"] == "unknown" else f"by {measure}")
    if share.get("year"):
        parts.append(str(share["year"]))
    parts.append(field.countings.get(share["counted"], share["counted"]))
    return ", ".join(parts)


def language_of(text: str) -> str:
    """Guess zh or ja for text that came without a language, so that its characters get fitting glyphs."""
    if any(low <= ord(character) <= high for character in text for low, high in KANA):
        return "ja"
    return "zh" if any(low <= ord(character) <= high for character in text for low, high in HAN) else ""


def field_language(field: Field, state: State) -> str:
    """Return the language in which the record says that an original text is."""
    tag = state.get("quote_language") if field.name == "quote" else state.get("language")
    return tag if isinstance(tag, str) and isinstance(field, Original) else ""


def present_state(kind: Kind, state: State, names: Names, leave_out: Iterable[str] = ()) -> list[FieldValue]:
    """Return every field of a record with its value, in the order of pages."""
    skipped = set(leave_out)
    return [
        FieldValue(
            name,
            field.label,
            field.help,
            field.shape,
            present(field, state.get(name), names, field_language(field, state)),
        )
        for name, field in kind.fields.items()
        if name not in skipped
    ]
