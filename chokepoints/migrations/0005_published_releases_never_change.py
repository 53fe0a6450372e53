"""Put up the triggers that keep published releases as they are."""

from django.db import migrations

from chokepoints.triggers import install_for_releases, remove_for_releases


def _run(statements, schema_editor):
    for statement in statements(schema_editor.connection.vendor):
        schema_editor.execute(statement, params=None)


def put_up(apps, schema_editor):
    _run(install_for_releases, schema_editor)


def take_down(apps, schema_editor):
    _run(remove_for_releases, schema_editor)


class Migration(migrations.Migration):
    dependencies = [("chokepoints", "0004_releases_as_rows")]

    operations = [migrations.RunPython(put_up, take_down)]
