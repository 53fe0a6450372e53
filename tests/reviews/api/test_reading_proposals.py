"""Reading proposals: lists and their filters, one proposal, conditional answers, and what each costs."""

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from reviews.models import Proposal
from reviews.services.drafting import withdraw_proposal
from reviews.services.roles import EDITORS
from tests.reviews.api.conftest import example
from tests.reviews.conftest import change, create, make_person, reduced

pytestmark = pytest.mark.django_db


@pytest.fixture
def several(propose, people, register, build):
    """Proposals by what they are about: the status, a text, an organization, and one that was withdrawn."""
    optics = build.sector("optics", name="Optics")
    lenses = build.sector("lenses", name="Lenses", parent=optics)
    lens = build.chokepoint("lens", sector=lenses)
    found = {
        "status": propose(*reduced(register), title="Microspheres: reduced"),
        "text": propose(change("chokepoint", lens, summary="Glass."), title="透镜 lens", actor=people.both),
        "works": propose(create("organization", key="works", name="Works"), title="New works"),
        "gone": propose(change("chokepoint", register.chokepoint, scope="Spacers."), title="Scope"),
    }
    withdraw_proposal(actor=people.emma, number=found["gone"])
    Proposal.objects.filter(pk=found["works"]).update(batch="May")
    return found | {"optics": optics, "lens": lens}


def test_lists_are_narrowed_as_the_queue_is(several, program, people, register):
    client, names = program(), {number: name for name, number in several.items()}
    author = people.both.contributor.pk
    source = Proposal.objects.get(pk=several["status"]).present_version().changes.get(kind="source").record
    for query, expected in {
        "": ["gone", "works", "text", "status"],
        "ordering=number": ["status", "text", "works", "gone"],
        "state=open": ["works", "text", "status"],
        "state__in=open,withdrawn&kind=chokepoint": ["gone", "text"],
        f"author={author}": ["text"],
        f"author={uuid.uuid4()}": [],
        "sector=optics": ["text"],
        f"sector={several['optics']}": ["text"],
        "kind=assessment": ["status"],
        "record=chokepoint:microspheres": ["gone", "status"],
        f"record={several['lens']}": ["text"],
        "source=example-article": [],
        f"record={source}": ["status"],
        "batch=May": ["works"],
        "effect=status": ["status"],
        "needs=one": ["works", "text"],
        "needs=more": ["status"],
        "needs=obstructed": [],
        "search=透镜 LENS": ["text"],
        "search=New+works&state=withdrawn": [],
    }.items():
        found = client.read(f"?{query}").json()["results"]
        assert [names[one["number"]] for one in found] == expected, query
    assert client.read("?count=true&page_size=1").json()["count"] == 4


def test_pages_lead_through_all_of_them_and_back(several, program):
    client, seen, address = program(), [], "?page_size=3"
    while address:
        page = client.read(address).json()
        seen += [one["number"] for one in page["results"]]
        address, last = page["next"], page
    assert seen == sorted(seen, reverse=True) and len(seen) == 4
    assert [one["number"] for one in client.read(last["previous"]).json()["results"]] == seen[:3]


def test_the_number_of_queries_doesnt_grow_with_what_is_shown(
    several, program, propose, people, register, build
):
    client = program()

    def queries(address: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.read(address).status_code == 200
        return len(captured)

    points = [build.chokepoint(f"c-{number}", sector=register.sector) for number in range(20)]

    def proposal_of(points: list[str], as_of: str) -> int:
        changes = (change("chokepoint", one, summary=f"S. {as_of}") for one in points)
        return propose(*changes, *reduced(register, as_of=as_of))

    few = queries(""), queries(f"{proposal_of(points[:2], '2025')}/")
    for number in range(5):
        propose(create("organization", key=f"works-{number}", name=f"Works {number}"), title="More")
    many = proposal_of(points, "2026")
    assert queries("") == few[0] <= 10
    assert queries(f"{many}/") <= few[1] + 8 <= 80
    assert queries(f"{many}/versions/") <= 12
    assert queries(f"{many}/comments/") <= 12


def test_an_answer_has_an_etag_that_changes_with_it(program, register, people):
    emma, rita = program("emma"), program("rita")
    address = emma.send("", example(submit=True)).json()["self"]
    for path in (
        address,
        f"{address}versions/",
        f"{address}versions/1/",
        f"{address}comments/",
        f"{address}conflicts/",
        "",
    ):
        first = rita.read(path)
        assert first.status_code == 200
        assert first["Cache-Control"] == "private, no-cache"
        assert {"Accept", "Authorization", "Cookie"} <= {part.strip() for part in first["Vary"].split(",")}
        assert first["Last-Modified"].endswith("GMT")
        assert first["X-Robots-Tag"] == "noindex"
        held = rita.read(path, If_None_Match=first["ETag"])
        assert (held.status_code, held.content, held["ETag"]) == (304, b"", first["ETag"])
    seen = {rita.read(address)["ETag"]}
    assert seen != {emma.read(address)["ETag"]}  # their moves differ
    for act in (
        lambda: rita.send(f"{address}claim/"),
        lambda: rita.send(f"{address}reviews/", {"version": 1, "verdict": "approve"}),
        lambda: emma.send(f"{address}authors/", {"name": "both"}),
        lambda: make_person("new", "Reviewers"),  # whose turn it is, too
        lambda: emma.patch_to(address, {"version": 1, "title": "T"}),
    ):
        act()
        etag = rita.read(address)["ETag"]
        assert etag not in seen
        seen.add(etag)


def test_what_isnt_published_says_so_and_what_is_names_its_changeset(program, register):
    emma = program("emma")
    address = emma.send("", example(submit=True)).json()["self"]
    assert program().read(address).json()["notice"] == "proposed, not reviewed"
    assert program().read(address).json()["moves"] == []
    for name in ("rita", "ravi"):
        answer = program(name).send(f"{address}reviews/", {"version": 1, "verdict": "approve"})
    body = program().read(address).json()
    assert (body["state"], body["notice"]) == ("published", None)
    assert body["changeset"] == answer.json()["changeset"]
    assert program().read(body["links"]["changeset"]).json()["reference"] == f"proposal:{body['number']}"
    assert [one["reviewer"]["name"] for one in body["reviews"]] == ["rita", "ravi"]


def test_memory_is_shown_to_those_who_write_or_judge(program, register, people):
    address = program("emma").send("", example(submit=True)).json()["self"]
    program("rita").send(
        f"{address}reviews/", {"version": 1, "verdict": "reject", "reason": "known", "comment": "So."}
    )
    again = program("erik").send("", example(submit=True, what_is_new="More.")).json()["self"]
    for name, shown in (("erik", True), ("ravi", True), ("emma", False), (None, False)):
        memory = program(name).read(again).json()["memory"]
        assert bool(memory and memory["rejected"]) == shown


def test_the_index_leads_to_proposals(program):
    found = program().read("/api/v1/").json()["proposals"]
    assert program().read(found).json() == {"next": None, "previous": None, "results": []}


def test_the_group_that_proposes_is_told_apart_from_the_account(program, register, people):
    people.emma.groups.clear()
    assert EDITORS == "Editors"
    assert program("emma").send("", example()).json()["code"] == "not-allowed"
