"""Pages follow each other without a gap or a repetition, forwards and backwards, in every order, now and then."""

import base64
import json

import pytest

from chokepoints.api.ordering import listing_of
from chokepoints.api.rendering import PATHS
from chokepoints.records import KINDS
from tests.chokepoints.api.registers import reader, what_happened_later

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def ids_of(results):
    return [one["id"] for one in results]


def walk_both_ways(read, path, **asked):
    """Return the ids that a walk to a list's end finds, and those that the walk back from there finds."""
    page = read(path, **asked)
    there = ids_of(page["results"])
    while page["next"]:
        page = read(page["next"])
        there += ids_of(page["results"])
    back = ids_of(page["results"])
    while page["previous"]:
        page = read(page["previous"])
        back = ids_of(page["results"]) + back
    return there, back


def test_every_order_walks_through_every_record_once_in_both_directions_now_and_then(full):
    """Last of all the register moves on, and every walk through what was finds what it found before."""
    before, walked = full.head, {}
    for kind, path in PATHS.items():
        for name in listing_of(KINDS[kind]).orderings:
            for ordering in (name, f"-{name}"):
                asked = {"ordering": ordering, "retired": "any", "fields": "id"}
                whole = ids_of(full.read(f"{path}/", page_size=500, **asked)["results"])
                assert len(set(whole)) == len(whole) > 1
                assert walk_both_ways(full.read, f"{path}/", page_size=2, **asked) == (whole, whole), asked
                walked[kind, ordering] = whole
    what_happened_later(full.build, full.ids)
    for (kind, ordering), whole in walked.items():
        if kind in {"source", "chokepoint"}:  # one with dates that aren't known, one with a retired record
            asked = {"ordering": ordering, "retired": "any", "fields": "id", "page_size": 3, "at": before}
            assert walk_both_ways(full.read, f"{PATHS[kind]}/", **asked) == (whole, whole), asked


def test_orders_say_what_they_promise(full):
    read = full.read
    keys = [one["key"] for one in read("sources/?retired=any")["results"]]
    assert keys == sorted(keys)
    names = [one["name"] for one in read("organizations/?ordering=name")["results"]]
    assert names == sorted(names)  # by code point: É stands behind all that is ASCII
    dates = [one["published_on"] for one in read("sources/?ordering=-published_on")["results"]]
    assert dates[-1] is None and dates[0] == "2022"
    dates = [one["published_on"] for one in read("sources/?ordering=published_on")["results"]]
    assert dates[-1] is None and dates[0] == "2017-12-30"
    changed = [one["changed_in"] for one in read("chokepoints/?ordering=-changed_in")["results"]]
    assert changed == sorted(changed, reverse=True)


def test_who_walks_while_others_publish_misses_nothing_that_stands_still(build, client):
    read = reader(client)
    for n in range(6):
        build.sector(f"s-{n}")
    page = read("sectors/?page_size=2")
    build.sector("a-before")  # behind the reader
    build.retire("sector", page["results"][0]["id"])
    build.sector("s-3-after")  # ahead of them
    found = [one["key"] for one in page["results"]]
    while page["next"]:
        page = read(page["next"])
        found += [one["key"] for one in page["results"]]
    assert found == ["s-0", "s-1", "s-2", "s-3", "s-3-after", "s-4", "s-5"]


def test_a_count_is_of_all_pages_and_only_where_asked_for(full):
    assert "count" not in full.read("sources/?page_size=1")
    assert full.read("sources/?page_size=1&count=true")["count"] == 4
    assert full.read("sources/?page_size=1&count=true&kind=dataset")["count"] == 1
    assert "count" not in full.read("sources/?page_size=1&count=false")


def test_the_empty_register_has_pages_too(db, client):
    read = reader(client)
    for path in PATHS.values():
        assert read(f"{path}/?count=true") == {"count": 0, "next": None, "previous": None, "results": []}
    assert read("changesets/") == {"next": None, "previous": None, "head": 0, "results": []}
    assert client.get("/api/v1/").json()["head"] == 0
    assert "Last-Modified" not in client.get("/api/v1/").headers


def packed(*parts) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


AN_ID = "00000000-0000-4000-8000-000000000000"
FORGED = [
    "x", "=", "====", "AAAA", "%00", "é", "a" * 4_900, "null", "\u202e",
    packed(), packed("source", "key", False), packed("source", "key", False, ["a", AN_ID, "more"]),
    packed("source", "key", False, ["a"]), packed("source", "key", False, ["a", None]),
    packed("source", "key", False, ["a", "no id"]), packed("source", "key", False, ["a", 7]),
    packed("source", "key", False, ["a", {}]), packed("source", "key", False, [["a"], AN_ID]),
    packed("source", "key", False, [True, AN_ID]), packed("source", "key", False, [1e300, AN_ID]),
    packed("source", "key", False, ["a\0", AN_ID]), packed("source", "key", False, ["\ud800", AN_ID]),
    packed("source", "key", False, ["a" * 3_001, AN_ID]),
    packed("source", "key", "yes", ["a", AN_ID]), packed("source", "key", 1, ["a", AN_ID]),
    packed("source", "-key", False, ["a", AN_ID]), packed("source", "title", False, ["a", AN_ID]),
    packed("chokepoint", "key", False, ["a", AN_ID]),
    packed("source", "key", False, {"a": AN_ID}), packed("source", "key", False, "aa"),
    packed({"source": 1}, "key", False, ["a", AN_ID]),
    base64.urlsafe_b64encode(b"[" * 3_000).decode(), base64.urlsafe_b64encode(b"\xff\xfe").decode(),
    base64.urlsafe_b64encode(b'["source","key",false,[' + b"9" * 3_000 + b',""]]').decode(),
]  # fmt: skip
OF_OTHER_COLUMNS = [
    ("changed_in", [2**70, AN_ID]), ("changed_in", ["1; DROP TABLE", AN_ID]), ("changed_in", [-(2**63), AN_ID]),
    ("published_on", ["2018-02-30", AN_ID]), ("published_on", ["10000-01-01", AN_ID]),
    ("published_on", [20180101, AN_ID]), ("id", [[AN_ID]]), ("id", [""]),
]  # fmt: skip


def test_a_forged_cursor_is_refused(full, client):
    addresses = [{"cursor": text} for text in FORGED]
    addresses += [
        {"ordering": ordering, "cursor": packed("source", ordering, before, values)}
        for ordering, values in OF_OTHER_COLUMNS
        for before in (True, False)
    ]
    for asked in addresses:
        for at in ({}, {"at": full.head}):
            answer = client.get("/api/v1/sources/", asked | at)
            assert answer.status_code == 400, asked
            assert answer.headers["Content-Type"] == "application/problem+json"
            assert answer.json()["errors"][0]["parameter"] == "cursor", asked


def test_a_cursor_may_point_between_records(full):
    after = packed("source", "key", False, ["e", AN_ID])
    found = [one["key"] for one in full.read("sources/", cursor=after)["results"]]
    assert found == ["early", "undated"]
    before = packed("source", "key", True, ["e", AN_ID])
    found = [one["key"] for one in full.read("sources/", cursor=before)["results"]]
    assert found == ["brief-2022", "daily-2018-05-30"]
