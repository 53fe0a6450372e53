"""Merging texts sentence by sentence, and finding where sentences end in English and Chinese (pure)."""

import re
from collections import Counter
from collections.abc import Iterable
from difflib import SequenceMatcher
from itertools import pairwise

Hunk = tuple[int, int, tuple[str, ...]]  # these tokens of the base, from–to, became those


# Matching sentences costs at most the shorter side times (sentences + pairs of equal ones). Ten million such steps take
# half a second, and this runs inside the register lock. They suffice for 2,000 sentences, which is what a text of
# 100,000 characters holds unless it says the same thing over and over; who moves more than that merges by hand.
_STEPS = 10_000_000
_BLANKS = re.compile(r"\s+")
_CLOSING = "”’»›)]}）】」』》〉］｝"
_QUOTES = "\"'"  # these open as well as close, so they belong to the sentence before only where a word ends
_FULL_WIDTH = "。！？；｡"
_FULL_WIDTH_END = re.compile(
    rf"[{_FULL_WIDTH}…]+(?:[{re.escape(_CLOSING)}]|[{_QUOTES}](?=[\s{_QUOTES}{re.escape(_CLOSING)}]|\Z))*"
)
_ABBREVIATIONS = {
    *("Co", "Corp", "Inc", "Ltd", "Dr", "Mr", "Mrs", "Ms", "Prof", "St"),
    *("Fig", "No", "approx", "ca", "cf", "etc", "vs"),
}


def merge_text(base: str, one: str, other: str) -> str | None:
    """Return a text with the sentences that either side changed, the same whichever side comes first.

    None if both changed the same sentence, if something was inserted beside a sentence that the other side changed, if
    nothing would be left of a text that neither side cleared, or if comparing would take too long.
    """
    if one == other or other == base:
        return one
    if one == base:
        return other
    tokens = split_sentences(base)
    theirs, ours = _hunks(tokens, split_sentences(one)), _hunks(tokens, split_sentences(other))
    if theirs is None or ours is None:
        return None
    hunks = sorted(theirs | ours)
    if any(_clash(left, right) for left, right in pairwise(hunks)):
        return None
    merged = _applied(tokens, hunks)
    text = "".join(merged)
    # Where cutting the text again finds other sentences, two of them ran together at a seam that neither side saw.
    return text if text.strip() and split_sentences(text) == merged else None


def split_sentences(text: str) -> list[str]:
    """Return the sentences of a text and, each by itself, the blanks between them; joined they are the text again.

    A sentence that ends in doubt ("approx. 30", "U.S. firms") goes on: the longer a sentence, the sooner two changes
    meet in a conflict; the shorter, the sooner half of one person's sentence is joined to half of another's.
    """
    cuts = {0, len(text)}
    word = 0
    for blank in _BLANKS.finditer(text):
        start, end = blank.span()
        if "\n" in blank[0] or _ends_sentence(text[word:start], text[end : end + 1]):
            cuts |= {start, end}
        word = end
    for stop in _FULL_WIDTH_END.finditer(text):
        following = text[stop.end() : stop.end() + 1]
        if not following.isspace() and _ends_sentence(stop[0], following):
            cuts.add(stop.end())
    return [text[start:end] for start, end in pairwise(sorted(cuts))]


def _ends_sentence(word: str, following: str) -> bool:
    """Tell whether a sentence ends with a word, given the character that comes next after blanks."""
    core = word.rstrip(_CLOSING + _QUOTES)
    if core[-1:] in {*_FULL_WIDTH}:
        return True
    if core[-1:] not in {*".!?…"} or following.islower() or following.isdigit():
        return False
    last = core.rstrip(".").rpartition(".")[2].lstrip("(“\"'")
    is_short = last in _ABBREVIATIONS or (len(last) == 1 and last.isalpha())
    return not (core.endswith(".") and is_short)


def _hunks(base: list[str], side: list[str]) -> set[Hunk] | None:
    """Return what a side changed in the base's tokens, or None if finding out would take too long.

    Sentences are matched without the blanks between them, which are all alike and would match anywhere.
    """
    olds = [position for position, token in enumerate(base) if not token.isspace()]
    news = [position for position, token in enumerate(side) if not token.isspace()]
    old, new = [base[position] for position in olds], [side[position] for position in news]
    counts = Counter(new)
    if min(len(old), len(new)) * (len(old) + sum(counts[sentence] for sentence in old)) > _STEPS:
        return None
    blocks = SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks()
    matches = [(olds[i + step], news[j + step]) for i, j, size in blocks for step in range(size)]
    hunks: set[Hunk] = set()
    start = begin = 0
    for stop, end in [*matches, (len(base), len(side))]:
        hunks |= _between(base, side, (start, stop), (begin, end))
        start, begin = stop + 1, end + 1
    return hunks


def _between(base: list[str], side: list[str], gone: tuple[int, int], come: tuple[int, int]) -> set[Hunk]:
    """Return the hunks between two matches, without the blanks at their ends that both sides have.

    As many sentences as before are those sentences reworded, each for itself.
    """
    (start, stop), (begin, end) = gone, come
    while start < stop and begin < end and base[start] == side[begin]:
        start, begin = start + 1, begin + 1
    while start < stop and begin < end and base[stop - 1] == side[end - 1]:
        stop, end = stop - 1, end - 1
    old, new = base[start:stop], side[begin:end]
    if [token.isspace() for token in old] == [token.isspace() for token in new]:
        pairs = enumerate(zip(old, new, strict=True), start)
        return {(place, place + 1, (after,)) for place, (before, after) in pairs if before != after}
    return {(start, stop, tuple(new))}


def _clash(left: Hunk, right: Hunk) -> bool:
    """Tell whether of two hunks in order both are about the same place."""
    inserts = left[0] == left[1] or right[0] == right[1]
    return right[0] < left[1] or (inserts and right[0] == left[1])


def _applied(tokens: list[str], hunks: Iterable[Hunk]) -> list[str]:
    merged, done = [], 0
    for start, stop, come in hunks:
        merged += [*tokens[done:start], *come]
        done = stop
    return merged + tokens[done:]
