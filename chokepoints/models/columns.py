"""Columns and constraints that several tables share: partial dates, shares, closed vocabularies."""

from collections.abc import Iterable
from typing import Any

from django.db import models
from django.db.models import F, Q

from ..dates import PRECISIONS

BLANK = ""


def text_column(limit: int = 300, **options: Any) -> models.CharField:
    """A single line that may be empty, which means "not known"."""
    return models.CharField(max_length=limit, blank=True, default=BLANK, **options)


def choice_column(choices: dict[Any, str], **options: Any) -> models.CharField:
    """A value of a closed vocabulary; the table's constraint keeps it closed."""
    return models.CharField(max_length=40, choices=list(choices.items()), **options)


def country_column(**options: Any) -> models.CharField:
    """ISO 3166-1 alpha-2, or EU. The list of countries changes with the world, so the door checks it, not a migration."""
    return models.CharField(max_length=2, **options)


def precision_column() -> models.CharField:
    """How exactly the date beside it is known."""
    return choice_column(PRECISIONS, blank=True, default=BLANK)


def one_of(table: str, column: str, choices: Iterable[Any], *, blank: bool = False) -> models.CheckConstraint:
    """The constraint that a column holds a value of its vocabulary."""
    allowed = [*choices, BLANK] if blank else list(choices)
    return models.CheckConstraint(
        condition=Q(**{f"{column}__in": allowed}), name=f"{table}_{column}_is_in_vocabulary"
    )


def date_fits_precision(table: str, column: str) -> models.CheckConstraint:
    """The constraint that a date and its precision come together: both, with a precision of the vocabulary, or neither.

    That a month or year stands as its last day is kept by the only code that writes it (dates.parse_partial). A constraint
    that took dates apart would, on SQLite, call functions that only Django's connections have, and lock other tools out.
    """
    precision = f"{column}_precision"
    return models.CheckConstraint(
        condition=Q(**{f"{column}__isnull": True, precision: BLANK})
        | Q(**{f"{column}__isnull": False, f"{precision}__in": list(PRECISIONS)}),
        name=f"{table}_{column}_fits_its_precision",
    )


def percent_column() -> models.DecimalField:
    """One bound of a share, in percent."""
    return models.DecimalField(max_digits=6, decimal_places=3, null=True, blank=True)


def share_is_whole(table: str, prefix: str) -> models.CheckConstraint:
    """The constraint that a share is a range from 0 to 100 with all that makes it comparable, or not there at all."""
    none = Q(
        **{
            f"{prefix}_low__isnull": True,
            f"{prefix}_high__isnull": True,
            f"{prefix}_market": BLANK,
            f"{prefix}_segment": BLANK,
            f"{prefix}_measure": BLANK,
            f"{prefix}_counted": BLANK,
            f"{prefix}_year__isnull": True,
        }
    )
    whole = (
        Q(**{f"{prefix}_low__gte": 0, f"{prefix}_low__lte": F(f"{prefix}_high"), f"{prefix}_high__lte": 100})
        & ~Q(**{f"{prefix}_market": BLANK})
        & ~Q(**{f"{prefix}_measure": BLANK})
        & ~Q(**{f"{prefix}_counted": BLANK})
    )
    return models.CheckConstraint(condition=none | whole, name=f"{table}_{prefix}_is_whole_or_absent")
