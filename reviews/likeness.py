"""Likeness: by what versions of proposals are known again (pure).

Two versions that propose the same have one fingerprint. Versions that share a mark say the same about something. All
functions take changes whose values are canonical, as drafting leaves them: `Change` rows or `DraftChange`s.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any, Protocol
from urllib.parse import quote, urlsplit

from chokepoints.canonical import canonical, digest
from chokepoints.checking import CREATE
from chokepoints.fields import Field
from chokepoints.records import KINDS

UPDATE = "update"
# How far two new records that say the same are told apart by what they are tied to. Proposals tie judgements to
# evidence, evidence to sources and those to others; a bound keeps a hostile draft of 500 nameless records cheap.
ROUNDS = 8
_TEXTS = {"line", "text", "original"}
_PORTS = {"http": ":80", "https": ":443"}


class ProposedChange(Protocol):
    """One operation on one record, whoever holds it."""

    @property
    def kind(self) -> str: ...
    @property
    def record(self) -> Any: ...
    @property
    def operation(self) -> str: ...
    @property
    def fields(self) -> Mapping[str, Any]: ...
    @property
    def cites(self) -> Mapping[str, Sequence[str]]: ...


New = Mapping[str, ProposedChange]  # the changes that create records, by record id
Tie = tuple[
    int, str, int
]  # a change names a new record: position, in which words, position of what creates it


# --- the fingerprint


def fingerprint(changes: Sequence[ProposedChange]) -> str:
    """Return a digest that is equal for versions that propose the same, whatever the order of their changes and the
    random ids of their new records. Title, rationale and the revisions that authors saw don't count.

    New records go by rank instead of id. Ranks come from colour refinement (Weisfeiler and Leman): changes are sorted by
    their own words, and those that stay equal by the ranks of what they name and of what names them, round by round. What
    is equal to the end shares a rank: records that say the same in the same surroundings, which nobody can tell apart.
    """
    new = {str(change.record): place for place, change in enumerate(changes) if change.operation == CREATE}
    pieces = [sorted(_pieces(change, new), key=itemgetter(0)) for change in changes]
    own = [_own_words(change, said) for change, said in zip(changes, pieces, strict=True)]
    ties = [
        (here, words, new[target]) for here, said in enumerate(pieces) for words, target in said if target
    ]
    ranks = _refined(own, ties)
    named: list[list[list[Any]]] = [[] for _ in changes]
    for here, words, there in ties:
        named[here].append([words, ranks[there]])
    return digest(sorted([ranks[here], own[here], sorted(named[here])] for here in range(len(changes))))


def _pieces(change: ProposedChange, new: Mapping[str, Any]) -> Iterator[tuple[str, str | None]]:
    """Yield the words of each entry of a change with the new record that it names, which is blank in the words."""
    for name, value in change.fields.items():
        if value is None and change.operation == CREATE:
            continue
        targets = {target for _, target in KINDS[change.kind].fields[name].references(value)} & new.keys()
        for entry in _entries(value) or [None]:
            yield _piece(["field", name], entry, targets)
    for name, cited in change.cites.items():
        for target in cited:
            yield _piece(["cites", name], target, new.keys())


def _entries(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _piece(place: list[str], entry: Any, targets: Any) -> tuple[str, str | None]:
    parts = entry.values() if isinstance(entry, Mapping) else [entry]
    target = next((part for part in parts if isinstance(part, str) and part in targets), None)
    if target is not None:
        entry = (
            {name: None if part == target else part for name, part in entry.items()}
            if isinstance(entry, Mapping)
            else None
        )
    return canonical([*place, entry]).decode(), target


def _own_words(change: ProposedChange, pieces: list[tuple[str, str | None]]) -> str:
    record = None if change.operation == CREATE else str(change.record)
    return digest([change.kind, record, change.operation, [words for words, _ in pieces]])


def _refined(own: list[str], ties: list[Tie]) -> list[int]:
    """Return a rank for each change, equal for those that can't be told apart."""
    ranks = _ranked(own)
    for _ in range(ROUNDS):
        around: list[list[tuple[bool, str, int]]] = [[] for _ in own]
        for here, words, there in ties:
            around[here].append((True, words, ranks[there]))
            around[there].append((False, words, ranks[here]))
        finer = _ranked([(rank, tuple(sorted(seen))) for rank, seen in zip(ranks, around, strict=True)])
        if len(set(finer)) == len(set(ranks)):
            break
        ranks = finer
    return ranks


def _ranked(values: list[Any]) -> list[int]:
    order = {value: rank for rank, value in enumerate(sorted(set(values)))}
    return [order[value] for value in values]


# --- marks


def marks(changes: Sequence[ProposedChange]) -> list[tuple[str, bool]]:
    """Return what a version is known again by: the digest of each thing it says about something, and whether it leads.

    Leading are the statements that the version is there for: those of its assessments, else of its evidence, else all.
    Units that it changes, whatever it makes of them, are marks too and never lead.
    """
    new = {str(change.record): change for change in changes if change.operation == CREATE}
    kinds = {change.kind for change in changes}
    leading = next((kind for kind in ("assessment", "evidence") if kind in kinds), None)
    said: dict[str, bool] = {}
    for change in changes:
        leads = leading in {change.kind, None}
        for words in _statements(change, new):
            said[digest(words)] = leads
        for words in _units(change):
            said.setdefault(digest(words), False)
    return list(said.items())


def _statements(change: ProposedChange, new: New) -> Iterator[list[Any]]:
    record, fields = str(change.record), KINDS[change.kind].fields
    if change.operation == CREATE:
        yield from _creation(change, new)
    elif change.operation == UPDATE:
        for name, value in change.fields.items():
            yield ["value", change.kind, record, name, _spoken(fields[name], value, new)]
    else:
        yield [change.operation, change.kind, record]


def _units(change: ProposedChange) -> Iterator[list[Any]]:
    if change.operation == UPDATE:
        for unit in {KINDS[change.kind].fields[name].merge_unit for name in change.fields}:
            yield ["unit", change.kind, str(change.record), unit]


def _creation(change: ProposedChange, new: New) -> Iterator[list[Any]]:
    """Yield what a new record says about what, the surest first; nothing while too little of it is written."""
    says = _CREATIONS.get(change.kind, _named_record)
    return (["create", change.kind, *words] for words in says(change, new))


def _assessment(change: ProposedChange, new: New) -> Iterator[list[Any]]:
    chokepoint, status = _refers(change, "chokepoint", new), change.fields.get("status")
    if chokepoint and status:
        yield [chokepoint[0], status]


def _evidence(change: ProposedChange, new: New) -> Iterator[list[Any]]:
    statement = folded(change.fields.get("quote")) or folded(change.fields.get("claim"))
    if statement:
        for target in _refers(change, "bears_on", new) or [None]:
            yield [statement, target]


def _source(change: ProposedChange, new: New) -> Iterator[list[Any]]:
    if address := folded_address(change.fields.get("url")):
        yield ["address", address]
    elif title := folded(change.fields.get("title")):
        yield ["title", title]


def _supply(change: ProposedChange, new: New) -> Iterator[list[Any]]:
    chokepoint, role = _refers(change, "chokepoint", new), change.fields.get("role")
    party = _refers(change, "organization", new) or [change.fields.get("country")]
    if chokepoint and role and party[0]:
        yield [chokepoint[0], party[0], role]


def _named_record(change: ProposedChange, new: New) -> Iterator[list[Any]]:
    if name := folded(change.fields.get(KINDS[change.kind].title)):
        yield ["name", name]
    if key := change.fields.get("key"):
        yield ["key", key]


_CREATIONS = {"assessment": _assessment, "evidence": _evidence, "source": _source, "supply": _supply}


def _refers(change: ProposedChange, name: str, new: New) -> list[Any]:
    """Return what a field refers to, with new records by their words."""
    references = KINDS[change.kind].fields[name].references(change.fields.get(name))
    return [_by_words(kind, target, new) for kind, target in references]


def _by_words(kind: str, target: str, new: New) -> Any:
    """Return a record's id, or what a new one says. Only a record of the kind that the field asks for is read: what a
    draft mixes up could otherwise lead round in a circle."""
    if target not in new or new[target].kind != kind:
        return target
    return next(_creation(new[target], new), ["create", kind])


def _spoken(field: Field, value: Any, new: New) -> Any:
    """Return a value as it is compared: texts folded, new records by their words."""
    kinds = {target: kind for kind, target in field.references(value)}
    if kinds:
        entries = [_with_words(entry, kinds, new) for entry in _entries(value)]
        return sorted(entries, key=canonical)
    if isinstance(value, str) and field.shape in _TEXTS:
        return folded(value) or value
    if isinstance(value, str) and field.shape == "url":
        return folded_address(value)
    return value


def _with_words(entry: Any, kinds: Mapping[str, str], new: New) -> Any:
    if isinstance(entry, Mapping):
        return {name: _with_words(part, kinds, new) for name, part in entry.items()}
    return _by_words(kinds[entry], entry, new) if isinstance(entry, str) and entry in kinds else entry


# --- folding


def folded(text: str | None) -> str:
    """Return a text without what differs between two copies of one sentence: width and case of letters, blanks,
    punctuation. Points and commas between digits stay, since 1.5 isn't 15."""
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text or "").casefold())
    return "".join(
        character
        for place, character in enumerate(plain)
        if unicodedata.category(character)[0] not in "PZC" or _separates_digits(plain, place)
    )


def _separates_digits(text: str, place: int) -> bool:
    return (
        text[place] in ".,"
        and 0 < place < len(text) - 1
        and text[place - 1].isdigit()
        and text[place + 1].isdigit()
    )


def folded_address(address: str | None) -> str:
    """Return an address without what differs between two links to one document: http or https, case of the host,
    a closing slash, the fragment, what campaigns add (utm_…), characters that are escaped or not."""
    if not address:
        return ""
    try:
        parts = urlsplit(address)
    except ValueError:
        return folded(address)
    host = parts.netloc.lower().removesuffix(_PORTS.get(parts.scheme, ""))
    query = "&".join(part for part in parts.query.split("&") if not re.match(r"utm_|$", part, re.IGNORECASE))
    rest = _escaped(parts.path.rstrip("/")) + (f"?{_escaped(query)}" if query else "")
    return f"{host}{rest}"


def _escaped(text: str) -> str:
    as_escaped = quote(text, safe="!#$%&'()*+,-./:;=?@[]_~", errors="replace")
    return re.sub(r"%[0-9a-fA-F]{2}", lambda escape: escape[0].upper(), as_escaped)
