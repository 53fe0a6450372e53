"""The register's pages say what matters, stay cheap with many records, and answer whatever they are asked."""

import json
import uuid
from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from chokepoints.models import Changeset, Chokepoint, Opening
from chokepoints.services.contributing import the_register_itself
from chokepoints.services.publishing import IMPORT, Origin, RecordChange, publish
from tests.recording import Recording

pytestmark = pytest.mark.django_db

QUOTE = "全世界只有日本一兩家公司可以提供"
SPECIES = uuid.UUID("00000000-0000-4000-8000-000000000000")


def record_id(name: str) -> str:
    return str(uuid.uuid5(SPECIES, name))


def change(kind_name: str, label: str, operation: str = "create", /, cites=None, **fields) -> RecordChange:
    return RecordChange(kind_name, record_id(label), operation, fields, cites or {})


def put(
    *changes: RecordChange, summary: str = "A step", rationale: str = "For a test.", authors=None
) -> Changeset:
    return publish(
        changes=changes,
        authors=authors or [the_register_itself()],
        summary=summary,
        rationale=rationale,
        origin=Origin(IMPORT),
    )


def records_of(number: int) -> list[RecordChange]:
    """Everything about one chokepoint: two sources, three statements, an organization, supplies, an assessment."""
    tail = f"-{number}"
    chokepoint = record_id("microspheres" + tail)
    bears = [{"chokepoint": chokepoint, "stance": "supports", "note": "About panels."}]
    share = {
        "low": "55",
        "high": "70",
        "market": "world",
        "measure": "revenue",
        "year": 2017,
        "counted": "owner",
    }
    return [
        change(
            "chokepoint",
            "microspheres" + tail,
            key="microspheres" + tail,
            name=f"Microspheres {number}",
            name_original="微球",
            aliases=["间隔微球", "spacer beads"],
            dependent_country="CN",
            sector=record_id("materials"),
            summary="Tiny beads.",
            description="# Beads\n\n<script>alert(1)</script> **bold** [x](javascript:alert(1))",
            barriers=["material-purity"],
            listings=[
                {"list": record_id("list"), "number": number + 1, "headline": "微球：民族工业不能承受之轻"}
            ],
        ),
        change(
            "organization",
            "sekisui" + tail,
            key="sekisui" + tail,
            name=f"Sekisui {number}",
            country="JP",
            kind="company",
        ),
        change(
            "source",
            "paper" + tail,
            key="paper" + tail,
            kind="news-article",
            title=f"The newspaper {number}",
            title_original="科技日报",
            language="zh",
            published_on="2018-06",
            derivation="original",
            reliability="B",
            seen="not-seen",
            standing="in-force",
        ),
        change(
            "source",
            "repost" + tail,
            key="repost" + tail,
            kind="news-article",
            title=f"The repost {number}",
            derivation="derived",
            derived_from=[record_id("paper" + tail)],
            reliability="D",
            standing="retracted",
            standing_reason="It altered a figure.",
        ),
        *(
            change(
                "evidence",
                f"{name}{tail}",
                source=record_id(source + tail),
                claim=f"Only one or two Japanese companies supply them ({name} {number}).",
                quote=QUOTE,
                quote_language="zh-Hant",
                translation="Only one or two Japanese companies can provide them",
                translator="machine",
                nature="observation",
                credibility=2,
                about_from="2018",
                bears_on=bears,
            )
            for name, source in (("first", "paper"), ("second", "repost"), ("third", "repost"))
        ),
        change(
            "supply",
            "supply" + tail,
            chokepoint=chokepoint,
            organization=record_id("sekisui" + tail),
            role="foreign-supplier",
            share=share,
            evidence=[record_id("first" + tail)],
        ),
        change("supply", "japan" + tail, chokepoint=chokepoint, country="KR", role="foreign-supplier"),
        change(
            "assessment",
            "assessment" + tail,
            chokepoint=chokepoint,
            status="dependent",
            as_of="2018",
            rationale="One or two Japanese firms could supply them. The level of the data set is high.",
            evidence=[record_id("first" + tail)],
            rank="normal",
            confidence="moderate",
        ),
    ]


def shared_records() -> list[RecordChange]:
    return [
        change("sector", "industry", key="industry", name="Industry"),
        change("sector", "materials", key="materials", name="Materials", parent=record_id("industry")),
        change(
            "list",
            "list",
            key="stdaily-2018",
            name="The 35 of 2018",
            issuer="Science and Technology Daily",
            dependent_country="CN",
            issued_on="2018",
            definition="What can only be imported.",
        ),
    ]


REGISTER = Recording()


@pytest.fixture
def register():
    REGISTER.lay(lambda: put(*shared_records(), *records_of(0), summary="The first records") and None)


@pytest.fixture
def read(client):
    def get(url: str, status: int = 200) -> str:
        answer = client.get(url)
        assert answer.status_code == status, (url, answer.status_code)
        return unescape(answer.content.decode())

    return get


ADDRESSES = [
    "/",
    "/guide/",
    "/chokepoints/",
    "/chokepoints/microspheres-0/",
    "/lists/",
    "/lists/stdaily-2018/",
    "/sources/",
    "/sources/repost-0/",
    "/evidence/",
    f"/evidence/{record_id('first-0')}/",
    "/organizations/",
    "/organizations/sekisui-0/",
    "/gaps/",
    "/gaps/?gap=no-evidence-date",
    "/gaps/?gap=no-share",
    "/history/",
    "/history/1/",
    f"/records/sector/{record_id('materials')}/",
    f"/records/supply/{record_id('supply-0')}/",
    f"/records/assessment/{record_id('assessment-0')}/",
    f"/records/chokepoint/{record_id('microspheres-0')}/history/",
]


@pytest.mark.parametrize("address", ADDRESSES)
def test_every_page_answers(register, read, address):
    assert "Chokepoint Register" in read(address)


@pytest.mark.parametrize(
    "address", [a for a in ADDRESSES if "-0" not in a and "/records/" not in a and "/1/" not in a]
)
def test_index_pages_of_an_empty_register_answer(read, address):
    if "stdaily" not in address and str(record_id("first-0")) not in address:
        read(address)


def test_a_chokepoint_says_its_status_with_the_sentence_that_justifies_it_and_the_quote(register, read):
    text = read("/chokepoints/microspheres-0/")
    assert text.index("One or two Japanese firms could supply them.") < text.index("Assessments over time")
    assert f'<p class="quote-text" lang="zh-Hant" dir="auto">{QUOTE}</p>' in text
    assert "Translation by a machine" in text
    assert "loaded by" in text and "not reviewed" in text


def test_a_chokepoint_counts_origins_and_not_pages(register, read):
    assert "3 statements in 2 sources, 1 origin established" in read("/chokepoints/microspheres-0/")


def test_a_share_is_never_a_bare_number(register, read):
    text = read("/chokepoints/microspheres-0/")
    assert "55–70 %" in text
    assert "of the world market, by revenue, 2017, by owner" in text


def test_a_description_is_markdown_without_anything_that_runs(register, read):
    text = read("/chokepoints/microspheres-0/")
    assert "<strong>bold</strong>" in text
    assert 'href="javascript:' not in text
    assert "<h3>Beads</h3>" in text


def test_a_description_shows_html_as_text(register, client):
    assert b"<script>alert(1)" not in client.get("/chokepoints/microspheres-0/").content


def test_a_chokepoint_leads_to_proposing(register, read):
    text = read("/chokepoints/microspheres-0/")
    assert reverse("assessment-new", args=["microspheres-0"]) in text
    assert f"kind=chokepoint&operation=update&record={record_id('microspheres-0')}" in text
    assert reverse("record-proposals", args=["chokepoint", record_id("microspheres-0")]) in text
    assert f"/proposals/?record={record_id('microspheres-0')}" in text


def test_deprecated_and_later_assessments_stand_beside_the_current_one(register, read):
    put(
        change(
            "assessment",
            "refuted",
            chokepoint=record_id("microspheres-0"),
            status="resolved",
            as_of="2022-05",
            rationale="A monopoly is said to be broken.",
            rank="deprecated",
            rank_reason="It rests on one press release.",
        )
    )
    text = read("/chokepoints/microspheres-0/")
    assert "It rests on one press release." in text
    assert 'class="verdict status-dependent"' in text


def test_a_former_key_leads_on_for_ever(register, client):
    put(change("chokepoint", "microspheres-0", "update", key="beads"))
    put(change("organization", "sekisui-0", "update", key="sekisui"))
    answer = client.get("/chokepoints/microspheres-0/")
    assert (answer.status_code, answer["Location"]) == (301, "/chokepoints/beads/")
    assert client.get("/organizations/sekisui-0/").status_code == 301
    assert client.get("/chokepoints/beads/").status_code == 200


def test_a_retired_record_stays_readable_and_says_so(register, read):
    put(change("supply", "japan-0", "retire"))
    text = read(f"/records/supply/{record_id('japan-0')}/")
    assert "This supply is retired" in text
    assert "propose to restore it" in text


def test_kinds_with_a_page_of_their_own_lead_there(register, client):
    answer = client.get(f"/records/chokepoint/{record_id('microspheres-0')}/")
    assert (answer.status_code, answer["Location"]) == (302, "/chokepoints/microspheres-0/")


def test_a_changeset_shows_before_and_after_and_the_evidence_cited(register, read):
    put(
        change(
            "chokepoint",
            "microspheres-0",
            "update",
            cites={"summary": [record_id("first-0")]},
            summary="Tiny hard beads.",
            aliases=["spacer beads", "Mikrokugeln"],
        ),
        summary="More exact",
        rationale="Because they are hard.",
    )
    text = read("/history/2/")
    assert "Tiny <ins>hard </ins>beads." in text
    assert '<del><span dir="auto">间隔微球</span></del>' in text
    assert '<ins><span dir="auto">Mikrokugeln</span></ins>' in text
    assert "cites" in text and f"/evidence/{record_id('first-0')}/" in text
    assert "Because they are hard." in text
    assert "Loaded, not reviewed" in text
    assert 'href="/history/1/"' in text
    assert Changeset.objects.get(number=2).digest in text


def test_a_record_has_all_its_revisions_on_one_page(register, read):
    put(
        change("chokepoint", "microspheres-0", "update", summary="Other words."), summary="Other words for it"
    )
    text = read(f"/records/chokepoint/{record_id('microspheres-0')}/history/")
    assert "Other words for it" in text and "The first records" in text
    assert "2 revisions" in text


def test_a_value_whose_opening_is_gone_is_shown_as_withheld(register, read):
    put(change("chokepoint", "microspheres-0", "update", summary="Other words."))
    revision = Changeset.objects.get(number=2).revisions.get()
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            names = [
                row[0]
                for row in cursor.execute(
                    "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name LIKE '%opening'"
                )
            ]
            for name in names:
                cursor.execute(f'DROP TRIGGER "{name}"')
        else:
            cursor.execute("ALTER TABLE chokepoints_opening DISABLE TRIGGER USER")
        cursor.execute("DELETE FROM chokepoints_opening WHERE commitment = %s", [revision.state["summary"]])
    assert not Opening.objects.filter(commitment=revision.state["summary"]).exists()
    assert "withheld" in read("/history/2/")


def test_invisible_characters_are_named(register, read):
    put(change("chokepoint", "microspheres-0", "update", summary="Tiny\u200b beads."))
    assert '<span class="invisible" title="U+200B ZERO WIDTH SPACE">ZWSP</span>' in read(
        "/chokepoints/microspheres-0/"
    )


# --- lists and filters


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=beads", True),
        ("q=tiny+microspheres", True),
        ("q=微球", True),
        ("q=间隔", True),
        ("q=engines", False),
        ("q=%25", False),
        ("status=dependent", True),
        ("status=critical", False),
        ("sector=materials", True),
        ("sector=industry", True),
        ("country=JP", True),
        ("country=KR", True),
        ("barrier=material-purity", True),
        ("barrier=patents", False),
        ("list=stdaily-2018", True),
    ],
)
def test_chokepoints_are_found_by_their_filters(register, read, query, found):
    assert ("Microspheres 0" in read(f"/chokepoints/?{query}")) is found


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ("reliability=B", {"The newspaper 0"}),
        ("derivation=derived", {"The repost 0"}),
        ("standing=retracted", {"The repost 0"}),
        ("q=科技", {"The newspaper 0"}),
        ("kind=patent", set()),
    ],
)
def test_sources_are_found_by_their_filters(register, read, query, titles):
    text = read(f"/sources/?{query}")
    assert {title for title in ("The newspaper 0", "The repost 0") if title in text} == titles


def test_evidence_is_found_by_stance_nature_and_words(register, read):
    assert "(first 0)" in read("/evidence/?stance=supports&nature=observation&q=日本")
    assert "(first 0)" not in read("/evidence/?stance=disputes")


def test_a_source_shows_its_derivation_up_and_down(register, read):
    assert "1 step up" in read("/sources/repost-0/")
    assert "1 step down" in read("/sources/paper-0/")


def test_gaps_lead_to_the_form_that_would_close_them(register, read):
    text = read("/gaps/")
    assert "Sources without a date" in text
    assert f"kind=source&operation=update&record={record_id('repost-0')}" in text


# --- cost


@pytest.mark.parametrize("address", ADDRESSES)
def test_pages_cost_the_same_number_of_queries_with_many_records(client, address):
    put(*shared_records(), *records_of(0))
    few = queries_of(client, address)
    put(*(one for number in range(1, 8) for one in records_of(number)))
    put(*(change("chokepoint", f"microspheres-{n}", "update", summary=f"Beads {n}.") for n in range(8)))
    many = queries_of(client, address)
    assert many <= few + (2 if "history" in address or address == "/" else 0), (few, many)
    assert many <= 40


def queries_of(client, address: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as queries:
        client.get(address)
    return len(queries)


def test_a_long_list_is_paged_in_a_stable_order(read):
    put(*shared_records())
    put(
        *(
            change(
                "chokepoint",
                f"c{n}",
                key=f"c{n}",
                name="The same name",
                dependent_country="CN",
                sector=record_id("materials"),
            )
            for n in range(170)
        )
    )
    seen = [link for number in (1, 2, 3, 4) for link in _links(read(f"/chokepoints/?page={number}"))]
    assert len(seen) == len(set(seen)) == Chokepoint.objects.count()
    assert "150 unassessed" not in read("/") and "170 unassessed" in read("/")


def _links(text: str) -> list[str]:
    return [piece.split('"')[0] for piece in text.split('<th scope="row"><a href="')[1:]]


# --- whatever is asked

HOSTILE = [
    "page=abc",
    "page=" + "9" * 31,
    "page=" + "9" * 5000,
    "page=-1",
    "page=0",
    "page=%00",
    "q=%00",
    "q=%ED%A0%80",
    "q=" + "a" * 60_000,
    "q=%25%5F%5C%22%27",
    "status=nonsense",
    "status=%00",
    "sector=%00",
    "sector=nonsense",
    "list=%00",
    "list=nonsense",
    "country=%00",
    "barrier=%22",
    "stance=%00",
    "nature=%F0%9F",
    "kind=%00&reliability=%00&derivation=%00&standing=%00",
    "gap=%00",
    "unknown[]=1&q[]=2",
    "&&&===",
]


@pytest.mark.parametrize("query", HOSTILE)
@pytest.mark.parametrize(
    "address",
    [
        "/",
        "/chokepoints/",
        "/sources/",
        "/evidence/",
        "/organizations/",
        "/gaps/",
        "/history/",
        "/history/1/",
        "/lists/stdaily-2018/",
    ],
)
def test_no_query_string_breaks_a_page(register, client, address, query):
    assert client.get(f"{address}?{query}").status_code in {200, 400, 404}


@pytest.mark.parametrize(
    "address",
    [
        "/chokepoints/nothing-of-that-name/",
        "/chokepoints/%00/",
        "/chokepoints/" + "a" * 3000 + "/",
        "/chokepoints/%ED%A0%80/",
        "/sources/%00/",
        "/lists/微球/",
        "/organizations/%22/",
        f"/evidence/{SPECIES}/",
        "/evidence/abc/",
        "/history/0/",
        "/history/" + "9" * 30 + "/",
        f"/records/nonsense/{SPECIES}/",
        f"/records/%00/{SPECIES}/",
        f"/records/chokepoint/{SPECIES}/",
        f"/records/chokepoint/{SPECIES}/history/",
        f"/records/nonsense/{SPECIES}/history/",
    ],
)
def test_what_does_not_exist_is_not_found(register, client, address):
    assert client.get(address).status_code == 404


@pytest.mark.parametrize("address", ADDRESSES)
def test_pages_are_read_and_never_written_to(register, client, address):
    assert client.post(address).status_code == 405


def test_pages_hold_no_inline_style_or_script(register, read):
    for address in ADDRESSES:
        text = read(address)
        assert " style=" not in text and "<script>" not in text.replace("<script>alert(1)</script>", "")
        assert json.dumps("None")[1:-1] + "</" not in text
