"""Imports while workers are killed, brokers are gone and messages come twice: in the end one report and one set of drafts, or
none and a sentence that says why; never half of either."""

import shutil
import signal
from concurrent.futures import ThreadPoolExecutor

import pytest

from reviews.services.carrying import TRIES
from tests.databases import engine_of_this_run, wait_until
from tests.faults.importers import ACT, DIRECTLY, FAULTS, ROWS, make_site, prepare


@pytest.fixture(scope="module")
def brought(tmp_path_factory):
    """The folder with the file that was brought."""
    return tmp_path_factory.mktemp("brought")


@pytest.fixture(scope="module")
def filled_database(database_templates, django_db_setup, brought):
    """A database with a checked import, to be copied for each test."""
    with database_templates.fresh_database(engine_of_this_run()) as database:
        prepare(database, brought)
        yield database


@pytest.fixture
def site(filled_database, brought, database_templates, tmp_path):
    shutil.copytree(brought / "imports", tmp_path / "imports")
    with database_templates.copy_of(filled_database) as database:
        yield make_site(database, tmp_path)


def check_drafted_once(site):
    """Every row has one draft, all of one batch, and nothing is owed."""
    row = site.run_row()
    assert (row["state"], row["job"], row["reason"]) == ("drafted", "", ""), row
    found = site.proposals()
    assert len(found) == len({record for _, record in found}) == ROWS
    assert site.query("SELECT DISTINCT batch FROM reviews_proposal") == [(row["batch"],)] and row["batch"]
    assert site.query("SELECT count(*) FROM chokepoints_activity WHERE verb = 'import.drafted'") == [(1,)]
    return found


def carried_out(site, number=1):
    return wait_until(lambda: not site.run_row(number)["job"], timeout=60, interval=0.1)


# The eleventh of twelve drafts; and after the last, when only the commit is missing.
@pytest.mark.database
@pytest.mark.parametrize("place", ["filing:11", pytest.param("remembering", marks=pytest.mark.long)])
def test_a_worker_killed_among_its_drafts_leaves_none_and_another_writes_them_all(site, place):
    site.ask("draft")
    site.lose_a_worker(place)
    row = site.run_row()
    assert (row["state"], row["job"]) == ("checked", "draft") and not site.proposals()
    with site.worker():
        assert carried_out(site), site.run_row()
    assert {state for state, _ in check_drafted_once(site)} == {"draft"}
    assert site.run_row()["attempt"] > row["attempt"]


@pytest.mark.parametrize("place", ["examining", pytest.param("reporting", marks=pytest.mark.long)])
def test_a_worker_killed_in_mid_examination_leaves_no_half_report_and_another_examines(site, place):
    site.ask("check")
    site.lose_a_worker(place)
    row = site.run_row()
    assert (row["state"], row["job"]) == ("mapped", "check")
    assert site.lines() in {0, ROWS}  # of the report before, whole or not at all
    with site.worker():
        assert carried_out(site), site.run_row()
    row = site.run_row()
    assert (row["state"], row["reason"]) == ("checked", "") and site.lines() == ROWS
    assert row["counts"]["outcomes"] == {"new": ROWS - 2, "changed": 2} and not site.proposals()


@pytest.mark.database
def test_the_same_task_delivered_thrice_at_once_drafts_once(site):
    site.ask("draft")
    with ThreadPoolExecutor(3) as pool:
        done = list(
            pool.map(lambda _: site.run(DIRECTLY, "1", TEST_DIE_AT="filing:0", TEST_PAUSE="0.1"), range(3))
        )
    assert [one.returncode for one in done] == [0, 0, 0], [one.stderr for one in done]
    check_drafted_once(site)


def test_what_was_asked_for_while_the_broker_was_away_is_done_when_it_is_back(site):
    messages = site.var / "broker" / "messages"
    break_it = f"import pathlib as p, shutil; m = p.Path({str(messages)!r}); shutil.rmtree(m); m.write_text('no folder')"
    site.ask("draft", first=break_it)
    row = site.run_row()
    assert (row["state"], row["job"]) == ("checked", "draft") and not site.proposals()
    messages.unlink()
    with site.worker():
        assert carried_out(site), site.run_row()
    check_drafted_once(site)


# --- longer


@pytest.mark.long
@pytest.mark.database
def test_a_web_process_killed_while_its_owner_waits_is_followed_by_a_worker(site):
    code = FAULTS + ACT.format(what="draft", number=1, first="")
    done = site.run(code, TEST_DIE_AT="filing:5", IMPORT_AT_ONCE_ROWS="300")
    assert done.returncode == -signal.SIGKILL and not site.proposals()
    with site.worker():
        assert carried_out(site), site.run_row()
    check_drafted_once(site)


@pytest.mark.long
@pytest.mark.database
def test_an_import_that_loses_every_worker_says_so_and_can_be_started_again(site):
    site.ask("draft")
    for _ in range(TRIES):
        site.lose_a_worker("filing:3")
    with site.worker():
        assert carried_out(site), site.run_row()
    row = site.run_row()
    assert (row["state"], row["job"]) == ("checked", "") and "lost several times" in row["reason"]
    assert not site.proposals()
    site.ask("draft")
    with site.worker():
        assert carried_out(site), site.run_row()
    check_drafted_once(site)


@pytest.mark.long
@pytest.mark.database
def test_a_worker_killed_while_it_hands_in_is_followed_by_one_that_hands_in_the_rest(site):
    site.ask("draft")
    site.run(DIRECTLY, "1")
    check_drafted_once(site)
    site.ask("submit")
    site.lose_a_worker("submitting:6")
    assert sorted(state for state, _ in site.proposals()) == ["draft"] * (ROWS - 5) + ["open"] * 5
    with site.worker():
        assert carried_out(site), site.run_row()
    assert {state for state, _ in check_drafted_once(site)} == {"open"}
    assert site.query("SELECT count(*) FROM chokepoints_activity WHERE verb = 'proposal.opened'") == [(ROWS,)]


@pytest.mark.long
def test_a_worker_killed_while_it_reads_is_followed_by_another_and_the_way_goes_on_to_the_drafts(site):
    number = site.upload()
    site.lose_a_worker("reading")
    assert site.run_row(number)["state"] == "uploaded"
    for job in ("read", "check", "draft"):
        if job != "read":
            site.ask(job, number)
        with site.worker():
            assert carried_out(site, number), site.run_row(number)
        assert site.run_row(number)["reason"] == ""
        site.lose_messages()
    assert site.run_row(number)["state"] == "drafted" and len(site.proposals()) == ROWS
