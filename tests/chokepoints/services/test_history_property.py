"""Any sequence of creations, updates, retirements and restorations, taken or refused, leaves a register that verifies
and whose dump replays into the same bytes."""

import io
from contextlib import suppress

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chokepoints.exceptions import ChangesRefused
from chokepoints.models import Changeset
from chokepoints.services.repairing import rebuild_register
from chokepoints.services.transferring import dump, replay_dump
from chokepoints.services.verifying import verify_register
from tests.builders import Builder
from tests.databases import run_manage

KINDS = ["sector", "chokepoint", "source", "evidence", "assessment", "organization", "supply"]
TEXTS = ["", "one", "二\ufa19", "e\u0301", " blank "]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["create", "create", "update", "update", "retire", "restore"]),
        st.sampled_from(KINDS),
        st.integers(0, 3),  # which record of its kind
        st.integers(0, 3),  # which record it refers to
        st.sampled_from(TEXTS),
    ),
    min_size=3,
    max_size=14,
)


def take(build, ids, step):
    """Make one change; whatever the register refuses is refused."""
    operation, kind, which, target, text = step

    def some(kind, which):
        return ids[kind][which % len(ids[kind])] if ids[kind] else build.id()

    fields = {
        "sector": {
            "description": text,
            "parent": some("sector", target) if target else None,
            "key": f"s-{which}",
        },
        "chokepoint": {"sector": some("sector", target), "summary": text, "key": f"c-{which}"},
        "source": {"title_original": text, "key": f"q-{which}", "standing": "in-force"},
        "evidence": {"quote": text, "quote_language": "zh", "source": some("source", target)},
        "assessment": {"rank_reason": text, "rank": ["normal", "preferred", "deprecated"][target % 3]},
        "organization": {"aliases": [text], "key": f"o-{which}"},
        "supply": {"note": text, "as_of": ["2018", "2018-05", "2018-05-30", None][target]},
    }[kind]
    with suppress(ChangesRefused), transaction.atomic():
        if operation == "create":
            if kind in {"evidence", "assessment", "supply"}:
                fields["chokepoint"] = some("chokepoint", which)
            if kind == "assessment":
                fields |= {"status": ["critical", "reduced"][which % 2], "as_of": str(2018 + target)}
            ids[kind].append(getattr(build, kind)(**fields))
        elif operation == "update":
            build.update(kind, some(kind, which), **fields)
        else:
            getattr(build, operation)(kind, some(kind, which))


def history(steps, seed=1):
    """Publish a history and return its dump."""
    build, ids = Builder(seed), {kind: [] for kind in KINDS}
    sector = build.sector("first")
    ids["sector"].append(sector)
    ids["chokepoint"].append(build.chokepoint("first", sector=sector))
    ids["source"].append(build.source("first"))
    for step in steps:
        take(build, ids, step)
    stream = io.BytesIO()
    dump(stream)
    return stream.getvalue()


@pytest.mark.django_db
@pytest.mark.database
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(STEPS)
def test_any_history_verifies_and_replays_into_the_same_bytes(steps):
    with transaction.atomic():
        dumped = history(steps)
        report = verify_register()
        assert report.problem is None and report.changesets == Changeset.objects.count()
        assert replay_dump(io.BytesIO(dumped)).taken == 0
        assert rebuild_register().written == 0
        transaction.set_rollback(True)
    with transaction.atomic():
        assert replay_dump(io.BytesIO(dumped)).taken == report.changesets
        again = io.BytesIO()
        dump(again)
        assert again.getvalue() == dumped
        assert verify_register(head=f"{report.head_number}:{report.head_digest}").problem is None
        transaction.set_rollback(True)


HISTORIES = [
    [("create", "sector", 1, 0, "one"), ("retire", "sector", 1, 0, ""), ("restore", "sector", 1, 0, "")],
    [
        (operation, kind, 0, 1, "二\ufa19")
        for kind in KINDS
        for operation in ("create", "update", "retire", "restore")
    ],
]


@pytest.mark.django_db
@pytest.mark.postgresql
@pytest.mark.parametrize("steps", HISTORIES, ids=["short", "long"])
def test_a_history_replays_equal_on_the_other_database(steps, make_fresh_database, tmp_path):
    other = make_fresh_database("sqlite" if connection.vendor == "postgresql" else "postgresql")
    there, back = tmp_path / "there.jsonl", tmp_path / "back.jsonl"
    there.write_bytes(history(steps))
    run_manage(other, "replay_ledger", str(there))
    run_manage(other, "verify_register", "--no-record")
    run_manage(other, "dump_ledger", "--output", str(back))
    assert back.read_bytes() == there.read_bytes()
