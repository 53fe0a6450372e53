"""A version's changes as pages show them: before and after, what was published meanwhile, what people say about each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chokepoints.canonical import same_json
from chokepoints.comparison import FieldComparison, Piece, compare, compare_text
from chokepoints.exceptions import Problem
from chokepoints.models import Evidence
from chokepoints.models.revision import CREATE, UPDATE
from chokepoints.records import KINDS, Kind, State
from chokepoints.vocabularies import TRANSLATORS

from ..forms.records import siblings_of
from ..forms.references import Shown, label_of
from ..models import Change, Version
from .reading import Reading, cited, evidence_named, is_judgement

OPERATION_WORDS = {"create": "New", "update": "Change", "retire": "Retire", "restore": "Restore"}
QUOTED = ("quote", "quote_language", "translation", "translator", "locator", "source")

Place = tuple[str, str]  # record id, field or "" for the change as a whole
Labels = Mapping[tuple[str, str], tuple[str, str]]


@dataclass(frozen=True)
class MergedText:
    """A text that neither side wrote: what would be published, marked against the register's and the proposal's."""

    name: str
    label: str
    against_register: tuple[Piece, ...]
    against_proposal: tuple[Piece, ...]


@dataclass(frozen=True)
class ShownField:
    """One field of a change, with what people say about it; `comparison` is None where a quote shows the value."""

    name: str
    label: str
    comparison: FieldComparison | None = None
    suggestions: Sequence[Any] = ()
    comments: Sequence[Any] = ()

    @property
    def is_spoken_of(self) -> bool:
        return bool(self.suggestions or self.comments)


@dataclass(frozen=True)
class Gone:
    """A record that was retired or merged since the author looked: in words, to which the name of `into` is added."""

    words: str
    into: Shown | None = None


@dataclass
class ShownChange:
    """One change, ready for the page."""

    ref: str
    change: Change
    kind: Kind
    operation: str
    title: str
    url: str
    comparisons: list[FieldComparison]
    before: State
    after: State
    fields: list[ShownField] = field(default_factory=list)
    empty: list[ShownField] = field(default_factory=list)  # what a new record could hold besides
    remarks: ShownField | None = None  # what people say about the change as a whole
    cites: list[Shown] = field(default_factory=list)
    grounds: list[Evidence] = field(
        default_factory=list
    )  # the published evidence that it names, to read it here
    quote: dict[str, str] | None = None
    moved_to: int | None = None
    meanwhile: list[FieldComparison] = field(default_factory=list)
    gone: Gone | None = None
    merged_texts: list[MergedText] = field(default_factory=list)
    status_now: str | None = None
    problems: list[str] = field(default_factory=list)
    ticked: set[str] = field(default_factory=set)  # which boxes of the review form are ticked for it
    box_errors: list[str] = field(default_factory=list)

    @property
    def record(self) -> str:
        return str(self.change.record)

    @property
    def name(self) -> str:
        """The words by which a sentence names it."""
        return f"{self.kind.name} “{self.title}”"


def shown_changes(
    version: Version,
    *,
    pending: bool,
    problems: Sequence[Problem] | None = None,
    merged_texts: Mapping[Place, str] | None = None,
    comments_on: Mapping[Place, Sequence[Any]] | None = None,
    suggestions_on: Mapping[Place, Sequence[Any]] | None = None,
) -> list[ShownChange]:
    """Return the changes of a version as a page shows them.

    `pending` compares with the register as it is now; `problems` stand at the change that they are about, as do
    `merged_texts` (see Needs) and what people say about each (record, field).
    """
    changes = list(version.changes.all())
    reading = Reading.of(changes, siblings_of(changes), pending=pending)
    names, labels = reading.names, _labels(reading)
    shown = []
    for position, (change, (before, after)) in enumerate(zip(changes, reading.states, strict=True)):
        kind = KINDS[change.kind]
        own = names.get((change.kind, str(change.record)))
        one = ShownChange(
            ref=f"ref-{position + 1}",
            change=change,
            kind=kind,
            operation=OPERATION_WORDS[change.operation],
            title=_title(kind, before or after, labels, own),
            url=own.url if own and not own.is_new else "",
            comparisons=_comparisons(kind, change, before, after, labels),
            before=before,
            after=after,
            cites=[names[("evidence", one)] for one in cited(change) if ("evidence", one) in names],
            grounds=[
                reading.evidence[one] for one in sorted(evidence_named(change)) if one in reading.evidence
            ],
            quote=_quote(after, labels) if change.kind == "evidence" and after.get("quote") else None,
            status_now=reading.statuses.get(after.get("chokepoint", "")) if is_judgement(change) else None,
            problems=list(dict.fromkeys(p.message for p in problems or () if p.change == position)),
        )
        _look_at_register(one, reading, labels)
        one.merged_texts = _merged_texts(one, reading, merged_texts or {})
        _add_remarks(one, comments_on or {}, suggestions_on or {})
        shown.append(one)
    return shown


# --- the register


def _look_at_register(one: ShownChange, reading: Reading, labels: Labels) -> None:
    """Say what was published about a change's record since its author looked."""
    row = reading.rows.get(one.record)
    if row is None or row.revision == one.change.base_revision:
        return
    now = reading.now[one.record]
    moved = [name for name in one.change.fields if not same_json(one.before.get(name), now.get(name))]
    one.moved_to = row.revision
    one.meanwhile = compare(one.kind, one.before, now, moved, labels) if moved else []
    if now.get("retired") and not one.before.get("retired"):
        into = reading.names.get((one.kind.name, now.get("merged_into", "")))
        one.gone = Gone(
            f"This {one.kind.name} was {'merged meanwhile into' if into else 'retired meanwhile'}", into
        )
        one.problems = [words for words in one.problems if not words.startswith(one.gone.words)]


def _merged_texts(one: ShownChange, reading: Reading, texts: Mapping[Place, str]) -> list[MergedText]:
    if one.change.operation != UPDATE:
        return []
    now = reading.now.get(one.record, one.before)
    return [
        MergedText(
            name,
            one.kind.fields[name].label,
            tuple(compare_text(now.get(name) or "", text)),
            tuple(compare_text(one.change.fields.get(name) or "", text)),
        )
        for (record, name), text in texts.items()
        if record == one.record
    ]


# --- names


def _labels(reading: Reading) -> Labels:
    return {(kind, record): (one.label, one.url) for (kind, record), one in reading.names.items()}


def _title(kind: Kind, state: State, labels: Labels, own: Shown | None) -> str:
    """Name a record: an assessment or supply by its chokepoint, the others by their title."""
    about = labels.get(("chokepoint", state.get("chokepoint", "")))
    if kind.name in {"assessment", "supply"} and about:
        party = labels.get(("organization", state.get("organization", "")), (state.get("country", ""), ""))[0]
        return f"{about[0]}, {party}" if party else about[0]
    return own.label if own else label_of(kind, state)


# --- fields


def _comparisons(
    kind: Kind, change: Change, before: State, after: State, labels: Labels
) -> list[FieldComparison]:
    is_quoted = change.kind == "evidence" and change.operation == CREATE and after.get("quote")
    leave_out = QUOTED if is_quoted else ()
    fields = [
        name for name in (after if change.operation == CREATE else change.fields) if name not in leave_out
    ]
    return compare(kind, before, after, fields, labels) if fields else []


def _quote(state: State, labels: Labels) -> dict[str, str]:
    title, url = labels.get(("source", state.get("source", "")), ("source not named", ""))
    return {
        "quote": state["quote"],
        "language": state.get("quote_language", ""),
        "translation": state.get("translation", ""),
        "translated_by": TRANSLATORS.get(state.get("translator", ""), "").removeprefix("translated by "),
        "locator": state.get("locator", ""),
        "source_title": title,
        "source_url": url,
    }


def _add_remarks(
    one: ShownChange, comments_on: Mapping[Place, Sequence], suggestions_on: Mapping[Place, Sequence]
) -> None:
    """Put what people say at the fields that they speak of: at each row, and at those that a quote shows."""

    def said(name: str, label: str, comparison: FieldComparison | None = None) -> ShownField:
        place = (one.record, name)
        return ShownField(name, label, comparison, suggestions_on.get(place, ()), comments_on.get(place, ()))

    one.remarks = said("", "the change as a whole")
    rows = {comparison.name: comparison for comparison in one.comparisons}
    spoken_of = {name for record, name in [*comments_on, *suggestions_on] if record == one.record}
    proposed = set(one.change.fields) | (spoken_of & set(one.kind.fields))
    one.fields = [
        said(name, known.label, rows.get(name))
        for name, known in one.kind.fields.items()
        if name in rows or name in proposed
    ]
    if one.change.operation == CREATE:
        one.empty = [
            said(name, known.label) for name, known in one.kind.editable.items() if name not in proposed
        ]
