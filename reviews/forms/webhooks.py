"""The form of a webhook."""

from typing import Any

from django import forms

from ..models import Webhook
from ..notifications.offering import events_seen_by
from ..notifications.webhooks.addresses import LONGEST
from ..services.hooking import LONGEST_NAME
from .proposals import Words
from .queue import ServiceForm

CHOOSE = "Choose what it is told of, one thing at least."


class WebhookForm(ServiceForm):
    """What a webhook is called, where it is, and what it is told of."""

    name = Words(
        label="Name",
        limit=LONGEST_NAME,
        widget=forms.TextInput({"maxlength": LONGEST_NAME, "autocomplete": "off"}),
        help_text="What it is for, such as the program that is told.",
    )
    url = forms.CharField(
        label="Address",
        max_length=LONGEST,
        widget=forms.TextInput(
            {"maxlength": LONGEST, "autocomplete": "off", "inputmode": "url", "spellcheck": "false"}
        ),
        help_text="https or http, in the public internet, such as https://example.org/hook.",
        error_messages={"required": "Give the address that is told."},
    )
    events = forms.MultipleChoiceField(
        label="It is told when",
        widget=forms.CheckboxSelectMultiple,
        help_text="Of all that you may see, whether you watch it or not.",
        error_messages={"required": CHOOSE, "invalid_choice": CHOOSE},
    )
    with_own = forms.BooleanField(label="Tell it also of what I do myself", required=False)

    def __init__(self, data: Any = None, *, owner: Any, webhook: Webhook | None = None):
        names = ("name", "url", "events", "with_own")
        super().__init__(data, initial={name: getattr(webhook, name) for name in names} if webhook else None)
        self.fields["events"].choices = [(name, event.title) for name, event in events_seen_by(owner).items()]
