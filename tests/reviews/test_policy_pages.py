"""The policy page: what is needed, what the present members can't meet, who is missing, and the limits in words."""

from html import unescape

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from chokepoints.services.contributing import contributor_for
from reviews.limits import LIMITS
from reviews.models import Policy
from reviews.selectors.members import Team
from reviews.services.governing import change_policy
from reviews.services.limiting import set_limit
from reviews.services.reviewing import review_proposal
from reviews.views.policies import _refusal, _tight
from tests.reviews.conftest import change, create, reduced

pytestmark = pytest.mark.django_db


def policies(client):
    answer = client.get(reverse("policy-list"))
    assert answer.status_code == 200
    return unescape(answer.content.decode())


def section(page, title):
    return page.split(f"<h2>{title}", 1)[1].split("</section>", 1)[0]


def team(reviewers, editors=""):
    """A team of people named by letters; editors that are reviewers are the same people."""
    return Team(*({ord(name): name for name in names} for names in (reviewers, editors)))


@pytest.mark.parametrize(
    ("reviewers", "approvals", "words"),
    [
        ("ABC", 2, ""),
        ("AB", 2, ""),
        ("A", 2, "2 approvals are needed, and only A could give one. Missing: 1 more member of the group Reviewers."),
        ("AB", 4, "4 approvals are needed, and only A and B could give one. Missing: 2 more members of the group Reviewers."),
        ("", 1, "One approval is needed, and nobody could give one. Missing: 1 more member of the group Reviewers."),
    ],
)  # fmt: skip
def test_a_rule_that_can_not_be_met_says_who_is_missing(reviewers, approvals, words):
    assert _refusal(team(reviewers), approvals) == words


@pytest.mark.parametrize(
    ("reviewers", "editors", "approvals", "words"),
    [
        ("ABC", "", 2, ""),
        ("AB", "", 2, "All of them must approve."),
        ("AB", "EF", 2, "All of them must approve."),
        ("ABC", "A", 2, ""),
        ("ABC", "AB", 2, "Not always: with A and B as authors, only C is left. Missing: 1 more member of the group Reviewers."),
        ("ABC", "A", 3, "Not always: with A as an author, only B and C are left. Missing: 1 more member of the group Reviewers."),
        ("A", "A", 1, "Not always: with A as an author, nobody is left. Missing: 1 more member of the group Reviewers."),
    ],
)  # fmt: skip
def test_a_rule_says_where_authors_among_the_reviewers_make_it_fail(reviewers, editors, approvals, words):
    assert _tight(team(reviewers, editors), approvals) == words


def test_the_page_says_which_rules_the_present_members_can_not_meet(people, signed_in):
    page = policies(signed_in())
    assert "<strong>No.</strong>" not in page
    assert "4 reviewers at present" in page
    for user in (people.ravi, people.rosa, people.both):
        user.groups.clear()
    page = policies(signed_in())
    assert page.count("2 approvals are needed, and only rita could give one. Missing: 1 more member") == 2
    people.rita.groups.clear()
    page = policies(signed_in())
    assert page.count("<strong>No.</strong>") == 3
    assert "Nobody can decide anything." in page
    assert "0 reviewers at present" in page


def test_the_rules_are_those_in_force(people, signed_in):
    change_policy(actor=people.admin, key="content", approvals=5, evidence=0, reason="To be sure.")
    page = section(policies(signed_in()), "What is needed")
    assert "5 approvals are needed" in page
    assert Policy.objects.get(key="content").get_absolute_url() in page
    assert page.count("preset: no policy was published yet") == 2


def test_members_are_named_as_the_ledger_names_them(people, signed_in):
    contributor = contributor_for(people.rita)
    contributor.display_name = "Rita <b>Example</b>"
    contributor.save()
    answer = signed_in().get(reverse("policy-list")).content.decode()
    here = section(unescape(answer), "Who is here")
    for words in ("Rita <b>Example</b>", "ravi", "rosa", "emma, erik", "admin"):
        assert words in here, words
    assert "<b>Example" not in answer
    User.objects.filter(is_superuser=True).update(is_active=False)
    assert "Nobody is told of what waits too long." in policies(signed_in())


def test_open_proposals_that_can_not_be_decided_are_listed_with_the_reason(
    people, register, signed_in, propose
):
    fine = propose(create("organization", name="Maker", key="maker"), title="Fine")
    stuck = propose(*reduced(register), title="Stuck")
    assert "Can't be decided" not in policies(signed_in())
    review_proposal(actor=people.rita, number=stuck, version=1, verdict="approve")
    for user in (people.ravi, people.rosa, people.both):
        user.groups.clear()
    page = section(policies(signed_in()), "Can't be decided for now")
    assert f"/proposals/{stuck}/" in page
    assert (
        "1 approval is missing, and of the present reviewers nobody could give one. Missing: 1 more member"
        in page
    )
    assert f"/proposals/{fine}/" not in page


def test_the_list_of_the_undecidable_does_not_ask_once_a_proposal(
    people, register, signed_in, propose, django_assert_max_num_queries
):
    for day in ("2024-01", "2024-02", "2024-03", "2024-04", "2024-05", "2024-06"):
        propose(*reduced(register, as_of=day))
    for user in (people.ravi, people.rosa, people.both):
        user.groups.clear()
    with django_assert_max_num_queries(13):
        page = policies(signed_in())
    assert '<span class="count">6</span>' in page


def test_the_limits_stand_in_words_with_the_preset_where_an_admin_set_another(people, signed_in):
    set_limit(actor=people.admin, key="old", value=1)
    page = section(policies(signed_in()), "Ages and limits")
    for limit in LIMITS.values():
        assert limit.words in page
    assert '1 day <span class="meta">preset: 7</span>' in page
    assert page.count("preset:") == 1


def test_a_proposal_that_can_not_be_decided_says_so_on_its_own_page(people, register, signed_in, propose):
    number = propose(change("chokepoint", register.chokepoint, summary="New."))
    for user in (people.rita, people.ravi, people.rosa, people.both):
        user.groups.clear()
    page = unescape(signed_in().get(reverse("proposal-detail", args=[number])).content.decode())
    assert "It can't be decided for now: 1 approval is missing" in page
