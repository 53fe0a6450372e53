"""Invariant 1: the register changes only by publishing a changeset. Proved in code, at run time, in the admin."""

import ast
import re
import uuid
from pathlib import Path

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.db import transaction
from django.test import RequestFactory

from chokepoints.exceptions import OneDoorError
from chokepoints.models import Changeset, Opening, RegisterTable, Revision
from reviews.models import Policy
from tests.builders import Builder, golden_register
from tests.recording import lay_register

PROJECT = Path(__file__).resolve().parents[1]
CODE = [
    path
    for folder in ("chokepoints", "reviews", "config")
    for path in sorted((PROJECT / folder).rglob("*.py"))
]
LEDGER = [Changeset, Revision, Opening]
REGISTER = [model for model in apps.get_models() if issubclass(model, RegisterTable)]
NAMES = {model.__name__ for model in [*REGISTER, *LEDGER]}
TABLES = {model._meta.db_table for model in [*REGISTER, *LEDGER]}

DOOR = "chokepoints/projection.py"
PUBLISHING = "chokepoints/services/publishing.py"
REPAIRING = "chokepoints/services/repairing.py"
WRITES_OF_PROJECTION = {"write_record", "remove_record", "free_key", "write_keys", "remove_key"}
WRITES = {
    *("create", "acreate", "get_or_create", "aget_or_create", "update_or_create", "aupdate_or_create"),
    *("bulk_create", "abulk_create", "bulk_update", "abulk_update", "update", "aupdate", "delete", "adelete"),
    *("_raw_delete", "_update", "save", "asave", "save_base", "_insert", "set", "add", "remove", "clear"),
}


def name_of(path):
    return path.relative_to(PROJECT).as_posix()


def trees():
    for path in CODE:
        yield name_of(path), ast.parse(path.read_text())


def names_in(tree):
    """Every name that code reads, writes or imports, as a name, an attribute or a text."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.alias):
            yield node.name.rpartition(".")[2]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def starts_with_ledger_or_register(node):
    """Whether a chain such as Revision.objects.filter(…) begins with a register or ledger model."""
    while isinstance(node, ast.Attribute | ast.Call | ast.Subscript):
        if isinstance(node, ast.Attribute) and node.attr in NAMES:
            return True
        node = node.func if isinstance(node, ast.Call) else node.value
    return isinstance(node, ast.Name) and node.id in NAMES


def writes_in(tree):
    """Lines on which a register or ledger model is written through its manager, or made and saved at once."""
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in WRITES
            and starts_with_ledger_or_register(node.func.value)
        ):
            yield node.lineno


# --- in the code


def test_only_projection_opens_the_door():
    users = {name for name, tree in trees() if {"open_door", "_door_is_open"} & set(names_in(tree))}
    assert users == {DOOR, "chokepoints/models/table.py"}


def test_only_publishing_and_repairing_call_what_writes():
    callers = {name for name, tree in trees() if WRITES_OF_PROJECTION & set(names_in(tree))}
    assert callers == {PUBLISHING, REPAIRING}
    for name, tree in trees():
        if name == PUBLISHING:
            assert WRITES_OF_PROJECTION & set(names_in(tree)) == {"write_record"}


def test_only_publishing_writes_the_ledger_and_only_projection_the_register():
    writers = {name for name, tree in trees() if any(writes_in(tree))}
    assert writers <= {DOOR, PUBLISHING}


def test_no_code_makes_rows_of_the_ledger_but_publishing():
    for name, tree in trees():
        made = {
            node.func.id
            for node in ast.walk(tree)
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in {"Changeset", "Revision"}
        }
        assert not made or name == PUBLISHING, f"{name} makes {made}"


def test_no_sql_writes_register_or_ledger():
    statement = re.compile(r"\b(insert|update|delete|replace|truncate|merge|copy)\b", re.IGNORECASE)
    for name, tree in trees():
        if "/migrations/" in name or name == "chokepoints/triggers.py":
            continue
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and statement.search(node.value)
            ):
                assert not any(table in node.value for table in TABLES), (
                    f"{name}:{node.lineno} {node.value[:80]}"
                )


def test_no_migration_writes_rows_of_register_or_ledger():
    for name, tree in trees():
        if "/migrations/" not in name:
            continue
        texts = {text for text in names_in(tree) if isinstance(text, str)}
        reads_models = "get_model" in texts and {name.lower() for name in NAMES} & {
            text.lower() for text in texts
        }
        assert not reads_models, (
            f"{name} gets a register model: columns are filled by re-projection, not by migrations"
        )


def test_no_fixture_or_loader_goes_past_the_guards():
    for name, tree in trees():
        assert not {"loaddata", "save_base", "_base_manager"} & set(names_in(tree)), name


def test_every_register_table_is_guarded():
    for model in REGISTER:
        assert model.objects.__class__.__mro__ and hasattr(model._base_manager.all(), "_raw_delete")
        assert (
            type(model._base_manager.all())._raw_delete
            is not __import__("django").db.models.QuerySet._raw_delete
        )
        assert type(model._default_manager.all()).update is not __import__("django").db.models.QuerySet.update


# --- at run time


@pytest.fixture
def register(db):
    return lay_register(golden_register, Builder())


@pytest.mark.parametrize("model", REGISTER, ids=lambda model: model.__name__)
def test_a_register_table_refuses_every_way_of_writing(register, model):
    row = model.objects.order_by("pk").first()
    assert row is not None, "the golden register has a row of each"
    ways = {
        "save": lambda: row.save(),
        "save of a new one": lambda: model().save(),
        "delete": lambda: row.delete(),
        "create": lambda: model.objects.create(),
        "get_or_create": lambda: model.objects.get_or_create(pk=row.pk),
        "update_or_create": lambda: model.objects.update_or_create(pk=row.pk),
        "update": lambda: model.objects.update(pk=row.pk),
        "update of some": lambda: model.objects.filter(pk=row.pk).update(pk=row.pk),
        "delete of some": lambda: model.objects.filter(pk=row.pk).delete(),
        "raw delete": lambda: model.objects.all()._raw_delete("default"),
        "bulk_create": lambda: model.objects.bulk_create([row]),
        "bulk_update": lambda: model.objects.bulk_update([row], [row._meta.concrete_fields[1].name]),
        "the base manager": lambda: model._base_manager.update(pk=row.pk),
        "save_base": lambda: row.save_base(),
    }
    before = list(model.objects.order_by("pk").values_list())
    for name, way in ways.items():
        with pytest.raises(OneDoorError), transaction.atomic():
            way()
            pytest.fail(f"{name} was let through")
    assert list(model.objects.order_by("pk").values_list()) == before


def test_related_managers_refuse_too(register):
    from chokepoints.models import Assessment, Chokepoint, Evidence, Sector

    sector, point, assessment = Sector.objects.first(), Chokepoint.objects.first(), Assessment.objects.first()
    for way in (
        lambda: sector.chokepoints.create(key="x", name="X"),
        lambda: sector.chokepoints.add(Chokepoint.objects.last()),
        lambda: sector.chokepoints.add(Chokepoint.objects.last(), bulk=False),
        lambda: sector.chokepoints.update(name="x"),
        lambda: point.listings.all().delete(),
        lambda: Chokepoint.objects.get(key="polymer-microspheres").parts.clear(),
        lambda: Chokepoint.objects.get(key="polymer-microspheres").parts.set([]),
        lambda: assessment.evidence.set([]),
        lambda: assessment.evidence.clear(),
        lambda: assessment.evidence.remove(Evidence.objects.first()),
        lambda: assessment.evidence.create(claim="x"),
        lambda: Evidence.objects.first().assessments.clear(),
    ):
        with pytest.raises(OneDoorError), transaction.atomic():
            way()


def test_the_deletion_of_something_else_takes_no_register_row_along(register):
    """A cascade deletes past the guards of querysets, so nothing outside may cascade into the register or ledger."""
    ours = {*REGISTER, *LEDGER}
    for model in apps.get_models():
        for relation in model._meta.related_objects:
            if relation.related_model in ours and model not in ours:
                assert relation.on_delete.__name__ == "PROTECT", (
                    f"{model.__name__} → {relation.related_model.__name__}"
                )


# --- in the admin


@pytest.mark.django_db
@pytest.mark.parametrize("model", [*REGISTER, *LEDGER], ids=lambda model: model.__name__)
def test_the_admin_offers_no_way_to_change_it(model):
    admin.autodiscover()
    request = RequestFactory().get("/admin/")
    request.user = get_user_model().objects.create_superuser("root", password=str(uuid.uuid4()))
    pages = [page for registered, page in admin.site._registry.items() if registered is model]
    inlines = [
        inline
        for page in admin.site._registry.values()
        for inline in page.get_inline_instances(request)
        if inline.model is model
    ]
    for page in [*pages, *inlines]:
        assert (
            not page.has_add_permission(request, None)
            if page in inlines
            else not page.has_add_permission(request)
        )
        if model is not Policy:  # edited there, and published through the door
            assert not page.has_change_permission(request)
        assert not page.has_delete_permission(request)
    for page in pages:
        assert not page.get_actions(request)
        assert not page.list_editable
