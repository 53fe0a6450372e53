"""Proposals that are pending already wait since they were opened."""

from django.db import migrations, models


def fill(apps, schema_editor):
    apps.get_model("reviews", "Proposal").objects.filter(waiting_since=None).exclude(state="draft").update(
        waiting_since=models.F("opened")
    )


class Migration(migrations.Migration):
    dependencies = [("reviews", "0003_claims_comments_holds_suggestions")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
