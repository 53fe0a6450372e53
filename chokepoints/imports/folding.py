"""Names held against each other (pure)."""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence

from rapidfuzz import fuzz, process

NEAR = 86.0  # of 100; below it names that somebody would call the same are rare, and others many
MOST_NEAR = 5


def fold(text: str | None) -> str:
    """Return a name without what differs between two ways of typing it: form and case of letters, blanks, points.

    NFC first and NFKC for width; the register's own text isn't touched by it.
    """
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFC", text or "")).casefold()
    return " ".join(
        "".join(" " if character in ".,’'‘`-‐–—_/()（）·・" else character for character in plain).split()
    )


# What companies append to their names, in the languages that the register meets most.
_FORMS = {
    "co",
    "company",
    "corp",
    "corporation",
    "inc",
    "incorporated",
    "ltd",
    "limited",
    "llc",
    "plc",
    "gmbh",
    "ag",
}
_FORMS |= {"se", "sa", "nv", "bv", "kk", "oy", "ab", "group", "holdings", "holding"}
_FORMS_CJK = ("股份有限公司", "有限责任公司", "有限公司", "株式会社", "公司", "集团")


def core(folded: str) -> str:
    """Return a folded name without the legal form of a company, "" if nothing else is left."""
    for form in _FORMS_CJK:
        folded = folded.replace(form, " ")
    return " ".join(word for word in folded.split() if word not in _FORMS)


def near(folded: str, names: Sequence[str], cores: Mapping[str, Iterable[str]]) -> dict[str, int]:
    """Return the folded names that are nearly a folded name, each with how alike they are, of 100.

    `cores` has the names by what is left of them without a company's legal form.
    """
    found = {other: 95 for other in cores.get(core(folded), ()) if core(folded)}
    alike = process.extract(folded, names, scorer=fuzz.token_sort_ratio, score_cutoff=NEAR, limit=MOST_NEAR)
    for other, score, _ in alike:
        found[other] = max(found.get(other, 0), min(99, round(score)))
    return found
