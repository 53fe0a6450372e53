"""The forms of the small acts around a proposal: another value for one field, a hold, a division."""

from collections.abc import Iterable
from typing import Any

from django import forms

from chokepoints.exceptions import Problem
from chokepoints.fields import Original
from chokepoints.history import state_at
from chokepoints.models.revision import CREATE
from chokepoints.records import KINDS

from ..models import Change
from .fields import form_field, like_base, same_lines
from .proposals import NO_SUCH_CHANGE, SeenForm, Ticked, Words, whole_number
from .queue import ServiceForm
from .records import evidence_at_hand
from .references import Siblings


class SuggestionForm(SeenForm):
    """Another value for one field of a change, with the same form field as where its author typed it."""

    words = Words(
        label="Why",
        limit=5_000,
        lines=True,
        required=False,
        widget=forms.Textarea({"rows": 2}),
        help_text="For the author.",
    )
    approve = forms.BooleanField(
        label="I approve it if it is taken",
        required=False,
        help_text="Your approval, given in advance: of the proposal as it stands with this value and with whatever "
        "else you suggest in this way, all of it. What its author changes beside that asks for you again.",
    )

    def __init__(self, change: Change, name: str, siblings: Siblings, data: Any = None, **options: Any):
        super().__init__(data, **options)
        self.field = KINDS[change.kind].fields[name]
        self.proposed = change.fields.get(name)
        more = {}
        if self.field.shape == "references" and self.field.kind == "evidence":
            more["at_hand"] = evidence_at_hand(_chokepoint(change), str(change.record))
        self.fields[name] = form_field(self.field, siblings, **more)
        self.initial[name] = self.fields[name].show(self.proposed)
        self.order_fields([name, "words", "approve"])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        name = self.field.name
        if self.fields[name].widget.value_omitted_from_data(self.data, self.files, name):
            self.add_error(name, "Type the value that you suggest.")
        return cleaned

    def value(self) -> Any:
        """Return the canonical value that is suggested."""
        value = self.cleaned_data[self.field.name]
        if isinstance(self.field, Original) and isinstance(value, str):
            value = self.proposed if same_lines(value, self.proposed) else like_base(value, self.proposed)
        return value

    def add_problems(self, problems: Iterable[Problem]) -> None:
        """Put what a service refused beside its field, what belongs to none at the head."""
        for problem in problems:
            self.add_error(problem.field if problem.field in self.fields else None, problem.message)


def _chokepoint(change: Change) -> str | None:
    """Return the chokepoint whose evidence is at hand for a change."""
    if change.kind == "chokepoint":
        return str(change.record)
    seen = state_at(change.record, change.base_revision) if change.operation != CREATE else {}
    return change.fields.get("chokepoint") or (seen or {}).get("chokepoint")


class HoldForm(ServiceForm):
    """Until when a proposal is set aside, and why."""

    reason = Words(
        label="What it waits for",
        limit=2_000,
        lines=True,
        required=False,
        widget=forms.Textarea({"rows": 3}),
        help_text="Everybody reads it on the proposal's page.",
    )
    until = forms.DateField(
        label="Until a day",
        required=False,
        widget=forms.DateInput({"type": "date", "class": "short"}, format="%Y-%m-%d"),
        input_formats=["%Y-%m-%d"],
        help_text="It returns by itself when that day begins (UTC).",
        error_messages={"invalid": "Write the day as 2026-05-30."},
    )
    awaited = forms.CharField(
        label="Until another proposal has ended",
        required=False,
        widget=forms.TextInput({"class": "short", "inputmode": "numeric", "autocomplete": "off"}),
        help_text="Its number. Of a day and a proposal, whichever comes first brings it back.",
    )

    def clean_awaited(self) -> int | None:
        typed = self.cleaned_data["awaited"].strip().removeprefix("#")
        if typed and not whole_number(typed):
            raise forms.ValidationError("Write the number of a proposal, such as 17.")
        return whole_number(typed) if typed else None


class SplitForm(SeenForm):
    """Which changes move to a proposal of their own."""

    records = Ticked(required=False, error_messages=NO_SUCH_CHANGE)

    def ticked(self) -> set[str]:
        """Return the record ids whose boxes are ticked, whether they could move or not."""
        return set(self.data.getlist("records")) if self.is_bound else set()
