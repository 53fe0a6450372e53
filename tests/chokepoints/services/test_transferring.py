"""A ledger moves between databases with equal digests, and a dump that isn't whole and unaltered is refused."""

import io
import json
from pathlib import Path

import pytest

from chokepoints.canonical import canonical
from chokepoints.exceptions import LedgerError
from chokepoints.models import Changeset, Chokepoint, Contributor, Opening
from chokepoints.services.transferring import dump, replay_dump
from tests.builders import Builder
from tests.databases import run_manage

GOLDEN = Path(__file__).parents[2] / "golden" / "ledger-1.jsonl"
LINES = GOLDEN.read_bytes().splitlines(keepends=True)

pytestmark = pytest.mark.database


def replay(lines):
    return replay_dump(io.BytesIO(b"".join(lines)))


def changeset_lines():
    return [index for index, line in enumerate(LINES) if line.startswith(b'{"changeset"')]


def altered(index, alter):
    """The golden dump with one line altered, canonical as before."""
    parsed = json.loads(LINES[index])
    alter(parsed)
    return [*LINES[:index], canonical(parsed) + b"\n", *LINES[index + 1 :]]


# --- between processes and engines


def carry(source, target, tmp_path):
    """Move a ledger from one database into another; return the dump of the second."""
    there, back = tmp_path / "there.jsonl", tmp_path / "back.jsonl"
    run_manage(source, "dump_ledger", "--output", str(there))
    run_manage(target, "replay_ledger", str(there))
    run_manage(target, "dump_ledger", "--output", str(back))
    head = json.loads(there.read_bytes().splitlines()[-1])["end"]
    done = run_manage(target, "verify_register", "--head", f"{head['changesets']}:{head['head']}")
    assert f"head {head['changesets']}:{head['head']}" in done.stdout
    assert there.read_bytes() == back.read_bytes()
    return back.read_bytes()


def test_a_dump_replays_into_a_fresh_database_with_equal_digests(make_fresh_database, tmp_path):
    first, second = make_fresh_database(), make_fresh_database()
    run_manage(first, "replay_ledger", str(GOLDEN))
    assert carry(first, second, tmp_path) == GOLDEN.read_bytes()


@pytest.mark.postgresql
def test_a_ledger_goes_from_sqlite_to_postgresql_and_back(make_fresh_database, tmp_path):
    sqlite, postgresql, again = (make_fresh_database(name) for name in ("sqlite", "postgresql", "sqlite"))
    run_manage(sqlite, "replay_ledger", str(GOLDEN))
    assert carry(sqlite, postgresql, tmp_path) == GOLDEN.read_bytes()
    assert carry(postgresql, again, tmp_path) == GOLDEN.read_bytes()


def test_the_commands_say_in_a_sentence_what_is_wrong(fresh_database, tmp_path):
    (tmp_path / "cut.jsonl").write_bytes(b"".join(LINES[:-1]))
    done = run_manage(fresh_database, "replay_ledger", str(tmp_path / "cut.jsonl"), check=False)
    assert done.returncode == 1
    assert "Nothing was taken over. The dump is cut off after line" in done.stderr
    done = run_manage(fresh_database, "replay_ledger", str(tmp_path / "absent.jsonl"), check=False)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    done = run_manage(fresh_database, "verify_register", "--head", "a" * 64, check=False)
    assert done.returncode == 1
    assert "isn't in this ledger" in done.stderr
    done = run_manage(fresh_database, "dump_ledger", "--output", str(tmp_path / "no" / "such"), check=False)
    assert done.returncode == 1 and "can't be written" in done.stderr
    done = run_manage(fresh_database, "dump_ledger")
    assert json.loads(done.stdout.splitlines()[-1]) == {"end": {"changesets": 0, "head": "0" * 64}}


# --- what a dump holds


@pytest.mark.django_db
def test_originals_and_people_arrive_as_they_were():
    replay(LINES)
    point = Chokepoint.objects.get(key="polymer-microspheres")
    assert point.listings.get().list.source.title_original == "\uf9d0金属\ufa19 “卡脖子” e\u0301\u3000"
    assert Contributor.objects.get(display_name="Rita 例").affiliation == "Example Institute"


@pytest.mark.django_db
def test_a_contributor_keeps_the_name_it_has_here():
    person = json.loads(LINES[1])["contributor"]
    Contributor.objects.create(id=person["id"], display_name="Another name")
    replay(LINES)
    assert Contributor.objects.get(id=person["id"]).display_name == "Another name"


@pytest.mark.django_db
def test_names_are_not_sealed_and_may_be_left_out():
    replay(line for line in LINES if not line.startswith(b'{"contributor"'))
    assert not Contributor.objects.exists()


# --- continuing


@pytest.mark.django_db
def test_a_ledger_that_holds_the_beginning_goes_on():
    half = changeset_lines()[7]
    parsed = json.loads(LINES[changeset_lines()[6]])["changeset"]
    end = canonical({"end": {"changesets": parsed["number"], "head": parsed["digest"]}}) + b"\n"
    assert replay([*LINES[:half], end]).taken == 7
    assert replay(LINES).taken == len(changeset_lines()) - 7
    assert replay(LINES).taken == 0
    assert replay([*LINES[:half], end]).taken == 0
    stream = io.BytesIO()
    dump(stream)
    assert stream.getvalue() == GOLDEN.read_bytes()


@pytest.mark.django_db
def test_the_dump_of_another_register_is_refused():
    Builder(seed=1).sector()
    with pytest.raises(LedgerError, match="Changeset 1 is another one than this ledger holds"):
        replay(LINES)
    assert Changeset.objects.count() == 1


# --- what is refused


def swap(lines, one, other):
    lines = list(lines)
    lines[one], lines[other] = lines[other], lines[one]
    return lines


FIRST, SECOND, THIRD = changeset_lines()[:3]
REFUSED = {
    "nothing": ([], "cut off after line 0"),
    "no header": (LINES[1:], "Line 1: this is no ledger dump"),
    "no end": (LINES[:-1], "cut off after line"),
    "cut within a line": ([*LINES[:5], LINES[5][:200]], "Line 6 isn't one"),
    "cut within the last line": (
        [*LINES[:-1], LINES[-1][:-1]],
        f"Line {len(LINES)}: this isn't an object in canonical",
    ),
    "cut before the last changeset": ([*LINES[:-2], LINES[-1]], "names another head"),
    "going on after the end": ([*LINES, LINES[1]], "goes on after its end"),
    "a future format": ([b'{"dump":"chokepoint-ledger","format":2}\n', *LINES[1:]], "has format 2"),
    "other spacing": (
        [*LINES[:FIRST], LINES[FIRST].replace(b":", b": ", 1), *LINES[FIRST + 1 :]],
        "canonical JSON",
    ),
    "a changeset left out": ([*LINES[:SECOND], *LINES[SECOND + 1 :]], "stands where changeset 2 should"),
    "two swapped": (swap(LINES, SECOND, THIRD), "stands where changeset 2 should"),
    "one twice": ([*LINES[: FIRST + 1], *LINES[FIRST:]], "Changeset 1 stands where changeset 2 should"),
    "not an object": ([LINES[0], b"[]\n"], "Line 2"),
    "not UTF-8": ([LINES[0], b'{"a":"\xff"}\n'], "Line 2 isn't one"),
    "deep nesting": ([LINES[0], b"[" * 100_000 + b"\n"], "Line 2 isn't one"),
    "a changed value": (
        altered(FIRST, lambda line: line["openings"][2].update(value="X")),
        "Changeset 1 is wrong about the sector",
    ),
    "a changed summary": (
        altered(FIRST, lambda line: line["openings"][0].update(value="X")),
        "Changeset 1 isn't whole: the value",
    ),
    "an opening left out": (altered(FIRST, lambda line: line["openings"].pop()), "exactly the openings"),
    "an opening added": (
        altered(FIRST, lambda line: line["openings"].append(line["openings"][0])),
        "exactly the openings",
    ),
    "a changed time": (
        altered(FIRST, lambda line: line["changeset"].update(time="2026-01-05T09:01:00.000001Z")),
        "Changeset 1 isn't what its digest says",
    ),
    "a time of another form": (
        altered(FIRST, lambda line: line["changeset"].update(time="2026-01-05")),
        "Line",
    ),
    "a changed author": (
        altered(
            FIRST, lambda line: line["changeset"].update(authors=["6b1f0e52-3c57-5f0c-9a55-0d2a6f3f6a01"])
        ),
        "Changeset 1 isn't what its digest says",
    ),
    "a part too many": (altered(FIRST, lambda line: line["changeset"].update(more=1)), "exactly these parts"),
    "a revision left out": (altered(FIRST, lambda line: line["revisions"].clear()), "Changeset 1"),
    "numbers for digests": (altered(FIRST, lambda line: line["changeset"].update(digest=1)), "is no digest"),
}


@pytest.mark.django_db
@pytest.mark.parametrize("name", REFUSED)
def test_a_dump_that_is_cut_off_or_altered_is_refused_and_leaves_nothing_behind(name):
    lines, words = REFUSED[name]
    with pytest.raises(LedgerError, match=words):
        replay(lines)
    assert (
        not Changeset.objects.exists() and not Opening.objects.exists() and not Contributor.objects.exists()
    )
