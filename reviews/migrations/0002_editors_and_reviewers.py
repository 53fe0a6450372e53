"""Make the two groups that give the right to propose and to review."""

from django.db import migrations

GROUPS = ("Editors", "Reviewers")


def make(apps, schema_editor):
    for name in GROUPS:
        apps.get_model("auth", "Group").objects.get_or_create(name=name)


class Migration(migrations.Migration):
    dependencies = [
        ("reviews", "0001_proposals_reviews_policies"),
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [migrations.RunPython(make, migrations.RunPython.noop)]
