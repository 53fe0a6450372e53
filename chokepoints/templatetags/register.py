"""Filters of the register's pages: partial dates, Markdown, words of the vocabularies, characters nobody would see."""

import datetime as dt
import unicodedata
from functools import cache
from typing import Any

import nh3
from django import template
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

from .. import presenting, vocabularies
from ..dates import format_partial
from ..models.changeset import ORIGINS
from ..models.revision import OPERATIONS

register = template.Library()

VOCABULARIES: dict[str, dict[Any, str]] = {
    "status": vocabularies.STATUSES,
    "stance": vocabularies.STANCES,
    "rank": vocabularies.RANKS,
    "confidence": vocabularies.CONFIDENCES,
    "barrier": vocabularies.BARRIERS,
    "way-out": vocabularies.WAYS_OUT,
    "role": vocabularies.SUPPLY_ROLES,
    "organization-kind": vocabularies.ORGANIZATION_KINDS,
    "source-kind": vocabularies.SOURCE_KINDS,
    "derivation": vocabularies.DERIVATIONS,
    "reliability": vocabularies.RELIABILITIES,
    "seen": vocabularies.SEEN,
    "standing": vocabularies.STANDINGS,
    "nature": vocabularies.NATURES,
    "stage": vocabularies.STAGES,
    "translator": {"person": "a person", "machine": "a machine"},
    "credibility": vocabularies.CREDIBILITIES,
    "origin": ORIGINS,
    "operation": OPERATIONS,
}

# What Markdown may become on a page. No images: nothing is loaded from other hosts.
TAGS = {
    *("p", "br", "hr", "em", "strong", "s", "code", "pre", "blockquote", "ul", "ol", "li", "a"),
    *("h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td"),
}
# Blanks that readers expect; every other blank, format or control character is named on the page.
EXPECTED = {" ", "\n", "\t", "\u3000"}
SHORT_NAMES = {
    "\u200b": "ZWSP",
    "\u200c": "ZWNJ",
    "\u200d": "ZWJ",
    "\u200e": "LRM",
    "\u200f": "RLM",
    "\u00a0": "NBSP",
    "\u00ad": "SHY",
    "\ufeff": "BOM",
    "\u2060": "WJ",
}


@cache
def _markdown() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False, "linkify": False}).enable("table").disable("image")


@register.filter
def markdown(text: str) -> SafeString:
    """Markdown as safe HTML; headings begin below those of the page."""
    tokens = _markdown().parse(text or "")
    for token in tokens:
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{min(6, int(token.tag[1]) + 2)}"
    html = _markdown().renderer.render(tokens, _markdown().options, {})
    clean = nh3.clean(html, tags=TAGS, attributes={"a": {"href", "title"}}, url_schemes={"http", "https"})
    return mark_safe(clean)


@register.filter
def visible(text: Any) -> SafeString:
    """Text with its invisible and reordering characters named: two texts that look the same don't pass as one."""
    if isinstance(text, SafeString):
        return text
    text = str(text if text is not None else "")
    if text.isascii() and text.isprintable():
        return escape(text)
    return mark_safe("".join(_visible(character) for character in text))


def visible_text(text: str) -> str:
    """The same where there is no HTML, such as titles of feeds: invisible characters stand named in brackets."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(f"[{_short_name(c)}]" if _is_hidden(c) else c for c in text)


def _is_hidden(character: str) -> bool:
    category = unicodedata.category(character)
    hidden = category in {"Cf", "Cc", "Cs", "Co", "Zl", "Zp", "Zs"} or "\ufe00" <= character <= "\ufe0f"
    return hidden and character not in EXPECTED


def _short_name(character: str) -> str:
    return SHORT_NAMES.get(character, f"U+{ord(character):04X}")


def _visible(character: str) -> str:
    if not _is_hidden(character):
        return escape(character)
    code = f"U+{ord(character):04X}"
    name = unicodedata.name(character, "")
    mark = _short_name(character)
    return format_html('<span class="invisible" title="{}">{}</span>', f"{code} {name}".strip(), mark)


@register.filter
def words(value: Any, vocabulary: str) -> str:
    """The label of a value of a closed vocabulary: {{ source.kind|words:"source-kind" }}."""
    return VOCABULARIES[vocabulary].get(value, str(value or ""))


@register.filter
def partial_date(record: Any, column: str) -> str:
    """A date column as precisely as it is known: 2018, 2018-05 or 2018-05-30; empty if it isn't."""
    day: dt.date | None = getattr(record, column, None)
    precision = getattr(record, f"{column}_precision", "") or "day"
    return format_partial(day, precision) if day else ""


@register.filter
def share(record: Any, prefix: str) -> dict[str, Any] | None:
    """A share's columns as low, high, text and base: {% with s=supply|share:"share" %}."""
    low = getattr(record, f"{prefix}_low")
    if low is None:
        return None
    parts = ("market", "segment", "measure", "year", "counted")
    value = {part: getattr(record, f"{prefix}_{part}") for part in parts}
    low, high = (format(number.normalize(), "f") for number in (low, getattr(record, f"{prefix}_high")))
    value |= {"low": low, "high": high, "percent": f"{low} %" if low == high else f"{low}–{high} %"}
    value["text"] = presenting.share_text(value)
    value["base"] = value["text"].removeprefix(value["percent"]).strip()
    return value


@register.filter
def country(code: str) -> str:
    """A country's name with its code."""
    return presenting.country_name(code) if code else ""


@register.filter
def script(text: str) -> str:
    """The language to mark a text with that came without one: zh, ja or nothing."""
    return presenting.language_of(text or "")


@register.filter
def first_sentence(text: str) -> str:
    """The sentence that justifies a status stands first in its rationale."""
    first = (text or "").strip().split("\n", 1)[0]
    for end in (". ", "。"):
        head, mark, _ = first.partition(end)
        if mark and len(head) > 20:
            return head + mark.strip()
    return first


@register.filter
def after_first_sentence(text: str) -> str:
    """The rationale without the sentence shown above it."""
    return (text or "").strip().removeprefix(first_sentence(text)).strip()


@register.filter
def proposal_number(changeset: Any) -> int | None:
    """The number of the proposal that a changeset came from, where its reference ends in one."""
    number = changeset.reference.rpartition(":")[2] if changeset.origin == "proposal" else ""
    return int(number) if number.isascii() and number.isdigit() and len(number) < 10 else None


@register.filter
def lookup(mapping: Any, key: Any) -> Any:
    """An entry of a mapping, or nothing."""
    return mapping.get(key) if mapping else None


@register.simple_tag(takes_context=True)
def query(context: dict, **changes: Any) -> str:
    """The present query string with some parameters replaced; an empty value removes one."""
    parameters = context["request"].GET.copy()
    for name, value in changes.items():
        if value in (None, ""):
            parameters.pop(name, None)
        else:
            parameters[name] = str(value)
    return "?" + parameters.urlencode()
