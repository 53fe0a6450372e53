"""Two versions of a proposal compared: which changes came, went or say something else, and who may look."""

import re
import uuid
from html import unescape

import pytest
from django.test import Client
from django.urls import reverse

from chokepoints.records import KINDS
from reviews.comparing import (
    ADDED,
    ALTERED,
    REMOVED,
    SAME,
    Pair,
    cites_changed,
    compare_pair,
    pair_changes,
    proposed_state,
)
from reviews.models import Proposal, Version
from reviews.services.drafting import DraftChange, draft_proposal, revise_proposal, submit_proposal
from tests.reviews.conftest import change, create

ONE, TWO, THREE = (str(uuid.UUID(int=n)) for n in (1, 2, 3))


def update(record, /, operation="update", cites=None, base=1, **fields):
    return DraftChange("chokepoint", record, operation, fields, cites or {}, base)


# --- which changes differ (pure)


@pytest.mark.parametrize(
    ("later", "sort"),
    [
        (update(ONE, scope="A"), SAME),
        (update(ONE, scope="A", base=2), SAME),
        (update(ONE, scope="B"), ALTERED),
        (update(ONE), ALTERED),
        (update(ONE, scope="A", summary="C"), ALTERED),
        (update(ONE, scope=None), ALTERED),
        (update(ONE, scope="A", cites={"": [TWO]}), ALTERED),
        (update(ONE, operation="retire"), ALTERED),
        (None, REMOVED),
    ],
)
def test_a_change_is_followed_by_its_record(later, sort):
    pair = Pair(update(ONE, scope="A"), later)
    assert pair.sort == sort
    assert pair.looked_again is bool(later and later.base_revision == 2)


def test_changes_stand_as_the_later_version_has_them_then_what_it_takes_out():
    earlier = [update(ONE, scope="A"), update(TWO, scope="A")]
    later = [update(THREE, scope="A"), update(ONE, scope="A")]
    assert [(pair.record, pair.sort) for pair in pair_changes(earlier, later)] == [
        (THREE, ADDED),
        (ONE, SAME),
        (TWO, REMOVED),
    ]


@pytest.mark.parametrize(
    ("operation", "fields", "state"),
    [
        ("update", {"scope": "B"}, {"name": "N", "scope": "B"}),
        ("update", {"scope": None}, {"name": "N"}),
        ("retire", {}, {"name": "N", "scope": "A", "retired": True}),
        ("restore", {}, {"name": "N", "scope": "A"}),
    ],
)
def test_a_state_is_as_the_change_would_have_it(operation, fields, state):
    seen = {"name": "N", "scope": "A"} | ({"retired": True} if operation == "restore" else {})
    assert proposed_state(update(ONE, operation=operation, **fields), seen) == state


def test_a_field_that_one_version_leaves_alone_is_compared_with_what_its_author_saw():
    seen = {"name": "N", "scope": "A", "summary": "S"}
    pair = Pair(update(ONE, scope="B", name="M"), update(ONE, summary="T", name="M"))
    states = [proposed_state(one, seen) for one in (pair.earlier, pair.later)]
    found = {one.comparison.name: one for one in compare_pair(pair, *states, {})}
    assert {name: one.only_in for name, one in found.items()} == {"scope": "earlier", "summary": "later"}
    assert [shown.text for shown in found["scope"].comparison.before] == ["B"]
    assert [shown.text for shown in found["scope"].comparison.after] == ["A"]


def test_the_same_words_over_another_revision_are_no_alteration():
    pair = Pair(update(ONE, scope="B"), update(ONE, scope="B", base=2))
    states = [proposed_state(pair.earlier, {"note": "old"}), proposed_state(pair.later, {"note": "new"})]
    assert compare_pair(pair, *states, {}) == []


def test_evidence_that_is_cited_anew_or_no_more_is_told_with_its_field():
    pair = Pair(update(ONE, cites={"": [TWO], "scope": [ONE]}), update(ONE, cites={"": [TWO, THREE]}))
    assert cites_changed(pair) == ([("", THREE)], [("scope", ONE)])
    assert KINDS["chokepoint"] is pair.kind


# --- the page


@pytest.fixture
def look(people):
    """A function that returns the page's status and words for somebody."""

    def look(number, name=None, **query):
        client = Client(raise_request_exception=False)
        if name:
            client.force_login(getattr(people, name))
        answer = client.get(reverse("proposal-versions", args=[number]), query)
        text = unescape(re.sub(r"<[^>]+>", " ", answer.content.decode()))
        return answer.status_code, re.sub(r"\s+", " ", text)

    return look


@pytest.fixture
def three_versions(register, people, build):
    """A proposal by emma with three versions: of the last the title, a field, a citation and two changes differ."""
    works = str(uuid.uuid4())
    first = [
        change("chokepoint", register.chokepoint, scope="What is meant."),
        change("source", register.source, publisher="The Daily"),
        create("organization", works, key="works", name="Works", country="CN"),
    ]
    second = [
        change(
            "chokepoint", register.chokepoint, cites={"": [register.evidence]}, scope="What is meant here."
        ),
        create("organization", works, key="works", name="Works", country="CN"),
    ]
    third = [*second, change("sector", register.sector, description="Stuff.")]
    number = draft_proposal(
        actor=people.emma, title="One title", rationale="One reason.", changes=first
    ).number
    submit_proposal(actor=people.emma, number=number, version=1)
    for version, changes in ((1, second), (2, third)):
        revise_proposal(
            actor=people.emma, number=number, version=version, title="Another title",
            rationale="One reason.", changes=changes,
        )  # fmt: skip
    return number


@pytest.mark.django_db
def test_two_versions_are_compared_change_by_change(three_versions, look):
    status, words = look(three_versions, **{"from": 1, "to": 3})
    assert status == 200
    assert "Versions 1 and 3 compared" in words
    assert "1 added 1 taken out 1 altered 1 unchanged" in words
    assert "Added Sector: Materials" in words
    assert "Taken out Source: An example article" in words
    assert "Altered Chokepoint: Microspheres" in words
    assert "Unchanged: 1 Organization: Works" in words
    assert "What is meant here ." in words
    assert "evidence: No domestic product is in use." in words
    assert "One Another title" in words
    assert "written – emma" in words


@pytest.mark.django_db
def test_without_a_choice_the_last_two_are_compared(three_versions, look):
    words = look(three_versions)[1]
    assert "Versions 2 and 3 compared" in words
    assert "1 added 2 unchanged" in words
    assert "The same in both." in words


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("first", "second", "compared"),
    [
        ("1", "2", "Versions 1 and 2 compared"),
        ("3", "1", "Versions 1 and 3 compared"),
        ("2", "", "Versions 2 and 3 compared"),
        ("1", "99", "Versions 1 and 3 compared"),
        ("99", "", "Versions 2 and 3 compared"),
        ("9" * 40, "2", "Versions 2 and 3 compared"),
        ("0", "-1", "Versions 2 and 3 compared"),
        ("abc", "\0", "Versions 2 and 3 compared"),
        ("٣", "1", "Versions 1 and 2 compared"),
        ("2", "2", "That is the same version twice."),
    ],
)
def test_numbers_that_there_are_none_of_lead_to_the_nearest(three_versions, look, first, second, compared):
    status, words = look(three_versions, **{"from": first, "to": second})
    assert status == 200
    assert compared in words
    known = {"1", "2", "3", ""}
    assert words.count("This proposal has no version") == len(
        [typed for typed in (first, second) if typed not in known]
    )


@pytest.mark.django_db
def test_a_single_version_has_nothing_beside_it(register, propose, look):
    number = propose(change("chokepoint", register.chokepoint, scope="What is meant."))
    assert "one version only" in look(number, **{"from": 1, "to": 2})[1]


@pytest.mark.django_db
def test_others_drafts_are_as_if_they_were_not_there(register, people, look):
    number = draft_proposal(actor=people.emma, title="T", rationale="R", changes=[]).number
    assert look(number)[0] == look(number, "erik")[0] == 404
    assert look(number, "emma")[0] == 200
    assert look(10**15)[0] == 404


@pytest.mark.django_db
def test_each_version_says_how_it_came_to_be(three_versions, look):
    Version.objects.filter(proposal=three_versions, number=2).update(how="suggested")
    Version.objects.filter(proposal=three_versions, number=3).update(how="resolved")
    words = look(three_versions)[1]
    assert "Version 2: a suggestion was taken – emma" in words
    assert "Version 3: a conflict was resolved – emma" in words


@pytest.mark.django_db
def test_a_record_that_the_author_looked_at_again_says_so(register, people, build, look):
    wanted = change("chokepoint", register.chokepoint, scope="What is meant.")
    number = draft_proposal(actor=people.emma, title="T", rationale="R", changes=[wanted]).number
    submit_proposal(actor=people.emma, number=number, version=1)
    build.update("chokepoint", register.chokepoint, note="Meanwhile.")
    again = change("chokepoint", register.chokepoint, scope="What is meant.")
    revise_proposal(actor=people.emma, number=number, version=1, title="T", rationale="R", changes=[again])
    words = look(number)[1]
    assert "1 unchanged" in words
    assert "its author saw revision 2 instead of 1" in words
    assert "Meanwhile." not in words


@pytest.mark.django_db
def test_new_records_are_named_and_lead_nowhere(register, people, look):
    source, evidence = str(uuid.uuid4()), str(uuid.uuid4())
    new_source = create("source", source, key="s", kind="press-release", title="New source", derivation="original",
                        standing="in-force")  # fmt: skip
    new_evidence = create("evidence", evidence, source=source, claim="It is so.", nature="observation",
                          bears_on=[{"chokepoint": register.chokepoint, "stance": "context"}])  # fmt: skip
    number = draft_proposal(actor=people.emma, title="T", rationale="R", changes=[new_source]).number
    submit_proposal(actor=people.emma, number=number, version=1)
    revise_proposal(actor=people.emma, number=number, version=1, title="T", rationale="R",
                    changes=[new_source, new_evidence])  # fmt: skip
    client = Client()
    page = client.get(reverse("proposal-versions", args=[number])).content.decode()
    assert "New source" in page
    assert 'href="#ref' not in page
    assert "Added" in look(number)[1]


@pytest.mark.django_db
def test_hostile_words_stay_words(register, people, look):
    number = draft_proposal(actor=people.emma, title="T", rationale="R", changes=[
        change("chokepoint", register.chokepoint, scope="A <b>bold</b> scope.")]).number  # fmt: skip
    submit_proposal(actor=people.emma, number=number, version=1)
    revise_proposal(actor=people.emma, number=number, version=1, title="<script>x</script>", rationale="R",
                    changes=[change("chokepoint", register.chokepoint, scope="A <i>slanted</i> scope.")])  # fmt: skip
    page = Client().get(reverse("proposal-versions", args=[number]) + "?from=%3Cscript%3Ex").content.decode()
    assert "<script>x" not in page
    assert "<i>slanted" not in page


@pytest.mark.django_db
def test_many_changes_are_shown_a_page_at_a_time_with_queries_that_do_not_grow(
    register, people, build, django_assert_max_num_queries
):
    ids = [str(uuid.uuid4()) for _ in range(60)]
    build.several(
        *(build.change("chokepoint", "create", record, key=f"c-{n}", name=f"C {n}", dependent_country="CN",
                       sector=register.sector) for n, record in enumerate(ids))
    )  # fmt: skip
    number = draft_proposal(
        actor=people.emma, title="T", rationale="R", changes=[update(record, scope="A") for record in ids]
    ).number
    submit_proposal(actor=people.emma, number=number, version=1)
    revise_proposal(actor=people.emma, number=number, version=1, title="T", rationale="R",
                    changes=[update(record, scope="B") for record in ids])  # fmt: skip
    assert Proposal.objects.get(pk=number).version == 2
    where = reverse("proposal-versions", args=[number])
    with django_assert_max_num_queries(15):
        first = Client().get(where).content.decode()
    assert first.count('class="card change"') == 50
    assert Client().get(where + "?page=2").content.decode().count('class="card change"') == 10
