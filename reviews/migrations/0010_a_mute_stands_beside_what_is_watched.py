from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("reviews", "0009_limits_of_webhooks"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="subscription",
            name="one_subscription_each",
        ),
        migrations.AddConstraint(
            model_name="subscription",
            constraint=models.UniqueConstraint(
                fields=("owner", "what", "target", "is_muted"),
                name="one_subscription_and_one_mute_each",
            ),
        ),
    ]
