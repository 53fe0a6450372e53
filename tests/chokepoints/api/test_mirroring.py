"""Whoever follows the changesets has the register, exactly, at any moment of its history."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client

from chokepoints import triggers
from chokepoints.api import changesets as module
from chokepoints.api.rendering import PATHS
from chokepoints.fields import Bearings, Listings, Reference, ReferenceSet, Share
from chokepoints.models import Changeset, Opening, Revision
from chokepoints.projection import model_of, read_states
from chokepoints.records import KINDS
from tests.builders import small_register
from tests.chokepoints.api.registers import merge, reader, walk, what_happened_later

pytestmark = [pytest.mark.django_db, pytest.mark.database]


class Mirror:
    """A client that knows nothing but what it was told by /api/v1/changesets/."""

    def __init__(self, read):
        self.read, self.since, self.records = read, 0, {}

    def follow(self, **parameters: Any) -> "Mirror":
        for changeset in walk(self.read, "changesets/", since=self.since, **parameters):
            assert changeset["number"] == self.since + 1
            self.since = changeset["number"]
            for revision in changeset["revisions"]:
                at = revision["record"], revision["id"]
                assert revision["revision"] == self.records.get(at, (0,))[0] + 1
                assert not revision["withheld"]
                self.records[at] = (revision["revision"], self.since, revision["state"])
        return self

    def of(self, kind: str) -> dict[str, tuple[int, int, dict[str, Any]]]:
        return {record: what for (known, record), what in self.records.items() if known == kind}


def tables(kind: str) -> dict[str, tuple[int, int, dict[str, Any]]]:
    """Return what a table says: revision, changeset and state by id."""
    rows = list(model_of(KINDS[kind]).objects.all())
    states = read_states(KINDS[kind], rows)
    return {str(row.pk): (row.revision, row.changed_in_id, states[str(row.pk)]) for row in rows}


def listed(read, kind: str, **parameters: Any) -> dict[str, tuple[int, int, dict[str, Any]]]:
    """Return the same from a list's answers: references as ids, and without what isn't known."""
    found = {}
    for one in walk(read, f"{PATHS[kind]}/", retired="any", page_size=7, **parameters):
        state = {name: plain(each, one[name]) for name, each in KINDS[kind].editable.items()}
        state["retired"] = one["retired"]
        state["merged_into"] = one["merged_into"] and one["merged_into"]["id"]
        known = {name: value for name, value in state.items() if value not in (None, [], False)}
        found[one["id"]] = (one["revision"], one["changed_in"], known)
    return found


def plain(each: Any, value: Any) -> Any:
    if isinstance(each, Reference):
        return value and value["id"]
    if isinstance(each, ReferenceSet):
        return sorted(one["id"] for one in value)
    if isinstance(each, Bearings | Listings):
        return [without_nothing({part: plain_part(part, it) for part, it in one.items()}) for one in value]
    if isinstance(each, Share):
        return value and without_nothing(value)
    return value


def plain_part(part: str, value: Any) -> Any:
    return value["id"] if value and part in {"chokepoint", "list"} else value


def without_nothing(entry: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in entry.items() if value is not None}


def test_a_mirror_is_the_register_in_the_middle_of_its_history_at_its_end_and_after_more(full):
    read, middle = full.read, full.head // 2
    mirror = Mirror(read).follow(at=middle, page_size=3)
    assert mirror.since == middle
    for kind in PATHS:
        assert mirror.of(kind) == listed(read, kind, at=middle), kind

    mirror.follow(page_size=4)
    for kind in KINDS:
        assert mirror.of(kind) == tables(kind), kind

    what_happened_later(full.build, full.ids)
    merge(full.build, "organization", full.ids["nowhere"], full.ids["eclair"])
    merge(full.build, "chokepoint", full.ids["part"], full.ids["chokepoint"])
    mirror.follow()
    assert mirror.since == full.head == Changeset.objects.count()
    assert {kind for kind, _ in mirror.records} == set(KINDS)
    for kind in KINDS:
        assert mirror.of(kind) == tables(kind), kind
    for kind in PATHS:
        assert mirror.of(kind) == listed(read, kind), kind
    states = [state for _, _, state in mirror.records.values()]
    assert sum("merged_into" in state for state in states) == 2
    assert sum("retired" in state for state in states) >= 3
    assert mirror.of("chokepoint")[full.ids["photoresist"]][2]["key"] == "resists"
    again = Mirror(read).follow(page_size=500)
    assert again.records == mirror.records


def test_a_page_of_changesets_holds_few_revisions_or_one_changeset(build, client, monkeypatch):
    small_register(build)  # five changesets of one revision each
    build.several(*(build.change("sector", "create", key=f"s-{n}", name="A sector") for n in range(5)))
    monkeypatch.setattr(module, "MOST_REVISIONS", 3)
    read = reader(client)
    pages, page = [], read("changesets/?page_size=500")
    while page:
        pages.append([one["number"] for one in page["results"]])
        page = page["next"] and read(page["next"])
    assert pages == [[1, 2, 3], [4, 5], [6]]
    assert Mirror(read).follow().since == 6


def test_a_changeset_says_who_decided_and_links_to_the_one_before(full):
    page = full.read("changesets/?page_size=500")
    before, previous = 0, "0" * 64
    for one in page["results"]:
        assert (one["number"], one["previous"]) == (before + 1, previous)
        assert one == full.read(f"changesets/{one['number']}/") == full.read(one["self"])
        before, previous = one["number"], one["digest"]
    assert page["head"] == before
    reviewed = next(one for one in page["results"] if one["reviews"])
    assert [review["verdict"] for review in reviewed["reviews"]] == ["approve", "approve"]
    assert reviewed["reviews"][0]["reviewer"]["name"] == "Rita 例"
    assert reviewed["reviews"][0]["reason"] == "Read the article; 同意."
    assert (reviewed["rationale"], reviewed["origin"]) == ("卡脖子: the series says so.", "proposal")
    cites = next(revision["cites"] for revision in reviewed["revisions"] if revision["cites"])
    assert cites["status"] == [{"evidence": full.ids["evidence"], "revision": 1}]


def test_whoever_has_everything_gets_nothing_and_no_way_on(full):
    assert full.read(f"changesets/?since={full.head}") == {
        "next": None,
        "previous": None,
        "head": full.head,
        "results": [],
    }
    assert full.read(f"changesets/?since={10**17}")["results"] == []


def test_a_changeset_of_the_future_isnt_there_yet(full):
    client = Client()
    assert client.get(f"/api/v1/changesets/{full.head}/").status_code == 200
    assert client.get(f"/api/v1/changesets/{full.head}/?at={full.head - 1}").status_code == 404
    for number in (0, full.head + 1, 10**17, 10**30, "9" * 5_000):
        answer = client.get(f"/api/v1/changesets/{number}/")
        assert (answer.status_code, answer.headers["Content-Type"]) == (404, "application/problem+json")


def test_what_was_redacted_is_named_and_not_shown(build, client):
    ids = small_register(build)
    revision = Revision.objects.get(record=ids["evidence"])
    with (
        connection.cursor() as cursor
    ):  # a redaction will need a door of its own; here the triggers are taken down
        for statement in triggers.remove(connection.vendor):
            cursor.execute(statement)
    Opening.objects.filter(commitment=revision.state["claim"]).delete()
    (shown,) = reader(client)(f"changesets/{revision.changeset_id}/")["revisions"]
    assert shown["withheld"] == ["claim"]
    assert "claim" not in shown["state"] and shown["state"]["nature"] == "observation"
