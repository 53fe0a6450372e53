"""`manage.py load_dataset` on a real database: direct at first, drafts later, and never anything twice."""

import shutil
from collections import Counter
from io import StringIO

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command

from chokepoints import projection
from chokepoints.models import Assessment, Changeset, Chokepoint, Evidence, Opening, Revision, Source
from chokepoints.records import KINDS
from chokepoints.services.contributing import REGISTER_ITSELF, contributor_for
from chokepoints.services.publishing import PROPOSAL, Origin, RecordChange, publish
from reviews.models import Policy, Proposal
from tests.chokepoints.imports.accounts_2018 import DATA, FILES, Records, unaccounted
from tests.recording import Recording

pytestmark = pytest.mark.django_db


def load(*arguments, **options):
    out = StringIO()
    call_command("load_dataset", *arguments, stdout=out, **options)
    return out.getvalue()


LOADED = Recording()


def loaded():
    """Load the data set into an empty database; what is asked of it is asked of the rows that the command wrote."""
    LOADED.lay(load)


def live_records():
    states = {}
    for name in (
        "list",
        "sector",
        "chokepoint",
        "organization",
        "supply",
        "source",
        "evidence",
        "assessment",
    ):
        states[name] = projection.read_states(KINDS[name], projection.model_of(KINDS[name]).objects.all())
    return Records(states)


@pytest.fixture
def folder(tmp_path):
    for file in FILES:
        shutil.copy(DATA / file, tmp_path / file)
    return tmp_path


@pytest.fixture
def editor():
    user = get_user_model().objects.create_user("erna")
    user.groups.add(Group.objects.get_or_create(name="Editors")[0])
    return user


def replace(folder, file, old, new):
    text = (folder / file).read_bytes().decode()
    assert text.count(old) == 1
    (folder / file).write_bytes(text.replace(old, new).encode())


def publish_from_a_proposal(user, **fields):
    """Publish an update of the chokepoint `chips` as if two people had approved it."""
    chips = Chokepoint.objects.get(key="chips")
    publish(
        changes=[RecordChange("chokepoint", str(chips.pk), "update", fields)],
        authors=[contributor_for(user)],
        summary="A change",
        rationale="Because.",
        origin=Origin(PROPOSAL, "proposal:1"),
    )


def test_the_tables_account_for_every_cell():
    loaded()
    assert unaccounted(live_records()) == []


def test_the_live_statuses_are_five_critical_twenty_dependent_and_ten_undetermined():
    loaded()
    assert Counter(Assessment.objects.values_list("status", flat=True)) == {
        "critical": 5,
        "dependent": 20,
        "undetermined": 10,
    }


def test_chinese_survives_ledger_and_table_byte_for_byte():
    loaded()
    titles = list(Source.objects.exclude(title_original="").values_list("title_original", flat=True))
    opened = set(Opening.objects.values_list("value", flat=True).filter(value__in=titles))
    file = (DATA / "sources.csv").read_bytes()
    assert set(titles) == opened
    assert titles and all(title.encode() in file for title in titles)


def test_the_register_begins_with_its_policies_and_one_import_that_nobody_reviewed():
    loaded()
    policies, data = Changeset.objects.order_by("number")
    assert (policies.origin, data.origin) == ("administrative", "import")
    assert data.authors == [str(REGISTER_ITSELF)]
    assert (policies.reviews, data.reviews) == ([], [])
    needs = {policy.key: (policy.approvals, policy.evidence) for policy in Policy.objects.all()}
    assert needs == {"status": (2, 1), "existence": (2, 0), "content": (1, 0)}


def test_a_cited_value_names_evidence_and_its_revision_in_the_ledger():
    loaded()
    cites = Revision.objects.get(kind="list").cites
    assert {entry["revision"] for entries in cites.values() for entry in entries} == {1}
    assert (
        Evidence.objects.filter(pk__in=[e["evidence"] for entries in cites.values() for e in entries]).count()
        == 6
    )


def test_a_second_run_changes_nothing():
    loaded()
    before = (Changeset.objects.count(), Revision.objects.count(), Opening.objects.count())
    assert load() == "Data set of 2018: no changes.\n"
    assert (Changeset.objects.count(), Revision.objects.count(), Opening.objects.count()) == before


def test_a_dry_run_counts_and_changes_nothing():
    words = load(dry_run=True)
    assert "35 chokepoints" in words
    assert "149 evidence" in words
    assert "Nothing was changed" in words
    assert not Changeset.objects.exists()


def test_a_broken_file_is_named_and_nothing_is_loaded(folder):
    replace(folder, "chokepoints.csv", "\n2,chips,", "\n2,Chips!,")
    with pytest.raises(CommandError, match=r"suppliers\.csv:7: chokepoint_slug names “chips”"):
        load(path=folder)
    assert not Changeset.objects.exists()


def test_before_the_first_proposal_a_changed_row_is_published(folder):
    loaded()
    replace(folder, "sources.csv", "Original digital edition; beginning of the text seen.", "")
    assert "changed: 1 source published as changeset 3" in load(path=folder)
    source = Source.objects.get(key="std-2018-05-30-aviation-software")
    assert (source.note, source.revision) == ("", 2)
    assert load(path=folder) == "Data set of 2018: no changes.\n"


def test_a_changed_level_is_a_new_assessment_beside_the_old_one(folder):
    loaded()
    replace(folder, "chokepoints.csv", ",,unknown,DE,no,", ",,high,DE,no,")
    assert "new: 1 assessment published" in load(path=folder)
    chokepoint = Chokepoint.objects.get(key="high-pressure-common-rail")
    assert Assessment.objects.filter(chokepoint=chokepoint).by_precedence()[0].status == "dependent"
    assert chokepoint.assessments.count() == 2
    assert "1 loaded earlier that the files don't give any more" in load(path=folder)


def test_after_a_proposal_an_unchanged_data_set_is_no_news_whatever_people_changed(editor):
    loaded()
    publish_from_a_proposal(editor, summary="What people decided.", aliases=["microchips"])
    assert load() == "Data set of 2018: no changes.\n"
    assert Chokepoint.objects.get(key="chips").summary == "What people decided."


def test_after_a_proposal_changed_rows_need_an_account(folder, editor):
    loaded()
    publish_from_a_proposal(editor, aliases=["microchips"])
    replace(folder, "chokepoints.csv", "Photoresist,光刻胶", "Photoresists,光刻胶")
    with pytest.raises(CommandError, match=r"name their author\. \(--author USERNAME\)"):
        load(path=folder)
    with pytest.raises(CommandError, match="no active account named “nobody”"):
        load(path=folder, author="nobody")
    assert not Proposal.objects.exists()


def test_after_a_proposal_changed_and_new_rows_become_one_draft_and_overwrite_nothing(folder, editor):
    loaded()
    publish_from_a_proposal(editor, summary="What people decided.")
    head = Changeset.objects.count()
    replace(folder, "chokepoints.csv", "Written days after the US cut off ZTE.", "Written after the ban.")
    replace(folder, "suppliers.csv", "lithography-machines,Zeiss,", "lithography-machines,Carl Zeiss,")
    words = load(path=folder, author="erna")
    assert "drafted as a proposal, not published" in words
    draft = Proposal.objects.get()
    assert draft.state == "draft"
    changes = {(change.kind, change.operation): change for change in draft.present_version().changes.all()}
    assert changes["chokepoint", "update"].fields.keys() == {"summary"}
    assert changes["chokepoint", "update"].base_revision == 2
    assert changes["organization", "create"].fields["name"] == "Carl Zeiss"
    assert Chokepoint.objects.get(key="chips").summary == "What people decided."
    assert Changeset.objects.count() == head


def test_what_was_drafted_is_not_drafted_again(folder, editor):
    loaded()
    publish_from_a_proposal(editor, aliases=["microchips"])
    replace(folder, "suppliers.csv", "lithography-machines,Zeiss,", "lithography-machines,Carl Zeiss,")
    load(path=folder, author="erna")
    assert "no changes" in load(path=folder, author="erna")
    assert Proposal.objects.count() == 1


def test_after_a_proposal_a_dry_run_drafts_nothing(folder, editor):
    loaded()
    publish_from_a_proposal(editor, aliases=["microchips"])
    replace(folder, "chokepoints.csv", "Photoresist,光刻胶", "Photoresists,光刻胶")
    assert "changed: 1 chokepoint would be drafted as a proposal" in load(path=folder, dry_run=True)
    assert not Proposal.objects.exists()


def test_somebody_who_may_not_propose_drafts_nothing(folder, editor):
    loaded()
    publish_from_a_proposal(editor, aliases=["microchips"])
    get_user_model().objects.create_user("outsider")
    replace(folder, "chokepoints.csv", "Photoresist,光刻胶", "Photoresists,光刻胶")
    with pytest.raises(CommandError, match="Only members of the group Editors"):
        load(path=folder, author="outsider")
    assert not Proposal.objects.exists()


def test_a_record_that_was_retired_is_left_alone(folder, editor):
    loaded()
    source = Source.objects.get(key="asymmetric-substack")
    bearer = Evidence.objects.get(source=source)
    publish(
        changes=[
            RecordChange("evidence", str(bearer.pk), "retire"),
            RecordChange("source", str(source.pk), "retire"),
        ],
        authors=[contributor_for(editor)],
        summary="Retire",
        rationale="Because.",
        origin=Origin(PROPOSAL, "proposal:1"),
    )
    replace(folder, "sources.csv", "Title adapted from the address; no date seen.", "")
    assert "Left alone: 1 changed in the files, but retired in the register." in load(
        path=folder, author="erna"
    )
    assert not Proposal.objects.exists()
