"""The form that a personal token is made with."""

import uuid
from typing import Any

from django import forms

from ..services.granting import LONGEST_NAME, lifetimes
from ..tokens import SCOPES
from .proposals import Words
from .queue import ServiceForm

CHOOSE = "Choose what the token may do, one thing at least."
OPEN_ANEW = "This form can't be taken. Open the page anew."


class TokenForm(ServiceForm):
    """Name, scopes and lifetime of a token; `made_by` tells this form from every other, so that it makes one token."""

    name = Words(
        label="Name",
        limit=LONGEST_NAME,
        widget=forms.TextInput({"maxlength": LONGEST_NAME, "autocomplete": "off"}),
        help_text="What it is for, such as the program or notebook that gets it.",
    )
    scopes = forms.MultipleChoiceField(
        label="It may",
        choices=list(SCOPES.items()),
        widget=forms.CheckboxSelectMultiple,
        help_text="Never more than you may yourself.",
        error_messages={"required": CHOOSE, "invalid_choice": CHOOSE},
    )
    days = forms.TypedChoiceField(
        label="It expires after",
        coerce=int,
        widget=forms.Select({"class": "short"}),
        error_messages={"required": "Choose when it expires.", "invalid_choice": "Choose when it expires."},
    )
    made_by = forms.UUIDField(
        widget=forms.HiddenInput, error_messages={"required": OPEN_ANEW, "invalid": OPEN_ANEW}
    )

    def __init__(self, data: Any = None):
        days = lifetimes()
        # The longest choice that somebody won't have forgotten about.
        usual = max((each for each in days if each <= 90), default=days[0])
        super().__init__(data, initial={"scopes": ["read"], "days": usual, "made_by": uuid.uuid4()})
        self.fields["days"].choices = [(each, f"{each} {'day' if each == 1 else 'days'}") for each in days]
