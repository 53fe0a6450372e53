"""`chokepoints_current`: one tidy row for each chokepoint in force, with what its current assessment says and rests on."""

from collections.abc import Iterator
from typing import Any

from ..corroboration import count_origins, origins_of_evidence
from ..exports.columns import Column, Table, table_of
from ..exports.rows import Row, World
from ..records import KINDS, State
from ..time_travel import records_at
from ..vocabularies import RELIABILITIES, STATUSES, UNASSESSED

_CHOKEPOINTS, _ASSESSMENTS = table_of("chokepoint"), table_of("assessment")
_SHARE = tuple(column for column in _ASSESSMENTS.columns if column.field == "import_share")


def _borrowed(name: str, table: Table = _CHOKEPOINTS) -> Column:
    found = table.by_name[name]
    return Column(
        found.name, found.type, found.label, found.description, found.name, found.language, found.words
    )


def _own(name: str, type: str, help: str, **more: Any) -> Column:
    return Column(name, type, name.replace("_", " ").capitalize(), help, name, **more)


CURRENT = Table(
    "chokepoints_current",
    KINDS["chokepoint"],
    "Chokepoints: current status",
    (
        _own("id", "id", "UUID of the chokepoint; it never changes.", required=True),
        *(_borrowed(name) for name in ("key", "name", "name_original", "dependent_country", "sector_key")),
        _own(
            "status",
            "word",
            "Current status on the day of the changeset.",
            words=(*STATUSES, UNASSESSED),
            required=True,
        ),
        _own("as_of", "date", "Date of the assessment that gives the status."),
        *(_borrowed(column.name, _ASSESSMENTS) for column in _SHARE),
        _borrowed("confidence", _ASSESSMENTS),
        _own("evidence", "integer", "How many statements that assessment rests on, retired ones left out."),
        _own("origins", "integer", "How many independent origins stand behind them."),
        _own("not_established", "integer", "How many of the statements have no established origin."),
        _own(
            "best_reliability",
            "word",
            "Reliability of the source in the best grade among them.",
            words=tuple(RELIABILITIES),
        ),
        _own("best_credibility", "integer", "Credibility of the statement in that best grade."),
        _own("assessment", "id", "That assessment."),
    ),
)
_LAST = ("~", 9)  # of grades: what nobody has graded


def current_rows(world: World) -> Iterator[Row]:
    """Yield the rows by id. Memory: a few words for each current assessment, its evidence, each source and sector."""
    chosen = {assessment for _, _, assessment in world.statuses.values()}
    judged = _states("assessment", world, chosen, {"import_share", "confidence", "evidence"})
    cited = {piece for state in judged.values() for piece in state.get("evidence", ())}
    pieces = _states(
        "evidence", world, cited, {"source", "rests_on", "own_finding", "credibility", "retired"}
    )
    sources = _states("source", world, None, {"derivation", "derived_from", "reliability"})
    sectors = _states("sector", world, None, {"key"})
    for chunk in records_at(_CHOKEPOINTS.kind, world.changeset):
        for one in chunk:
            if one.state.get("retired") or one.state.get("merged_into"):
                continue
            status, as_of, assessment = world.statuses.get(one.record, (UNASSESSED, None, None))
            judgement = judged.get(assessment or "", {})
            yield (
                one.record,
                *(one.state.get(name) for name in ("key", "name", "name_original", "dependent_country")),
                sectors[one.state["sector"]]["key"],
                status,
                as_of,
                *_share_cells(judgement),
                judgement.get("confidence"),
                *(_basis(judgement, pieces, sources) if assessment else [None] * 5),
                assessment,
            )


def _states(kind: str, world: World, wanted: set[str] | None, names: set[str]) -> dict[str, State]:
    """Return some fields of the records that are wanted, None for all, as they stood."""
    return {
        one.record: {name: value for name, value in one.state.items() if name in names}
        for chunk in records_at(KINDS[kind], world.changeset)
        for one in chunk
        if wanted is None or one.record in wanted
    }


def _share_cells(judgement: State) -> list[Any]:
    share = judgement.get("import_share") or {}
    return [share.get(column.name.removeprefix("import_share_")) for column in _SHARE]


def _basis(judgement: State, pieces: dict[str, State], sources: dict[str, State]) -> list[Any]:
    """Return how many statements, origins and unestablished ones there are, and the best grade in two parts."""
    found = [pieces[piece] for piece in judgement.get("evidence", ()) if not pieces[piece].get("retired")]
    origins = [origins_of_evidence(piece, sources.get) for piece in found]
    grades = [
        (sources[piece["source"]].get("reliability", _LAST[0]), piece.get("credibility", _LAST[1]))
        for piece in found
    ]
    reliability, credibility = min(grades, default=_LAST)
    return [
        len(found),
        count_origins(origins),
        sum(not one for one in origins),
        None if reliability == _LAST[0] else reliability,
        None if credibility == _LAST[1] else credibility,
    ]
