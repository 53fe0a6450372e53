"""Filters of mails: texts that users typed, as plain text in which nothing is hidden; changes as lines of plain text."""

import textwrap
import unicodedata
from collections.abc import Iterable
from typing import Any

from django import template

from chokepoints.comparison import DELETE, EQUAL, INSERT, Piece
from chokepoints.templatetags.register import EXPECTED, SHORT_NAMES

register = template.Library()

WIDTH = 76
_SIGNS = {DELETE: "- ", INSERT: "+ ", EQUAL: "  "}
_AROUND = {DELETE: ("[-", "-]"), INSERT: ("{+", "+}"), EQUAL: ("", "")}


@register.filter
def plain(text: Any) -> str:
    """Text with its invisible and reordering characters named, as pages do it, without HTML."""
    return "".join(map(_named, str(text).replace("\r\n", "\n").replace("\r", "\n")))


def _named(letter: str) -> str:
    hidden = unicodedata.category(letter) in {"Cf", "Cc", "Cs", "Co", "Zl", "Zp", "Zs"}
    if not hidden or letter in EXPECTED:
        return letter
    return f"[{SHORT_NAMES.get(letter, f'U+{ord(letter):04X}')}]"


@register.filter
def quoted(text: Any) -> str:
    """What somebody said, as mails quote it: each line after "> "."""
    lines = (wrapped for line in plain(text).split("\n") for wrapped in _wrapped(line))
    return "\n".join(f"> {line}".rstrip() for line in lines)


@register.filter
def marked(line: Iterable[Piece]) -> str:
    """One line of a field's change: after a sign if all of it goes, comes or stays, else with marks around what does."""
    pieces = [(sort, plain(text)) for sort, text in line]
    if len(pieces) == 1:
        sort, words = pieces[0]
        first = "    " + _SIGNS[sort]
    else:
        words, first = "".join(text.join(_AROUND[sort]) for sort, text in pieces), "      "
    return "\n".join(first + wrapped for each in words.split("\n") for wrapped in _wrapped(each))


def _wrapped(line: str) -> list[str]:
    """Break a line at blanks, where it has any: what has none, addresses and Chinese, stays whole."""
    width = WIDTH - 6
    return textwrap.wrap(line, width, break_long_words=False, break_on_hyphens=False) or [""]
