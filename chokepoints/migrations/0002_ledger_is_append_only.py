"""Put up the triggers that keep the ledger append-only."""

from django.db import migrations

from chokepoints.triggers import install, remove


def _run(statements, schema_editor):
    for statement in statements(schema_editor.connection.vendor):
        schema_editor.execute(statement, params=None)


def put_up(apps, schema_editor):
    _run(install, schema_editor)


def take_down(apps, schema_editor):
    _run(remove, schema_editor)


class Migration(migrations.Migration):
    dependencies = [("chokepoints", "0001_register_and_ledger")]

    operations = [migrations.RunPython(put_up, take_down)]
