from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("reviews", "0008_notifications_mails_webhooks"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="limit",
            name="limit_key_is_in_vocabulary",
        ),
        migrations.AlterField(
            model_name="limit",
            name="key",
            field=models.CharField(
                choices=[
                    ("undo", "A verdict that hasn't published can be undone for"),
                    ("claim", "“I am on it” lapses after"),
                    ("nudge", "A proposal is nudged again at the earliest after"),
                    ("absence", "A request for changes can be dismissed by others after"),
                    ("reminder", "Whoever was asked to act is reminded after"),
                    ("inbox", "What was read stays in the inbox for"),
                    ("old", "A proposal counts as old when it has waited for"),
                    ("escalation", "Admins are told of a proposal that has waited for"),
                    (
                        "repeated",
                        "A request that is sent again with its Idempotency-Key gets its first answer for",
                    ),
                    ("kept", "What was typed and not saved is kept for"),
                    ("tokens", "A member may have"),
                    ("token_life", "A token expires at the latest after"),
                    ("webhooks", "Programs are told for one member through up to"),
                    ("webhook_failures", "A webhook is switched off when it was given up in a row"),
                    ("deliveries", "What was told to webhooks is kept for"),
                ],
                max_length=40,
                unique=True,
            ),
        ),
        migrations.AddConstraint(
            model_name="limit",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "key__in",
                        [
                            "undo",
                            "claim",
                            "nudge",
                            "absence",
                            "reminder",
                            "inbox",
                            "old",
                            "escalation",
                            "repeated",
                            "kept",
                            "tokens",
                            "token_life",
                            "webhooks",
                            "webhook_failures",
                            "deliveries",
                        ],
                    )
                ),
                name="limit_key_is_in_vocabulary",
            ),
        ),
    ]
