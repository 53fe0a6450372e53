"""What publishing does, and each thing that it refuses."""

import datetime as dt

import pytest

from chokepoints.canonical import NO_DIGEST
from chokepoints.exceptions import FIELD, KEY, REFERENCE, RULE, ChangesRefused, RegisterError
from chokepoints.models import Activity, Changeset, Chokepoint, Opening, RecordKey, Revision, Sector
from chokepoints.services.publishing import Verdict, publish
from tests.builders import FIRST_MOMENT, Builder, small_register
from tests.recording import lay_register

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def build():
    return Builder()


@pytest.fixture
def ids(build):
    return lay_register(small_register, build)


def refuse(publish, sort, words, field=None):
    """Check that publishing is refused for one reason of this sort, and writes nothing."""
    before = (Changeset.objects.count(), Opening.objects.count(), Activity.objects.count())
    with pytest.raises(ChangesRefused) as refusal:
        publish()
    assert [problem.sort for problem in refusal.value.problems] == [sort], refusal.value.problems
    assert words in refusal.value.problems[0].message
    assert field in (None, refusal.value.problems[0].field)
    assert (Changeset.objects.count(), Opening.objects.count(), Activity.objects.count()) == before


# --- what it does


def test_changesets_are_numbered_and_each_names_the_one_before(build, ids):
    changesets = list(Changeset.objects.order_by("number"))
    assert [changeset.number for changeset in changesets] == list(range(1, len(changesets) + 1))
    assert [one.previous for one in changesets] == [NO_DIGEST, *(one.digest for one in changesets[:-1])]


def test_fields_that_stay_share_their_commitment_and_opening(build, ids):
    openings = Opening.objects.count()
    build.update("chokepoint", ids["chokepoint"], summary="New")
    one, other = Revision.objects.filter(record=ids["chokepoint"]).order_by("number")
    assert other.changed == ["summary"]
    assert {name: other.state[name] for name in one.state} == one.state
    assert Opening.objects.count() == openings + 3  # summary and rationale of the changeset, and the field


def test_a_value_that_comes_back_gets_a_commitment_of_its_own(build, ids):
    for text in ("one", "two", "one"):
        build.update("chokepoint", ids["chokepoint"], scope=text)
    commitments = [r.state["scope"] for r in Revision.objects.filter(record=ids["chokepoint"], number__gte=2)]
    assert len(set(commitments)) == 3


def test_a_cleared_field_is_absent_from_the_state(build, ids):
    build.update("chokepoint", ids["chokepoint"], summary="New")
    build.update("chokepoint", ids["chokepoint"], summary=None)
    last = Revision.objects.get(record=ids["chokepoint"], number=3)
    assert last.changed == ["summary"] and "summary" not in last.state
    assert Chokepoint.objects.get().summary == ""


def test_a_clock_that_goes_back_is_held_at_the_last_changeset(build, ids):
    head = Changeset.objects.order_by("-number").first()
    earlier = build.several(
        build.change("sector", "create", key="x", name="X"), clock=lambda: FIRST_MOMENT - dt.timedelta(days=9)
    )
    assert earlier.time == head.time
    assert build.several(build.change("sector", "create", key="y", name="Y")).time > head.time


def test_evidence_is_cited_in_the_revision_that_it_has_after_the_changeset(build, ids):
    build.several(
        build.change(
            "chokepoint", "update", ids["chokepoint"], {"summary": [ids["evidence"]]}, summary="New"
        ),
        build.change("evidence", "update", ids["evidence"], claim="Clearer."),
    )
    last = Revision.objects.get(record=ids["chokepoint"], number=2)
    assert last.cites == {"summary": [{"evidence": ids["evidence"], "revision": 2}]}


# --- people and words


def test_an_author_among_the_approvers_is_refused(build):
    with pytest.raises(RegisterError, match="Nobody reviews"):
        build.several(
            build.change("sector", "create", key="x", name="X"),
            authors=[build.author, other := build.person("Other")],
            reviews=[Verdict(str(other.pk), "approve", 1)],
        )
    assert not Changeset.objects.exists()


def test_a_changeset_without_author_is_refused(build):
    with pytest.raises(RegisterError, match="author"):
        publish(changes=[], authors=[], summary="", rationale="", origin=None)


@pytest.mark.parametrize("text", ["\0", "\ud800", "x" * 100_001])
@pytest.mark.parametrize("part", ["summary", "rationale"])
def test_words_that_a_database_could_not_carry_are_refused(build, part, text):
    with pytest.raises(RegisterError, match="words of a changeset"):
        build.several(build.change("sector", "create", key="x", name="X"), **{part: text})
    assert not Changeset.objects.exists()


# --- one change by itself


def test_nothing_is_refused(build):
    refuse(lambda: build.several(), RULE, "nothing to publish")


def test_an_unknown_kind_is_refused(build):
    refuse(lambda: build.create("dragon", name="x"), FIELD, "no kind")


def test_an_id_that_is_none_is_refused(build):
    refuse(lambda: build.create("sector", "microspheres", key="x", name="X"), REFERENCE, "id of a record")


def test_an_unknown_operation_is_refused(build):
    refuse(lambda: build.several(build.change("sector", "delete")), FIELD, "not “delete”")


def test_the_same_record_twice_is_refused(build, ids):
    twice = [build.change("sector", "update", ids["sector"], name=name) for name in ("A", "B")]
    refuse(lambda: build.several(*twice), RULE, "changed twice")


def test_creating_what_exists_is_refused(build, ids):
    refuse(lambda: build.create("sector", ids["sector"], key="x", name="X"), KEY, "exists already")


@pytest.mark.parametrize("operation", ["update", "retire", "restore"])
def test_changing_what_does_not_exist_is_refused(build, operation):
    refuse(lambda: build.several(build.change("sector", operation)), REFERENCE, "no such sector")


def test_a_record_of_another_kind_is_not_this_one(build, ids):
    refuse(lambda: build.update("list", ids["sector"], name="X"), REFERENCE, "no such list")


def test_changing_nothing_is_refused(build, ids):
    refuse(lambda: build.update("sector", ids["sector"], key="materials"), RULE, "changes nothing")


def test_an_unknown_field_is_refused(build, ids):
    refuse(lambda: build.update("sector", ids["sector"], colour="red"), FIELD, "no field", "colour")


@pytest.mark.parametrize("field", ["retired", "merged_into"])
def test_fields_that_nobody_types_in_are_refused(build, ids, field):
    refuse(lambda: build.update("sector", ids["sector"], **{field: True}), FIELD, "no field", field)


def test_a_required_field_left_out_is_refused(build):
    refuse(lambda: build.create("sector", key="x"), RULE, "Name is missing", "name")


@pytest.mark.parametrize("field", ["status", "as_of", "rationale", "note"])
def test_what_is_frozen_in_a_published_assessment_is_refused(build, ids, field):
    value = {"status": "resolved", "as_of": "2019"}.get(field, "Something else.")
    refuse(
        lambda: build.update("assessment", ids["assessment"], **{field: value}), FIELD, "can't change", field
    )


def test_rank_and_its_reason_may_still_change(build, ids):
    build.update("assessment", ids["assessment"], rank="deprecated", rank_reason="Refuted.")


# --- references


def test_a_target_that_does_not_exist_is_refused(build, ids):
    refuse(lambda: build.chokepoint("other", sector=build.id()), REFERENCE, "no sector with the id", "sector")


def test_a_retired_target_is_refused(build, ids):
    spare = build.sector("spare")
    build.retire("sector", spare)
    refuse(
        lambda: build.update("chokepoint", ids["chokepoint"], sector=spare), REFERENCE, "is retired", "sector"
    )


def test_citing_retired_or_unknown_evidence_is_refused(build, ids):
    spare = build.evidence(chokepoint=ids["chokepoint"], source=ids["source"])
    build.retire("evidence", spare)
    for target, words in [(spare, "is retired"), (build.id(), "no evidence"), ("x", "no evidence")]:
        refuse(
            lambda t=target: build.update("sector", ids["sector"], {"name": [t]}, name="New"),
            REFERENCE,
            words,
        )


@pytest.mark.parametrize(
    ("kind", "field", "many"),
    [("sector", "parent", False), ("chokepoint", "part_of", False), ("source", "derived_from", True)],
)
def test_cycles_are_refused(build, ids, kind, field, many):
    def link(target):
        return {field: [target], "derivation": "derived"} if many else {field: target}

    first = ids[kind]

    def create(key, **fields):
        common = {"sector": ids["sector"]} if kind == "chokepoint" else {}
        return getattr(build, kind)(key, **common, **fields)

    second = create("second", **link(first))
    third = create("third", **link(second))
    refuse(lambda: build.update(kind, first, **link(first)), RULE, "leads back", field)
    refuse(lambda: build.update(kind, first, **link(third)), RULE, "leads back", field)


def test_a_cycle_closed_by_two_changes_of_one_changeset_is_refused(build):
    one, other = build.id(), build.id()
    changes = [
        build.change("sector", "create", one, key="one", name="One", parent=other),
        build.change("sector", "create", other, key="other", name="Other", parent=one),
    ]
    with pytest.raises(ChangesRefused) as refusal:
        build.several(*changes)
    assert [(problem.sort, problem.change) for problem in refusal.value.problems] == [(RULE, 0), (RULE, 1)]


def test_new_records_may_refer_to_later_ones_of_the_same_changeset(build):
    parent = build.id()
    build.several(
        build.change("sector", "create", key="child", name="Child", parent=parent),
        build.change("sector", "create", parent, key="parent", name="Parent"),
    )
    assert Sector.objects.get(key="child").parent.key == "parent"


# --- retiring


@pytest.mark.parametrize(
    ("kind", "referrers"),
    [("sector", 1), ("source", 1), ("evidence", 1), ("chokepoint", 2)],
)
def test_retiring_what_is_referred_to_is_refused(build, ids, kind, referrers):
    with pytest.raises(ChangesRefused) as refusal:
        build.retire(kind, ids[kind])
    assert [problem.sort for problem in refusal.value.problems] == [REFERENCE] * referrers
    assert "still refers to it" in str(refusal.value)


def test_retiring_is_fine_when_the_same_changeset_deals_with_what_refers(build, ids):
    build.several(
        build.change("sector", "retire", ids["sector"]),
        build.change("chokepoint", "retire", ids["chokepoint"]),
        build.change("evidence", "retire", ids["evidence"]),
        build.change("assessment", "retire", ids["assessment"]),
    )
    assert not Chokepoint.objects.in_force().exists()


def test_a_referrer_that_is_changed_otherwise_does_not_deal_with_it(build, ids):
    changes = [
        build.change("sector", "retire", ids["sector"]),
        build.change("chokepoint", "update", ids["chokepoint"], summary="New"),
    ]
    refuse(lambda: build.several(*changes), REFERENCE, "is retired", "sector")


def test_restoring_what_refers_to_something_retired_is_refused(build):
    sector = build.sector()
    point = build.chokepoint(sector=sector)
    build.retire("chokepoint", point)
    build.retire("sector", sector)
    refuse(lambda: build.restore("chokepoint", point), REFERENCE, "is retired", "sector")
    build.several(build.change("chokepoint", "restore", point), build.change("sector", "restore", sector))


def test_a_retired_record_is_restored_before_it_is_changed(build):
    sector = build.sector()
    refuse(lambda: build.restore("sector", sector), RULE, "not retired")
    build.retire("sector", sector)
    refuse(lambda: build.retire("sector", sector), RULE, "already retired")
    refuse(lambda: build.update("sector", sector, name="X"), REFERENCE, "Restore it first")
    build.restore("sector", sector)
    refuse(lambda: build.several(build.change("sector", "retire", sector, name="X")), FIELD, "no other field")


# --- keys


def test_a_key_is_never_given_again(build, ids):
    build.update("sector", ids["sector"], key="new-materials")
    refuse(lambda: build.sector("new-materials"), KEY, "never given again", "key")
    refuse(lambda: build.sector("materials"), KEY, "never given again", "key")
    build.update("sector", ids["sector"], key="materials")  # its own former key is still its own
    assert set(RecordKey.objects.filter(record=ids["sector"]).values_list("key", flat=True)) == {
        "materials",
        "new-materials",
    }


def test_a_retired_record_keeps_its_key(build):
    build.retire("sector", build.sector("spare"))
    refuse(lambda: build.sector("spare"), KEY, "never given again")


def test_one_key_for_two_records_of_a_changeset_is_refused(build):
    two = [build.change("sector", "create", key="same", name="Same") for _ in range(2)]
    refuse(lambda: build.several(*two), KEY, "never given again", "key")


def test_a_key_moved_on_in_the_same_changeset_is_not_free(build, ids):
    changes = [
        build.change("sector", "update", ids["sector"], key="moved"),
        build.change("sector", "create", key="materials", name="Thief"),
    ]
    refuse(lambda: build.several(*changes), KEY, "never given again", "key")


def test_records_of_different_kinds_may_have_the_same_key(build):
    build.sector("same")
    build.organization("same")


# --- assessments


def test_a_first_assessment_cannot_be_reduced(build):
    point = build.chokepoint()
    refuse(
        lambda: build.assessment(chokepoint=point, status="reduced", as_of="2020"),
        RULE,
        "no earlier one",
        "status",
    )
    first = build.assessment(chokepoint=point, as_of="2019")
    build.assessment(chokepoint=point, status="reduced", as_of="2020")
    refuse(
        lambda: build.assessment(chokepoint=point, status="reduced", as_of="2019"),
        RULE,
        "no earlier one",
        "status",
    )
    build.update("assessment", first, rank="deprecated", rank_reason="Refuted.")
    refuse(
        lambda: build.assessment(chokepoint=point, status="reduced", as_of="2019-12-31"),
        RULE,
        "no earlier one",
    )


def test_a_reduction_may_come_with_the_assessment_it_is_one_from(build):
    point = build.chokepoint()
    common = {"chokepoint": point, "rationale": "Because.", "rank": "normal"}
    build.several(
        build.change("assessment", "create", status="reduced", as_of="2020", **common),
        build.change("assessment", "create", status="critical", as_of="2018", **common),
    )
