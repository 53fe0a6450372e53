"""The ledger tables refuse to be changed, on both databases."""

import pytest
from django.db import DatabaseError, connection, transaction

from chokepoints.models import Changeset, Opening, Revision
from chokepoints.triggers import LEDGER_TABLES
from tests.builders import Builder, small_register

pytestmark = [pytest.mark.django_db, pytest.mark.database]
MODELS = [Changeset, Revision, Opening]


def refused(statement):
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


@pytest.fixture(autouse=True)
def register(db):
    small_register(Builder())
    connection.check_constraints()


def test_the_triggers_cover_the_ledger_tables():
    assert set(LEDGER_TABLES) == {model._meta.db_table for model in MODELS}


@pytest.mark.parametrize("table", LEDGER_TABLES)
def test_update_is_refused(table):
    column = "commitment" if table.endswith("opening") else "digest"
    refused(f"UPDATE {table} SET {column} = {column}")


@pytest.mark.parametrize("table", LEDGER_TABLES)
def test_delete_is_refused(table):
    refused(f"DELETE FROM {table}")


@pytest.mark.parametrize("table", LEDGER_TABLES)
def test_truncate_is_refused(table):
    if connection.vendor == "postgresql":
        refused(f"TRUNCATE {table} CASCADE")
    else:
        # SQLite has no TRUNCATE; REPLACE is its way round a DELETE trigger, if recursive triggers are off.
        row = next(model for model in MODELS if model._meta.db_table == table).objects.first()
        columns = [field.column for field in row._meta.concrete_fields]
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                f"REPLACE INTO {table} ({', '.join(columns)}) SELECT {', '.join(columns)} FROM {table} LIMIT 1"
            )


@pytest.mark.parametrize("model", MODELS)
def test_the_orm_meets_the_triggers_too(model):
    before = model.objects.count()
    with pytest.raises(DatabaseError), transaction.atomic():
        model.objects.all()._raw_delete(model.objects.db)
    assert model.objects.count() == before
