"""Filters that are kept and sectors that somebody knows: what is taken, and what is refused in words."""

import pytest

from chokepoints.services.contributing import contributor_for
from reviews.exceptions import InvalidProposal, NotAllowed, NotFound
from reviews.models import Expertise, SavedFilter
from reviews.services.arranging import MOST_FILTERS, delete_filter, save_filter, set_expertise

pytestmark = pytest.mark.django_db


def kept(user):
    return dict(SavedFilter.objects.filter(owner=contributor_for(user)).values_list("name", "query"))


def test_a_filter_is_kept_with_known_parameters_alone(people):
    save_filter(actor=people.rita, name=" Evidence ", query="?kind=evidence&page=3&nonsense=1&q=&needs=one")
    assert kept(people.rita) == {"Evidence": "kind=evidence&needs=one"}


def test_parameters_stand_in_one_order(people):
    save_filter(actor=people.rita, name="A", query="needs=one&q=微球&kind=evidence")
    save_filter(actor=people.rita, name="B", query="kind=evidence&q=%E5%BE%AE%E7%90%83&needs=one")
    assert kept(people.rita)["A"] == kept(people.rita)["B"] == "q=%E5%BE%AE%E7%90%83&kind=evidence&needs=one"


def test_the_same_name_again_replaces_it(people):
    save_filter(actor=people.rita, name="A", query="kind=evidence")
    save_filter(actor=people.rita, name="A", query="kind=source")
    assert kept(people.rita) == {"A": "kind=source"}


def test_each_reviewer_has_their_own(people):
    save_filter(actor=people.rita, name="A", query="kind=evidence")
    saved = save_filter(actor=people.ravi, name="A", query="kind=source")
    with pytest.raises(NotFound):
        delete_filter(actor=people.rita, pk=saved.pk)
    assert kept(people.ravi) == {"A": "kind=source"}
    assert delete_filter(actor=people.ravi, pk=saved.pk) == "A"
    assert (kept(people.ravi), kept(people.rita)) == ({}, {"A": "kind=evidence"})


@pytest.mark.parametrize("pk", [0, -1, 10**30])
def test_a_filter_that_is_not_there_is_not_deleted(people, pk):
    with pytest.raises(NotFound):
        delete_filter(actor=people.rita, pk=pk)


@pytest.mark.parametrize(
    ("name", "query", "field"),
    [
        ("", "kind=evidence", "name"),
        ("  ", "kind=evidence", "name"),
        ("x" * 61, "kind=evidence", "name"),
        ("a\0b", "kind=evidence", "name"),
        ("a\ud800b", "kind=evidence", "name"),
        ("a\u202eb", "kind=evidence", "name"),
        ("a\nb", "kind=evidence", "name"),
        ("A", "", "query"),
        ("A", "?", "query"),
        ("A", "nonsense=1", "query"),
        ("A", "kind=nonsense", "query"),
        ("A", "kind=policy", "query"),
        ("A", "older_than=never", "query"),
        ("A", "older_than=999999999999999999999", "query"),
        ("A", "older_than=-1", "query"),
        ("A", "author=x", "query"),
        ("A", "sector=nothing-of-that-name", "query"),
        ("A", "source=nothing-of-that-name", "query"),
        ("A", "q=%00", "query"),
        ("A", "kind=evidence\0", "query"),
        ("A", "q=\ud800", "query"),
        ("A", "q=" + "微" * 100, "query"),  # 900 characters in an address
        ("A", "q=" + "x" * 3_000, "query"),
        ("A", "&" * 2_500, "query"),
    ],
)
def test_what_is_no_filter_of_the_queue_is_refused_in_words(people, name, query, field):
    with pytest.raises(InvalidProposal) as refusal:
        save_filter(actor=people.rita, name=name, query=query)
    assert {problem.field for problem in refusal.value.problems} == {field}
    assert all(problem.message.endswith(".") for problem in refusal.value.problems)
    assert not SavedFilter.objects.exists()


def test_name_and_filter_are_both_judged(people):
    with pytest.raises(InvalidProposal) as refusal:
        save_filter(actor=people.rita, name="", query="kind=x")
    assert [problem.field for problem in refusal.value.problems] == ["name", "query"]


def test_there_is_an_end_to_keeping_filters(people):
    rita = contributor_for(people.rita)
    SavedFilter.objects.bulk_create(
        SavedFilter(owner=rita, name=f"F{n}", query="kind=source") for n in range(MOST_FILTERS)
    )
    with pytest.raises(InvalidProposal, match="50 filters"):
        save_filter(actor=people.rita, name="One more", query="kind=evidence")
    save_filter(actor=people.rita, name="F0", query="kind=evidence")
    assert len(kept(people.rita)) == MOST_FILTERS
    assert kept(people.rita)["F0"] == "kind=evidence"


@pytest.mark.parametrize("name", ["emma", "nobody", "admin"])
def test_only_reviewers_arrange_a_queue(people, register, name):
    user = getattr(people, name)
    with pytest.raises(NotAllowed):
        save_filter(actor=user, name="A", query="kind=evidence")
    with pytest.raises(NotAllowed):
        delete_filter(actor=user, pk=1)
    with pytest.raises(NotAllowed):
        set_expertise(actor=user, sectors=[register.sector])


# --- expertise


def known(user):
    return {str(pk) for pk in Expertise.objects.filter(reviewer__user=user).values_list("sector", flat=True)}


def test_what_somebody_knows_replaces_what_they_said_before(people, register, build):
    other = build.sector("other")
    set_expertise(actor=people.rita, sectors=[register.sector, other, other.upper()])
    set_expertise(actor=people.ravi, sectors=[other])
    assert known(people.rita) == {register.sector, other}
    set_expertise(actor=people.rita, sectors=[other])
    assert (known(people.rita), known(people.ravi)) == ({other}, {other})
    set_expertise(actor=people.rita, sectors=[])
    assert known(people.rita) == set()


@pytest.mark.parametrize(
    "wrong", ["x", "", "\0", "\ud800", "0" * 5_000, "d0b7a6a2-7d0c-4a8e-9a51-6f0b5d1c0f11"]
)
def test_what_is_no_sector_is_refused_and_nothing_changes(people, register, wrong):
    set_expertise(actor=people.rita, sectors=[register.sector])
    with pytest.raises(InvalidProposal):
        set_expertise(actor=people.rita, sectors=[register.sector, wrong])
    assert known(people.rita) == {register.sector}


def test_a_chokepoint_and_a_retired_sector_are_no_sectors_to_know(people, register, build):
    spare = build.sector("spare")
    build.retire("sector", spare)
    for wrong in (register.chokepoint, spare):
        with pytest.raises(InvalidProposal, match="isn't there"):
            set_expertise(actor=people.rita, sectors=[wrong])
