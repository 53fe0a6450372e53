"""Whatever is sent, the answer is never a 500, names what is wrong, and a refusal changes nothing."""

import copy
import json
import uuid
from types import SimpleNamespace

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reviews.api.bodies import READ_ONLY
from tests.builders import Builder, small_register
from tests.reviews.api.conftest import Program, counts, example
from tests.reviews.conftest import make_person

DEEP = 100_000


@pytest.fixture(scope="module")
def filled(django_db_setup, django_db_blocker):
    """A register and its people, for all that is sent here; rolled back at the end."""
    with django_db_blocker.unblock(), transaction.atomic():
        emma, rita = make_person("emma", "Editors"), make_person("rita", "Reviewers")
        build = Builder()
        ids = small_register(build)
        retired = build.source("retired-source")
        build.retire("source", retired)
        address = Program(emma).send("", example(submit=True)).json()["self"]
        Program(rita).send(f"{address}comments/", {"text": "A remark."})
        yield SimpleNamespace(emma=emma, rita=rita, retired=retired, address=address, **ids)
        transaction.set_rollback(True)


def with_field(position: int, name: str, value) -> bytes:
    body = example(submit=True, title="Another", what_is_new="It is new.")
    body["changes"][0]["fields"]["key"] = "another-source"
    body["changes"][position]["fields"][name] = value
    return json.dumps(body).encode()


def with_member(path: list, value) -> bytes:
    body = example(submit=True, title="Another", what_is_new="It is new.")
    body["changes"][0]["fields"]["key"] = "another-source"
    inner = body
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    return json.dumps(body).encode()


def raw(text: str) -> bytes:
    return ('{"title": ' + text + ', "changes": []}').encode()


def cases(filled) -> dict[str, tuple[bytes, int]]:
    """Return bodies of new proposals by what is wrong with them, and the status that each gets."""
    wrong_types = [None, True, 5, 1.5, "text", [], ["x"], {}, {"x": 1}, [[]], [{}]]
    found = {
        "empty": (b"", 400),
        "no JSON": (b"{", 400),
        "not UTF-8": (b'{"title": "\xff"}', 400),
        "UTF-16": (json.dumps(example()).encode("utf-16"), 400),
        "NUL": (raw(r'"a\u0000b"'), 400),
        "a key with NUL": (b'{"a\\u0000b": 1}', 400),
        "a lone surrogate": (raw(r'"\ud800"'), 400),
        "a lone surrogate deep inside": (with_field(1, "bears_on", [{"note": "\udfff"}]), 400),
        "lists in lists": (raw("[" * DEEP), 400),
        "objects in objects": (raw('{"a":' * DEEP), 400),
        "NaN": (raw("NaN"), 400),
        "Infinity": (raw("-Infinity"), 400),
        "1e400": (raw("1e400"), 400),
        "5,000 digits": (raw("9" * 5_000), 400),
        "a key twice": (b'{"title": "a", "title": "b", "changes": []}', 400),
        "10 MB": (raw('"' + "a" * 10_000_000 + '"'), 413),
        "2.2 MB": (raw('"' + "a" * 2_200_000 + '"'), 413),
        "501 changes": (with_member(["changes"], [{"record": "sector", "operation": "create"}] * 501), 400),
        "no changes": (with_member(["changes"], []), 400),
        "a long title": (with_member(["title"], "a" * 201), 400),
        "an empty title": (with_member(["title"], " "), 400),
        "a bidi override in the title": (with_member(["title"], "a\u202eb"), 400),
        "a zero-width title": (with_member(["title"], "a\u200bb"), 400),
        "a control character in the rationale": (with_member(["rationale"], "a\u0007b"), 400),
        "a bidi override in a batch": (with_member(["batch"], "a\u2066b"), 400),
        "a bidi override in a name": (with_field(0, "title", "a\u202eb"), 400),
        "a zero-width key": (with_field(0, "key", "a\u200bb"), 400),
        "a bidi override in a text": (with_field(1, "claim", "a\u202eb"), 400),
        "a javascript: address": (with_field(0, "url", "javascript:alert(1)"), 400),
        "an address with credentials": (with_field(0, "url", "https://user:secret@example.org/"), 400),
        "an address that isn't one": (with_field(0, "url", "https://[example.org/"), 400),
        "a missing record": (with_field(1, "source", str(uuid.uuid4())), 400),
        "a retired record": (with_field(1, "source", filled.retired), 400),
        "a record of another kind": (with_field(1, "source", filled.chokepoint), 400),
        "a new record of another kind": (with_field(1, "source", "ref:e1"), 400),
        "a reference to itself": (with_field(0, "derived_from", ["ref:s1"]), 400),
        "a key that is taken": (with_field(0, "key", "example-article"), 400),
        "a field that isn't the authors'": (with_field(3, "retired", True), 400),
        "merging by hand": (with_field(3, "merged_into", filled.chokepoint), 400),
        "a policy": (with_member(["changes", 0, "record"], "policy"), 400),
        "an operation that isn't one": (with_member(["changes", 0, "operation"], "delete"), 400),
        "a huge revision": (with_member(["changes", 3, "base_revision"], 2**53 - 1), 400),
        "revision 0": (with_member(["changes", 3, "base_revision"], 0), 400),
        "an id that is no id": (with_member(["changes", 3, "id"], "x" * 5_000), 400),
        "a local key of 5,000 characters": (with_member(["changes", 0, "ref"], "x" * 5_000), 400),
        "evidence cited that is none": (with_member(["changes", 3, "cites"], {"summary": ["ref:s1"]}), 400),
    }
    for day in ("0001-01-01", "2024-02-30", "10000-01-01", "2024-13", "yesterday", 2024, ["2024"]):
        found[f"the day {day}"] = (with_field(2, "as_of", day), 400)
    for name in sorted(READ_ONLY):
        found[f"writing {name}"] = (with_member([name], "x"), 400)
        if name not in {"base", "current"}:
            found[f"writing {name} of a change"] = (with_member(["changes", 0, name], "x"), 400)
    for path, fitting in {
        ("title",): "text", ("rationale",): "text", ("changes",): None, ("submit",): True, ("batch",): "text",
        ("changes", 0): None, ("changes", 0, "record"): None, ("changes", 0, "fields"): None,
        ("changes", 3, "id"): None, ("changes", 3, "base_revision"): None, ("changes", 3, "cites"): {},
        ("changes", 3, "cites", "summary"): [], ("changes", 0, "fields", "key"): "text",
        ("changes", 0, "fields", "kind"): None, ("changes", 1, "fields", "source"): None,
        ("changes", 1, "fields", "bears_on"): None, ("changes", 1, "fields", "bears_on", 0): None,
        ("changes", 1, "fields", "bears_on", 0, "stance"): None, ("changes", 1, "fields", "bears_on", 0, "chokepoint"): None,
        ("changes", 2, "fields", "status"): None, ("changes", 2, "fields", "rank"): None,
    }.items():  # fmt: skip
        for value in wrong_types:
            if value != fitting or isinstance(value, bool) != isinstance(fitting, bool):
                found[f"{value!r} at {path}"] = (with_member(list(path), value), 400)
    return found


def sent_to(program: Program, path: str, body: bytes, **headers: str):
    """Send a body and return the answer; nothing of what a request that got in did stays."""
    with transaction.atomic():
        answer = program.send(path, body, **headers)
        transaction.set_rollback(True)
    return answer


def test_no_body_of_a_proposal_breaks_anything_or_gets_in(filled, django_db_blocker):
    with django_db_blocker.unblock():
        emma, before, wrong = Program(filled.emma), counts(), {}
        for name, (body, status) in cases(filled).items():
            answer = emma.send("", body)
            fits = answer.status_code == status and answer["Content-Type"] == "application/problem+json"
            if not fits or not answer.json()["detail"]:
                wrong[name] = (answer.status_code, answer.content[:200])
        assert wrong == {}
        assert counts() == before
        for content_type in (
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "?",
        ):
            answer = emma.generic("POST", "/api/v1/proposals/", b"title=a", content_type=content_type)
            assert answer.status_code == 415, content_type
        for path in ("?page_size=10", "?unknown=1", "?format=xml"):
            assert emma.send(path, example()).status_code == 400
        assert counts() == before


MOVES = {
    "submit/": {"version": 1},
    "resolve/": {
        "version": 1,
        "resolutions": [{"id": str(uuid.uuid4()), "seen": 1, "units": {"summary": "current"}}],
    },
    "reviews/": {"version": 1, "verdict": "approve", "comment": "x"},
    "suggestions/": {"version": 1, "id": str(uuid.uuid4()), "field": "summary", "value": "x"},
    "suggestions/1/take/": {"version": 1},
    "suggestions/1/decline/": {},
    "split/": {"version": 1, "records": [str(uuid.uuid4())]},
    "comments/": {"text": "x", "id": str(uuid.uuid4()), "field": "summary"},
    "comments/{comment}/resolve/": {"resolved": True},
    "hold/": {"reason": "x", "until": "2024-02-30", "awaited": 5},
    "authors/": {"name": "nobody"},
    "hand-over/": {"name": "nobody"},
    "dismiss/": {"reason": "x"},
}


BY_REVIEWERS = {"reviews/", "suggestions/", "hand-over/", "dismiss/"}


def test_no_body_of_a_move_breaks_anything(filled, django_db_blocker):
    """Each member of each move with each wrong type, an unknown member, and no object at all."""
    with django_db_blocker.unblock():
        rita, emma, before, wrong = Program(filled.rita), Program(filled.emma), counts(), {}
        comment = emma.read(filled.address + "comments/").json()["results"][0]["comment"]
        strange = [None, True, 5, 2**60, "", "\u202e", [5], ["x"], {"x": [1]}]
        for path, body in MOVES.items():
            bodies = [{**body, "state": "published"}, {**body, "extra": 1}, [], "text", 5, None]
            bodies += [{**body, name: value} for name in body for value in strange]
            for sent in bodies:
                client = rita if path in BY_REVIEWERS else emma
                answer = sent_to(
                    client, filled.address + path.format(comment=comment), json.dumps(sent).encode()
                )
                if answer.status_code >= 500 or (sent in bodies[:6] and answer.status_code != 400):
                    wrong[path, json.dumps(sent)] = answer.status_code
        assert wrong == {}
        for address in ("0/", f"{2**70}/", f"{'9' * 5000}/", "-1/", "1.5/", "１/", "x/", "%00/"):
            for rest in ("", "submit/", "comments/", "versions/", "suggestions/1/take/"):
                for answer in (emma.read(address + rest), emma.send(address + rest, {"version": 1})):
                    assert answer.status_code in {404, 405}, address
                    assert answer["Content-Type"] == "application/problem+json"
        huge = f"{2**70}/"
        for rest in (f"versions/{huge}", f"suggestions/{huge}take/", f"comments/{huge}resolve/"):
            answer = emma.send(filled.address + rest, {"version": 1})
            assert answer.status_code in {404, 405, 409}, (rest, answer.status_code)
        assert counts() == before


def test_no_parameter_of_a_list_breaks_anything(filled, django_db_blocker):
    with django_db_blocker.unblock():
        client, wrong = Program(), {}
        for query in (
            *("page_size=1000000000", "page_size=0", "page_size=٣", "cursor=x", "cursor=W10"),
            *(
                "ordering=title",
                "ordering=number,number",
                "count=maybe",
                "format=xml",
                "at=1",
                "fields=title",
            ),
            *(
                "state=nowhere",
                "state__in=open,nowhere",
                "state=open&state=draft",
                "state=",
                "state__regex=(",
            ),
            "state__in=" + ",".join(["open"] * 10_000),
            *(
                "author=x",
                "sector=nowhere",
                "source=nowhere",
                "kind=policy",
                "needs=money",
                "effect=none",
                "unknown=1",
            ),
            *("record=x", "record=planet:x", "record=chokepoint:nowhere", "record=chokepoint:"),
            *("search=%00", "search=" + "a" * 201, "batch=" + "a" * 101),
        ):
            answer = client.read(f"?{query}")
            if answer.status_code != 400 or "errors" not in answer.json():
                wrong[query[:60]] = answer.status_code
        assert wrong == {}


def test_a_cycle_by_way_of_two_proposals_ends_in_a_conflict(filled, django_db_blocker):
    with django_db_blocker.unblock(), transaction.atomic():
        emma, rita = Program(filled.emma), Program(filled.rita)
        sectors = [Builder(seed).sector(f"cycle-{seed}") for seed in (1, 2)]
        numbers = []
        for child, parent in (sectors, sectors[::-1]):
            fields = {"parent": parent}
            one = {
                "record": "sector",
                "operation": "update",
                "id": child,
                "base_revision": 1,
                "fields": fields,
            }
            body = {"title": f"{child} in {parent}", "rationale": "Why.", "submit": True, "changes": [one]}
            answer = emma.send("", body)
            assert answer.status_code == 201, answer.json()
            numbers.append(answer.json()["number"])
        said = {"version": 1, "verdict": "approve"}
        outcomes = [rita.send(f"{number}/reviews/", said).json() for number in numbers]
        assert [one["outcome"] for one in outcomes] == ["published", "conflicting"]
        assert [(one["sort"], one["field"]) for one in outcomes[1]["conflicts"]] == [("rule", "parent")]
        transaction.set_rollback(True)


# --- by chance: a valid body with something else at some of its places

SHORT = st.text(max_size=5)
STRANGE = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**53), 2**53), st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=20), st.sampled_from(
        ["ref:s1", "ref:e1", "ref:", "microspheres", "\u202e", "\u200b", "2024-02-30", "https://a:b@c/", "x" * 3000]
    ),
    st.lists(st.one_of(st.none(), st.integers(), SHORT, st.dictionaries(SHORT, st.integers())), max_size=3),
    st.dictionaries(
        st.sampled_from(["chokepoint", "stance", "list", "low", "high", "x"]),
        st.one_of(st.none(), SHORT, st.lists(st.integers())),
    ),
)  # fmt: skip


def places_in(value, path=()):
    """Yield the path of every value in a body."""
    if path:
        yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, part in inner:
        yield from places_in(part, (*path, name))


def everything() -> dict:
    """A body that holds every shape of value that a field can have."""
    body = example(submit=True, title="Another", what_is_new="It is new.", batch="b")
    body["changes"][0]["fields"] |= {
        "key": "another",
        "derived_from": ["example-article"],
        "derivation": "derived",
    }
    share = {
        "low": "1",
        "high": "2.5",
        "market": "world",
        "measure": "revenue",
        "counted": "place",
        "year": 2020,
    }
    body["changes"][1]["fields"] |= {"own_finding": True, "credibility": 2, "about_from": "2020"}
    body["changes"][2]["fields"] |= {"import_share": share, "ways_out": ["own-research"]}
    body["changes"][3]["fields"] |= {
        "aliases": ["a"], "barriers": ["scale-up"], "identifiers": [{"scheme": "wikidata", "value": "Q1"}], "sector": "materials",
    }  # fmt: skip
    return body


PLACES = list(places_in(everything()))


@st.composite
def mutated(draw) -> dict:
    """A body with other values, with members left out, or with members more, at one to three places."""
    body = everything()
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(PLACES))
        inner = body
        try:
            for step in path[:-1]:
                inner = inner[step]
            act = draw(st.sampled_from(["replace", "leave out", "add"]))
            if act == "replace":
                inner[path[-1]] = draw(STRANGE)
            elif act == "leave out":
                del inner[path[-1]]
            elif isinstance(inner, dict):
                inner[draw(st.text(max_size=10))] = copy.deepcopy(draw(STRANGE))
            else:
                inner.append(draw(STRANGE))
        except (AttributeError, KeyError, IndexError, TypeError):
            continue  # an earlier act took the place away
    return body


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(body=mutated())
def test_a_body_with_anything_anywhere_is_taken_whole_or_refused_whole(filled, django_db_blocker, body):
    with django_db_blocker.unblock():
        emma = Program(User.objects.get(username="emma"))
        before = counts()
        try:
            sent = json.dumps(body).encode()
        except UnicodeEncodeError:
            return
        answer = emma_sends(emma, sent)
        assert answer.status_code in {201, 400, 409, 428}, answer.content
        if answer.status_code != 201:
            assert answer.json()["detail"]
            assert counts() == before


def emma_sends(emma: Program, sent: bytes):
    """Send a body; what got in is taken back, what was refused must have taken itself back."""
    savepoint = transaction.savepoint()
    answer = emma.send("", sent)
    if answer.status_code == 201:
        transaction.savepoint_rollback(savepoint)
    else:
        transaction.savepoint_commit(savepoint)
    return answer
