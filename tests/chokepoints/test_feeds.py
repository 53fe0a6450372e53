"""Feeds tell what was published, once and for ever under the same id, whatever people have typed."""

import datetime as dt
import os
import uuid
import xml.etree.ElementTree as ET
from html.parser import HTMLParser

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from chokepoints import moments
from chokepoints.following import NAMED
from chokepoints.ground import chokepoints_on
from chokepoints.models import Changeset
from chokepoints.services import releasing
from chokepoints.services.publishing import Verdict
from chokepoints.views import feeds
from tests.builders import small_register

pytestmark = [pytest.mark.django_db, pytest.mark.database]
ATOM = "{http://www.w3.org/2005/Atom}"
QUOTE = "全世界只有日本一兩家公司可以提供，\uf9d0金属\ufa19𠮷"


@pytest.fixture
def ids(build):
    """Changesets 1 to 5: a sector, a chokepoint in it, a source, evidence, an assessment."""
    return small_register(build)


@pytest.fixture
def feed(client):
    def get(address: str, **headers: str) -> ET.Element:
        answer = client.get(address, headers=headers)
        assert answer.status_code == 200, (address, answer.status_code)
        assert answer["Content-Type"].startswith("application/atom+xml")
        return whole(ET.fromstring(answer.content))

    return get


def whole(document: ET.Element) -> ET.Element:
    """Return a document after checking what RFC 4287 demands of every feed and entry."""
    assert document.tag == f"{ATOM}feed"
    for one in [document, *document.findall(f"{ATOM}entry")]:
        for name in ("id", "title", "updated"):
            assert len(one.findall(f"{ATOM}{name}")) == 1, name
            assert one.findtext(f"{ATOM}{name}"), name
        assert one.findtext(f"{ATOM}id").startswith("urn:uuid:")
        assert moments.read_time(one.findtext(f"{ATOM}updated"))
        assert len(links(one, "alternate")) == 1
    assert document.findtext(f"{ATOM}author/{ATOM}name")
    assert len(links(document, "self")) == 1
    entry_ids = [entry.findtext(f"{ATOM}id") for entry in document.findall(f"{ATOM}entry")]
    assert len(entry_ids) == len(set(entry_ids))
    assert all(
        entry.find(f"{ATOM}content").get("type") == "html" for entry in document.findall(f"{ATOM}entry")
    )
    return document


def links(element: ET.Element, relation: str) -> list[str]:
    return [link.get("href") for link in element.findall(f"{ATOM}link") if link.get("rel") == relation]


def numbers(document: ET.Element) -> list[int]:
    """Return the changesets (or releases) that a feed's entries lead to."""
    found = [links(entry, "alternate")[0] for entry in document.findall(f"{ATOM}entry")]
    return [int(address.rstrip("/").rpartition("/")[2]) for address in found]


def content(document: ET.Element, place: int = 0) -> str:
    return document.findall(f"{ATOM}entry")[place].findtext(f"{ATOM}content")


def read(html: str) -> tuple[str, set[str]]:
    """Return the text of some HTML, and the tags in it."""
    texts, tags = [], set()
    parser = HTMLParser()
    parser.handle_data = texts.append
    parser.handle_starttag = lambda tag, attrs: tags.add(tag)
    parser.feed(html)
    return "".join(texts), tags


def redact(*commitments: str) -> None:
    """Take texts away, as a redaction would: past the triggers that keep them."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(
                "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name LIKE '%opening'"
            )
            for (name,) in cursor.fetchall():
                cursor.execute(f'DROP TRIGGER "{name}"')
        else:
            cursor.execute("ALTER TABLE chokepoints_opening DISABLE TRIGGER USER")
        for commitment in commitments:
            cursor.execute("DELETE FROM chokepoints_opening WHERE commitment = %s", [commitment])


def test_the_history_has_every_changeset_with_its_people_records_and_reasons(feed, build, ids):
    rita = build.person("Rita Example")
    build.several(
        build.change("chokepoint", "update", ids["chokepoint"], summary="Tiny beads.", aliases=["beads"]),
        summary="What they are",
        rationale="Nobody could tell.",
        reviews=[Verdict(str(rita.pk), "approve", 1, "")],
    )
    document = feed("/history/feed.atom")
    assert numbers(document) == [6, 5, 4, 3, 2, 1]
    assert links(document, "alternate") == ["http://testserver/history/"]
    assert links(document, "self") == ["http://testserver/history/feed.atom"]
    assert not links(document, "next")
    entry = document.find(f"{ATOM}entry")
    changeset = Changeset.objects.get(number=6)
    assert entry.findtext(f"{ATOM}title") == "What they are"
    assert moments.read_time(entry.findtext(f"{ATOM}updated")) == changeset.time
    assert document.findtext(f"{ATOM}updated") == entry.findtext(f"{ATOM}updated")
    assert [name.text for name in entry.findall(f"{ATOM}author/{ATOM}name")] == ["Ada Example"]
    text, _ = read(content(document))
    assert "Nobody could tell." in text and "Approved by Rita Example." in text
    assert "Changed: chokepoint Microspheres (Aliases, Summary)" in text
    assert 'href="http://testserver/chokepoints/microspheres/"' in content(document)
    text, _ = read(content(document, 1))
    assert "Created: assessment Microspheres: critical as of 2018" in text and "not reviewed" in text


def test_an_empty_register_has_empty_feeds(feed, client):
    for address in ("/history/feed.atom", "/releases/feed.atom"):
        document = feed(address)
        assert not numbers(document)
        assert moments.read_time(document.findtext(f"{ATOM}updated")).date() == moments.today()
    assert client.get("/chokepoints/microspheres/feed.atom").status_code == 404


def test_a_chokepoint_has_what_touches_it_its_supplies_its_assessments_and_what_bears_on_it(feed, build, ids):
    build.chokepoint("photoresist", sector=ids["sector"])  # 6
    supply = build.supply(chokepoint=ids["chokepoint"])  # 7
    build.update("assessment", ids["assessment"], rank="deprecated", rank_reason="Refuted.")  # 8
    build.source("of-something-else")  # 9
    build.update("evidence", ids["evidence"], claim="None is in use.")  # 10
    build.retire("supply", supply)  # 11
    build.update("sector", ids["sector"], description="What things are made of.")  # 12
    build.update("chokepoint", ids["chokepoint"], summary="Beads.")  # 13
    document = feed("/chokepoints/microspheres/feed.atom")
    assert numbers(document) == [13, 11, 10, 8, 7, 5, 4, 2]
    assert document.findtext(f"{ATOM}title") == "Chokepoint Register: Microspheres"
    assert links(document, "alternate") == ["http://testserver/chokepoints/microspheres/"]
    assert numbers(feed("/chokepoints/photoresist/feed.atom")) == [6]


def test_what_bore_on_a_chokepoint_once_stays_in_its_feed_until_it_left(feed, build, ids):
    other = build.chokepoint("photoresist", sector=ids["sector"])  # 6
    supply = build.supply(chokepoint=ids["chokepoint"])  # 7
    elsewhere = [{"chokepoint": other, "stance": "context"}]
    build.update("evidence", ids["evidence"], bears_on=elsewhere)  # 8
    build.update("evidence", ids["evidence"], claim="Nobody makes any.")  # 9
    build.update("supply", supply, chokepoint=other)  # 10
    build.update("supply", supply, country="KR")  # 11
    assert numbers(feed("/chokepoints/microspheres/feed.atom")) == [10, 8, 7, 5, 4, 2]
    assert numbers(feed("/chokepoints/photoresist/feed.atom")) == [11, 10, 9, 8, 7, 6, 4]
    assert numbers(feed("/chokepoints/microspheres/feed.atom?before=8")) == [7, 5, 4, 2]


def test_a_chokepoint_has_what_moves_its_ground_and_nothing_else_of_its_sources(feed, build, ids):
    build.update("source", ids["source"], publisher="The Daily", title="A better title")  # 6
    build.update("source", ids["source"], standing="retracted", standing_reason="Invented.")  # 7
    other = build.chokepoint("photoresist", sector=build.sector("chips"))  # 8, 9
    build.evidence(chokepoint=other)  # 10, 11: another source
    document = feed("/chokepoints/microspheres/feed.atom")
    assert numbers(document) == [7, 5, 4, 2]
    assert "Changed: source A better title (Standing, Reason of standing)" in read(content(document))[0]
    assert numbers(feed("/sectors/materials/feed.atom")) == [7, 5, 4, 2, 1]
    assert numbers(feed("/chokepoints/photoresist/feed.atom")) == [11, 9]


def test_the_ground_of_a_chokepoint_reaches_to_the_origin(feed, build, ids):
    agency = build.source("agency")  # 6
    paper = build.source("paper", derivation="derived", derived_from=[agency])  # 7
    repost = build.source("repost", derivation="derived", derived_from=[paper])  # 8
    figure = build.source("figure")  # 9
    build.evidence(chokepoint=ids["chokepoint"], source=repost)  # 10
    build.evidence(chokepoint=ids["chokepoint"], source=repost, rests_on=[figure])  # 11
    assert numbers(feed("/chokepoints/microspheres/feed.atom")) == [11, 10, 5, 4, 2]
    for source in (agency, paper, repost, figure):  # 12 to 15
        build.update("source", source, reliability="E")
    assert numbers(feed("/chokepoints/microspheres/feed.atom")) == [15, 14, 13, 12, 11, 10, 5, 4, 2]
    assert numbers(feed("/chokepoints/microspheres/feed.atom?before=14")) == [13, 12, 11, 10, 5, 4, 2]
    assert chokepoints_on([agency]) == chokepoints_on([figure]) == {uuid.UUID(ids["chokepoint"])}


def test_retired_evidence_is_no_ground_any_more(feed, build, ids):
    origin, shared = build.source("origin"), build.source("shared")  # 6, 7
    repost = build.source("repost", derivation="derived", derived_from=[origin])  # 8
    lasting = build.evidence(chokepoint=ids["chokepoint"], source=shared)  # 9
    gone = build.evidence(chokepoint=ids["chokepoint"], source=repost, rests_on=[shared])  # 10
    build.retire("evidence", gone)  # 11
    build.update("source", repost, reliability="E")  # 12
    build.update("source", origin, reliability="E")  # 13
    build.update("source", shared, reliability="E")  # 14: carries the other one still
    assert numbers(feed("/chokepoints/microspheres/feed.atom")) == [14, 11, 10, 9, 5, 4, 2]
    assert chokepoints_on([repost]) == chokepoints_on([origin]) == set()
    assert chokepoints_on([shared]) == {uuid.UUID(ids["chokepoint"])}
    build.retire("evidence", lasting)  # 15
    assert chokepoints_on([shared]) == set()
    assert chokepoints_on([build.source("alone")]) == chokepoints_on([]) == set()


def test_a_sector_has_its_chokepoints_and_those_of_the_sectors_under_it(feed, build, ids):
    optics = build.sector("optics", parent=ids["sector"])  # 6
    lens = build.chokepoint("lenses", sector=optics)  # 7
    build.supply(chokepoint=lens)  # 8
    chips = build.sector("chips")  # 9
    build.chokepoint("photoresist", sector=chips)  # 10
    document = feed("/sectors/materials/feed.atom")
    assert numbers(document) == [8, 7, 6, 5, 4, 2, 1]
    assert links(document, "alternate") == [f"http://testserver/records/sector/{ids['sector']}/"]
    assert numbers(feed("/sectors/optics/feed.atom")) == [8, 7, 6]
    build.update("chokepoint", lens, sector=chips)  # 11
    assert numbers(feed("/sectors/optics/feed.atom")) == [11, 7, 6]
    assert numbers(feed("/sectors/chips/feed.atom")) == [11, 10, 9, 8, 7]


def test_ids_are_the_same_in_every_feed_and_under_every_address_and_name(feed, build, ids, settings):
    settings.ALLOWED_HOSTS = ["*"]

    def found(address: str, host: str = "testserver") -> dict[int, str]:
        document = feed(address, host=host)
        entries = [entry.findtext(f"{ATOM}id") for entry in document.findall(f"{ATOM}entry")]
        return {0: document.findtext(f"{ATOM}id")} | dict(zip(numbers(document), entries, strict=True))

    before = found("/chokepoints/microspheres/feed.atom")
    build.update("chokepoint", ids["chokepoint"], key="beads", name="Beads")
    after = found("/chokepoints/beads/feed.atom", host="register.example")
    assert after.pop(6) and after == before
    history = found("/history/feed.atom")
    assert {number: history[number] for number in before if number} == {n: i for n, i in before.items() if n}
    assert history[0] != before[0] != found("/sectors/materials/feed.atom")[0]


def test_ids_may_never_change(feed, ids):
    """Another id for the same entry would make every reader show everything anew."""
    document = feed("/history/feed.atom")
    first = document.findall(f"{ATOM}entry")[-1]
    digest = Changeset.objects.get(number=1).digest
    space = uuid.UUID("b5f0f6a4-5d0e-4c55-9a3e-2f6a1c7d8e90")
    assert first.findtext(f"{ATOM}id") == uuid.uuid5(space, f"changeset {digest}").urn
    assert document.findtext(f"{ATOM}id") == uuid.uuid5(space, f"history {digest}").urn


def test_a_former_key_leads_on_and_a_retired_record_keeps_its_feed(feed, client, build, ids):
    build.update("chokepoint", ids["chokepoint"], key="beads")
    build.update("sector", ids["sector"], key="matter")
    for former, address in (
        ("/chokepoints/microspheres/feed.atom", "/chokepoints/beads/feed.atom"),
        ("/chokepoints/microspheres/feed.atom?before=3", "/chokepoints/beads/feed.atom?before=3"),
        ("/sectors/materials/feed.atom", "/sectors/matter/feed.atom"),
        ("/releases/feed/", "/releases/feed.atom"),
    ):
        answer = client.get(former)
        assert (answer.status_code, answer["Location"]) == (301, address)
    for kind in ("assessment", "evidence", "chokepoint"):
        build.retire(kind, ids[kind])
    document = feed("/chokepoints/beads/feed.atom")
    assert numbers(document) == [10, 9, 8, 6, 5, 4, 2]
    assert "Retired: chokepoint Microspheres" in read(content(document))[0]


@pytest.mark.parametrize(
    "address",
    [
        "/chokepoints/nothing/feed.atom",
        "/sectors/nothing/feed.atom",
        "/chokepoints/%00/feed.atom",
        f"/sectors/{'x' * 500}/feed.atom",
        "/history/feed.atom?before=",
        "/history/feed.atom?before=-1",
        "/history/feed.atom?before=1e3",
        "/history/feed.atom?before=٣",
        f"/history/feed.atom?before={'9' * 19}",
        "/releases/feed.atom?before=x",
        "/sectors/materials/feed.atom?before=%00",
    ],
)
def test_what_is_not_there_is_a_404(client, ids, address):
    assert client.get(address).status_code == 404


def test_feeds_are_only_read(client, ids):
    for address in ("/history/feed.atom", "/sectors/materials/feed.atom", "/releases/feed.atom"):
        assert client.post(address).status_code == 405
        assert client.head(address).status_code == 200


@pytest.mark.parametrize("size", [1, 2])
def test_pages_lead_from_one_to_the_next_without_a_gap(feed, ids, monkeypatch, size):
    monkeypatch.setattr(feeds, "ENTRIES", size)
    for address in (
        "/history/feed.atom",
        "/chokepoints/microspheres/feed.atom",
        "/sectors/materials/feed.atom",
    ):
        expected = {"/history/feed.atom": [5, 4, 3, 2, 1], "/sectors/materials/feed.atom": [5, 4, 2, 1]}
        document, seen = feed(address), []
        id, first = document.findtext(f"{ATOM}id"), links(document, "self")
        while True:
            seen += numbers(document)
            assert document.findtext(f"{ATOM}id") == id
            if not (following := links(document, "next")):
                break
            document = feed(following[0].removeprefix("http://testserver"))
            assert links(document, "self") == following and links(document, "first") == first
        assert seen == expected.get(address, [5, 4, 2])
    assert not numbers(feed("/history/feed.atom?before=0"))
    assert numbers(feed(f"/history/feed.atom?before={'9' * 18}")) == [5, 4][:size]


def test_hostile_texts_stay_texts(feed, build, ids):
    bad = "<script>alert(1)</script>]]>&amp;<!--\u202egnp.exe"
    mallory = build.person("<b>Mallory</b>\x0b\uffff")
    build.several(
        build.change("chokepoint", "update", ids["chokepoint"], name=bad.replace("\u202e", "")),
        summary=bad,
        rationale=f"{bad}\n\ufffe",
        authors=[mallory],
    )
    document = feed("/chokepoints/microspheres/feed.atom")
    entry = document.find(f"{ATOM}entry")
    assert entry.findtext(f"{ATOM}title") == bad.replace("\u202e", "[U+202E]")
    assert entry.findtext(f"{ATOM}author/{ATOM}name") == "<b>Mallory</b>[U+000B]\ufffd"
    text, tags = read(content(document))
    assert tags <= {"p", "br", "ul", "li", "a", "span"}
    assert "<script>alert(1)</script>]]>&amp;<!--U+202Egnp.exe" in text
    assert "gnp.exe\ufffd" in text


def test_chinese_survives_byte_for_byte(client, build, ids):
    build.several(
        build.change("chokepoint", "update", ids["chokepoint"], name_original="微球"),
        summary="间隔微球：命名",
        rationale=QUOTE,
        authors=[build.person("王小明")],
    )
    answer = client.get("/chokepoints/microspheres/feed.atom").content
    for text in ("间隔微球：命名", QUOTE, "王小明"):
        assert text.encode() in answer


def test_a_text_that_was_taken_away_is_not_told(feed, build, ids):
    changeset = build.several(
        build.change("chokepoint", "update", ids["chokepoint"], summary="Beads."),
        summary="A secret summary",
        rationale="A secret reason",
    )
    assert "A secret reason" in content(feed("/history/feed.atom"))
    redact(changeset.summary, changeset.rationale)
    document = feed("/history/feed.atom")
    assert document.findtext(f"{ATOM}entry/{ATOM}title") == "Summary withheld"
    assert "secret" not in ET.tostring(document, encoding="unicode")


def test_of_many_records_only_some_are_named_and_those_are_the_feeds_own(feed, build, ids):
    many = [build.change("chokepoint", "create", key=f"c-{n}", name=f"Number {n}", dependent_country="CN",
                         sector=ids["sector"]) for n in range(NAMED + 5)]  # fmt: skip
    build.several(*many)
    text, _ = read(content(feed("/history/feed.atom")))
    assert "Number 0" in text and f"Number {NAMED}" not in text and "5 more records" in text
    text, _ = read(content(feed(f"/chokepoints/c-{NAMED + 2}/feed.atom")))
    assert f"Number {NAMED + 2}" in text and text.count("Created: ") == 1
    assert f"{NAMED + 4} more records" in text
    text, _ = read(content(feed("/sectors/materials/feed.atom")))
    assert text.count("Created: ") == NAMED and "5 more records" in text


@pytest.mark.parametrize(
    "address", ["/history/feed.atom", "/chokepoints/microspheres/feed.atom", "/sectors/materials/feed.atom"]
)
def test_who_has_it_already_is_told_so_cheaply(client, build, ids, address, monkeypatch):
    day = moments.today()
    monkeypatch.setattr(moments, "today", lambda: day)
    first = client.get(address)
    assert first["Cache-Control"] == "public, no-cache" and first["X-Robots-Tag"] == "noindex"
    assert not first.cookies
    for headers in (
        {"If-None-Match": first["ETag"]},
        {"If-None-Match": f'"other", W/{first["ETag"]}'},
        {"If-Modified-Since": first["Last-Modified"]},
    ):
        with CaptureQueriesContext(connection) as queries:
            again = client.get(address, headers=headers)
        assert again.status_code == 304 and not again.content and len(queries) <= 3
        assert again["ETag"] == first["ETag"] and again["Last-Modified"] == first["Last-Modified"]
    assert client.get(f"{address}?before=3", headers={"If-None-Match": first["ETag"]}).status_code == 200
    with monkeypatch.context() as another_day:  # by then a name may have changed, or a text been taken away
        another_day.setattr(moments, "today", lambda: day + dt.timedelta(days=1))
        assert client.get(address, headers={"If-None-Match": first["ETag"]}).status_code == 200
    build.update("chokepoint", ids["chokepoint"], summary="Beads.")
    assert client.get(address, headers={"If-None-Match": first["ETag"]}).status_code == 200


def test_a_time_says_nothing_while_its_second_may_see_another_changeset(client, build, ids):
    """Whoever asked in the very second of one changeset would otherwise never hear of the next."""
    build.several(
        build.change("chokepoint", "update", ids["chokepoint"], summary="Beads."),
        clock=lambda: dt.datetime.now(dt.UTC),
    )
    answer = client.get("/history/feed.atom")
    assert "Last-Modified" not in answer and answer["ETag"]
    never = {"If-Modified-Since": "Fri, 31 Dec 9999 23:59:59 GMT"}
    assert client.get("/history/feed.atom", headers=never).status_code == 200


@pytest.mark.parametrize(
    "address", ["/history/feed.atom", "/chokepoints/microspheres/feed.atom", "/sectors/materials/feed.atom"]
)
def test_queries_do_not_grow_with_the_register(client, build, ids, address):
    def grow(times: int) -> None:
        for number in range(times):
            build.supply(chokepoint=ids["chokepoint"], country="KR")
            key = build.id()[:8]
            there = build.chokepoint(f"c-{key}", sector=build.sector(f"s-{key}", parent=ids["sector"]))
            bears = [{"chokepoint": ids["chokepoint"], "stance": "context"}]
            said = build.evidence(chokepoint=there)
            build.update("evidence", said, bears_on=bears)
            origin = build.source(f"o-{key}")
            retold = build.source(f"r-{key}", derivation="derived", derived_from=[origin])
            build.evidence(chokepoint=ids["chokepoint"], source=retold)
            build.update("source", origin, reliability="E")
            build.assessment(chokepoint=ids["chokepoint"], as_of=str(2019 + number), evidence=[said])

    grow(1)
    with CaptureQueriesContext(connection) as few:
        client.get(address)
    grow(4)
    with CaptureQueriesContext(connection) as many:
        client.get(address)
    assert len(many) == len(few) <= 20


def test_releases_have_a_feed(feed, client, build, ids, settings, tmp_path, monkeypatch):
    settings.RELEASES_DIR = tmp_path / "releases"
    monkeypatch.setattr(os, "fsync", lambda handle: None)
    first = releasing.cut_release()
    build.assessment(
        chokepoint=ids["chokepoint"], evidence=[ids["evidence"]], status="dependent", as_of="2019"
    )
    second = releasing.cut_release()
    document = feed("/releases/feed.atom")
    assert numbers(document) == [2, 1]
    entries = document.findall(f"{ATOM}entry")
    assert [entry.findtext(f"{ATOM}title") for entry in entries] == ["Release 2", "Release 1"]
    assert moments.read_time(entries[0].findtext(f"{ATOM}updated")) == second.made
    text, _ = read(content(document))
    assert "as of changeset 6" in text and "Since release 1:" in text and "statuses changed: 1" in text
    assert "Since release" not in content(document, 1)
    assert first.sums not in ET.tostring(document, encoding="unicode")
    answer = client.get("/releases/feed.atom")
    held = {"If-None-Match": answer["ETag"]}
    assert client.get("/releases/feed.atom", headers=held).status_code == 304
    monkeypatch.setattr(feeds, "ENTRIES", 1)
    document = feed("/releases/feed.atom")
    assert links(document, "next") == ["http://testserver/releases/feed.atom?before=2"]
    assert numbers(feed("/releases/feed.atom?before=2")) == [1]
    build.source("another")
    releasing.cut_release()
    assert client.get("/releases/feed.atom", headers=held).status_code == 200


def test_pages_name_their_feeds(client, ids):
    for page, expected in (
        ("/", ["/history/feed.atom"]),
        ("/history/", ["/history/feed.atom"]),
        (
            "/chokepoints/microspheres/",
            ["/chokepoints/microspheres/feed.atom", "/sectors/materials/feed.atom"],
        ),
        (f"/records/sector/{ids['sector']}/", ["/sectors/materials/feed.atom"]),
        ("/chokepoints/?sector=materials", ["/sectors/materials/feed.atom"]),
        ("/releases/", ["/releases/feed.atom"]),
    ):
        text = client.get(page).content.decode()
        for address in expected:
            assert '<link rel="alternate" type="application/atom+xml"' in text
            assert text.count(f'href="{address}"') >= 2, (page, address)
    for page in (
        f"/records/assessment/{ids['assessment']}/",
        "/chokepoints/?sector=nothing",
        "/chokepoints/",
    ):
        assert b"feed.atom" not in client.get(page).content
