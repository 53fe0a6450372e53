"""The admin shows every table, writes none of the register's, and stays cheap."""

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from chokepoints.models import Activity, Chokepoint, Contributor, Export, Release, Verification
from chokepoints.services.contributing import contributor_for, the_register_itself
from chokepoints.services.publishing import IMPORT, Origin, RecordChange, publish
from chokepoints.services.recording import record_activity

pytestmark = pytest.mark.django_db

MODELS = list(apps.get_app_config("chokepoints").get_models())
READ_ONLY = [model for model in MODELS if model is not Contributor]
NAMES = [model.__name__ for model in MODELS]


@pytest.fixture
def superuser(client):
    user = get_user_model().objects.create_superuser("ada", password="x")
    client.force_login(user)
    return user


def fill(first: int, last: int) -> None:
    """Publish records of every kind, each table with a row for each number."""
    changes = []
    for n in range(first, last):

        def uid(kind: str, number: int = n) -> str:
            return f"{kind:0>8}-0000-4000-8000-{number:012}"

        ids = {
            name: uid(str(i))
            for i, name in enumerate(
                (
                    "sector",
                    "chokepoint",
                    "list",
                    "organization",
                    "source",
                    "origin",
                    "evidence",
                    "supply",
                    "assessment",
                ),
                1,
            )
        }
        plain = {"derivation": "original", "kind": "dataset", "standing": "in-force"}
        changes += [
            RecordChange("sector", ids["sector"], "create", {"key": f"s{n}", "name": f"Sector {n}"}),
            RecordChange(
                "list",
                ids["list"],
                "create",
                {"key": f"l{n}", "name": f"List {n}", "issuer": "I", "dependent_country": "CN"},
            ),
            RecordChange(
                "chokepoint",
                ids["chokepoint"],
                "create",
                {
                    "key": f"c{n}",
                    "name": f"Chokepoint {n}",
                    "dependent_country": "CN",
                    "sector": ids["sector"],
                    "listings": [{"list": ids["list"], "number": n + 1}],
                },
            ),
            RecordChange(
                "organization", ids["organization"], "create", {"key": f"o{n}", "name": f"Organization {n}"}
            ),
            RecordChange(
                "source", ids["origin"], "create", plain | {"key": f"origin{n}", "title": f"Origin {n}"}
            ),
            RecordChange(
                "source",
                ids["source"],
                "create",
                plain
                | {
                    "key": f"source{n}",
                    "title": f"Source {n}",
                    "derivation": "derived",
                    "derived_from": [ids["origin"]],
                },
            ),
            RecordChange(
                "evidence",
                ids["evidence"],
                "create",
                {
                    "source": ids["source"],
                    "claim": f"Claim {n}",
                    "nature": "observation",
                    "rests_on": [ids["origin"]],
                    "bears_on": [{"chokepoint": ids["chokepoint"], "stance": "supports"}],
                },
            ),
            RecordChange(
                "supply",
                ids["supply"],
                "create",
                {
                    "chokepoint": ids["chokepoint"],
                    "organization": ids["organization"],
                    "role": "foreign-supplier",
                    "evidence": [ids["evidence"]],
                },
            ),
            RecordChange(
                "assessment",
                ids["assessment"],
                "create",
                {
                    "chokepoint": ids["chokepoint"],
                    "status": "critical",
                    "as_of": "2018",
                    "rationale": "R",
                    "rank": "normal",
                    "evidence": [ids["evidence"]],
                },
            ),
        ]
        Verification.objects.create(head=n)
        user = get_user_model().objects.create_user(f"user{n}")
        contributor_for(user)
        Export.objects.create(
            requester=user, format="csv", tables=[], changeset=0, day="2026-01-05", tries_left=1
        )
        moment = "2026-01-05T09:00:00Z"
        Release.objects.create(
            changeset=n, digest="x", time=moment, format=1, state="failed", reason="R", began=moment
        )
    for part in (changes[:9], changes[9:]):
        if part:
            publish(
                changes=part,
                authors=[the_register_itself()],
                summary="S",
                rationale="R",
                origin=Origin(IMPORT),
            )
    for person in Contributor.objects.all():
        record_activity("changeset.published", actor=person, subject="changeset:1")


@pytest.mark.parametrize("model", MODELS, ids=NAMES)
def test_every_table_is_in_the_admin_with_search(model):
    assert admin.site.is_registered(model)
    assert admin.site.get_model_admin(model).search_fields


@pytest.mark.parametrize("model", MODELS, ids=NAMES)
def test_lists_cost_the_same_number_of_queries_with_many_rows(client, superuser, model):
    fill(0, 1)
    url = reverse(f"admin:chokepoints_{model._meta.model_name}_changelist")
    few = _queries(client, url)
    fill(1, 8)
    assert _queries(client, url) <= few + 1  # the date hierarchy and paging may ask once more


def _queries(client, url: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        assert client.get(url).status_code == 200
    return len(queries)


@pytest.mark.parametrize("model", MODELS, ids=NAMES)
def test_every_row_can_be_looked_at_and_searched(client, superuser, model):
    fill(0, 1)
    name = f"admin:chokepoints_{model._meta.model_name}"
    row = model.objects.first()
    assert client.get(reverse(f"{name}_change", args=[row.pk])).status_code == 200
    assert client.get(reverse(f"{name}_changelist"), {"q": "1"}).status_code == 200
    assert client.get(reverse(f"{name}_changelist"), {"q": "微球"}).status_code == 200


@pytest.mark.parametrize("model", READ_ONLY, ids=[m.__name__ for m in READ_ONLY])
def test_a_superuser_writes_nothing(client, superuser, model):
    fill(0, 1)
    name = f"admin:chokepoints_{model._meta.model_name}"
    row = model.objects.first()
    before = list(model.objects.order_by("pk").values())
    assert client.get(reverse(f"{name}_add")).status_code == 403
    assert client.post(reverse(f"{name}_add"), {}).status_code == 403
    assert (
        client.post(reverse(f"{name}_change", args=[row.pk]), {"name": "x", "_save": "1"}).status_code == 403
    )
    assert client.post(reverse(f"{name}_delete", args=[row.pk]), {"post": "yes"}).status_code == 403
    client.post(
        reverse(f"{name}_changelist"),
        {"action": "delete_selected", "_selected_action": [str(row.pk)], "post": "yes"},
    )
    assert list(model.objects.order_by("pk").values()) == before
    assert not admin.site.get_model_admin(model).get_actions(type("R", (), {"GET": {}, "user": superuser})())


def test_a_record_leads_to_proposing_a_change(client, superuser):
    fill(0, 1)
    row = Chokepoint.objects.get()
    text = client.get(reverse("admin:chokepoints_chokepoint_change", args=[row.pk])).content.decode()
    assert f"/proposals/new/?kind=chokepoint&amp;operation=update&amp;record={row.pk}" in text


def test_a_contributors_name_may_be_put_right_and_nothing_else(client, superuser):
    person = contributor_for(get_user_model().objects.create_user("wu"))
    url = reverse("admin:chokepoints_contributor_change", args=[person.pk])
    client.post(url, {"display_name": "Lena Wu", "affiliation": "East Asia desk", "user": "", "id": "x"})
    person.refresh_from_db()
    assert (person.display_name, person.affiliation, person.user.username) == (
        "Lena Wu",
        "East Asia desk",
        "wu",
    )
    assert client.post(reverse("admin:chokepoints_contributor_add"), {"display_name": "X"}).status_code == 403
    assert (
        client.post(
            reverse("admin:chokepoints_contributor_delete", args=[person.pk]), {"post": "yes"}
        ).status_code
        == 403
    )


def test_an_invisible_character_in_a_name_is_refused_beside_the_field(client, superuser):
    person = the_register_itself()
    url = reverse("admin:chokepoints_contributor_change", args=[person.pk])
    answer = client.post(url, {"display_name": "The\u200bother", "affiliation": ""})
    assert answer.status_code == 200 and "invisible character" in answer.content.decode()


def test_many_of_a_kind_are_called_by_a_word_that_there_is(client, superuser):
    """Django makes "evidence basiss" of what it isn't told."""
    names = {str(model._meta.verbose_name_plural) for model in admin.site._registry}
    assert not {name for name in names if name.endswith(("ss", "evidences", "chs"))}
    assert {"evidence bases", "supply evidence", "assessment evidence"} <= names


def test_activities_are_there_to_be_read(client, superuser):
    fill(0, 1)
    assert Activity.objects.exists()
