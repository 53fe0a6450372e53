"""What a chokepoint says beside its own fields: its status at a moment, what stands behind it, and how much there is."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db.models import Q

from ..corroboration import count_origins, origins_of_evidence
from ..models import Bearing
from ..records import KINDS, State
from ..status import Judgement, current
from ..vocabularies import STANCES, SUPPLY_ROLES, SUPPORTING_STANCES, UNASSESSED
from .moments import Moment, known_at, standing, with_moved
from .rendering import Known, Look, Rendering

STATUS_MEMBERS = ("status", "status_as_of", "current_assessment")


def assessments_at(chokepoints: Iterable[str], moment: Moment) -> list[Known]:
    """Return the assessments of some chokepoints at a moment."""
    wanted = set(chokepoints)
    found = known_at(KINDS["assessment"], moment, Q(chokepoint__in=wanted))
    return [one for one in found if one.state.get("chokepoint") in wanted]


def all_statuses(moment: Moment) -> dict[str, str]:
    """Return the status of every chokepoint that has one at a moment, from as few columns as tell it."""
    columns = ("chokepoint_id", "status", "as_of", "rank", "retired", "created_in_id")
    rows = standing(KINDS["assessment"], moment).values_list("pk", *columns)
    still = {str(pk): Judgement(str(pk), str(chokepoint), *rest, ()) for pk, chokepoint, *rest in rows}
    judgements: dict[str, list[Judgement]] = {}
    for one in with_moved(KINDS["assessment"], moment, still):
        judgement = _judgement(one) if isinstance(one, Known) else one
        if judgement:
            judgements.setdefault(judgement.chokepoint, []).append(judgement)
    found = {chokepoint: current(several, moment.day) for chokepoint, several in judgements.items()}
    return {chokepoint: best.status for chokepoint, best in found.items() if best}


def _judgement(one: Known) -> Judgement | None:
    """Return what an assessment judges, or None where a part of it is withheld."""
    if not {"chokepoint", "status", "as_of", "rank"} <= one.state.keys():
        return None
    return Judgement.from_state(one.record, one.state, one.created_in)


def statuses_of(chokepoints: Iterable[str], moment: Moment) -> dict[str, dict[str, Any]]:
    """Return status, its date and the id of the current assessment by chokepoint; one without an assessment is missing."""
    judgements: dict[str, list[Judgement]] = {}
    dates: dict[str, str] = {}
    for one in assessments_at(chokepoints, moment):
        if judgement := _judgement(one):
            dates[one.record] = one.state["as_of"]
            judgements.setdefault(judgement.chokepoint, []).append(judgement)
    found = {}
    for chokepoint, several in judgements.items():
        if best := current(several, moment.day):
            found[chokepoint] = {
                "status": best.status,
                "status_as_of": dates[best.id],
                "current_assessment": best.id,
            }
    return found


def add_statuses(
    shown: list[dict[str, Any]], records: Sequence[Known], moment: Moment, rendering: Rendering
) -> None:
    """Put status, its date and the current assessment beside each chokepoint's own fields, as far as asked for."""
    wanted = [name for name in STATUS_MEMBERS if rendering.shows(name)]
    if not wanted:
        return
    found = statuses_of([one.record for one in records], moment)
    nothing = {"status": UNASSESSED, "status_as_of": None, "current_assessment": None}
    assessments = rendering.refer_to(
        "assessment",
        [status["current_assessment"] for status in found.values()],
        expand="current_assessment" in rendering.expand,
    )
    for body, one in zip(shown, records, strict=True):
        status = found.get(one.record, nothing)
        status = status | {"current_assessment": assessments.get(status["current_assessment"])}
        body |= {name: status[name] for name in wanted}


def around(one: Known, moment: Moment, rendering: Rendering) -> dict[str, Any]:
    """Return what a chokepoint's detail says beside its fields: the current assessment whole, corroboration and counts."""
    best = statuses_of([one.record], moment).get(one.record, {}).get("current_assessment")
    found = rendering.look("assessment", [best]) if best else {}
    members: dict[str, Any] = {}
    if rendering.shows("current"):
        plain = Rendering(look=rendering.look, address=rendering.address)
        members["current"] = plain.render([found[best]])[0] if found else None
    if rendering.shows("corroboration"):
        members["corroboration"] = corroboration_of(found[best], rendering.look) if found else None
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
    assessments = [one for one in assessments_at([chokepoint], moment) if not one.state.get("retired")]
    return {
        "evidence": {stance: stances[stance] for stance in STANCES},
        "supplies": {role: roles[role] for role in SUPPLY_ROLES},
        "assessments": len(assessments),
    }


def _bearings(evidence: Known) -> Sequence[Mapping[str, Any]]:
    return () if evidence.state.get("retired") else evidence.state.get("bears_on", ())


def corroboration_of(assessment: Known, look: Look) -> dict[str, Any]:
    """Return how many pieces of an assessment's evidence carry its status, and from how many different origins."""
    sides = SUPPORTING_STANCES.get(assessment.state["status"], SUPPORTING_STANCES["undetermined"])
    carrying = {stance for side in sides for stance in side}
    pieces = [
        one
        for one in look("evidence", assessment.state.get("evidence", ())).values()
        if any(
            entry.get("chokepoint") == assessment.state["chokepoint"] and entry["stance"] in carrying
            for entry in _bearings(one)
        )
    ]
    sources = _sources_behind(pieces, look)
    origins = [origins_of_evidence(one.state, sources.get) for one in pieces if "source" in one.state]
    return {
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
