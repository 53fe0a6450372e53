"""Recounting: how a proposal came to be what it is, version by version, with the verdicts on each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..models import Proposal, Review, Version
from .showing import ShownChange


@dataclass(frozen=True)
class ShownReview:
    """A verdict, with what it is about in words; an approval may have been given for values that its reviewer suggests."""

    review: Review
    about: Sequence[str] = ()
    in_advance: bool = False


@dataclass(frozen=True)
class Chapter:
    """A version and what was said about it."""

    version: Version
    reviews: Sequence[ShownReview]


def chapters_of(proposal: Proposal, changes: Sequence[ShownChange]) -> list[Chapter]:
    """Return a proposal's versions with their reviews, the first at the beginning, with three queries."""
    names = {change.record: change.name for change in changes}
    in_advance = set(proposal.suggestions.filter(approval__isnull=False).values_list("approval", flat=True))
    reviews: dict[int, list[ShownReview]] = {}
    rows = proposal.reviews.select_related("reviewer", "dismissed_by", "carried_from").order_by("pk")
    for review in rows:
        shown = ShownReview(review, about_words(review, names), review.pk in in_advance)
        reviews.setdefault(review.version, []).append(shown)
    versions = proposal.versions.select_related("editor").order_by("number")
    return [Chapter(version, reviews.get(version.number, ())) for version in versions]


def about_words(review: Review, names: Mapping[str, str]) -> list[str]:
    """Return the changes that a request is about in words; those that the present version has no longer are counted."""
    known = [names[record] for record in review.about if record in names]
    gone = len(review.about) - len(known)
    return known + ([f"{gone} change{'s' if gone > 1 else ''} that it no longer has"] if gone else [])
