"""The queue as reviewers use it: groups, rows, filters, filters that are kept, and the sectors that they know."""

import datetime as dt
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from chokepoints.services.contributing import contributor_for
from reviews.filters import QueueFilter
from reviews.models import Expertise, Proposal, SavedFilter
from reviews.services.arranging import save_filter, set_expertise
from reviews.services.claiming import claim_proposal, standing_claim
from reviews.services.drafting import draft_proposal, submit_proposal
from reviews.services.limiting import set_limit
from reviews.services.reviewing import review_proposal
from tests.reviews.conftest import change, create, reduced
from tests.reviews.typing_in import form_on

pytestmark = pytest.mark.django_db

QUEUE = "/queue/"


@pytest.fixture
def file(people):
    """A function that hands in a proposal, of a batch if one is named, and returns its number."""

    def file(*changes, title="T", actor=None, batch=""):
        actor = actor or people.emma
        number = draft_proposal(actor=actor, title=title, rationale="R", changes=changes, batch=batch).number
        submit_proposal(actor=actor, number=number, version=1)
        return number

    return file


def maker(n):
    return create("organization", name=f"Maker {n}", key=f"maker-{n}")


def wait(number, days):
    Proposal.objects.filter(pk=number).update(waiting_since=timezone.now() - dt.timedelta(days=days))


def text(answer):
    return unescape(answer.content.decode())


def between(page, start, end):
    return page.split(start, 1)[1].split(end, 1)[0]


def row_of(page, number):
    """Return the words of the row of a proposal."""
    _, *rows = page.split("<tr>")
    return next(row for row in rows if f"/proposals/{number}/?from=" in row)


# --- groups and rows


def test_mine_come_first_then_what_nobody_is_on_then_the_rest(people, register, signed_in, file):
    free, mine, taken, known = (
        file(maker(1)), file(maker(2)), file(maker(3)), file(change("chokepoint", register.chokepoint, scope="New."))
    )  # fmt: skip
    claim_proposal(actor=people.rita, number=mine)
    claim_proposal(actor=people.ravi, number=taken)
    set_expertise(actor=people.rita, sectors=[register.sector])
    page = text(signed_in("rita").get(QUEUE))
    heads = ["Yours", "From a sector that you know", "Nobody is on it", "Somebody else is on it"]
    places = [page.index(f"<h2>{head}") for head in heads]
    rows = [page.rindex(f"/proposals/{number}/?from=") for number in (mine, known, free, taken)]
    heads_and_rows = [place for pair in zip(places, rows, strict=True) for place in pair]
    assert heads_and_rows == sorted(heads_and_rows)
    assert f"Begin with #{mine}" in page


def test_a_row_says_what_to_know_before_one_reads_it(people, register, signed_in, file):
    number = file(*reduced(register), title="Microspheres: reduced", batch="sheet")
    wait(number, 9)
    review_proposal(actor=people.ravi, number=number, version=1, verdict="approve")
    row = row_of(text(signed_in("rita").get(QUEUE)), number)
    for words in (
        "Microspheres: reduced", f"#{number}", "assessment, evidence, source", "changes a status", "emma", "sheet",
        "Materials", "One more approval.", "1 of 2 given", "9 days", "old", "I am on it",
    ):  # fmt: skip
        assert words in row, words


def test_old_is_what_the_limit_says(people, signed_in, file):
    number = file(maker(1))
    wait(number, 9)
    set_limit(actor=people.admin, key="old", value=10)
    assert "is-old" not in row_of(text(signed_in("rita").get(QUEUE)), number)
    set_limit(actor=people.admin, key="old", value=9)
    assert "is-old" in row_of(text(signed_in("rita").get(QUEUE)), number)


def test_what_can_not_be_published_says_why_and_can_be_read(people, register, signed_in, file, build):
    number = file(change("chokepoint", register.chokepoint, summary="Mine."))
    Proposal.objects.filter(pk=number).update(obstacles=["Summary was changed meanwhile.", "B.", "C."])
    page = text(signed_in("rita").get(QUEUE))
    assert "It can't be published as it stands" in page
    assert "Summary was changed meanwhile. And 2 more." in row_of(page, number)
    assert "I am on it" not in row_of(page, number)


def test_what_the_present_members_can_not_decide_says_so_and_who_is_missing(
    people, register, signed_in, file
):
    number = file(*reduced(register))
    for user in (people.ravi, people.rosa, people.both):
        user.groups.clear()
    row = row_of(text(signed_in("rita").get(QUEUE)), number)
    assert "2 more approvals." in row
    assert "It can't be decided for now: 1 more reviewer would be needed." in row
    assert f"{reverse('policy-list')}#undecidable" in row


def test_who_is_on_it_and_until_when_stands_beside_it(people, signed_in, file):
    number = file(maker(1))
    claim = claim_proposal(actor=people.ravi, number=number)
    row = row_of(text(signed_in("rita").get(QUEUE)), number)
    assert "ravi" in row
    assert f"until {claim.lapses:%m-%d %H:%M}" in row
    assert "I am on it" not in row
    assert "Give back" in row_of(text(signed_in("ravi").get(QUEUE)), number)


def test_the_buttons_claim_and_give_back_and_lead_to_the_same_part_of_the_queue(people, signed_in, file):
    number = file(maker(1), batch="sheet")
    rita = signed_in("rita")
    claim = reverse("proposal-claim", args=[number])
    assert claim in text(rita.get(QUEUE + "?batch=sheet"))
    answer = rita.post(claim, form_on(rita.get(QUEUE + "?batch=sheet"), having="from"))
    assert (answer.status_code, answer.url) == (302, "/queue/?batch=sheet")
    assert standing_claim(Proposal.objects.get(pk=number)).reviewer == contributor_for(people.rita)
    rita.post(reverse("proposal-release", args=[number]), {"from": ""})
    assert standing_claim(Proposal.objects.get(pk=number)) is None


def test_a_rows_link_carries_the_filter_and_the_verdict_leads_on_within_it(people, signed_in, file):
    first, other, second = file(maker(1), batch="sheet"), file(maker(2)), file(maker(3), batch="sheet")
    rita = signed_in("rita")
    page = text(rita.get(QUEUE + "?batch=sheet&page=1&nonsense=2"))
    link = between(page[page.index("<table") :], f'href="/proposals/{first}/', '"')
    assert parse_qs(urlsplit(link).query) == {"from": ["batch=sheet"]}
    review = form_on(rita.get(f"/proposals/{first}/{link}"), having="comment")
    answer = rita.post(
        reverse("review-new", args=[first]), review | {"verdict": "approve", "from": "batch=sheet"}
    )
    assert answer.status_code == 302
    assert f"/proposals/{second}/" in answer.url
    assert Proposal.objects.get(pk=other).state == "open"


def test_an_empty_queue_says_so(signed_in, people, file):
    assert "Nothing waits for a review." in text(signed_in("rita").get(QUEUE))
    file(maker(1), actor=people.both)
    assert "Nothing waits for a review." in text(signed_in("both").get(QUEUE))
    assert "Nothing in your queue fits." in text(signed_in("rita").get(QUEUE + "?kind=evidence"))


def test_a_page_asks_equally_much_whatever_its_length(people, register, signed_in, file, build):
    def fill(n):
        sector = build.sector(f"sector-{n}")
        chokepoint = build.chokepoint(f"chokepoint-{n}", sector=sector)
        about = file(change("chokepoint", chokepoint, summary="New."), batch="sheet", actor=people.erik)
        claim_proposal(actor=people.rita, number=file(maker(n), batch="sheet"))
        statement = create(
            "evidence", source=register.source, claim=f"C{n}", nature="opinion",
            bears_on=[{"chokepoint": chokepoint, "stance": "context"}],
        )  # fmt: skip
        claim_proposal(actor=people.ravi, number=file(statement))
        status = file(*reduced(register, as_of=f"2024-{n:02}"))
        review_proposal(actor=people.ravi, number=status, version=1, verdict="approve")
        Proposal.objects.filter(pk=about).update(obstacles=["No."])

    rita = signed_in("rita")
    save_filter(actor=people.rita, name="A", query="kind=source")
    set_expertise(actor=people.rita, sectors=[register.sector])
    fill(1)
    fill(2)
    with CaptureQueriesContext(connection) as short:
        rita.get(QUEUE)
    for n in range(3, 8):
        fill(n)
    with CaptureQueriesContext(connection) as long:
        page = text(rita.get(QUEUE))
    assert page.count("?from=") >= 4 * 7
    assert len(long) == len(short)


def test_long_queues_come_in_pages_that_keep_the_filter(people, signed_in, file, monkeypatch):
    monkeypatch.setattr("reviews.views.queue.PER_PAGE", 2)
    numbers = [file(maker(n), batch="sheet") for n in range(5)]
    rita = signed_in("rita")
    first = text(rita.get(QUEUE + "?batch=sheet"))
    assert "1–2 of 5" in first
    second = text(rita.get(between(first, 'rel="next" href="', '"')))
    assert [number for number in numbers if f"/proposals/{number}/?from=" in second] == numbers[2:4]
    assert '<h2>Nobody is on it <span class="count">5</span>' in second


# --- filters


@pytest.fixture
def some(people, register, file, build):
    """Proposals of every sort, by name."""
    part = build.sector("part", parent=register.sector)
    in_part = build.chokepoint("in-part", sector=part)
    some = {
        "status": file(*reduced(register), title="Microspheres are made at home"),
        "words": file(change("chokepoint", register.chokepoint, scope="New."), title="What is meant", actor=people.erik),
        "source": file(change("source", register.source, title="Another"), title="微球 source", batch="sheet 1"),
        "evidence": file(change("evidence", register.evidence, claim="Other."), title="A claim", batch="sheet 1"),
        "part": file(change("chokepoint", in_part, scope="New."), title="A part of it"),
        "retire": file(change("source", build.source(key="spare"), "retire"), title="A spare source"),
        "obstructed": file(maker(1), title="A maker"),
        "mine": file(maker(2), title="Mine"),
        "taken": file(maker(3), title="Taken"),
    }  # fmt: skip
    Proposal.objects.filter(pk=some["obstructed"]).update(obstacles=["No."])
    claim_proposal(actor=people.rita, number=some["mine"])
    claim_proposal(actor=people.ravi, number=some["taken"])
    wait(some["words"], 20)
    wait(some["part"], 10)
    return some


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("q=source", "source retire"),
        ("q=微球", "source"),
        ("q=MADE+home", "status"),
        ("q=%25", ""),
        ("sector=materials", "status words part evidence"),
        ("sector=part", "part"),
        ("kind=chokepoint", "words part"),
        ("kind=assessment", "status"),
        ("effect=status", "status"),
        ("effect=existence", "retire"),
        ("effect=content", "words source evidence part obstructed mine taken"),
        ("needs=one", "words source evidence part mine taken"),
        ("needs=more", "status retire"),
        ("needs=obstructed", "obstructed"),
        ("claimed=me", "mine"),
        ("claimed=others", "taken"),
        ("claimed=nobody", "status words source evidence part retire obstructed"),
        ("older_than=15", "words"),
        ("older_than=9", "words part"),
        ("older_than=0", "status words source evidence part retire obstructed mine taken"),
        ("batch=sheet+1", "source evidence"),
        ("batch=sheet", ""),
        ("source=example-article", "source evidence"),
        ("source=/sources/example-article/", "source evidence"),
        ("source=spare", "retire"),
        ("author=EMMA", "status source evidence part retire obstructed mine taken"),
        ("author=ERIK", "words"),
        ("author=6b1f0e52-3c57-5f0c-9a55-0d2a6f3f6a99", ""),
        ("kind=chokepoint&older_than=15", "words"),
        ("nonsense=1&page=1", "status words source evidence part retire obstructed mine taken"),
        ("kind=&sector=&q=+", "status words source evidence part retire obstructed mine taken"),
    ],
)
def test_filters_narrow_the_queue(people, some, query, expected):
    for name in ("emma", "erik"):
        query = query.replace(name.upper(), str(getattr(people, name).contributor.pk))
    found = QueueFilter(people.rita, query)
    assert not found.errors
    names = {number: name for name, number in some.items()}
    assert {names[proposal.pk] for proposal in found.qs} == set(expected.split())


@pytest.mark.parametrize(
    "query",
    [
        "kind=nonsense", "kind=policy", "sector=nonsense", "sector=%00", "effect=x", "needs=x", "claimed=x",
        "older_than=x", "older_than=-1", "older_than=3651", "older_than=1.5", "older_than=" + "9" * 5_000,
        "older_than=NaN", "author=x", "author=%00", "author=" + "9" * 5_000, "batch=%00", "batch=" + "x" * 101,
        "source=nonsense", "source=%00", "source=%ED%A0%80", "source=/chokepoints/microspheres/", "source=ref:1",
        "source=" + "x" * 60_000, "q=%00", "q=" + "x" * 201,
    ],
)  # fmt: skip
def test_a_wrong_filter_is_named_beside_its_field_and_narrows_nothing(signed_in, file, query):
    number = file(maker(1))
    answer = signed_in("rita").get(f"{QUEUE}?{query}")
    page = text(answer)
    assert answer.status_code == 200
    assert f"/proposals/{number}/?from=" in page
    field = query.partition("=")[0]
    assert f'id="id_{field}_error"' in page
    errors = between(page, f'id="id_{field}_error"><li>', "</li>")
    assert errors.endswith(".")


@pytest.mark.parametrize(
    "query",
    [
        "page=x", "page=0", "page=-1", "page=" + "9" * 5_000, "page=%00", "&&&===", "q[]=1&kind[]=2", "a=" * 900,
        "kind=evidence&kind=source", "%00=%00", "q=%25%5F%5C%22%27", "from=%00",
    ],
)  # fmt: skip
def test_whatever_is_asked_the_queue_answers(signed_in, file, query):
    file(maker(1))
    assert signed_in("rita").get(f"{QUEUE}?{query}").status_code == 200


def test_a_form_keeps_what_was_chosen_also_when_nothing_of_it_is_open(people, signed_in, file):
    number = file(maker(1), batch="sheet", actor=people.erik)
    query = f"?batch=sheet&author={contributor_for(people.erik).pk}&older_than=0"
    rita = signed_in("rita")
    sent = form_on(rita.get(QUEUE + query), having="older_than")
    assert [sent[name] for name in ("batch", "author", "older_than")] == [
        ["sheet"],
        [str(people.erik.contributor.pk)],
        ["0"],
    ]
    review_proposal(
        actor=people.ravi, number=number, version=1, verdict="reject", comment="No.", reason="known"
    )
    assert form_on(rita.get(QUEUE + query), having="older_than") == sent


def test_unknown_and_empty_parameters_are_no_part_of_a_filter(people):
    found = QueueFilter(people.rita, "x=1&kind=&q=+a+&page=4&needs=one")
    assert found.chosen == {"q": "a", "needs": "one"}
    assert found.query == "q=a&needs=one"


# --- filters that are kept


def test_a_filter_is_kept_shown_and_deleted(people, signed_in, file):
    rita = signed_in("rita")
    form = form_on(rita.get(QUEUE + "?kind=source&page=1&x=2"), having="name")
    answer = rita.post(reverse("saved-filter-new"), form | {"name": "My own"})
    assert (answer.status_code, answer.url) == (302, "/queue/?kind=source")
    page = text(rita.get(QUEUE))
    assert '<a href="/queue/?kind=source">My own</a>' in page
    saved = SavedFilter.objects.get()
    delete = reverse("saved-filter-delete", args=[saved.pk])
    assert delete in page
    assert "My own" not in text(signed_in("ravi").get(QUEUE))
    assert signed_in("ravi").post(delete).status_code == 404
    assert rita.post(delete).status_code == 302
    assert not SavedFilter.objects.exists()
    assert rita.post(delete).status_code == 404


def test_there_is_nothing_to_keep_where_nothing_is_narrowed(signed_in):
    assert reverse("saved-filter-new") not in text(signed_in("rita").get(QUEUE))
    assert reverse("saved-filter-new") not in text(signed_in("rita").get(QUEUE + "?kind=nonsense"))


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({"name": "", "query": "kind=source"}, "Give the filter a name."),
        ({"name": "A", "query": "kind=nonsense"}, "There is no “nonsense” to choose here."),
        ({"name": "A"}, "Narrow the queue first"),
        ({}, "Give the filter a name."),
        ({"name": "a\0b", "query": "kind=source"}, "control character"),
        ({"name": "x" * 5_000, "query": "kind=source"}, "at most 60"),
        ({"name": "A", "query": "q=" + "x" * 5_000}, "at most 2,000 fit here"),
        ({"name": "A", "query": "q=\0"}, "control character"),
        ({"name": "A", "query": "<script>=<script>"}, "Narrow the queue first"),
    ],
)
def test_a_filter_that_is_refused_says_why_and_keeps_what_was_typed(people, signed_in, sent, words):
    answer = signed_in("rita").post(reverse("saved-filter-new"), sent)
    page = text(answer)
    assert answer.status_code == 422
    assert words in page
    assert "<script>=" not in answer.content.decode()
    if sent.get("name") == "A":
        assert form_on(answer, having="name")["name"] == ["A"]
    assert not SavedFilter.objects.exists()


# --- sectors


def test_a_reviewer_ticks_the_sectors_that_they_know(people, register, signed_in, build):
    part = build.sector("part", parent=register.sector)
    rita = signed_in("rita")
    page = rita.get(reverse("expertise"))
    assert "Materials › Part" in text(page)
    assert rita.post(reverse("expertise"), {"sectors": [register.sector, part]}).url == QUEUE
    assert form_on(rita.get(reverse("expertise")), having="sectors")["sectors"] == [register.sector, part]
    rita.post(reverse("expertise"), {})
    assert not Expertise.objects.exists()


@pytest.mark.parametrize("wrong", ["x", "\0", "9" * 5_000, "6b1f0e52-3c57-5f0c-9a55-0d2a6f3f6a99"])
def test_a_sector_that_is_not_there_is_refused_in_words(people, register, signed_in, wrong):
    answer = signed_in("rita").post(reverse("expertise"), {"sectors": [register.sector, wrong]})
    assert answer.status_code == 422
    assert text(answer).count("One of these sectors isn't there any more.") == 1
    assert form_on(answer, having="sectors")["sectors"] == [register.sector]
    assert not Expertise.objects.exists()


# --- who may


ADDRESSES = [
    "/queue/",
    "/queue/filters/",
    "/queue/filters/1/delete/",
    "/queue/sectors/",
    "/queue/batch/?batch=x",
]


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("name", ["emma", "nobody", "admin"])
def test_only_reviewers_come_in(signed_in, address, name):
    assert signed_in(name).get(address).status_code == 403
    assert signed_in(name).post(address, {"name": "A", "query": "kind=source"}).status_code == 403


@pytest.mark.parametrize("address", ADDRESSES)
def test_visitors_sign_in_and_come_back_to_a_page(signed_in, address):
    for answer in (signed_in().get(address), signed_in().post(address)):
        assert answer.status_code == 302
        assert answer.url.startswith(reverse("login"))
    assert signed_in("rita").get(address).status_code in (200, 302)


@pytest.mark.parametrize("address", ["/queue/filters/0/delete/", "/queue/filters/" + "9" * 30 + "/delete/"])
def test_what_is_not_there_is_not_deleted(signed_in, address):
    assert signed_in("rita").post(address).status_code == 404
