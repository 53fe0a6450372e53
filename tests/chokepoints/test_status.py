"""The current status: the pure rule as a table, and the same as the rule in SQL."""

import datetime as dt
import random

import pytest

from chokepoints.models import Assessment, Chokepoint
from chokepoints.projection import read_states
from chokepoints.records import KINDS
from chokepoints.status import Judgement, current, status_on, turning_days

TODAY = dt.date(2026, 11, 24)


def judgement(id, status="dependent", as_of="2020-01-01", rank="normal", retired=False, published=1):
    return Judgement(id, "c", status, dt.date.fromisoformat(as_of), rank, retired, published, ())


@pytest.mark.parametrize(
    ("judgements", "expected"),
    [
        ([], None),
        ([judgement("a", as_of="2018-12-31"), judgement("b", as_of="2019-01-01")], "b"),
        ([judgement("a", as_of="2018-12-31"), judgement("b", as_of="2019-01-01", rank="deprecated")], "a"),
        ([judgement("a", as_of="2018-12-31"), judgement("b", as_of="2019-01-01", retired=True)], "a"),
        ([judgement("a", as_of="2018-12-31"), judgement("b", as_of="2026-12-31")], "a"),
        ([judgement("a", rank="preferred"), judgement("b", published=2)], "a"),
        ([judgement("a", as_of="2018-12-31", rank="preferred"), judgement("b")], "b"),
        ([judgement("a", published=3), judgement("b", published=2)], "a"),
        ([judgement("a", rank="deprecated")], None),
    ],
)
def test_which_judgement_is_current(judgements, expected):
    found = current(judgements, TODAY)
    assert (found and found.id) == expected
    assert current(reversed(judgements), TODAY) == found


def test_without_a_judgement_that_counts_a_chokepoint_is_unassessed():
    assert status_on([judgement("a", rank="deprecated")], TODAY) == "unassessed"


def test_the_status_may_turn_today_and_on_each_later_date():
    judgements = [judgement("a"), judgement("b", as_of="2027-01-01"), judgement("c", as_of="2026-12-31")]
    assert turning_days(judgements, TODAY) == [TODAY, dt.date(2026, 12, 31), dt.date(2027, 1, 1)]


@pytest.mark.parametrize("seed", range(5))
def test_the_rule_in_sql_is_the_same_rule(build, seed):
    chance = random.Random(seed)
    sector = build.sector()
    for number in range(6):
        chokepoint = build.chokepoint(f"c-{number}", sector=sector)
        for _ in range(chance.randrange(6)):
            rank = chance.choice(["normal", "normal", "preferred", "deprecated"])
            assessment = build.assessment(
                chokepoint=chokepoint,
                status=chance.choice(["critical", "dependent", "resolved", "disputed"]),
                as_of=chance.choice(["2018", "2020-06", "2020-06-30", "2026-11-24", "2026-11", "2027"]),
                rank=rank,
                rank_reason="Because." if rank != "normal" else None,
            )
            if chance.random() < 0.2:
                build.retire("assessment", assessment)
    for row in Chokepoint.objects.with_status(TODAY):
        rows = list(Assessment.objects.filter(chokepoint=row))
        published = {str(a.pk): a.created_in_id for a in rows}
        states = read_states(KINDS["assessment"], rows)
        judgements = [Judgement.from_state(id, state, published[id]) for id, state in states.items()]
        found = current(judgements, TODAY)
        assert row.status == status_on(judgements, TODAY)
        assert (row.current_assessment_id and str(row.current_assessment_id)) == (found and found.id)
