"""Changesets as JSON: what was decided, by whom, and the whole state of each record that changed."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Count
from rest_framework.request import Request

from ..history import states_of
from ..models import Changeset, Revision
from ..moments import LONGEST_NUMBER, Moment, is_number
from ..presenting import WITHHELD
from ..selectors import changeset_lines
from .paging import page_size
from .problems import wrong_parameter

MOST_REVISIONS = 2_000  # of a page; a load of the whole register may hold tens of thousands in one changeset


def render_changesets(changesets: Sequence[Changeset], request: Request) -> list[dict[str, Any]]:
    """Return changesets with their revisions, in a fixed number of queries."""
    numbers = [changeset.number for changeset in changesets]
    revisions = list(Revision.objects.filter(changeset__in=numbers).order_by("changeset_id", "position"))
    by_changeset: dict[int, list[dict[str, Any]]] = {number: [] for number in numbers}
    for revision, state in zip(revisions, states_of(revisions, withheld=WITHHELD), strict=True):
        by_changeset[revision.changeset_id].append(_revision(revision, state))
    return [
        _changeset(line, by_changeset[line.changeset.number], request) for line in changeset_lines(changesets)
    ]


def _revision(revision: Revision, state: dict[str, Any]) -> dict[str, Any]:
    return {
        "record": revision.kind,
        "id": str(revision.record),
        "revision": revision.number,
        "operation": revision.operation,
        "state": {name: value for name, value in state.items() if value is not WITHHELD},
        "withheld": sorted(name for name, value in state.items() if value is WITHHELD),
        "changed": revision.changed,
        "cites": revision.cites,
        "format": revision.format,
        "digest": revision.digest,
    }


def _changeset(line: Any, revisions: list[dict[str, Any]], request: Request) -> dict[str, Any]:
    changeset = line.changeset
    return {
        "number": changeset.number,
        "self": request.build_absolute_uri(f"/api/v1/changesets/{changeset.number}/"),
        "time": changeset.time.isoformat().replace("+00:00", "Z"),
        "authors": [_person(person) for person in line.authors],
        "summary": line.summary,
        "rationale": line.rationale,
        "reviews": [
            {
                "reviewer": _person(review["reviewer"]) if review["reviewer"] else None,
                "verdict": review["verdict"],
                "version": review["version"],
                "reason": review["reason"] or None,
            }
            for review in line.reviews
        ],
        "origin": changeset.origin,
        "reference": changeset.reference or None,
        "format": changeset.format,
        "previous": changeset.previous,
        "digest": changeset.digest,
        "revisions": revisions,
    }


def _person(person: Any) -> dict[str, Any]:
    return {
        "id": str(person.pk),
        "name": person.display_name,
        "affiliation": person.affiliation or None,
    }


def changesets_since(request: Request, moment: Moment) -> dict[str, Any]:
    """Return the page of changesets after `since`: as many as were asked for, fewer where they hold very many revisions.

    There is no way back: whoever follows the ledger goes forward. Raises ApiProblem (400).
    """
    query = request.query_params
    since = query.get("since", "0")
    if not (is_number(since) and len(since) <= LONGEST_NUMBER):
        raise wrong_parameter("since", "This is the number of the last changeset that you have, or 0.")
    size = page_size(query)
    rows = Changeset.objects.filter(number__gt=int(since), number__lte=moment.changeset)
    found = list(rows.order_by("number")[: size + 1])
    shown = _as_fit(found[:size])
    return {
        "next": _link(request, shown[-1].number) if len(shown) < len(found) else None,
        "previous": None,
        "head": moment.changeset,
        "results": render_changesets(shown, request),
    }


def _link(request: Request, since: int) -> str:
    query = request.query_params.copy()
    query["since"] = str(since)
    return request.build_absolute_uri(f"{request.path}?{query.urlencode()}")


def _as_fit(changesets: list[Changeset]) -> list[Changeset]:
    """Return the first changesets that together hold no more revisions than a page can, but one at least."""
    counted = Revision.objects.filter(changeset__in=[one.number for one in changesets]).order_by()
    revisions = dict(counted.values_list("changeset").annotate(Count("pk")))
    room, fitting = MOST_REVISIONS, []
    for one in changesets:
        room -= revisions.get(one.number, 0)
        if room < 0 and fitting:
            break
        fitting.append(one)
    return fitting
