"""What the two health addresses say, and what they do not depend on."""

import pytest
from django.db import OperationalError
from django.db.migrations.recorder import MigrationRecorder

from config import health


def test_live_needs_no_database(client):
    """No database mark here: a query would fail this test."""
    answer = client.get("/healthz/live")
    assert (answer.status_code, answer.content) == (200, b"ok")


@pytest.mark.django_db
def test_ready_when_every_migration_is_applied(client):
    answer = client.get("/healthz/ready")
    assert (answer.status_code, answer.content) == (200, b"ok")


@pytest.mark.django_db
def test_not_ready_while_a_migration_is_missing(client):
    from django.db import connection

    MigrationRecorder(connection).record_unapplied("sessions", "0001_initial")
    answer = client.get("/healthz/ready")
    assert answer.status_code == 503
    assert "1 migrations are still to be applied" in answer.text


def test_not_ready_without_a_database_and_silent_about_why(client, monkeypatch):
    def broken(connection):
        raise OperationalError("password of somebody at some-host refused")

    monkeypatch.setattr(health, "MigrationExecutor", broken)
    answer = client.get("/healthz/ready")
    assert answer.status_code == 503
    assert answer.text == "The database does not answer."


def test_nothing_is_written_to_a_health_address(client):
    assert client.post("/healthz/live").status_code == 405
    assert client.post("/healthz/ready").status_code == 405
