"""Verification finds whatever is done to the ledger or the tables behind the door's back, and names it."""

import dataclasses
import json

import pytest
from django.db import connection, transaction
from django.utils import timezone

from chokepoints import triggers
from chokepoints.canonical import commit, digest
from chokepoints.exceptions import LedgerError
from chokepoints.models import Changeset, Opening, Revision, Verification
from chokepoints.services.reading import sealed_changeset, sealed_revision
from chokepoints.services.repairing import rebuild_register
from chokepoints.services.verifying import verify_register
from chokepoints.tasks import verify_register as verify_task
from tests.builders import Builder, golden_register
from tests.recording import lay_register

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def sql(statement, *values):
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        assert cursor.rowcount != 0, "the test changed nothing"


@pytest.fixture
def ids():
    """The golden register, on a database whose owner took the triggers down."""
    ids = lay_register(golden_register, Builder())
    connection.check_constraints()  # PostgreSQL drops no trigger while foreign keys wait to be checked
    with connection.cursor() as cursor:
        for statement in triggers.remove(connection.vendor):
            cursor.execute(statement)
    return ids


@pytest.fixture
def problem(ids):
    """A function that verifies and returns the problem found."""
    assert verify_register().problem is None
    return lambda head=None: verify_register(head=head).problem


def raw(model, pk_name, pk, **columns):
    """Write columns of a row past every guard."""
    names = ", ".join(f"{name} = %s" for name in columns)
    sql(f"UPDATE {model} SET {names} WHERE {pk_name} = %s", *columns.values(), pk)


def uid(text):
    """A record's id as this database stores it."""
    return text if connection.vendor == "postgresql" else text.replace("-", "")


def reseal_revision(row, **changes):
    """Change a revision and its own digest with it."""
    for name, value in changes.items():
        setattr(row, name, value)
    new = digest(sealed_revision(row).body())
    columns = {name: json.dumps(value) for name, value in changes.items()}
    raw("chokepoints_revision", "id", row.pk, **columns, digest=new)


def reseal_changeset(number):
    """Give a changeset the digest of what it says now."""
    row = Changeset.objects.get(number=number)
    new = digest(sealed_changeset(row, row.revisions.order_by("position")).body())
    raw("chokepoints_changeset", "number", number, digest=new)


def created(record):
    return Revision.objects.get(record=record, number=1)


def test_a_clean_register_verifies(ids):
    report = verify_register()
    assert report.problem is None
    assert report.changesets == report.head_number == Changeset.objects.count()
    assert report.records == Revision.objects.filter(number=1).count()


def test_an_empty_register_verifies():
    assert verify_register().problem is None


def test_an_opening_with_another_value_is_found(ids, problem):
    commitment = created(ids["sector"]).state["name"]
    raw("chokepoints_opening", "commitment", commitment, value=json.dumps("Machines"))
    assert problem().startswith(
        f"Changeset 1 is wrong about the sector {ids['sector']} (revision 1): the value of name"
    )


def test_an_opening_with_another_salt_is_found(ids, problem):
    raw("chokepoints_opening", "commitment", Changeset.objects.get(number=2).rationale, salt="0" * 32)
    assert problem().startswith("Changeset 2 isn't whole: the value of its words")


def test_a_missing_opening_is_found(ids, problem):
    sql("DELETE FROM chokepoints_opening WHERE commitment = %s", Changeset.objects.get(number=2).summary)
    assert problem().startswith("Changeset 2 isn't whole: the opening of its words is missing")


def test_an_added_opening_is_found(ids, problem):
    Opening.objects.create(commitment=commit(b"0" * 16, "x"), salt=(b"0" * 16).hex(), value="x")
    assert problem() == f"The opening {commit(b'0' * 16, 'x')} belongs to no changeset."


def test_a_value_changed_with_its_commitment_is_found(ids, problem):
    row = created(ids["sector"])
    opening = Opening.objects.get(commitment=row.state["name"])
    new = commit(bytes.fromhex(opening.salt), "Machines")
    raw("chokepoints_opening", "commitment", opening.pk, value=json.dumps("Machines"), commitment=new)
    raw("chokepoints_revision", "id", row.pk, state=json.dumps(row.state | {"name": new}))
    assert problem().startswith(f"Changeset 1 holds a revision of the sector {ids['sector']} that isn't")


def test_a_value_changed_with_its_commitment_and_revision_is_found(ids, problem):
    row = created(ids["sector"])
    opening = Opening.objects.get(commitment=row.state["name"])
    new = commit(bytes.fromhex(opening.salt), "Machines")
    raw("chokepoints_opening", "commitment", opening.pk, value=json.dumps("Machines"), commitment=new)
    reseal_revision(row, state=row.state | {"name": new})
    assert problem() == "Changeset 1 isn't what its digest says."


def test_a_value_changed_with_every_digest_of_its_changeset_is_found_at_the_next(ids, problem):
    row = created(ids["sector"])
    opening = Opening.objects.get(commitment=row.state["name"])
    new = commit(bytes.fromhex(opening.salt), "Machines")
    raw("chokepoints_opening", "commitment", opening.pk, value=json.dumps("Machines"), commitment=new)
    reseal_revision(row, state=row.state | {"name": new})
    reseal_changeset(1)
    assert problem() == "Changeset 2 names another predecessor than changeset 1."


@pytest.mark.parametrize("position", [0, 1])
def test_a_removed_revision_is_found(ids, problem, position):
    number = created(ids["evidence"]).changeset_id
    sql("DELETE FROM chokepoints_revision WHERE changeset_id = %s AND position = %s", number, position)
    assert problem() == f"Changeset {number} isn't what its digest says."


def test_revisions_moved_within_a_changeset_are_found(ids, problem):
    number = created(ids["evidence"]).changeset_id
    sql("UPDATE chokepoints_revision SET position = 7 WHERE changeset_id = %s AND position = 1", number)
    assert problem() == f"Changeset {number} has revisions at wrong positions: [0, 7]."


def cut(number):
    """Remove a changeset with its revisions; rows that name it keep naming it."""
    with connection.constraint_checks_disabled():
        sql("DELETE FROM chokepoints_revision WHERE changeset_id = %s", number)
        sql("DELETE FROM chokepoints_changeset WHERE number = %s", number)


@pytest.fixture
def without_foreign_keys(ids):
    """Let this test leave dangling references; its transaction is rolled back in any case."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")


@pytest.fixture(autouse=True)
def rolled_back(db):
    """Django checks foreign keys before it rolls a test back; here damage is the point, so that is said early."""
    yield
    transaction.set_rollback(True)


def test_a_changeset_removed_in_the_middle_is_found(problem, without_foreign_keys):
    cut(5)
    assert problem() == "Changeset 6 stands where changeset 5 should: one is missing or out of order."


def test_the_first_changeset_removed_is_found(problem, without_foreign_keys):
    cut(1)
    assert problem() == "Changeset 2 stands where changeset 1 should: one is missing or out of order."


def test_a_changeset_whose_revisions_stay_is_missed(problem, without_foreign_keys):
    last = Changeset.objects.order_by("number").last().number
    sql("DELETE FROM chokepoints_changeset WHERE number = %s", last)
    assert problem().startswith(f"Changeset {last} is missing, and a revision of the policy")


def test_a_removed_tail_is_found_with_a_known_head(ids, problem, without_foreign_keys):
    head = Changeset.objects.order_by("number").last()
    fresh = [head.summary, head.rationale, *created(ids["policy"]).state.values()]
    cut(head.number)
    for commitment in fresh:
        sql("DELETE FROM chokepoints_opening WHERE commitment = %s", commitment)
    sql("DELETE FROM reviews_policy WHERE id = %s", uid(ids["policy"]))
    sql("DELETE FROM chokepoints_recordkey WHERE record = %s", uid(ids["policy"]))
    assert problem() is None, "cut off cleanly, only a known head can tell"
    assert problem(f"{head.number}:{head.digest}").startswith(f"Changeset {head.number} is missing")
    assert problem(head.digest).startswith(f"The known head {head.digest[:12]}… isn't in this ledger")


def test_a_removed_tail_that_the_tables_still_show_is_found_without_one(ids, problem, without_foreign_keys):
    cut(Changeset.objects.order_by("number").last().number)
    assert "belongs to no changeset" in problem()


def test_a_known_head_in_the_ledger_is_fine(problem):
    for row in Changeset.objects.filter(number__in=[1, 9]):
        assert problem(row.digest) is None
        assert problem(f"{row.number}:{row.digest}") is None
    assert problem(f"4:{row.digest}").startswith(f"The known head is changeset {row.number} here")
    assert problem(f"4:{'a' * 64}").startswith("Changeset 4 isn't the known head")
    with pytest.raises(LedgerError, match="written as"):
        problem("latest")


def test_two_swapped_changesets_are_found(problem, without_foreign_keys):
    for old, new in [(5, 900), (6, 5), (900, 6)]:
        sql("UPDATE chokepoints_changeset SET number = %s WHERE number = %s", new, old)
        sql("UPDATE chokepoints_revision SET changeset_id = %s WHERE changeset_id = %s", new, old)
    assert problem().startswith("Changeset 5 isn't what its digest says")


def test_a_forged_changeset_in_the_middle_is_found(ids, problem, without_foreign_keys):
    for number in range(Changeset.objects.order_by("number").last().number, 4, -1):
        sql("UPDATE chokepoints_changeset SET number = %s WHERE number = %s", number + 1, number)
        sql("UPDATE chokepoints_revision SET changeset_id = %s WHERE changeset_id = %s", number + 1, number)
    before = Changeset.objects.get(number=4)
    sql("DELETE FROM chokepoints_changeset WHERE number = 5") if Changeset.objects.filter(
        number=5
    ).exists() else None
    sql("UPDATE chokepoints_changeset SET previous = %s WHERE number = 6", "f" * 64)
    forge(5, before, ids)
    assert problem().startswith("Changeset 6 isn't what its digest says")


def forge(number, before, ids):
    """Write a changeset, sealed as it should be, that renames the sector."""
    salt = b"f" * 16
    openings = {commit(salt, text): text for text in ("forged", "for no reason", "Forged")}
    for commitment, text in openings.items():
        Opening.objects.create(commitment=commitment, salt=salt.hex(), value=text)
    summary, rationale, name = openings
    row = Changeset(
        number=number,
        time=before.time,
        authors=before.authors,
        summary=summary,
        rationale=rationale,
        reviews=[],
        origin="administrative",
        format=1,
        previous=before.digest,
    )
    last = Revision.objects.get(record=ids["sector"])
    revision = Revision(
        changeset_id=number,
        position=0,
        kind="sector",
        record=ids["sector"],
        number=2,
        operation="update",
        state=last.state | {"name": name},
        changed=["name"],
        cites={},
        format=1,
    )
    revision.digest = digest(sealed_revision(revision).body())
    sealed = sealed_changeset(row, [revision])
    row.digest = digest(dataclasses.replace(sealed).body())
    row.save(force_insert=True)
    revision.save(force_insert=True)


def test_a_forged_changeset_at_the_end_is_found_by_the_tables(ids, problem):
    head = Changeset.objects.order_by("number").last()
    forge(head.number + 1, head, ids)
    assert problem() == f"The sector {ids['sector']} shows another name (name) than the ledger."


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("authors", '["6b1f0e52-3c57-5f0c-9a55-0d2a6f3f6a01"]'),
        ("time", "2020-01-01 00:00:00+00:00"),
        ("reviews", "[]"),
        ("reference", "proposal:2"),
        ("origin", "import"),
        ("summary", "a" * 64),
        ("rationale", "a" * 64),
        ("format", 2),
        ("previous", "a" * 64),
        ("digest", "a" * 64),
    ],
)
def test_a_changed_part_of_a_changeset_is_found(ids, problem, column, value):
    number = created(ids["evidence"]).changeset_id
    raw("chokepoints_changeset", "number", number, **{column: value})
    assert problem().startswith(f"Changeset {number} ")


def test_a_changed_verdict_is_found(ids, problem):
    number = created(ids["evidence"]).changeset_id
    reviews = Changeset.objects.get(number=number).reviews
    reviews[0]["verdict"] = "reject"
    raw("chokepoints_changeset", "number", number, reviews=json.dumps(reviews))
    assert problem() == f"Changeset {number} isn't what its digest says."


def test_a_time_before_that_of_the_one_before_is_found_although_it_is_sealed(ids, problem):
    head = Changeset.objects.order_by("number").last()
    raw("chokepoints_changeset", "number", head.number, time="2020-01-01 00:00:00+00:00")
    reseal_changeset(head.number)
    assert problem() == f"Changeset {head.number} has a time before that of changeset {head.number - 1}."


def test_an_author_among_the_approvers_is_found_although_it_is_sealed(ids, problem):
    head = Changeset.objects.order_by("number").last()
    reviews = [{"reviewer": head.authors[0], "verdict": "approve", "version": 1, "reason": None}]
    raw("chokepoints_changeset", "number", head.number, reviews=json.dumps(reviews))
    reseal_changeset(head.number)
    assert problem() == f"Changeset {head.number} was reviewed by one of its authors."


def test_changed_fields_that_are_not_the_difference_are_found_although_they_are_sealed(ids, problem):
    row = created(ids["policy"])
    reseal_revision(row, changed=["approvals", "key"])
    reseal_changeset(row.changeset_id)
    assert "it says that approvals, key changed, but approvals, evidence, key did" in problem()


@pytest.mark.parametrize("column", ["kind", "operation", "number", "record"])
def test_a_changed_part_of_a_revision_is_found(ids, problem, column):
    row = Revision.objects.filter(operation="restore").get()
    value = {"kind": "list", "operation": "update", "number": 9, "record": uid(ids["list"])}[column]
    if column == "record":
        row.number = 3
    raw("chokepoints_revision", "id", row.pk, **{column: value})
    assert problem().startswith(f"Changeset {row.changeset_id} holds a revision of the ")


def test_a_ledger_row_that_is_no_json_of_the_right_shape_is_named(ids, problem):
    raw("chokepoints_changeset", "number", 7, reviews='{"a": 1}')
    assert problem().startswith("Changeset 7 ")


TABLES = {
    "a changed column": ("chokepoint", "UPDATE chokepoints_chokepoint SET name = 'X' WHERE id = %s"),
    "a cleared column": ("chokepoint", "UPDATE chokepoints_chokepoint SET scope = '' WHERE id = %s"),
    "a changed original": ("source", "UPDATE chokepoints_source SET title_original = '金属' WHERE id = %s"),
    "a changed number": (
        "assessment",
        "UPDATE chokepoints_assessment SET import_share_low = 97 WHERE id = %s",
    ),
    "a changed status": ("assessment", "UPDATE chokepoints_assessment SET status = 'resolved' WHERE id = %s"),
    "another revision": ("list", "UPDATE chokepoints_chokepointlist SET revision = 2 WHERE id = %s"),
    "another birth": ("list", "UPDATE chokepoints_chokepointlist SET created_in_id = 1 WHERE id = %s"),
    "a quiet retirement": ("source", "UPDATE chokepoints_source SET retired = NOT retired WHERE id = %s"),
    "a changed child": (
        "evidence",
        "UPDATE chokepoints_bearing SET stance = 'disputes' WHERE evidence_id = %s",
    ),
    "a removed child": ("assessment", "DELETE FROM chokepoints_assessmentevidence WHERE assessment_id = %s"),
    "a changed listing": ("chokepoint", "UPDATE chokepoints_listing SET number = 1 WHERE chokepoint_id = %s"),
    "a changed policy": ("policy", "UPDATE reviews_policy SET approvals = 9 WHERE id = %s"),
    "a changed key row": ("sector", "UPDATE chokepoints_recordkey SET key = 'x' WHERE record = %s"),
    "a removed key row": ("sector", "DELETE FROM chokepoints_recordkey WHERE record = %s"),
    "a removed row": ("supply", "DELETE FROM chokepoints_supply WHERE id = %s"),
}


@pytest.mark.parametrize("name", TABLES)
def test_tables_that_differ_are_found_and_repaired(ids, problem, name):
    kind, statement = TABLES[name]
    if name == "a removed row":
        sql("DELETE FROM chokepoints_supplyevidence WHERE supply_id = %s", uid(ids[kind]))
    sql(statement, uid(ids[kind]))
    assert problem().startswith(f"The {kind} {ids[kind]} ")
    ledger = list(Revision.objects.values_list())
    assert rebuild_register().written == 1
    assert problem() is None
    assert list(Revision.objects.values_list()) == ledger


def test_an_added_row_is_found_and_taken_away(ids, problem):
    stray = "0f0f0f0f-0f0f-4f0f-8f0f-0f0f0f0f0f0f"
    sql(
        "INSERT INTO chokepoints_sector (id, key, name, name_original, description, revision, created_in_id,"
        " changed_in_id, note, retired) SELECT %s, 'stray', name, name_original, description, 1, 1, 1, '', retired"
        " FROM chokepoints_sector",
        uid(stray),
    )
    assert problem() == f"The sector {stray} stands in the tables, and the ledger knows nothing of it."
    repair = rebuild_register()
    assert (repair.written, repair.removed) == (0, 1)
    assert problem() is None


def test_an_added_key_is_found_and_taken_away(ids, problem):
    stray = uid("0f0f0f0f-0f0f-4f0f-8f0f-0f0f0f0f0f0f")
    sql("INSERT INTO chokepoints_recordkey (kind, key, record) VALUES ('sector', 'stray', %s)", stray)
    assert problem() == "The sector key “stray” leads to a record that the ledger knows nothing of."
    rebuild_register()
    assert problem() is None


def test_swapped_keys_are_repaired(ids, problem):
    one, other = uid(ids["source"]), uid(ids["translation"])
    keys = [("x", one), ("daily-2018-05-30", other), ("brief-2022", one)]
    for key, row in keys:
        sql("UPDATE chokepoints_source SET key = %s WHERE id = %s", key, row)
    assert "shows another key" in problem()
    assert rebuild_register().written == 2
    assert problem() is None


def test_an_unsound_ledger_is_not_rebuilt_from(ids, problem):
    raw("chokepoints_changeset", "number", 3, digest="a" * 64)
    with pytest.raises(LedgerError, match="Changeset 3"):
        rebuild_register()


def test_what_is_published_while_verification_runs_is_no_problem(monkeypatch):
    from chokepoints.services import verifying

    build = Builder()
    ids = lay_register(golden_register, build)
    original = verifying._Run.tables
    numbers = iter(range(1000))

    def publish_meanwhile(self, kind):
        build.update(
            "sector", ids["sector"], description=f"version {next(numbers)}", key=f"key-{next(numbers)}"
        )
        build.sector(f"sector-{next(numbers)}")
        original(self, kind)

    monkeypatch.setattr(verifying._Run, "tables", publish_meanwhile)
    head = Changeset.objects.count()
    report = verify_register()
    assert (report.problem, report.head_number) == (None, head)


def test_chunks_make_no_difference(ids, problem, monkeypatch):
    from chokepoints.services import reading

    monkeypatch.setattr(reading.changeset_numbers, "__defaults__", (3,))
    monkeypatch.setattr(reading, "VALUES_PER_QUERY", 2)
    monkeypatch.setattr(reading.in_parts, "__defaults__", (2,))
    assert problem() is None


def test_the_task_keeps_what_it_found_and_may_run_twice(ids):
    verify_task()
    raw("chokepoints_changeset", "number", 3, time=timezone.now().isoformat(sep=" "))
    verify_task()
    bad, good = Verification.objects.order_by("-pk")
    assert good.problem == "" and good.finished and good.head == Changeset.objects.count()
    assert bad.problem.startswith("Changeset 3 ")
