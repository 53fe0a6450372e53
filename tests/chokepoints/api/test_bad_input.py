"""Whatever stands in an address of the register's API, the answer is a right one or a problem that names what is wrong."""

from urllib.parse import quote

import pytest
from django.test import Client

from chokepoints.api.rendering import PATHS

pytestmark = [pytest.mark.django_db, pytest.mark.database]

AN_ID = "00000000-0000-4000-8000-000000000000"
FULL_WIDTH = "１２"  # digits to Python, and to nobody else

# path and query, and the parameter that the problem names
REFUSED = [
    # names
    ("chokepoints/?statuss=critical", "statuss"),
    ("chokepoints/?name__regex=(", "name__regex"),
    ("chokepoints/?name__iregex=(", "name__iregex"),
    ("chokepoints/?status__regex=(", "status__regex"),
    ("chokepoints/?sector__parent__key=materials", "sector__parent__key"),
    ("chokepoints/?%00=1", r"\x00"),
    ("chokepoints/?%E2%80%AEsutats=1", r"\u202esutats"),  # a bidi override
    ("chokepoints/?sta%E2%80%8Btus=critical", r"sta\u200btus"),  # a zero-width space
    ("chokepoints/?%ED%A0%80=1", "���"),  # half of a surrogate pair isn't UTF-8
    ("chokepoints/?" + "x" * 4_000, "x" * 60 + "…"),
    ("?since=1", "since"),
    ("changesets/?ordering=-number", "ordering"),
    ("changesets/?cursor=x", "cursor"),
    ("changesets/1/?since=1", "since"),
    ("chokepoints/photoresist/?status=critical", "status"),
    ("chokepoints/?expand=sectors", "expand"),
    ("chokepoints/?expand=name", "expand"),
    ("chokepoints/?expand=sector__parent", "expand"),
    ("chokepoints/?fields=name&expand=sector", "expand"),
    ("chokepoints/?fields=nom", "fields"),
    ("chokepoints/?fields=name,", "fields"),
    ("chokepoints/?fields=counts", "fields"),  # of a detail
    ("chokepoints/?fields=" + ",".join(["name"] * 1_000), "fields"),
    ("supplies/?fields=key", "fields"),
    ("chokepoints/?ordering=summary", "ordering"),
    ("chokepoints/?ordering=key,,name", "ordering"),
    ("chokepoints/?ordering=--key", "ordering"),
    ("chokepoints/?ordering=key,-key", "ordering"),
    ("chokepoints/?ordering=%3F", "ordering"),
    ("chokepoints/?ordering=sector__name", "ordering"),
    ("chokepoints/?ordering=" + ",".join(["key"] * 500), "ordering"),
    ("chokepoints/?format=xml", "format"),
    ("chokepoints/?format=%00", "format"),
    # values
    ("chokepoints/?status=fine", "status"),
    ("chokepoints/?status__in=critical,fine", "status__in"),
    ("chokepoints/?status__in=critical,,dependent", "status__in"),
    ("chokepoints/?status=", "status"),
    ("chokepoints/?status=%00", "status"),
    ("chokepoints/?id__in=", "id__in"),
    ("chokepoints/?id__in=" + ",".join([AN_ID] * 101), "id__in"),
    ("chokepoints/?id__in=" + "7," * 10_000, "id__in"),
    ("chokepoints/?status__in=" + "critical," * 10_000, "status__in"),
    ("chokepoints/?id__in=seven", "id__in"),
    ("chokepoints/?id__in=%7B" + AN_ID + "%7D", "id__in"),
    ("chokepoints/?id__in=" + quote("０" + AN_ID[1:]), "id__in"),
    ("chokepoints/?sector=nowhere", "sector"),
    ("chokepoints/?sector=example-works", "sector"),  # a key of another kind
    ("chokepoints/?sector__in=materials,nowhere", "sector__in"),
    ("chokepoints/?sector=%00", "sector"),
    ("chokepoints/?supplier_country=XX", "supplier_country"),
    ("chokepoints/?supplier_country=jp", "supplier_country"),
    ("chokepoints/?retired=maybe", "retired"),
    ("chokepoints/?updated_since=soon", "updated_since"),
    ("chokepoints/?updated_since=2026-01-05T09:00:00", "updated_since"),
    ("chokepoints/?updated_since=-1", "updated_since"),
    ("chokepoints/?updated_since=" + "9" * 30, "updated_since"),
    ("chokepoints/?updated_since=" + quote(FULL_WIDTH), "updated_since"),
    ("chokepoints/?updated_since=0001-01-01T00:00:00%2B14:00", "updated_since"),
    ("chokepoints/?search=" + "x" * 201, "search"),
    ("chokepoints/?search=%00", "search"),
    ("chokepoints/?key=%00", "key"),
    ("chokepoints/?key=a&key=b", "key"),
    ("chokepoints/?retired=true&retired=true", "retired"),
    ("chokepoints/?search=" + "x" * 60_000, "search"),
    ("chokepoints/?count=yes", "count"),
    ("chokepoints/?page_size=0", "page_size"),
    ("chokepoints/?page_size=501", "page_size"),
    ("chokepoints/?page_size=1000000000", "page_size"),
    ("chokepoints/?page_size=-1", "page_size"),
    ("chokepoints/?page_size=1e2", "page_size"),
    ("chokepoints/?page_size=" + quote(FULL_WIDTH), "page_size"),
    ("changesets/?page_size=501", "page_size"),
    ("changesets/?since=-1", "since"),
    ("changesets/?since=x", "since"),
    ("changesets/?since=2026-01-05", "since"),
    ("changesets/?since=" + "9" * 5_000, "since"),
    ("changesets/?since=" + quote(FULL_WIDTH), "since"),
    ("evidence/?own_finding=maybe", "own_finding"),
    # moments
    *(
        (f"{path}at={at}", "at")
        for path in ("?", "chokepoints/?", "chokepoints/photoresist/?", "changesets/?", "changesets/1/?")
        for at in ("x", "2024-02-30", "2026-13-01", "10000-01-01", "2026-01-05T09:00:00", "-1", "1.5", "2999-01-01",
                   "2999-01-01T00:00:00Z", "0001-01-01T00:00:00%2B14:00", "9999-12-31T23:59:59-14:00", "%00",
                   quote("２０２６-01-05"), quote("２０２６-01-05T09:00:00Z"), quote(FULL_WIDTH), "2026-01-05&at=2026-01-05")
    ),
    # days
    *(
        (f"sources/?published_on__{bound}={day}", f"published_on__{bound}")
        for bound in ("gte", "lte")
        for day in ("0001-01-01", "2024-02-30", "10000-01-01", "2024-13", "1e400", "%F0%9F%98%80", quote("２０１８"))
    ),
    # numbers
    *(
        (f"{path}={number}", path.partition("?")[2])
        for path in ("assessments/?import_share_low__gte", "evidence/?credibility__gte", "evidence/?credibility",
                     "evidence/?credibility__in")
        for number in ("NaN", "sNaN", "Infinity", "1e400", "9" * 4_900, "1E%2B999999999", "-", "x", "1_0", quote(FULL_WIDTH))
    ),
]  # fmt: skip

MISSING = [
    "chokepoints/nothing/", f"chokepoints/{AN_ID}/", "chokepoints/%00/", "chokepoints/%ED%A0%80/", "chokepoints/%E2%80%AE/",
    "chokepoints/" + "x" * 5_000 + "/", f"chokepoints/{quote('０' + AN_ID[1:])}/", "chokepoints/../../../etc/passwd/",
    "chokepoints/photoresist/?at=5", "chokepoints/?at=999", "chokepoints/?at=0", "chokepoints/?at=" + "9" * 4_000,
    "changesets/0/", "changesets/999/", "changesets/-1/", "changesets/x/", f"changesets/{quote(FULL_WIDTH)}/",
    "policies/", "revisions/", "chokepoints/photoresist/history/", "%00/", "%E2%80%AE/", "x" * 9_000 + "/",
]  # fmt: skip

ANSWERED = [
    "chokepoints/?at=0001-01-01", "chokepoints/?at=1",  # there was nothing yet
    "chokepoints/?search=" + "+".join("abcdefghij" * 10), "chokepoints/?search=%5C%25_%27%22", "chokepoints/?search=%EF%BF%BF",
    "chokepoints/?key=" + quote("' OR 1=1 --"), "chokepoints/?id__in=" + ",".join([AN_ID] * 100),
    "chokepoints/?ordering=-name,key,created_in,-changed_in,country,id".replace("country,", ""),
    "chokepoints/?updated_since=" + "9" * 18, "changesets/?since=" + "9" * 18,
    "evidence/?credibility=999999999", "assessments/?import_share_low__gte=999.999",
    "chokepoints/?at=2026-01-05T09:00:00+02:00", "chokepoints/?at=2026-01-05",
]  # fmt: skip


def test_what_cant_be_asked_is_refused_and_named(full, client):
    for path, parameter in REFUSED:
        answer = client.get(f"/api/v1/{path}")
        assert answer.status_code == 400, (path[:200], answer.content)
        assert answer.headers["Content-Type"] == "application/problem+json"
        problem = answer.json()
        assert [error["parameter"] for error in problem["errors"]] == [parameter], path[:200]
        assert problem["status"] == 400 and problem["title"] == "Bad Request"
        assert 10 < len(problem["detail"]) < 3_000
        assert not set(answer.content.decode()) & {"\u202e", "\u200b", "\0"}


def test_what_is_wrong_is_wrong_of_the_past_too(full, client):
    for path, parameter in REFUSED:
        if "?" in path and "at=" not in path and path.partition("/")[0] in PATHS.values():
            answer = client.get(f"/api/v1/{path}&at={full.head}")
            assert answer.status_code == 400, path[:200]
            assert [error["parameter"] for error in answer.json()["errors"]] == [parameter], path[:200]


def test_several_mistakes_are_all_named(full, client):
    problem = client.get("/api/v1/chokepoints/?status=fine&supplier_country=XX&sector=nowhere").json()
    assert {error["parameter"] for error in problem["errors"]} == {"status", "supplier_country", "sector"}


def test_what_isnt_there_is_a_404(full, client):
    for path in MISSING:
        answer = client.get(f"/api/v1/{path}")
        assert answer.status_code == 404, path[:200]
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.json()["status"] == 404


def test_what_is_odd_but_means_something_is_answered(full, client):
    for path in ANSWERED:
        assert client.get(f"/api/v1/{path}").status_code == 200, path[:200]


def test_six_thousand_parameters_are_refused(full):
    answer = Client().get("/api/v1/chokepoints/?" + "&".join(f"a{n}=1" for n in range(6_000)))
    assert (answer.status_code, answer.headers["Content-Type"]) == (400, "application/problem+json")
