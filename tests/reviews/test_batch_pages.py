"""Batch decisions: what stands on the page, one verdict for what stays ticked, and what became of each."""

import datetime as dt
from html import unescape
from html.parser import HTMLParser

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from chokepoints.services.contributing import contributor_for
from reviews.models import Proposal, Review
from reviews.services.claiming import claim_proposal
from reviews.services.drafting import draft_proposal, revise_proposal, submit_proposal
from reviews.services.reviewing import MOST_AT_ONCE, review_proposal
from tests.reviews.conftest import change, create, reduced
from tests.reviews.typing_in import form_on

pytestmark = pytest.mark.django_db

SHEET = "/queue/batch/?batch=sheet"


@pytest.fixture
def file(people):
    """A function that hands in a proposal of a batch and returns its number."""

    def file(*changes, title="T", actor=None, batch="sheet"):
        actor = actor or people.emma
        number = draft_proposal(actor=actor, title=title, rationale="R", changes=changes, batch=batch).number
        submit_proposal(actor=actor, number=number, version=1)
        return number

    return file


def maker(n):
    return create("organization", name=f"Maker {n}", key=f"maker-{n}")


def text(answer):
    return unescape(answer.content.decode())


def states(*numbers):
    return [Proposal.objects.get(pk=number).state for number in numbers]


def sent_by(client, **typed):
    """Return what the page would send with everything that it ticks by itself, and what somebody types."""
    return form_on(client.get(SHEET), having="comment") | typed


class _Rows(HTMLParser):
    """The cells of each row of the table of results, as words."""

    def __init__(self):
        super().__init__()
        self.rows, self._in_cell = [], False

    def handle_starttag(self, tag, attrs):
        if tag == "tr":
            self.rows.append([])
        elif tag in {"td", "th"}:
            self._in_cell = True
            self.rows[-1].append("")

    def handle_endtag(self, tag):
        self._in_cell = self._in_cell and tag not in {"td", "th"}

    def handle_data(self, data):
        if self._in_cell:
            self.rows[-1][-1] += data


def results(answer):
    """Return what became of each proposal, by number, in words."""
    parser = _Rows()
    parser.feed(answer.content.decode())
    return {int(row[0]): " ".join(row[-1].split()) for row in parser.rows[1:]}


# --- the page


def test_the_page_lists_what_of_a_batch_one_may_judge_and_ticks_it(people, signed_in, file):
    first, second = file(maker(1), title="One"), file(maker(2), title="Two")
    own = file(maker(3), title="Own", actor=people.both)
    other = file(maker(4), title="Other", batch="other")
    page = signed_in("both").get(SHEET)
    assert form_on(page, having="chosen")["chosen"] == [f"{first}:1", f"{second}:1"]
    assert "Decide 2 proposals together" in text(page)
    for number in (own, other):
        assert f"/proposals/{number}/" not in text(page)


@pytest.mark.parametrize("by", ["batch", "source", "author"])
def test_a_group_is_a_batch_a_source_or_an_author(people, register, signed_in, file, by):
    of_source = file(change("source", register.source, title="Another"), actor=people.erik)
    of_evidence = file(change("evidence", register.evidence, claim="Another."), batch="")
    by_erik = file(maker(1), actor=people.erik, batch="")
    value = {"batch": "sheet", "source": "example-article", "author": people.erik.contributor.pk}[by]
    expected = {"batch": [of_source], "source": [of_source, of_evidence], "author": [of_source, by_erik]}[by]
    page = signed_in("rita").get(f"/queue/batch/?{by}={value}")
    assert form_on(page, having="chosen")["chosen"] == [f"{number}:1" for number in expected]


def test_it_says_what_each_does_before_and_after(register, signed_in, file, build):
    build.update("chokepoint", register.chokepoint, summary="Before <b>it</b>.")
    file(change("chokepoint", register.chokepoint, summary="After <b>it</b>."))
    answer = signed_in("rita").get(SHEET)
    assert "Change chokepoint: Microspheres" in text(answer)
    assert "<b>it" not in answer.content.decode()
    assert "Before" in text(answer)
    assert "After" in text(answer)
    assert "<details open>" in answer.content.decode()  # what is decided is read, not only what it is called


def test_what_can_not_be_decided_at_once_is_not_ticked_and_says_why(people, signed_in, file):
    free, taken, obstructed, approved = (file(maker(n)) for n in range(4))
    claim_proposal(actor=people.ravi, number=taken)
    Proposal.objects.filter(pk=obstructed).update(obstacles=["No."])
    Proposal.objects.get(pk=approved).approvers.add(contributor_for(people.rita))
    page = signed_in("rita").get(SHEET)
    assert form_on(page, having="chosen")["chosen"] == [f"{free}:1"]
    for words in ("ravi is on it until", "It can't be published as it stands.", "You have approved it."):
        assert f"Not ticked by itself:</strong> {words}" in text(page)


def test_those_that_wait_longest_come_first_and_not_more_than_can_be_decided(signed_in, file, monkeypatch):
    monkeypatch.setattr("reviews.views.batches.MOST_AT_ONCE", 2)
    first, second, third = (file(maker(n)) for n in range(3))
    Proposal.objects.filter(pk=third).update(waiting_since=timezone.now() - dt.timedelta(days=3))
    page = signed_in("rita").get(SHEET)
    assert form_on(page, having="chosen")["chosen"] == [f"{third}:1", f"{first}:1"]
    assert "These are the 2 that wait longest, of 3." in text(page)
    assert f"/proposals/{second}/" not in text(page)


@pytest.mark.parametrize(
    "query",
    ["", "?kind=source", "?batch=", "?author=x", "?source=nothing", "?batch=%00", "?batch=sheet&kind=x"],
)
def test_without_a_group_it_leads_to_the_queue(signed_in, file, query):
    file(maker(1))
    answer = signed_in("rita").get(f"/queue/batch/{query}")
    assert answer.status_code == 302
    assert answer.url.startswith(reverse("queue"))


def test_a_group_of_nothing_says_so(signed_in):
    answer = signed_in("rita").get("/queue/batch/?batch=nothing")
    assert answer.status_code == 200
    assert "Nothing of this is open" in text(answer)


def test_the_page_asks_equally_much_whatever_its_length(register, signed_in, file, build):
    def fill(n):
        spare = build.source(key=f"spare-{n}")
        file(maker(n))
        file(change("source", spare, title="New"))
        file(*reduced(register, as_of=f"2024-{n:02}"))

    rita = signed_in("rita")
    fill(1)
    with CaptureQueriesContext(connection) as short:
        rita.get(SHEET)
    for n in range(2, 6):
        fill(n)
    with CaptureQueriesContext(connection) as long:
        assert text(rita.get(SHEET)).count('name="chosen"') == 15
    assert len(long) == len(short)


# --- the verdict


def test_what_is_unticked_is_left_out(people, signed_in, file):
    first, second, third = (file(maker(n)) for n in range(3))
    rita = signed_in("rita")
    answer = rita.post(SHEET, sent_by(rita, verdict="approve", chosen=[f"{first}:1", f"{third}:1"]))
    assert answer.status_code == 200
    assert states(first, second, third) == ["published", "open", "published"]
    published = [Proposal.objects.get(pk=number).changeset for number in (first, third)]
    assert results(answer) == {
        first: f"Published as changeset {published[0]}",
        third: f"Published as changeset {published[1]}",
    }
    assert "2 of 2 decided" in text(answer)
    assert "See what is left: 1" in text(answer)


def test_everything_ticked_is_decided_as_a_single_one_would_be(people, register, signed_in, file):
    small, large = file(maker(1)), file(*reduced(register))
    rita = signed_in("rita")
    answer = rita.post(SHEET, sent_by(rita, verdict="approve"))
    assert states(small, large) == ["published", "open"]
    assert results(answer)[large] == "Approved. Still needed: One more approval."
    assert "1 is published." in text(answer)


def test_all_are_rejected_with_the_same_words(people, signed_in, file):
    numbers = [file(maker(n)) for n in range(3)]
    rita = signed_in("rita")
    typed = {"verdict": "reject", "reason": "out-of-scope", "comment": "These are traders."}
    answer = rita.post(SHEET, sent_by(rita, **typed))
    assert states(*numbers) == ["rejected"] * 3
    given = set(Review.objects.values_list("verdict", "reason", "comment"))
    assert given == {("reject", "out-of-scope", "These are traders.")}
    assert set(results(answer).values()) == {"Rejected"}


def test_changes_are_requested_from_all(signed_in, file):
    numbers = [file(maker(n)) for n in range(2)]
    rita = signed_in("rita")
    answer = rita.post(SHEET, sent_by(rita, verdict="request_changes", comment="Name the city."))
    assert states(*numbers) == ["changes_requested"] * 2
    assert set(results(answer).values()) == {"Changes requested"}


def test_of_two_that_contradict_each_other_the_first_is_published_and_the_second_conflicts(
    register, signed_in, file
):
    first = file(change("chokepoint", register.chokepoint, summary="One thing."))
    second = file(change("chokepoint", register.chokepoint, summary="Another."))
    rita = signed_in("rita")
    answer = rita.post(SHEET, sent_by(rita, verdict="approve"))
    assert states(first, second) == ["published", "conflicting"]
    assert "conflicts with what was published meanwhile: Summary was changed" in results(answer)[second]


def test_each_is_refused_for_its_own_reason_and_stops_no_other(people, signed_in, file):
    good, moved, own, over = file(maker(1)), file(maker(2)), file(maker(3), actor=people.both), file(maker(4))
    draft = draft_proposal(actor=people.emma, title="Secret", rationale="R", changes=[]).number
    revise_proposal(actor=people.emma, number=moved, version=1, title="T", rationale="R", changes=[maker(5)])
    review_proposal(
        actor=people.ravi, number=over, version=1, verdict="reject", comment="No.", reason="known"
    )
    boxes = [f"{number}:1" for number in (moved, own, over, draft, 10**8, good)]
    answer = signed_in("both").post(SHEET, {"verdict": "approve", "chosen": [*boxes, "nonsense"]})
    said = results(answer)
    assert states(good, moved, own, over) == ["published", "open", "open", "rejected"]
    assert "version 2 is the present one" in said[moved]
    assert "wrote any part of" in said[own]
    assert "while the proposal is rejected" in said[over]
    for number in (draft, 10**8, 0):
        assert f"There is no proposal {number}" in said[number]
    assert "Secret" not in text(answer)
    assert "1 of 7 decided" in text(answer)
    assert Review.objects.filter(verdict="approve").count() == 1


def test_sent_twice_it_is_done_once(people, signed_in, file):
    numbers = [file(maker(n)) for n in range(2)]
    rita = signed_in("rita")
    sent = sent_by(rita, verdict="approve")
    rita.post(SHEET, sent)
    again = rita.post(SHEET, sent | {"chosen": [*sent["chosen"], *sent["chosen"]]})
    assert Review.objects.count() == 2
    assert len(results(again)) == 2
    assert all(words.startswith("Not done.") for words in results(again).values())
    assert states(*numbers) == ["published"] * 2


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({}, "Choose a verdict."),
        ({"verdict": "publish"}, "Choose one of these verdicts."),
        ({"verdict": "reject", "comment": "No."}, "Choose a reason from the list."),
        ({"verdict": "reject", "reason": "nonsense", "comment": "No."}, "Choose a reason from the list."),
        ({"verdict": "reject", "reason": "known", "comment": ""}, "Say why: the author needs your reason."),
        ({"verdict": "request_changes"}, "Say why: the author needs your reason."),
        ({"verdict": "approve", "comment": "a\0b"}, "control character U+0000"),
        ({"verdict": "approve", "comment": "x" * 20_001}, "at most 20,000 fit here"),
        ({"verdict": "approve", "chosen": []}, "Choose between one and 100 proposals."),
        ({"verdict": "approve", "chosen": [f"{n}:1" for n in range(1, MOST_AT_ONCE + 2)]}, "Choose between one and 100"),
        ({"verdict": "\0", "reason": "\0", "chosen": ["\0", "1:\0", "-1:-1", "9" * 5_000]}, "Choose one of these"),
    ],
)  # fmt: skip
def test_what_can_not_be_a_verdict_on_any_is_refused_and_nothing_is_done(signed_in, file, typed, words):
    first, second = file(maker(1)), file(maker(2))
    rita = signed_in("rita")
    answer = rita.post(SHEET, {"chosen": [f"{second}:1"]} | typed)
    assert answer.status_code == 422
    assert words in text(answer)
    assert states(first, second) == ["open", "open"]
    assert not Review.objects.exists()
    if "chosen" not in typed:  # what was unticked stays unticked
        assert form_on(answer, having="comment")["chosen"] == [f"{second}:1"]


def test_boxes_that_are_nonsense_are_answered_one_by_one(signed_in, file):
    number = file(maker(1))
    boxes = [
        "",
        ":",
        "x:y",
        "-1:1",
        f"{number}",
        f"{number}:",
        f"{number}:x",
        "9" * 5_000 + ":1",
        "１:１",
        "1e3:1",
    ]
    answer = signed_in("rita").post(SHEET, {"verdict": "approve", "chosen": boxes})
    assert answer.status_code == 200
    assert states(number) == ["open"]
    assert not Review.objects.exists()


def test_texts_of_others_are_shown_as_texts(signed_in, file):
    number = file(maker(1), title="<script>alert(1)</script> T", batch="<b>sheet</b>")
    rita = signed_in("rita")
    address = "/queue/batch/?batch=%3Cb%3Esheet%3C/b%3E"
    for answer in (rita.get(address), rita.post(address, {"verdict": "approve", "chosen": [f"{number}:1"]})):
        page = answer.content.decode()
        assert answer.status_code == 200
        assert "<script>alert" not in page
        assert "<b>sheet" not in page
        assert "&lt;script&gt;alert" in page


@pytest.mark.parametrize("name", ["emma", "nobody", "admin"])
def test_only_reviewers_decide(signed_in, file, name):
    number = file(maker(1))
    answer = signed_in(name).post(SHEET, {"verdict": "approve", "chosen": [f"{number}:1"]})
    assert answer.status_code == 403
    assert states(number) == ["open"]


def test_the_queue_leads_to_what_can_be_decided_together(signed_in, file):
    for n in range(3):
        file(maker(n))
    page = text(signed_in("rita").get(reverse("queue")))
    assert 'href="/queue/batch/?batch=sheet">3 of the batch sheet' in page
    assert "3 by emma" in page
    assert 'href="/queue/batch/?batch=sheet">Decide these together' in text(
        signed_in("rita").get("/queue/?batch=sheet")
    )
