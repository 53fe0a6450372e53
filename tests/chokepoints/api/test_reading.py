"""Records look from outside as they are: whole, with references that say what they lead to, at any moment."""

import datetime as dt

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from chokepoints import selectors
from chokepoints.api.chokepoints import STATUS_MEMBERS
from chokepoints.api.rendering import COMMON, PATHS, members_of
from chokepoints.api.views import RecordDetail, RecordList
from chokepoints.models import Chokepoint
from chokepoints.records import KINDS
from tests.builders import small_register
from tests.chokepoints.api.registers import QUOTE, TITLE, many, merge, reader

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def test_every_kind_has_a_list_and_details_by_id_and_by_key(full):
    for kind, path in PATHS.items():
        results = full.read(f"{path}/?retired=any")["results"]
        assert results
        for one in results:
            by_id = full.read(f"{path}/{one['id']}/")
            assert by_id == full.read(one["self"])
            assert by_id == full.read(f"{path}/{one['id'].upper()}/")
            assert {name: value for name, value in by_id.items() if name in one} | {
                "current_assessment": one.get("current_assessment")
            } == one | {"current_assessment": one.get("current_assessment")}
            assert (one["record"], one["self"]) == (kind, f"http://testserver/api/v1/{path}/{one['id']}/")
            if "key" in one:
                assert full.read(f"{path}/{one['key']}/") == by_id


def test_a_former_key_leads_on_now_and_then(full):
    now = full.read("chokepoints/polymer-microspheres/")
    assert full.read("chokepoints/microspheres/") == now
    renamed = now["changed_in"]
    before = full.read(f"chokepoints/microspheres/?at={renamed - 1}")
    assert (before["key"], before["id"]) == ("microspheres", now["id"])
    assert full.read(f"chokepoints/polymer-microspheres/?at={renamed - 1}") == before


def test_original_text_comes_byte_for_byte(full):
    assert full.read("sources/daily-2018-05-30/")["title_original"] == TITLE
    assert full.read(f"evidence/{full.ids['evidence']}/")["quote"] == QUOTE
    raw = Client().get("/api/v1/sources/daily-2018-05-30/").content
    assert TITLE.encode() in raw


def test_every_member_is_always_there_and_nothing_known_is_null_or_empty(full):
    for kind, path in PATHS.items():
        for one in full.read(f"{path}/?retired=any")["results"]:
            more = {"status", "status_as_of", "current_assessment"} if kind == "chokepoint" else set()
            assert set(one) == set(members_of(KINDS[kind])) | more
    bare = full.read("chokepoints/engine/")
    assert (bare["scope"], bare["part_of"], bare["aliases"], bare["listings"]) == (None, None, [], [])
    assert (bare["retired"], bare["merged_into"], bare["note"]) == (False, None, None)
    supply = full.read(f"supplies/{full.ids['unnamed']}/")
    assert (supply["organization"], supply["country"], supply["share"]) == (None, "US", None)
    evidence = full.read(f"evidence/{full.ids['evidence']}/")
    assert (evidence["own_finding"], evidence["credibility"]) == (False, 2)


def test_no_field_of_a_kind_is_hidden_by_what_every_record_has():
    for kind in PATHS:
        assert not set(COMMON) & set(KINDS[kind].editable), kind


def test_references_say_what_they_lead_to(full):
    chokepoint = full.read("chokepoints/photoresist/")
    sector = chokepoint["sector"]
    assert sector == {
        "id": full.ids["displays"],
        "key": "displays",
        "name": "Displays",
        "self": f"http://testserver/api/v1/sectors/{full.ids['displays']}/",
    }
    (place,) = chokepoint["listings"]
    assert (place["list"]["key"], place["number"], place["headline"]) == ("daily-35", 5, None)
    evidence = full.read(f"evidence/{full.ids['evidence']}/")
    on = {(entry["stance"], bool(entry["chokepoint"]), bool(entry["list"])) for entry in evidence["bears_on"]}
    assert on == {("supports", True, False), ("context", False, True)}
    (rests_on,) = evidence["rests_on"]
    assert rests_on["name"] == "An example article"
    share = full.read(f"supplies/{full.ids['from-france']}/")["share"]
    assert share == {
        "low": "10", "high": "20.5", "market": "world", "segment": None, "measure": "units", "year": None,
        "counted": "place",
    }  # fmt: skip


def test_only_the_members_asked_for_come_and_always_the_id(full):
    results = full.read("chokepoints/?fields=key,status")["results"]
    assert all(set(one) == {"id", "key", "status"} for one in results)
    assert set(full.read("chokepoints/engine/?fields=counts,links")) == {"id", "counts", "links"}
    assert set(full.read("sources/early/?fields=id")) == {"id"}


def test_references_expand_into_what_their_address_says(full):
    for kind, path in PATHS.items():
        names = RecordList(kind_name=kind).expandable()
        whole = {
            one["self"]: one
            for other in PATHS.values()
            for one in full.read(f"{other}/?retired=any&page_size=500")["results"]
        }
        expanded = 0
        for one in full.read(f"{path}/?retired=any&{expanding(names)}")["results"]:
            plain = whole[one["self"]]
            for name in names:
                for there, here in zip(leaves(plain[name]), leaves(one[name]), strict=True):
                    assert here == of_its_own(whole[there["self"]])
                    expanded += 1
            assert {k: v for k, v in one.items() if k not in names} == {
                k: v for k, v in plain.items() if k not in names
            }
        assert expanded or kind == "organization"


def expanding(names):
    """Return the query that expands some members; there may be none."""
    return f"expand={','.join(names)}" if names else ""


def of_its_own(record):
    """Return a record without what only others say about it: an expanded chokepoint comes without its status."""
    derived = STATUS_MEMBERS if record["record"] == "chokepoint" else ()
    return {name: value for name, value in record.items() if name not in derived}


def leaves(value):
    """Return the references in a member, whichever shape it has."""
    entries = value if isinstance(value, list) else [value] if value else []
    return [
        target
        for entry in entries
        for target in ([entry] if "self" in entry else filter(None, (entry.get("chokepoint"), entry["list"])))
    ]


# --- what a chokepoint says beside its fields


def test_a_chokepoint_says_its_status_as_its_page_does(full):
    rows = Chokepoint.objects.with_status(selectors.today())
    for row in rows:
        one = full.read(f"chokepoints/{row.key}/")
        assert one["status"] == row.status
        assert (one["current_assessment"] or {}).get("id") == (
            str(row.current_assessment_id) if row.current_assessment_id else None
        )
    one = full.read("chokepoints/photoresist/")
    assert (one["status"], one["status_as_of"]) == ("dependent", "2020-06")
    assert one["current_assessment"] == full.read(f"assessments/{full.ids['second']}/")
    (listed,) = full.read("chokepoints/?key=photoresist")["results"]
    assert set(listed["current_assessment"]) == {"id", "key", "name", "self"}


def test_a_chokepoint_counts_what_there_is_about_it(full):
    counts = full.read("chokepoints/photoresist/")["counts"]
    assert counts["evidence"] == {"supports": 1, "shows-reduction": 0, "disputes": 0, "context": 0}
    assert counts["supplies"] == {"foreign-supplier": 1, "domestic-alternative": 0}
    assert counts["assessments"] == 2
    before = full.head
    full.build.retire("assessment", full.ids["first"])
    full.build.retire("supply", full.ids["from-france"])
    counts = full.read("chokepoints/photoresist/")["counts"]
    assert (counts["supplies"]["foreign-supplier"], counts["assessments"]) == (0, 1)
    then = full.read(f"chokepoints/photoresist/?at={before}")["counts"]
    assert (then["supplies"]["foreign-supplier"], then["assessments"]) == (1, 2)


def test_corroboration_counts_origins_and_each_side_apart(build, client):
    ids = small_register(build)
    read, chokepoint = reader(client), ids["chokepoint"]

    def sides():
        return [
            (side["stances"], side["pieces"], side["origins"], side["without_established_origin"])
            for side in read("chokepoints/microspheres/")["corroboration"]
        ]

    assert sides() == [(["supports"], 1, 1, 0)]
    copy = build.source("copy", derivation="derived", derived_from=[ids["source"]])
    unknown = build.source("unknown", derivation="unknown")
    pieces = [build.evidence(chokepoint=chokepoint, source=source) for source in (copy, unknown)]
    pieces.append(build.evidence(chokepoint=chokepoint, stance="context"))
    build.assessment(
        chokepoint=chokepoint, evidence=[ids["evidence"], *pieces], as_of="2019", status="dependent"
    )
    assert sides() == [(["supports"], 3, 1, 1)]
    against = build.evidence(chokepoint=chokepoint, stance="disputes")
    build.assessment(
        chokepoint=chokepoint, evidence=[ids["evidence"], against], as_of="2020", status="disputed"
    )
    assert sides() == [(["supports"], 1, 1, 0), (["shows-reduction", "disputes"], 1, 1, 0)]
    build.chokepoint("bare")
    bare = read("chokepoints/bare/")
    assert (bare["status"], bare["corroboration"], bare["current_assessment"]) == ("unassessed", [], None)


def test_the_links_of_a_chokepoint_lead_somewhere(full):
    links = full.read("chokepoints/photoresist/")["links"]
    assert Client().get(links.pop("page"), follow=True).status_code == 200
    assert {"assessments", "evidence", "supplies"} <= set(links)
    for name in ("assessments", "evidence", "supplies"):
        assert len(full.read(links[name])["results"]) == {"assessments": 2}.get(name, 1)


def test_the_index_leads_to_everything(full):
    index = full.read("")
    assert index["head"] == full.head
    assert set(PATHS.values()) | {"changesets"} <= set(index)
    for path in (*PATHS.values(), "changesets"):
        assert full.read(index[path])["results"]


# --- moments


def test_a_day_means_its_end_and_a_time_what_was_published_by_then(full):
    first = full.build.changesets[0]
    day = first.time.date()
    assert full.read("sectors/", at=first.number) == full.read("sectors/", at=first.time.isoformat())
    short_of_it = first.time - dt.timedelta(microseconds=1)
    assert full.read("sectors/", at=short_of_it.isoformat())["results"] == []
    assert full.read("sectors/", at=day.isoformat()) == full.read("sectors/", at=full.head)
    assert full.read("sectors/", at=(day - dt.timedelta(days=1)).isoformat())["results"] == []
    today = selectors.today().isoformat()
    assert full.read("sectors/", at=today)["results"] == full.read("sectors/")["results"]
    assert full.read("", at=first.number)["head"] == first.number


def test_a_status_at_a_moment_is_that_of_its_day(build, client):
    ids = small_register(build)
    build.assessment(chokepoint=ids["chokepoint"], status="dependent", as_of="2026-02", rationale="Soon.")
    head = build.changesets[-1].number
    read = reader(client)
    assert read("chokepoints/microspheres/")["status"] == "dependent"
    assert read("chokepoints/microspheres/", at=head)["status"] == "critical"  # its day is 2026-01-05
    assert read("chokepoints/microspheres/", at="2026-03-01")["status"] == "dependent"
    assert read("chokepoints/?status=dependent")["results"]
    assert not read("chokepoints/?status=dependent", at=head)["results"]
    assert read("chokepoints/?status=dependent", at="2026-03-01")["results"]


def test_a_retired_and_a_merged_record_can_still_be_read(full):
    merge(full.build, "chokepoint", full.ids["part"], full.ids["chokepoint"])
    merged = full.read("chokepoints/chromatography-microspheres/")
    assert merged["retired"] and merged["merged_into"]["key"] == "polymer-microspheres"
    assert full.ids["part"] not in [one["id"] for one in full.read("chokepoints/")["results"]]
    assert full.read(f"chokepoints/{full.ids['part']}/", at=full.head - 1)["merged_into"] is None


# --- queries


def queries_of(path: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        answer = Client().get(f"/api/v1/{path}")
    assert answer.status_code == 200, path
    results = answer.json()["results"]
    size = int(path.partition("page_size=")[2].partition("&")[0])
    assert len(results) == size, path
    return len(queries)


def test_fifty_records_take_as_many_queries_as_five(build):
    many(build, 25)
    middle = build.changesets[-1].number
    many_more = [
        build.change("sector", "update", one["id"], description="Changed.")
        for one in reader(Client())("sectors/?page_size=500")["results"]
    ]
    build.several(*many_more)
    many(build, 25, begin=25)
    taken = {}
    for kind, path in PATHS.items():
        for asked in ("count=true", expanding(RecordList(kind_name=kind).expandable())):
            for at in ("", f"&at={build.changesets[-1].number}"):
                address = f"{path}/?page_size={{}}&{asked}{at}"
                few, lots = queries_of(address.format(5)), queries_of(address.format(50))
                assert few == lots, address
                taken[address] = lots
    assert max(taken.values()) <= 25, taken
    assert queries_of("changesets/?page_size=5") == queries_of("changesets/?page_size=50")
    # Of the past, with some that moved since and some that didn't.
    address = f"chokepoints/?page_size={{}}&expand=sector,listings&at={middle}"
    assert queries_of(address.format(5)) == queries_of(address.format(20))


def test_a_detail_takes_a_few_queries(full):
    for kind, path in PATHS.items():
        query = expanding(RecordDetail(kind_name=kind).expandable())
        for one in full.read(f"{path}/")["results"]:
            with CaptureQueriesContext(connection) as queries:
                Client().get(f"/api/v1/{path}/{one['id']}/?{query}")
            assert len(queries) <= 40, (kind, len(queries))
