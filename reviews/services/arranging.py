"""Arranging: what members set up for themselves: filters of the queue that they come back to, sectors that they know."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from chokepoints.exceptions import FIELD, Problem
from chokepoints.fields import FieldError, check_name, check_text, check_uuid
from chokepoints.models import Sector
from chokepoints.services.locking import register_lock

from ..exceptions import InvalidProposal, NotFound
from ..filters import QueueFilter
from ..models import Expertise, SavedFilter
from .claiming import check_reviewer
from .writing import HEAD

MOST_FILTERS = 50
LONGEST_NAME = 60
LONGEST_QUERY = 500


def save_filter(*, actor: Any, name: str, query: str) -> SavedFilter:
    """Keep a filter of the queue under a name; the same name again replaces it. `query` is its address without the "?".

    Raises NotAllowed and InvalidProposal.
    """
    reviewer, problems = check_reviewer(actor), []
    try:
        clean_name = check_name(name, limit=LONGEST_NAME)
        if not clean_name:
            problems.append(_problem("name", "Give the filter a name."))
    except FieldError as error:
        problems.append(_problem("name", str(error)))
    clean_query, wrong = _clean_query(actor, query)
    problems += [_problem("query", words) for words in wrong]
    if problems:
        raise InvalidProposal(problems)
    with register_lock():
        others = SavedFilter.objects.filter(owner=reviewer).exclude(name=clean_name)
        if others.count() >= MOST_FILTERS:
            words = f"{MOST_FILTERS} filters can be kept. Delete one that you no longer use."
            raise InvalidProposal([_problem("name", words)])
        saved, _ = SavedFilter.objects.update_or_create(
            owner=reviewer, name=clean_name, defaults={"query": clean_query}
        )
    return saved


def delete_filter(*, actor: Any, pk: int) -> str:
    """Delete one's own saved filter and return its name. Raises NotAllowed and NotFound."""
    reviewer = check_reviewer(actor)
    with register_lock():
        saved = SavedFilter.objects.filter(owner=reviewer, pk=min(pk, 2**62)).first()
        if saved is None:
            raise NotFound("You have no such filter.")
        saved.delete()
    return saved.name


def set_expertise(*, actor: Any, sectors: Iterable[str]) -> list[Sector]:
    """Say which sectors one knows, by their ids, in place of those said before.

    Raises NotAllowed, and InvalidProposal for what is no sector in force.
    """
    reviewer = check_reviewer(actor)
    try:
        wanted = {UUID(check_uuid(sector)) for sector in sectors}
    except FieldError as error:
        raise InvalidProposal([_problem("sectors", str(error))]) from error
    with register_lock():
        known = list(Sector.objects.in_force().filter(pk__in=wanted).order_by("name"))
        if len(known) < len(wanted):
            raise InvalidProposal([_problem("sectors", "One of these sectors isn't there any more.")])
        Expertise.objects.filter(reviewer=reviewer).exclude(sector__in=wanted).delete()
        rows = [Expertise(reviewer=reviewer, sector=sector.pk) for sector in known]
        Expertise.objects.bulk_create(rows, ignore_conflicts=True)
    return known


def _clean_query(actor: Any, query: str) -> tuple[str, list[str]]:
    """Return what an address asks for, with known parameters alone, and what is wrong with it."""
    try:
        asked = check_text(query, lines=False, limit=LONGEST_QUERY * 4).removeprefix("?")
    except FieldError as error:
        return "", [str(error)]
    found = QueueFilter(actor, asked)
    wrong = [words for errors in found.errors.values() for words in errors]
    if not found.chosen:
        wrong.append("Narrow the queue first, then keep the filter.")
    if len(found.query) > LONGEST_QUERY:
        wrong.append("This filter is too long to be kept.")
    return found.query, wrong


def _problem(field: str, words: str) -> Problem:
    return Problem(FIELD, HEAD, field, words)
