"""The kinds of field that a record can have (pure: no database).

A field knows its label and help, how hostile input becomes its one canonical JSON value (`clean`), which records a value
refers to (`references`), and which columns hold it (`to_columns`, `from_columns`). Forms, comparison, merging, the
ledger and the tables all read the same description. "Nothing known" is always the absence of a value (None).

The module is long because it is a list: one class a kind of field, each a few lines.
"""

import datetime as dt
import re
import unicodedata
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any, ClassVar
from urllib.parse import urlsplit

import pycountry

from .canonical import canonical_decimal
from .dates import format_partial, parse_partial

COUNTRIES = {"EU": "European Union"} | {
    country.alpha_2: getattr(country, "common_name", country.name) for country in pycountry.countries
}
# RFC 5646, section 2.1, without extensions and private use: language, script, region, variants.
_LANGUAGE_TAG = re.compile(r"([a-z]{2,3})(?:-[A-Z][a-z]{3})?(?:-(?:[A-Z]{2}|[0-9]{3}))?(?:-[0-9a-z]{5,8})*")
_KEY = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
# Bidirectional overrides and isolates reorder what a reader sees (Unicode TR 36, section 2.10.3).
_REORDERING = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class FieldError(ValueError):
    """A value that a field can't hold; the message says why, in words for the person who typed it."""


def check_text(text: Any, *, lines: bool, limit: int) -> str:
    """Return `text` if it is text that every path can carry; raise FieldError otherwise."""
    if not isinstance(text, str):
        raise FieldError("This must be a text.")
    if len(text) > limit:
        raise FieldError(f"This text has {len(text):,} characters; at most {limit:,} fit here.")
    for character in text:
        category = unicodedata.category(character)
        if category == "Cs":
            raise FieldError(
                "This text holds half of a surrogate pair, which isn't a character. Paste it again from its source."
            )
        if category == "Cc" and not (lines and character in "\n\r\t"):
            raise FieldError(f"This text holds the control character U+{ord(character):04X}. Remove it.")
    return text


def check_name(text: Any, *, limit: int) -> str:
    """Return a name in NFC without outer blanks; invisible and reordering characters are refused."""
    text = unicodedata.normalize("NFC", check_text(text, lines=False, limit=limit)).strip()
    for character in text:
        if unicodedata.category(character) in {"Cf", "Zl", "Zp"}:
            raise FieldError(f"This name holds the invisible character U+{ord(character):04X}. Remove it.")
    return text


def check_uuid(value: Any) -> str:
    """Return the canonical text of a UUID; raise FieldError otherwise."""
    try:
        return str(value if isinstance(value, uuid.UUID) else uuid.UUID(str(value)))
    except ValueError as error:
        raise FieldError(f"“{str(value)[:60]}” isn't the id of a record.") from error


@dataclass(frozen=True)
class Field:
    """One field of a record kind.

    `unit` names the fields that are one statement and merge together; by default a field is its own unit.
    """

    name: str
    label: str
    help: str = ""
    required: bool = False
    unit: str = ""
    shape: ClassVar[str] = "line"  # how pages compare and forms ask for it

    @property
    def merge_unit(self) -> str:
        return self.unit or self.name

    def clean(self, value: Any) -> Any:
        """Return the canonical JSON value, or None for "nothing known". Raises FieldError."""
        if (
            value is None
            or (isinstance(value, str) and not value.strip())
            or (isinstance(value, list | tuple) and not value)
        ):
            return None
        return self.clean_value(value)

    def clean_value(self, value: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} must say how it cleans a value.")

    def references(self, value: Any) -> Iterator[tuple[str, str]]:
        """Yield (kind, id) of each record that a canonical value refers to."""
        return iter(())

    def to_columns(self, value: Any) -> dict[str, Any]:
        """Return the columns of the record's table that hold a canonical value."""
        return {self.name: value}

    def from_columns(self, row: Any) -> Any:
        """Return the canonical value that a row of the record's table holds."""
        return getattr(row, self.name)


@dataclass(frozen=True)
class Line(Field):
    """A name or other single line, NFC, without invisible characters."""

    limit: int = 300

    def clean_value(self, value: Any) -> str | None:
        return check_name(value, limit=self.limit) or None

    def to_columns(self, value: Any) -> dict[str, Any]:
        return {self.name: value or ""}

    def from_columns(self, row: Any) -> Any:
        return getattr(row, self.name) or None


@dataclass(frozen=True)
class Key(Line):
    """The human key of a record: small letters, digits and single hyphens."""

    limit: int = 120

    def clean_value(self, value: Any) -> str:
        text = check_text(value, lines=False, limit=self.limit).strip()
        if not _KEY.fullmatch(text):
            raise FieldError(
                "A key has small letters a–z, digits and single hyphens, such as tbm-main-bearings."
            )
        return text

    def from_columns(self, row: Any) -> Any:
        return row.key


@dataclass(frozen=True)
class Original(Line):
    """Text exactly as its source gives it, byte for byte: never normalised, never stripped."""

    limit: int = 2_000
    lines: bool = False
    shape: ClassVar[str] = "original"

    def clean_value(self, value: Any) -> str:
        return check_text(value, lines=self.lines, limit=self.limit)


@dataclass(frozen=True)
class Text(Line):
    """Paragraphs of our own words."""

    limit: int = 20_000
    shape: ClassVar[str] = "text"

    def clean_value(self, value: Any) -> str | None:
        text = (
            check_text(value, lines=True, limit=self.limit).replace("\r\n", "\n").replace("\r", "\n").strip()
        )
        if _REORDERING & set(text):
            raise FieldError(
                "This text holds characters that reorder what a reader sees. Remove them, or put the passage into a quote."
            )
        return text or None


@dataclass(frozen=True)
class Choice(Line):
    """One value of a closed vocabulary."""

    choices: Mapping[str, str] = field(default_factory=dict)
    shape: ClassVar[str] = "choice"

    def clean_value(self, value: Any) -> str:
        if not isinstance(value, str) or value not in self.choices:
            raise FieldError(f"“{str(value)[:60]}” isn't one of: {', '.join(map(str, self.choices))}.")
        return value


@dataclass(frozen=True)
class Number(Field):
    """A whole number within bounds."""

    low: int = 0
    high: int = 1_000_000
    choices: Mapping[int, str] | None = None
    shape: ClassVar[str] = "number"

    def clean_value(self, value: Any) -> int:
        if (
            isinstance(value, bool)
            or not isinstance(value, int | str)
            or not re.fullmatch(r"-?[0-9]{1,9}", str(value).strip())
        ):
            raise FieldError("This must be a whole number.")
        number = int(value)
        if not self.low <= number <= self.high:
            raise FieldError(f"This must be a number from {self.low} to {self.high}.")
        return number


@dataclass(frozen=True)
class Flag(Field):
    """Yes, or nothing said."""

    shape: ClassVar[str] = "flag"

    def clean_value(self, value: Any) -> bool | None:
        if value in (True, "true", "on", "yes"):
            return True
        if value in (False, "false", "no"):
            return None
        raise FieldError("This must be yes or no.")

    def to_columns(self, value: Any) -> dict[str, Any]:
        return {self.name: bool(value)}

    def from_columns(self, row: Any) -> Any:
        return getattr(row, self.name) or None


@dataclass(frozen=True)
class Date(Field):
    """A date known to the day, month or year."""

    shape: ClassVar[str] = "date"

    def clean_value(self, value: Any) -> str:
        if not isinstance(value, str):
            raise FieldError("Write a date as 2018, 2018-05 or 2018-05-30.")
        try:
            parse_partial(value.strip())
        except ValueError as error:
            raise FieldError(str(error)) from error
        return value.strip()

    def to_columns(self, value: Any) -> dict[str, Any]:
        day, precision = parse_partial(value) if value else (None, "")
        return {self.name: day, f"{self.name}_precision": precision}

    def from_columns(self, row: Any) -> Any:
        day: dt.date | None = getattr(row, self.name)
        return format_partial(day, getattr(row, f"{self.name}_precision")) if day else None


@dataclass(frozen=True)
class Country(Choice):
    """ISO 3166-1 alpha-2, or EU."""

    choices: Mapping[str, str] = field(default_factory=lambda: COUNTRIES)


@cache
def _language_subtags() -> frozenset[str]:
    """Return the codes of all languages. There are eight thousand, which every process would read at its start."""
    return frozenset(
        code
        for language in pycountry.languages
        for code in (language.alpha_3, getattr(language, "alpha_2", None))
        if code
    )


@dataclass(frozen=True)
class Language(Line):
    """A BCP 47 language tag such as zh, zh-Hant or en-GB."""

    limit: int = 35

    def clean_value(self, value: Any) -> str:
        text = check_name(value, limit=self.limit)
        match = _LANGUAGE_TAG.fullmatch(text)
        if not match or match[1] not in _language_subtags():
            raise FieldError("Write the language as a BCP 47 tag, such as zh, zh-Hant, ja or en.")
        return text


@dataclass(frozen=True)
class Url(Line):
    """An http or https address without credentials. Nothing here ever fetches it."""

    limit: int = 2_000
    shape: ClassVar[str] = "url"

    def clean_value(self, value: Any) -> str:
        text = check_name(value, limit=self.limit)
        try:
            parts = urlsplit(text)
            host, _ = parts.hostname, parts.port
        except ValueError as error:
            raise FieldError("This isn't an address that a browser could open.") from error
        if parts.scheme not in {"http", "https"} or not host:
            raise FieldError("An address begins with http:// or https:// and names a host.")
        if "@" in parts.netloc:
            raise FieldError("Leave user name and password out of the address.")
        if re.search(r"[\s<>\"\\^`{|}]", text):
            raise FieldError("This address holds blanks or characters that must be escaped.")
        return text


@dataclass(frozen=True)
class Names(Field):
    """A set of names, such as aliases."""

    limit: int = 50
    shape: ClassVar[str] = "set"

    def clean_value(self, value: Any) -> list[str] | None:
        if not isinstance(value, list | tuple):
            raise FieldError("This must be a list of names.")
        names = {name for name in (check_name(item, limit=300) for item in value) if name}
        if len(names) > self.limit:
            raise FieldError(f"At most {self.limit} names fit here.")
        return sorted(names) or None

    def to_columns(self, value: Any) -> dict[str, Any]:
        return {self.name: value or []}

    def from_columns(self, row: Any) -> Any:
        return getattr(row, self.name) or None


@dataclass(frozen=True)
class ChoiceSet(Names):
    """A set of values of a closed vocabulary."""

    choices: Mapping[str, str] = field(default_factory=dict)

    def clean_value(self, value: Any) -> list[str] | None:
        if not isinstance(value, list | tuple):
            raise FieldError("This must be a list of values.")
        unknown = [str(item)[:60] for item in value if not isinstance(item, str) or item not in self.choices]
        if unknown:
            raise FieldError(f"“{unknown[0]}” isn't one of: {', '.join(self.choices)}.")
        return sorted(set(value)) or None


@dataclass(frozen=True)
class Reference(Field):
    """A reference to one record of a kind."""

    kind: str = ""
    acyclic: bool = False  # following this field must never lead back
    shape: ClassVar[str] = "reference"

    def clean_value(self, value: Any) -> str:
        return check_uuid(value)

    def references(self, value: Any) -> Iterator[tuple[str, str]]:
        if value:
            yield self.kind, value

    def to_columns(self, value: Any) -> dict[str, Any]:
        return {f"{self.name}_id": uuid.UUID(value) if value else None}

    def from_columns(self, row: Any) -> Any:
        target = getattr(row, f"{self.name}_id")
        return str(target) if target else None


@dataclass(frozen=True)
class Children(Field):
    """A field whose entries stand as rows in a table of their own, so that the database keeps each reference.

    `table` is the model's name, `parent` its foreign key to the record. Entries are flat JSON objects or ids.
    """

    table: str = ""
    parent: str = ""
    limit: int = 500
    shape: ClassVar[str] = "set"

    def to_columns(self, value: Any) -> dict[str, Any]:
        return {}

    def from_columns(self, row: Any) -> Any:
        raise TypeError(f"{self.name} stands in the table {self.table}, not in a column.")

    def to_child(self, entry: Any) -> dict[str, Any]:
        """Return the columns of the child row that holds one entry."""
        raise NotImplementedError

    def from_child(self, row: Any) -> Any:
        """Return the entry that a child row holds."""
        raise NotImplementedError

    def sort(self, entries: list[Any]) -> list[Any]:
        """Return entries in canonical order."""
        return sorted(entries)

    def entry_key(self, entry: Any) -> str:
        """Return what identifies an entry among its siblings, when sets and maps are compared."""
        return str(entry)


@dataclass(frozen=True)
class ReferenceSet(Children):
    """A set of references to records of one kind."""

    kind: str = ""
    column: str = ""  # the child row's foreign key to the record referred to
    acyclic: bool = False
    shape: ClassVar[str] = "references"

    def clean_value(self, value: Any) -> list[str]:
        if not isinstance(value, list | tuple):
            raise FieldError("This must be a list of records.")
        if len(value) > self.limit:
            raise FieldError(f"At most {self.limit} records fit here.")
        return sorted({check_uuid(item) for item in value})

    def references(self, value: Any) -> Iterator[tuple[str, str]]:
        return ((self.kind, item) for item in value or ())

    def to_child(self, entry: str) -> dict[str, Any]:
        return {f"{self.column}_id": uuid.UUID(entry)}

    def from_child(self, row: Any) -> str:
        return str(getattr(row, f"{self.column}_id"))


def _entry(value: Any, names: set[str], words: str) -> dict[str, Any]:
    """Return one entry of a list of objects after checking that it is an object with no other names."""
    if not isinstance(value, Mapping):
        raise FieldError(f"Each entry must be {words}.")
    unknown = set(value) - names
    if unknown:
        raise FieldError(f"“{str(sorted(map(str, unknown))[0])[:60]}” isn't a part of {words}.")
    return {name: value[name] for name in value if value[name] not in (None, "", [])}


def _is_among(value: Any, choices: Mapping[str, str]) -> bool:
    """Tell whether a value, which may be of any type, is one of a vocabulary."""
    return isinstance(value, str) and value in choices


@dataclass(frozen=True)
class Bearings(Children):
    """What a piece of evidence bears on: chokepoint or list → stance and note."""

    stances: Mapping[str, str] = field(default_factory=dict)
    shape: ClassVar[str] = "bearings"

    def clean_value(self, value: Any) -> list[dict[str, str]]:
        if not isinstance(value, list | tuple):
            raise FieldError("This must be a list of chokepoints or lists, each with a stance.")
        entries: dict[tuple[str, str], dict[str, str]] = {}
        for item in value[: self.limit + 1]:
            entry = _entry(
                item, {"chokepoint", "list", "stance", "note"}, "a chokepoint or list with a stance"
            )
            if ("chokepoint" in entry) == ("list" in entry):
                raise FieldError("Each entry names either a chokepoint or a list.")
            kind = "chokepoint" if "chokepoint" in entry else "list"
            target = check_uuid(entry[kind])
            if not _is_among(entry.get("stance"), self.stances):
                raise FieldError(f"Each entry needs a stance: {', '.join(self.stances)}.")
            clean = {kind: target, "stance": entry["stance"]}
            if "note" in entry:
                clean["note"] = check_text(entry["note"], lines=True, limit=2_000)
            if (kind, target) in entries:
                raise FieldError("The same chokepoint or list stands here twice.")
            entries[kind, target] = clean
        if len(entries) > self.limit:
            raise FieldError(f"At most {self.limit} entries fit here.")
        return self.sort(list(entries.values()))

    def references(self, value: Any) -> Iterator[tuple[str, str]]:
        for entry in value or ():
            kind = "chokepoint" if "chokepoint" in entry else "list"
            yield kind, entry[kind]

    def to_child(self, entry: dict[str, str]) -> dict[str, Any]:
        return {
            "chokepoint_id": uuid.UUID(entry["chokepoint"]) if "chokepoint" in entry else None,
            "list_id": uuid.UUID(entry["list"]) if "list" in entry else None,
            "stance": entry["stance"],
            "note": entry.get("note", ""),
        }

    def from_child(self, row: Any) -> dict[str, str]:
        kind = "chokepoint" if row.chokepoint_id else "list"
        entry = {kind: str(getattr(row, f"{kind}_id")), "stance": row.stance}
        return entry | ({"note": row.note} if row.note else {})

    def sort(self, entries: list[Any]) -> list[Any]:
        return sorted(entries, key=self.entry_key)

    def entry_key(self, entry: dict[str, str]) -> str:
        return f"chokepoint {entry['chokepoint']}" if "chokepoint" in entry else f"list {entry['list']}"


@dataclass(frozen=True)
class Listings(Children):
    """Where a chokepoint stands on published lists: list → number, headline, day it was named."""

    shape: ClassVar[str] = "listings"

    def clean_value(self, value: Any) -> list[dict[str, Any]]:
        if not isinstance(value, list | tuple):
            raise FieldError("This must be a list of places on lists.")
        entries: dict[str, dict[str, Any]] = {}
        for item in value[: self.limit + 1]:
            entry = _entry(item, {"list", "number", "headline", "named_on"}, "a place on a list")
            if "list" not in entry:
                raise FieldError("Each entry names a list.")
            clean: dict[str, Any] = {"list": check_uuid(entry["list"])}
            if "number" in entry:
                clean["number"] = Number("number", "Number", low=1, high=100_000).clean_value(entry["number"])
            if "headline" in entry:
                clean["headline"] = check_text(entry["headline"], lines=False, limit=1_000)
            if "named_on" in entry:
                clean["named_on"] = Date("named_on", "Named on").clean_value(entry["named_on"])
            if clean["list"] in entries:
                raise FieldError("The same list stands here twice.")
            entries[clean["list"]] = clean
        return self.sort(list(entries.values()))

    def references(self, value: Any) -> Iterator[tuple[str, str]]:
        return (("list", entry["list"]) for entry in value or ())

    def to_child(self, entry: dict[str, Any]) -> dict[str, Any]:
        return {
            "list_id": uuid.UUID(entry["list"]),
            "number": entry.get("number"),
            "headline": entry.get("headline", ""),
            **Date("named_on", "Named on").to_columns(entry.get("named_on")),
        }

    def from_child(self, row: Any) -> dict[str, Any]:
        entry = {
            "list": str(row.list_id),
            "number": row.number,
            "headline": row.headline or None,
            "named_on": Date("named_on", "Named on").from_columns(row),
        }
        return {name: value for name, value in entry.items() if value is not None}

    def sort(self, entries: list[Any]) -> list[Any]:
        return sorted(entries, key=self.entry_key)

    def entry_key(self, entry: dict[str, Any]) -> str:
        return entry["list"]


@dataclass(frozen=True)
class Identifiers(Names):
    """A set of identifiers in outer schemes, such as an LEI or a Wikidata item."""

    shape: ClassVar[str] = "identifiers"

    def clean_value(self, value: Any) -> list[dict[str, str]]:
        if not isinstance(value, list | tuple):
            raise FieldError("This must be a list of identifiers.")
        entries = set()
        for item in value[: self.limit + 1]:
            entry = _entry(item, {"scheme", "value"}, "an identifier with scheme and value")
            if set(entry) != {"scheme", "value"}:
                raise FieldError("Each identifier has a scheme and a value, such as wikidata: Q182477.")
            entries.add((check_name(entry["scheme"], limit=60), check_name(entry["value"], limit=300)))
        if len(entries) > self.limit:
            raise FieldError(f"At most {self.limit} identifiers fit here.")
        return [{"scheme": scheme, "value": identifier} for scheme, identifier in sorted(entries)]


@dataclass(frozen=True)
class Share(Field):
    """A share with all that makes it comparable: percent low–high, of which market, by which measure, year, counting."""

    markets: Mapping[str, str] = field(default_factory=dict)
    measures: Mapping[str, str] = field(default_factory=dict)
    countings: Mapping[str, str] = field(default_factory=dict)
    shape: ClassVar[str] = "share"
    PARTS: ClassVar[tuple[str, ...]] = ("low", "high", "market", "segment", "measure", "year", "counted")

    def clean_value(self, value: Any) -> dict[str, Any] | None:
        entry = _entry(value, set(self.PARTS), "a share")
        if not entry:
            return None
        clean: dict[str, Any] = {}
        for bound in ("low", "high"):
            if bound not in entry:
                raise FieldError(
                    "A share has a lower and an upper bound in percent; give the same number twice if it is exact."
                )
            clean[bound] = self._percent(entry[bound])
        if Decimal(clean["low"]) > Decimal(clean["high"]):
            raise FieldError("The lower bound is above the upper bound.")
        for part, words, choices in (
            ("market", "of which market it is a share", self.markets),
            ("measure", "by which measure", self.measures),
            ("counted", "whether it is counted by place or by owner", self.countings),
        ):
            if not _is_among(entry.get(part), choices):
                raise FieldError(f"Say {words}: {', '.join(choices)}.")
            clean[part] = entry[part]
        if (clean["market"] == "segment") != ("segment" in entry):
            raise FieldError("A segment is named in words, and only where the market is a segment.")
        if "segment" in entry:
            clean["segment"] = check_name(entry["segment"], limit=300)
        if "year" in entry:
            clean["year"] = Number("year", "Year", low=1900, high=2200).clean_value(entry["year"])
        return clean

    @staticmethod
    def _percent(value: Any) -> str:
        text = str(value).strip()
        if not re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,3})?", text):
            raise FieldError("A bound is a number from 0 to 100 with at most three decimals, such as 43.6.")
        try:
            number = Decimal(text)
        except InvalidOperation as error:
            raise FieldError("A bound is a number from 0 to 100.") from error
        if number > 100:
            raise FieldError("A share is at most 100 percent.")
        return canonical_decimal(number)

    def to_columns(self, value: Any) -> dict[str, Any]:
        value = value or {}
        bounds = {
            f"{self.name}_{part}": Decimal(value[part]) if part in value else None for part in ("low", "high")
        }
        words = {
            f"{self.name}_{part}": value.get(part, "") for part in ("market", "segment", "measure", "counted")
        }
        return bounds | words | {f"{self.name}_year": value.get("year")}

    def from_columns(self, row: Any) -> Any:
        low = getattr(row, f"{self.name}_low")
        if low is None:
            return None
        value = {
            part: getattr(row, f"{self.name}_{part}") or None
            for part in ("market", "segment", "measure", "year", "counted")
        }
        value |= {"low": canonical_decimal(low), "high": canonical_decimal(getattr(row, f"{self.name}_high"))}
        return {part: content for part, content in value.items() if content is not None}
