"""What changed between two states of a record, field by field, as fits each kind of field (pure).

Texts are compared by word, Chinese and Japanese by character; sets and maps by entry; the rest as a whole.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Any

from .canonical import same_json
from .fields import Children, Field, Names, Original, Text
from .presenting import WITHHELD, Shown, field_language, present, present_entry
from .records import Kind, State

EQUAL, INSERT, DELETE = "equal", "insert", "delete"
Piece = tuple[str, str]

# A run of letters and digits, a run of blanks, or one other character. Scripts without blanks go by character.
_ALONE = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U000323af"
_TOKENS = re.compile(rf"[{_ALONE}]|(?:(?![{_ALONE}])\w)+|\s+|.", re.DOTALL)
_LINES = re.compile(r"[^\n]*\n|[^\n]+")
# Matching costs the product of both lengths; beyond this many steps a coarser comparison has to do.
_STEPS = 20_000_000  # about a third of a second


@dataclass(frozen=True)
class FieldComparison:
    """One field before and after, ready for components/field_comparison.html.

    `pieces` are there for texts, `removed` to `kept` for sets and maps (`changed` holds pairs before, after). `alone`
    says that there was no record before, so that only the value after is worth showing.
    """

    name: str
    label: str
    shape: str
    before: tuple[Shown, ...]
    after: tuple[Shown, ...]
    pieces: tuple[Piece, ...] = ()
    removed: tuple[Shown, ...] = ()
    added: tuple[Shown, ...] = ()
    changed: tuple[tuple[Shown, Shown], ...] = ()
    kept: tuple[Shown, ...] = ()
    language: str = ""
    alone: bool = False
    cites: tuple[Any, ...] = field(default=(), compare=False)

    @property
    def is_set(self) -> bool:
        """Whether the value is compared entry by entry."""
        return bool(self.removed or self.added or self.changed or self.kept)


def compare(
    kind: Kind,
    before: State,
    after: State,
    fields: Iterable[str] | None = None,
    names: Mapping[tuple[str, str], tuple[str, str]] | None = None,
) -> list[FieldComparison]:
    """Return what changed, in the order of the kind's fields; `fields` limits it, else all that differ are returned.

    A field that is named but doesn't differ is returned too, with all its entries kept.
    """
    if fields is None:
        wanted = {name for name in kind.fields if not _same(before.get(name), after.get(name))}
    else:
        wanted = set(fields)
    return [
        _compare_field(one, before, after, names or {}) for name, one in kind.fields.items() if name in wanted
    ]


def _same(before: Any, after: Any) -> bool:
    if WITHHELD in (before, after):
        return before is after
    return same_json(before, after)


def _compare_field(one: Field, before: State, after: State, names: Mapping) -> FieldComparison:
    old, new = before.get(one.name), after.get(one.name)
    language = field_language(one, after) or field_language(one, before)
    whole = {
        "name": one.name,
        "label": one.label,
        "shape": one.shape,
        "before": present(one, old, names, field_language(one, before)),
        "after": present(one, new, names, field_language(one, after)),
        "language": language,
        "alone": not before,
    }
    if WITHHELD in (old, new) or not before:
        return FieldComparison(**whole)
    if isinstance(one, Children | Names) or isinstance(old, list) or isinstance(new, list):
        return FieldComparison(**whole, **_compare_entries(one, old or [], new or [], names))
    if isinstance(one, Text | Original) and old is not None and new is not None:
        return FieldComparison(**whole, pieces=tuple(compare_text(old, new)))
    return FieldComparison(**whole)


def _compare_entries(one: Field, before: list[Any], after: list[Any], names: Mapping) -> dict[str, tuple]:
    key = one.entry_key if isinstance(one, Children) else lambda entry: str(entry)
    old, new = {key(entry): entry for entry in before}, {key(entry): entry for entry in after}
    both = [name for name in new if name in old]

    def shown(entry: Any) -> Shown:
        return present_entry(one, entry, names)

    return {
        "removed": tuple(shown(entry) for name, entry in old.items() if name not in new),
        "added": tuple(shown(entry) for name, entry in new.items() if name not in old),
        "changed": tuple((shown(old[n]), shown(new[n])) for n in both if not same_json(old[n], new[n])),
        "kept": tuple(shown(new[n]) for n in both if same_json(old[n], new[n])),
    }


def compare_text(before: str, after: str) -> list[Piece]:
    """Return pieces that make `before` if the insertions are left out, and `after` if the deletions are."""
    for pattern in (_TOKENS, _LINES):
        old, new = pattern.findall(before), pattern.findall(after)
        head = _common(old, new)
        tail = _common(old[head:][::-1], new[head:][::-1])
        old_middle, new_middle = old[head : len(old) - tail], new[head : len(new) - tail]
        if _steps(old_middle, new_middle) <= _STEPS:
            middle = _match(old_middle, new_middle)
            break
    else:
        middle = [(DELETE, "".join(old_middle)), (INSERT, "".join(new_middle))]
    return _joined([(EQUAL, "".join(old[:head])), *middle, (EQUAL, "".join(old[len(old) - tail :]))])


def _steps(old: list[str], new: list[str]) -> int:
    """Return at most how many steps matching takes: each match found looks at every pair of equal tokens, and the blanks
    between words are equal to each other."""
    counted, other = Counter(old), Counter(new)
    pairs = sum(number * other[token] for token, number in counted.items())
    return min(len(old), len(new)) * (len(old) + pairs)


def _common(old: list[str], new: list[str]) -> int:
    length = 0
    for left, right in zip(old, new, strict=False):
        if left != right:
            break
        length += 1
    return length


def _match(old: list[str], new: list[str]) -> list[Piece]:
    pieces: list[Piece] = []
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            pieces.append((EQUAL, "".join(old[i1:i2])))
        else:
            pieces += [(DELETE, "".join(old[i1:i2])), (INSERT, "".join(new[j1:j2]))]
    return pieces


def _joined(pieces: list[Piece]) -> list[Piece]:
    """Join what belongs together: neighbours of one sort, and changes that only a blank stands between."""
    joined: list[Piece] = []
    gone = come = ""
    pieces = [piece for piece in pieces if piece[1]]
    for position, (sort, text) in enumerate(pieces):
        last = position == len(pieces) - 1
        if sort == DELETE:
            gone += text
        elif sort == INSERT:
            come += text
        elif text.isspace() and "\n" not in text and gone and come and not last:
            gone, come = gone + text, come + text
        else:
            joined += [(DELETE, gone), (INSERT, come), (EQUAL, text)]
            gone = come = ""
    return [piece for piece in [*joined, (DELETE, gone), (INSERT, come)] if piece[1]]
