"""What a chokepoint says beside its own fields: its status at a moment, what stands behind it, and how much there is."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from ..corroboration import count_origins, origins_of_evidence
from ..dates import format_partial
from ..models import Bearing
from ..moments import Moment
from ..records import KINDS, State
from ..status import Judgement, current
from ..vocabularies import STANCES, SUPPLY_ROLES, SUPPORTING_STANCES, UNASSESSED
from .known import Known, Look, known_at, standing, with_moved
from .rendering import Rendering

STATUS_MEMBERS = ("status", "status_as_of", "current_assessment")
DETAIL_MEMBERS = ("corroboration", "counts", "links")


@dataclass(frozen=True)
class Judged:
    """An assessment as far as statuses need it: what it judges, and its date as exactly as it is known."""

    judgement: Judgement
    as_of: str


def judged_at(moment: Moment, chokepoints: Collection[str] | None = None) -> dict[str, list[Judged]]:
    """Return the assessments of some chokepoints, or of all, at a moment, by chokepoint; few columns tell them."""
    kind = KINDS["assessment"]
    rows = standing(kind, moment)
    if chokepoints is not None:
        rows = rows.filter(chokepoint__in=chokepoints)
    columns = ("chokepoint_id", "status", "as_of", "rank", "retired", "created_in_id")
    still = {
        str(pk): Judged(Judgement(str(pk), str(chokepoint), *rest, ()), format_partial(rest[1], precision))
        for pk, precision, chokepoint, *rest in rows.values_list("pk", "as_of_precision", *columns)
    }
    found: dict[str, list[Judged]] = {}
    for one in with_moved(kind, moment, still):
        judged = _judged(one) if isinstance(one, Known) else one
        if judged and (chokepoints is None or judged.judgement.chokepoint in chokepoints):
            found.setdefault(judged.judgement.chokepoint, []).append(judged)
    return found


def _judged(one: Known) -> Judged | None:
    """Return what an assessment judges, or None where a part of it is withheld."""
    if not {"chokepoint", "status", "as_of", "rank"} <= one.state.keys():
        return None
    return Judged(Judgement.from_state(one.record, one.state, one.created_in), one.state["as_of"])


def current_at(moment: Moment, chokepoints: Collection[str] | None = None) -> dict[str, Judged]:
    """Return the current assessment of some chokepoints, or of all, by chokepoint; one that has none is missing."""
    found = {}
    for chokepoint, several in judged_at(moment, chokepoints).items():
        by_id = {judged.judgement.id: judged for judged in several}
        if best := current([judged.judgement for judged in several], moment.day):
            found[chokepoint] = by_id[best.id]
    return found


def add_statuses(
    shown: list[dict[str, Any]], records: Sequence[Known], moment: Moment, rendering: Rendering
) -> None:
    """Put status, its date and the current assessment beside each chokepoint's own fields, as far as asked for."""
    wanted = [name for name in STATUS_MEMBERS if rendering.shows(name)]
    if not wanted:
        return
    found = current_at(moment, {one.record for one in records})
    ids = [judged.judgement.id for judged in found.values()]
    assessments = rendering.refer_to("assessment", ids, expand="current_assessment" in rendering.expand)
    for body, one in zip(shown, records, strict=True):
        judged = found.get(one.record)
        status = {
            "status": judged.judgement.status if judged else UNASSESSED,
            "status_as_of": judged.as_of if judged else None,
            "current_assessment": assessments.get(judged.judgement.id) if judged else None,
        }
        body |= {name: status[name] for name in wanted}


def around(one: Known, moment: Moment, rendering: Rendering) -> dict[str, Any]:
    """Return what a chokepoint's detail says beside its members in lists: corroboration and counts."""
    members: dict[str, Any] = {}
    if rendering.shows("corroboration"):
        ids = [judged.judgement.id for judged in current_at(moment, {one.record}).values()]
        found = rendering.look("assessment", ids).values()
        members["corroboration"] = [side for each in found for side in corroboration_of(each, rendering.look)]
    if rendering.shows("counts"):
        members["counts"] = counts_of(one.record, moment)
    return members


def counts_of(chokepoint: str, moment: Moment) -> dict[str, Any]:
    """Return how much there is about a chokepoint, retired records left out: evidence by stance, supplies by role."""
    borne = Bearing.objects.filter(chokepoint=chokepoint).values("evidence")
    stances = Counter(
        entry["stance"]
        for one in known_at(KINDS["evidence"], moment, Q(pk__in=borne))
        for entry in _bearings(one)
        if entry.get("chokepoint") == chokepoint
    )
    roles = Counter(
        one.state.get("role")
        for one in known_at(KINDS["supply"], moment, Q(chokepoint=chokepoint))
        if one.state.get("chokepoint") == chokepoint and not one.state.get("retired")
    )
    assessments = judged_at(moment, {chokepoint}).get(chokepoint, [])
    return {
        "evidence": {stance: stances[stance] for stance in STANCES},
        "supplies": {role: roles[role] for role in SUPPLY_ROLES},
        "assessments": sum(not judged.judgement.retired for judged in assessments),
    }


def _bearings(evidence: Known) -> Sequence[Mapping[str, Any]]:
    return () if evidence.state.get("retired") else evidence.state.get("bears_on", ())


def corroboration_of(assessment: Known, look: Look) -> list[dict[str, Any]]:
    """Return for each side that carries an assessment's status how many pieces of its evidence do, from how many origins.

    There is one side, or two where good sources disagree: what speaks for and what speaks against is counted apart.
    """
    evidence = look("evidence", assessment.state.get("evidence", ())).values()
    sides = SUPPORTING_STANCES.get(assessment.state.get("status"), ())
    return [_side([one for one in evidence if _takes(one, side, assessment)], side, look) for side in sides]


def _takes(evidence: Known, stances: set[str], assessment: Known) -> bool:
    """Tell whether a piece of evidence takes one of some stances towards the chokepoint of an assessment."""
    return any(
        entry.get("chokepoint") == assessment.state.get("chokepoint") and entry["stance"] in stances
        for entry in _bearings(evidence)
    )


def _side(pieces: Sequence[Known], stances: set[str], look: Look) -> dict[str, Any]:
    sources = _sources_behind(pieces, look)
    origins = [origins_of_evidence(one.state, sources.get) for one in pieces if "source" in one.state]
    return {
        "stances": [stance for stance in STANCES if stance in stances],
        "pieces": len(pieces),
        "origins": count_origins(origins),
        "without_established_origin": sum(not found for found in origins),
    }


def _sources_behind(pieces: Iterable[Known], look: Look) -> dict[str, State]:
    """Return the states of all sources that some evidence derives from, looked up once for each step of derivation."""
    level = {
        source
        for one in pieces
        for source in [one.state.get("source"), *one.state.get("rests_on", ())]
        if source
    }
    states: dict[str, State] = {}
    while level:
        found = look("source", level)
        states |= {record: one.state for record, one in found.items()}
        level = {
            origin for one in found.values() for origin in one.state.get("derived_from", ())
        } - states.keys()
    return states
