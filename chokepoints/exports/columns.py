"""The columns of exported tables as data, made from the record kinds.

A column says its name, type, description and language, how a state gives its cell, and which SQL gives the same cell
straight from the table. Cells are canonical values: text, whole numbers, booleans, decimals and partial dates as text, lists
for sets; None where nothing is known. How a cell looks in a file is the format's business.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from django.db.models import Case, F, Func, TextField, Value, When
from django.db.models.functions import Cast, NullIf, Substr

from ..canonical import canonical_decimal
from ..fields import (
    Bearings,
    Children,
    Choice,
    ChoiceSet,
    Country,
    Date,
    Field,
    Flag,
    Identifiers,
    Key,
    Language,
    Listings,
    Names,
    Number,
    Original,
    Reference,
    ReferenceSet,
    Share,
    Text,
    Url,
)
from ..records import KINDS, Kind
from ..time_travel import Known
from ..vocabularies import STATUSES, UNASSESSED

# What a cell can be. `text` is what people wrote, and the only type that a spreadsheet could take for a formula.
TYPES = {
    "text": "text",
    "id": "UUID of a record",
    "key": "the name of a record in its address",
    "word": "a word of a closed vocabulary",
    "tag": "a country code or language tag",
    "address": "http or https address",
    "date": "ISO 8601, as precisely as it is known: 2018, 2018-05 or 2018-05-30",
    "integer": "whole number",
    "percent": "decimal number, in percent",
    "boolean": "true or false",
    "list": "a set of values, as a JSON array",
}

Cell = Any
OfState = Callable[[Known], Cell]


@dataclass(frozen=True)
class Column:
    """One column of a table.

    `field` is what people choose it by: the columns of one statement, such as a share with its base, come together.
    `language` is a BCP 47 tag, or `@column` for the column that holds it. `needs` names the columns that it is made of, if it
    stands in no table itself.
    """

    name: str
    type: str
    label: str
    description: str
    field: str
    language: str = ""
    words: tuple[Any, ...] = ()  # the vocabulary, where it is closed
    required: bool = False
    of_state: OfState | None = None
    sql: Any = None  # what values_list() takes
    finish: Callable[[Any], Cell] | None = None  # from what the database gives, where that isn't the cell yet
    children: Children | None = None  # the set whose entries stand in a table of their own
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """One table of an export: the records of a kind, or the entries of one of their sets (`of`: the set's column)."""

    name: str
    kind: Kind
    title: str
    columns: tuple[Column, ...]
    of: str = ""
    by_name: Mapping[str, Column] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {column.name: column for column in self.columns})

    @property
    def fields(self) -> list[str]:
        """What columns can be chosen by, in their order."""
        return list(dict.fromkeys(column.field for column in self.columns))

    def chosen(self, fields: Iterable[str]) -> tuple[Column, ...]:
        """Return the columns of some fields, with the id and with the language of each text. No fields: all columns.

        Raises KeyError for a field that there isn't.
        """
        wanted = set(fields)
        if unknown := sorted(wanted - set(self.fields)):
            raise KeyError(unknown[0])
        if not wanted:
            return self.columns
        names = {column.name for column in self.columns if column.field in wanted} | {"id"}
        names |= {self.by_name[name].language[1:] for name in names if self.by_name[name].language[:1] == "@"}
        return tuple(column for column in self.columns if column.name in names)


# --- SQL that gives cells


class UuidText(Func):
    """A UUID as every interface writes it. PostgreSQL casts; SQLite keeps 32 digits without hyphens."""

    output_field = TextField()
    template = "%(expressions)s::text"

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> tuple[str, Any]:
        sql, parameters = compiler.compile(self.source_expressions[0])
        parts = ((1, 8), (9, 4), (13, 4), (17, 4), (21, 12))
        joined = " || '-' || ".join(f"substr({sql}, {start}, {length})" for start, length in parts)
        return f"({joined})", tuple(parameters) * len(parts)


def _filled(name: str) -> NullIf:
    return NullIf(F(name), Value(""), output_field=TextField())


def _partial_date(name: str) -> Case:
    text = Cast(F(name), TextField())
    return Case(
        *(
            When(**{f"{name}_precision": precision}, then=Substr(text, 1, length))
            for precision, length in (("year", 4), ("month", 7))
        ),
        default=text,
        output_field=TextField(),
    )


# --- from fields to columns


def _same(name: str) -> OfState:
    return lambda known: known.state.get(name)


def _scalar(each: Field, type: str, sql: Any, **more: Any) -> Column:
    help_ = each.help or TYPES[type][:1].upper() + TYPES[type][1:] + "."
    options = {"of_state": _same(each.name), "sql": sql, "required": each.required} | more
    return Column(each.name, type, each.label, help_, each.name, **options)


_ENGLISH = {"name", "title", "issuer", "publisher", "author"}


def _language_of(kind: Kind, each: Field) -> str:
    if isinstance(each, Original):
        tags = {("source", "title_original"): "@language", ("evidence", "quote"): "@quote_language"}
        return tags.get((kind.name, each.name), "und")
    return "en" if isinstance(each, Text) or each.name in _ENGLISH else ""


def _columns_of(kind: Kind, each: Field) -> Iterable[Column]:
    """Yield the columns that hold a field."""
    name = each.name
    if isinstance(each, Key):
        yield _scalar(each, "key", F(name))
    elif isinstance(each, Country | Language):
        yield _scalar(each, "tag", _filled(name))
    elif isinstance(each, Choice):
        yield _scalar(each, "word", _filled(name), words=tuple(each.choices))
    elif isinstance(each, Url):
        yield _scalar(each, "address", _filled(name))
    elif isinstance(each, Number):
        yield _scalar(each, "integer", F(name))
    elif name == "retired":
        yield _scalar(each, "boolean", F(name), of_state=lambda known: bool(known.state.get("retired")))
    elif isinstance(each, Flag):
        yield _scalar(each, "boolean", F(name), finish=lambda value: value or None)
    elif isinstance(each, Date):
        yield _scalar(each, "date", _partial_date(name))
    elif isinstance(each, Share):
        yield from _share(each)
    elif isinstance(each, Reference):
        yield _scalar(each, "id", UuidText(F(f"{name}_id")))
        if KINDS[each.kind].has_key:
            yield _key_of(each, (name,))
    elif isinstance(each, Children):
        yield _scalar(each, "list", None, children=each)
        if isinstance(each, Bearings | Listings) or KINDS[each.kind].has_key:
            yield _key_of(each, (name,))
    elif isinstance(each, Names):
        words = tuple(each.choices) if isinstance(each, ChoiceSet) else ()
        yield _scalar(each, "list", F(name), finish=lambda value: value or None, words=words)
    else:
        yield _scalar(each, "text", _filled(name), language=_language_of(kind, each))


def _key_of(each: Field, needs: tuple[str, ...]) -> Column:
    several = isinstance(each, Children)
    return Column(
        f"{each.name}_keys" if several else f"{each.name}_key",
        "list" if several else "key",
        f"{each.label}: {'keys' if several else 'key'}",
        f"{'Keys' if several else 'Key'} at this changeset; the ids beside {'them' if several else 'it'} never change.",
        each.name,
        needs=needs,
    )


def _share(each: Share) -> Iterable[Column]:
    parts = {
        "low": ("percent", "Lower bound in percent; never to be read without the columns beside it.", ()),
        "high": ("percent", "Upper bound in percent, equal to the lower where the share is exact.", ()),
        "market": ("word", "Of which market it is a share.", tuple(each.markets)),
        "segment": ("text", "The segment in words, where the market is one.", ()),
        "measure": ("word", "By which measure.", tuple(each.measures)),
        "year": ("integer", "Of which year.", ()),
        "counted": ("word", "Whether counted by place or by owner.", tuple(each.countings)),
    }
    for part, (type, words, vocabulary) in parts.items():
        name = f"{each.name}_{part}"
        yield Column(
            name,
            type,
            f"{each.label}: {part}",
            words,
            each.name,
            words=vocabulary,
            of_state=lambda known, part=part: (known.state.get(each.name) or {}).get(part),
            sql=F(name) if type in {"percent", "integer"} else _filled(name),
            finish=canonical_decimal if type == "percent" else None,
        )


def _bookkeeping() -> Iterable[Column]:
    yield Column(
        "revision",
        "integer",
        "Revision",
        "Number of the record's revision.",
        "revision",
        required=True,
        of_state=lambda known: known.revision,
        sql=F("revision"),
    )
    for name, label, words in (
        ("created_in", "Created in", "Number of the changeset that created the record."),
        ("changed_in", "Changed in", "Number of the changeset that changed it last."),
    ):
        yield Column(
            name,
            "integer",
            label,
            words,
            name,
            required=True,
            of_state=lambda known, name=name: getattr(known, name),
            sql=F(f"{name}_id"),
        )


def _statuses() -> Iterable[Column]:
    for name, type, words, more in (
        ("status", "word", "Current status on the day of the export.", (*STATUSES, UNASSESSED)),
        ("status_as_of", "date", "Date of the assessment that gives the current status.", ()),
        ("status_assessment", "id", "The assessment that gives the current status.", ()),
    ):
        label = name.replace("_", " ").capitalize()
        yield Column(name, type, label, words, "status", words=more, needs=("id",))


@cache
def table_of(kind: str) -> Table:
    """Return the table of a kind's records. Raises KeyError for a kind that isn't exported."""
    found = KINDS[kind]
    if found.app != "chokepoints":
        raise KeyError(kind)
    columns = [
        Column(
            "id",
            "id",
            "Id",
            "UUID of the record; it never changes.",
            "id",
            required=True,
            of_state=lambda known: known.record,
            sql=UuidText(F("pk")),
        )
    ]
    for each in found.fields.values():
        columns += _columns_of(found, each)
        if kind == "chokepoint" and each.name == "name_original":
            columns += _statuses()
    return Table(found.plural, found, found.plural.capitalize(), (*columns, *_bookkeeping()))


# --- link tables: the entries of one set, one a row

_ENTRY = {
    Bearings: (
        ("chokepoint", "id", "The chokepoint that the evidence bears on."),
        ("list", "id", "The list that the evidence bears on as a whole."),
        ("stance", "word", "What it says about it."),
        ("note", "text", "What is to be said of this bearing."),
    ),
    Listings: (
        ("list", "id", "The list."),
        ("number", "integer", "Number on the list."),
        ("headline", "text", "Headline under which the list names it, exactly as printed."),
        ("named_on", "date", "When the list named it."),
    ),
    Identifiers: (
        ("scheme", "text", "The scheme, such as wikidata."),
        ("value", "text", "The identifier."),
    ),
}


def _entry_columns(each: Field) -> Iterable[Column]:
    for shape, parts in _ENTRY.items():
        if isinstance(each, shape):
            for name, type, words in parts:
                vocabulary = tuple(each.stances) if name == "stance" else ()
                language = {"headline": "und", "note": "en"}.get(name, "")
                yield Column(
                    name, type, name.replace("_", " ").capitalize(), words, name, language, words=vocabulary
                )
            return
    if isinstance(each, ReferenceSet):
        yield Column(each.kind, "id", each.kind.capitalize(), f"The {each.kind} referred to.", each.kind)
    elif isinstance(each, ChoiceSet):
        yield Column("value", "word", "Value", each.help or "The value.", "value", words=tuple(each.choices))
    else:
        yield Column("value", "text", "Value", each.help or "The value.", "value")


@cache
def link_tables_of(kind: str) -> tuple[Table, ...]:
    """Return a table for each set of a kind, for files that hold no lists inside cells."""
    table = table_of(kind)
    found = []
    for column in table.columns:
        if column.type == "list" and not column.needs:
            each = table.kind.fields[column.field]
            # A set of references to the own kind (derived_from) mustn't hide the owner's column.
            entry = [
                Column(**{**c.__dict__, "name": f"{column.name}_{c.name}"}) if c.name == kind else c
                for c in _entry_columns(each)
            ]
            owner = Column(kind, "id", kind.capitalize(), f"The {kind} whose set it is.", kind, required=True)
            found.append(
                Table(
                    f"{table.name}_{column.name}",
                    table.kind,
                    f"{table.title}: {each.label.lower()}",
                    (owner, *entry),
                    of=column.name,
                )
            )
    return tuple(found)


def exported_kinds() -> list[str]:
    """Return the names of the kinds that can be exported."""
    return [kind.name for kind in KINDS.values() if kind.app == "chokepoints"]


def all_tables() -> list[Table]:
    """Return every table that an export can hold."""
    return [table for kind in exported_kinds() for table in (table_of(kind), *link_tables_of(kind))]


def describe() -> str:
    """Return docs/columns.md: every column of every table in words."""
    lines = [
        "# Columns of exports",
        "",
        "Written by `manage.py describe_columns`, from `chokepoints/exports/columns.py`; a test compares both. How cells look in",
        "each format is in [exports.md](exports.md).",
        "",
        "| type | what it is |",
        "| --- | --- |",
        *(f"| {name} | {words} |" for name, words in TYPES.items()),
        "",
        "`und` is a language that nobody has named: the original's. `@column` says which column names it.",
    ]
    for table in all_tables():
        lines += [
            "",
            f"## {table.name}",
            "",
            "| column | type | what it is | language |",
            "| --- | --- | --- | --- |",
        ]
        for column in table.columns:
            lines.append(
                f"| `{column.name}` | {column.type} | {column.description}{_vocabulary(column)} | {column.language} |"
            )
    return "\n".join(lines) + "\n"


def _vocabulary(column: Column) -> str:
    return f" One of: {', '.join(map(str, column.words))}." if column.words else ""
