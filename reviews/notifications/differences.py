"""What a proposal changes, for mails: the changes that its page shows, short enough to be read in passing."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from chokepoints.comparison import DELETE, EQUAL, INSERT, FieldComparison, Piece, compare
from chokepoints.presenting import Shown
from chokepoints.selectors import names_of

from ..comparing import SAME, pair_changes
from ..forms.records import siblings_of
from ..models import Suggestion, Version
from ..views.showing import ShownChange, shown_changes
from ..views.versions import show_pairs

# How much of a proposal a mail shows: fields in all, letters of one value, and of unchanged text beside a change.
MOST_FIELDS = 40
MOST_LETTERS = 1500
CONTEXT = 60
ELLIPSIS = " … "

Line = tuple[Piece, ...]


@dataclass(frozen=True)
class Row:
    """One field: what it is called, and lines of pieces that stay, go or come."""

    label: str
    lines: tuple[Line, ...]
    language: str = ""


@dataclass(frozen=True)
class Block:
    """One change: what is done to which record."""

    operation: str
    kind: str
    title: str
    rows: tuple[Row, ...]


@dataclass
class Difference:
    """A version's changes, and how many fields were left out of them."""

    blocks: list[Block] = field(default_factory=list)
    left_out: int = 0


def difference_of(version: Version) -> Difference:
    """Return what a version changes, from what its author saw."""
    return _bounded(
        Block(change.operation, change.kind.name, change.title, tuple(_rows_of_change(change)))
        for change in shown_changes(version, pending=False)
    )


def difference_between(earlier: Version, later: Version) -> Difference:
    """Return what a version changes of what the one before proposed."""
    before, after = list(earlier.changes.all()), list(later.changes.all())
    pairs = [pair for pair in pair_changes(before, after) if pair.sort != SAME]
    return _bounded(
        Block(
            shown.label,
            shown.pair.kind.name,
            shown.title,
            tuple(_rows(altered.comparison for altered in shown.fields)),
        )
        for shown in show_pairs(pairs, siblings_of(after), siblings_of(before))
    )


def difference_suggested(suggestion: Suggestion) -> Difference:
    """Return what a suggestion would change of the version that it was made for."""
    version = Version.objects.filter(proposal=suggestion.proposal_id, number=suggestion.version).first()
    if version is None:
        return Difference()
    for change in shown_changes(version, pending=False):
        if change.record == str(suggestion.record):
            state = {**change.after, suggestion.field: suggestion.value}
            names = names_of(
                (kind, record)
                for each in (change.after, state)
                for _field, kind, record in change.kind.references(each)
            )
            rows = _rows(compare(change.kind, change.after, state, [suggestion.field], names))
            return _bounded([Block("Suggested", change.kind.name, change.title, tuple(rows))])
    return Difference()


def _bounded(blocks: Iterable[Block]) -> Difference:
    """Leave out what is too much, and say how much that is."""
    difference, room = Difference(), MOST_FIELDS
    for block in blocks:
        shown = block.rows[:room]
        room -= len(shown)
        difference.left_out += len(block.rows) - len(shown)
        if shown or (not block.rows and len(difference.blocks) < MOST_FIELDS):
            difference.blocks.append(replace(block, rows=shown))
    return difference


def _rows_of_change(change: ShownChange) -> Iterable[Row]:
    if change.quote:
        for label, name in (("Quote", "quote"), ("Translation", "translation"), ("Source", "source_title")):
            if change.quote[name]:
                language = change.quote["language"] if name == "quote" else ""
                yield Row(label, ((_short((EQUAL, change.quote[name])),),), language)
    yield from _rows(change.comparisons)


def _rows(comparisons: Iterable[FieldComparison]) -> Iterable[Row]:
    for comparison in comparisons:
        lines = tuple(_lines(comparison))
        if lines:
            yield Row(comparison.label, lines, comparison.language)


def _lines(comparison: FieldComparison) -> Iterable[Line]:
    if comparison.alone:
        yield from (_line(EQUAL, shown) for shown in comparison.after)
    elif comparison.pieces:
        yield _shortened(comparison.pieces)
    elif comparison.is_set:
        yield from (_line(DELETE, shown) for shown in comparison.removed)
        yield from (_line(INSERT, shown) for shown in comparison.added)
        for before, after in comparison.changed:
            yield from (_line(DELETE, before), _line(INSERT, after))
    else:
        yield from (_line(DELETE, shown) for shown in comparison.before)
        yield from (_line(INSERT, shown) for shown in comparison.after)


def _line(sort: str, shown: Shown) -> Line:
    text = shown.text.capitalize() if shown.form == "status" else shown.text
    note = f" ({shown.note})" if shown.note else ""
    return (_short((sort, text + note)),)


def _short(piece: Piece) -> Piece:
    sort, text = piece
    return (sort, text if len(text) <= MOST_LETTERS else text[:MOST_LETTERS] + ELLIPSIS.rstrip())


def _shortened(pieces: Iterable[Piece]) -> Line:
    """Cut what stays the same to what stands beside a change, and end a text that is too long all the same."""
    pieces, line, room = list(pieces), [], MOST_LETTERS
    for position, (sort, text) in enumerate(pieces):
        if sort == EQUAL and len(text) > 2 * CONTEXT + len(ELLIPSIS):
            head = text[:CONTEXT] if position else ""
            tail = text[-CONTEXT:] if position < len(pieces) - 1 else ""
            text = head + ELLIPSIS + tail
        if len(text) > room:
            return (*line, (sort, text[:room]), (EQUAL, ELLIPSIS.rstrip()))
        room -= len(text)
        line.append((sort, text))
    return tuple(line)
