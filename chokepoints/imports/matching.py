"""Which record of the register a row speaks of: by id, key, identifier, name (pure). What is doubtful is asked, never guessed.

A catalogue holds what there is, a kind each; what a file brings anew joins it on the way, so that rows of other tables can
name it.
"""

import re
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from ..fields import FieldError
from ..records import KINDS
from .folding import core, fold, near

NEW, SKIP = "new", "skip"  # answers besides the id of a record
MOST_CANDIDATES = 8


@dataclass(frozen=True)
class Candidate:
    """A record that may be meant; `near` says how alike its name is, of 100, where that is why it is offered."""

    record: str
    label: str
    near: int = 100


@dataclass
class Question:
    """Something that only people know: which record is meant. `rows` are (table, number) of those that wait for it."""

    key: str
    kind: str
    text: str
    why: str
    candidates: list[Candidate]
    may_be_new: bool
    rows: list[tuple[str, int]] = field(default_factory=list)


class Asked(FieldError):
    """A name that may be several records; `question` is what to ask."""

    def __init__(self, question: Question):
        self.question = question
        super().__init__(question.why)


@dataclass
class Known:
    """A record that there is, or that the file brings (`is_new`)."""

    record: str
    label: str
    revision: int = 0
    retired: bool = False
    is_new: bool = False
    key: str = ""  # the present one


@dataclass
class Index:
    """The records of one kind by everything that they can be known by."""

    records: dict[str, Known] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)  # former ones too
    identifiers: dict[tuple[str, str], set[str]] = field(default_factory=lambda: defaultdict(set))
    values: dict[str, set[str]] = field(
        default_factory=lambda: defaultdict(set)
    )  # identifiers without their scheme
    schemes: dict[str, dict[str, str]] = field(
        default_factory=lambda: defaultdict(dict)
    )  # record → scheme → value
    names: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    cores: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))  # without legal form → names
    natural: dict[tuple[str, ...], set[str]] = field(default_factory=lambda: defaultdict(set))
    # what distinguishes records that are alike in `natural`: their dates
    dates: dict[str, str] = field(default_factory=dict)

    def add(
        self,
        known: Known,
        *,
        keys: Iterable[str] = (),
        names: Iterable[str | None] = (),
        identifiers: Iterable[tuple[str, str]] = (),
    ) -> None:
        """Enter a record, or more of what it is known by."""
        self.records.setdefault(known.record, known)
        for key in keys:
            self.keys.setdefault(key, known.record)
        for name in names:
            if folded := fold(name):
                self.names[folded].add(known.record)
                self.cores[core(folded)].add(folded)
        for scheme, value in identifiers:
            self.identifiers[scheme, value].add(known.record)
            self.values[value].add(known.record)
            self.schemes[known.record].setdefault(scheme, value)


@dataclass
class Identity:
    """What a row says of which record it is about."""

    id: str = ""
    key: str = ""
    identifiers: list[tuple[str, str]] = field(default_factory=list)
    names: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The words by which a person knows it."""
        named = [name for name in self.names if name.strip()]
        return (named or [self.key or self.id or next((v for _, v in self.identifiers), "")])[0].strip()

    @property
    def own(self) -> str:
        """What identifies it among the rows of a file."""
        if self.identifiers:
            return ":".join(self.identifiers[0])
        return self.key or fold(self.text)


@dataclass(frozen=True)
class Match:
    """A record, and by what it was found; None for one that is new."""

    record: str | None
    how: str = ""


class Matcher:
    """Finds records in a catalogue, remembering what was answered. `answers` maps a question's key to its answer."""

    def __init__(self, catalogue: Mapping[str, Index], answers: Mapping[str, str]):
        self.catalogue, self.answers = catalogue, answers
        # Nearness is only held against what the register has, so the list stays as it is while a file adds to the index.
        self._names = {kind: list(index.names) for kind, index in catalogue.items()}

    def match(self, kind: str, identity: Identity) -> Match:
        """Return the record that a row is about. Raises FieldError where it can't be, Asked where it is doubtful."""
        index = self.catalogue[kind]
        if identity.id:
            return Match(self._by_id(kind, identity), "id")
        if identity.key and (record := index.keys.get(identity.key)):
            return Match(record, "key")
        for identifier in identity.identifiers:
            if found := index.identifiers.get(identifier):
                return self._one_of(kind, identity, found, "identifier", may_be_new=False)
        if identity.key:
            return Match(None)  # a key of its own: it says that it is another record
        return self._by_name(kind, identity)

    def _by_id(self, kind: str, identity: Identity) -> str:
        index = self.catalogue[kind]
        try:
            record = str(uuid.UUID(identity.id))
        except ValueError as error:
            raise FieldError(f"“{identity.id[:60]}” isn't the id of a record.") from error
        if record not in index.records:
            raise FieldError(
                f"There is no {kind} with the id {record}. A new record gets its id here: leave the cell empty."
            )
        owner = index.keys.get(identity.key)
        if owner and owner != record:
            raise FieldError(
                f"The id is that of “{index.records[record].label}”, the key that of another {kind}."
            )
        return record

    def _by_name(self, kind: str, identity: Identity) -> Match:
        index = self.catalogue[kind]
        folded = [name for name in map(fold, identity.names) if name]
        exact: set[str] = set().union(*(index.names.get(name, set()) for name in folded)) if folded else set()
        if exact:
            others = {record for record in exact if self._contradicts(index, record, identity)}
            new_ones = {record for record in others if index.records[record].is_new}
            if exact == new_ones:
                return Match(None)  # the file itself tells them apart
            return self._one_of(kind, identity, exact - new_ones, "name", doubtful=bool(others - new_ones))
        alike: dict[str, int] = {}
        for name in folded:
            for record, score in self._nearly(kind, name).items():
                if not self._contradicts(index, record, identity):
                    alike[record] = max(alike.get(record, 0), score)
        if not alike:
            return Match(None)
        return self._ask(kind, identity, alike, "The register has names that are nearly this one.")

    def _contradicts(self, index: Index, record: str, identity: Identity) -> bool:
        known = index.schemes.get(record, {})
        return any(known.get(scheme, value) != value for scheme, value in identity.identifiers)

    def _one_of(
        self,
        kind: str,
        identity: Identity,
        records: set[str],
        how: str,
        *,
        doubtful: bool = False,
        may_be_new: bool = True,
    ) -> Match:
        if len(records) == 1 and not doubtful:
            return Match(next(iter(records)), how)
        why = (
            f"{len(records)} records have this {how}."
            if len(records) > 1
            else f"A record has this {how}, and another identifier in the same scheme."
        )
        return self._ask(kind, identity, dict.fromkeys(records, 100), why, may_be_new)

    def _ask(
        self, kind: str, identity: Identity, records: Mapping[str, int], why: str, may_be_new: bool = True
    ) -> Match:
        key = f"{kind}|{identity.own}"
        answer = self.answers.get(key, "")
        if answer == NEW and may_be_new:
            return Match(None, "answered")
        if answer in self.catalogue[kind].records:
            return Match(answer, "answered")
        if answer == SKIP:
            raise LeftOut("You chose to leave this row out.")
        raise Asked(self._question(key, kind, identity.text, why, records, may_be_new))

    def _question(
        self, key: str, kind: str, text: str, why: str, records: Mapping[str, int], may_be_new: bool
    ) -> Question:
        index = self.catalogue[kind]
        ordered = sorted(records.items(), key=lambda pair: (-pair[1], index.records[pair[0]].label))
        candidates = [
            Candidate(record, index.records[record].label, score)
            for record, score in ordered[:MOST_CANDIDATES]
        ]
        return Question(key, kind, text[:300], why, candidates, may_be_new)

    def resolve(self, kinds: tuple[str, ...], text: str) -> tuple[str, str]:
        """Return (kind, id) of the record that a cell refers to. Raises FieldError where there is none, Asked where it is
        doubtful."""
        text = text.strip()
        for kind in kinds:
            index = self.catalogue[kind]
            record = _as_id(text)
            found = record if record in index.records else index.keys.get(text)
            if found:
                return kind, self._in_force(kind, found)
            exact = index.values.get(text) or index.names.get(fold(text), set())
            if len(exact) == 1:
                return kind, self._in_force(kind, next(iter(exact)))
            if exact or (not _as_id(text) and index.names):
                alike = dict.fromkeys(exact, 100) or self._nearly(kind, fold(text))
                if alike:
                    return self._resolve_asked(kind, text, alike)
        raise FieldError(
            f"There is no {' or '.join(kinds)} “{text[:60]}”, neither in the register nor in this file."
        )

    def _nearly(self, kind: str, folded: str) -> dict[str, int]:
        """Return the register's records with a name that is nearly this one, each with how alike they are."""
        index, alike = self.catalogue[kind], {}
        for name, score in near(folded, self._names[kind], index.cores).items():
            for record in index.names[name]:
                if not index.records[record].is_new:
                    alike[record] = max(alike.get(record, 0), score)
        return alike

    def _resolve_asked(self, kind: str, text: str, alike: Mapping[str, int]) -> tuple[str, str]:
        key = f"{kind}|{fold(text)}|reference"
        answer = self.answers.get(key, "")
        if answer in self.catalogue[kind].records:
            return kind, self._in_force(kind, answer)
        if answer == SKIP:
            raise LeftOut(f"You chose to leave out rows that name “{text[:60]}”.")
        why = "Rows refer to this name, and " + (
            "several records have it."
            if 100 in alike.values()
            else "no record has it; some have nearly the same."
        )
        raise Asked(self._question(key, kind, text, why, alike, may_be_new=False))

    def _in_force(self, kind: str, record: str) -> str:
        known = self.catalogue[kind].records[record]
        if known.retired:
            raise FieldError(f"The {kind} “{known.label[:60]}” is retired, so nothing new can refer to it.")
        return record


class LeftOut(FieldError):
    """A row that somebody chose to leave out."""


def _as_id(text: str) -> str:
    try:
        return str(uuid.UUID(text))
    except ValueError:
        return ""


def new_key(label: str, record: str, kind: str, is_taken: Callable[[str], bool]) -> str:
    """Return a key for a new record, made from its name; one whose name has no Latin letters is called after its kind."""
    stem = (
        re.sub(r"[^a-z0-9]+", "-", fold(label).encode("ascii", "ignore").decode()).strip("-")[:80].strip("-")
    )
    stem = stem if len(stem) > 1 else f"{kind}-{record[:8]}"
    return stem if not is_taken(stem) else f"{stem}-{record[:8]}"


def empty_catalogue() -> dict[str, Index]:
    """Return a catalogue of a register that holds nothing."""
    return {name: Index() for name, kind in KINDS.items() if kind.app == "chokepoints"}
