"""What a batch is decided by: changes in short, and what belongs together."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from reviews.models import Proposal
from reviews.selectors.batches import MOST_CHANGES, changes_in_short, together
from reviews.selectors.queue import queue_for
from reviews.services.drafting import draft_proposal, revise_proposal, submit_proposal
from tests.reviews.conftest import change, create, reduced

pytestmark = pytest.mark.django_db


def in_short(*numbers):
    return changes_in_short(list(Proposal.objects.filter(pk__in=numbers)))


def texts(shown):
    return [one.text for one in shown]


def test_a_change_shows_what_its_author_saw_and_what_they_propose(register, propose, build):
    build.update("chokepoint", register.chokepoint, summary="Before.")
    number = propose(change("chokepoint", register.chokepoint, summary="After."))
    build.update("chokepoint", register.chokepoint, summary="Meanwhile.")
    (short,) = in_short(number)[number]
    (comparison,) = short.comparisons
    assert (short.words, short.kind.name, short.title) == ("Change", "chokepoint", "Microspheres")
    assert (comparison.label, texts(comparison.before), texts(comparison.after)) == (
        "Summary",
        ["Before."],
        ["After."],
    )


def test_new_records_are_named_and_name_each_other(register, propose):
    number = propose(*reduced(register))
    source, evidence, assessment = in_short(number)[number]
    assert [one.title for one in (source, evidence)] == ["Delivery", "A domestic maker delivers."]
    assert assessment.title == "Microspheres: reduced 2024-05"
    named = {one.name: texts(one.after) for one in evidence.comparisons}
    assert named["source"] == ["Delivery"]


def test_a_retirement_names_its_record(register, propose, build):
    number = propose(change("source", build.source(key="spare", title="A spare one"), "retire"))
    (short,) = in_short(number)[number]
    assert (short.words, short.title, list(short.comparisons)) == ("Retire", "A spare one", [])


def test_the_present_version_alone_is_shown(people, register, propose):
    number = propose(change("chokepoint", register.chokepoint, summary="First."))
    revise_proposal(
        actor=people.emma, number=number, version=1, title="T", rationale="R",
        changes=[change("chokepoint", register.chokepoint, scope="Second.")],
    )  # fmt: skip
    (short,) = in_short(number)[number]
    assert [one.name for one in short.comparisons] == ["scope"]


def test_a_long_proposal_is_cut_off(propose):
    makers = [create("organization", name=f"Maker {n}", key=f"maker-{n}") for n in range(MOST_CHANGES + 3)]
    number = propose(*makers)
    assert len(in_short(number)[number]) == MOST_CHANGES


def test_nothing_is_asked_once_a_proposal(register, propose, build, django_assert_num_queries):
    bears_on = [{"chokepoint": register.chokepoint, "stance": "context"}]

    def make(n):
        spare = build.source(key=f"spare-{n}")
        statement = create("evidence", source=spare, claim=f"C{n}", nature="opinion", bears_on=bears_on)
        return propose(change("source", spare, title=f"New {n}"), statement)

    first = make(0)
    with CaptureQueriesContext(connection) as one:
        in_short(first)
    several = [make(n) for n in range(1, 6)]
    with django_assert_num_queries(len(one)):
        assert len(in_short(first, *several)) == 6


def test_nothing_is_made_of_nothing():
    assert changes_in_short([]) == {}


# --- what belongs together


@pytest.fixture
def file(people):
    """A function that hands in a proposal of a batch."""

    def file(batch, *changes, actor=None):
        actor = actor or people.emma
        number = draft_proposal(actor=actor, title="T", rationale="R", changes=changes, batch=batch).number
        submit_proposal(actor=actor, number=number, version=1)
        return number

    return file


def groups(user, *numbers):
    shown = list(Proposal.objects.filter(pk__in=numbers))
    return [(one.name, one.label, one.count) for one in together(queue_for(user), shown)]


def maker(n):
    return create("organization", name=f"Maker {n}", key=f"maker-{n}")


def test_batches_and_authors_are_counted_in_the_whole_queue(people, file):
    first = file("sheet", maker(1))
    file("sheet", maker(2))
    file("other", maker(3), actor=people.erik)
    file("", maker(4))
    assert groups(people.rita, first) == [("author", "emma", 3), ("batch", "sheet", 2)]


def test_what_stands_alone_belongs_to_nothing(people, file):
    assert groups(people.rita, file("sheet", maker(1)), file("", maker(2), actor=people.erik)) == []


def test_a_source_unites_what_is_about_it_and_about_its_evidence(people, register, file):
    first = file("", change("source", register.source, title="Another title"))
    file("", change("evidence", register.evidence, claim="Another claim."), actor=people.erik)
    file("", maker(1), actor=people.both)
    assert groups(people.rita, first) == [("source", "An example article", 2)]


def test_what_one_may_not_judge_is_not_counted(people, file):
    first = file("sheet", maker(1))
    file("sheet", maker(2), actor=people.both)
    assert groups(people.rita, first) == [("batch", "sheet", 2)]
    assert groups(people.both, first) == []
