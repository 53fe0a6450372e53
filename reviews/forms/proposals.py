"""The small forms around a proposal: title and rationale, a verdict, what to change next, and filters."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.urls import reverse

from chokepoints.exceptions import Problem
from chokepoints.fields import FieldError, check_name, check_text
from chokepoints.models.revision import CREATE, OPERATIONS
from chokepoints.records import KINDS

from ..models import Version
from ..workflow import STATES, VERDICTS
from .fields import PROPOSABLE
from .references import Siblings, find_record
from .widgets import Lookup

OPERATION_WORDS = {
    "create": "Add a new record",
    "update": "Change a record",
    "retire": "Retire a record",
    "restore": "Restore a record",
}
VERDICT_WORDS = {
    "approve": "Approve: publishes it, if nothing else is needed",
    "request_changes": "Request changes: goes back to its author",
    "reject": "Reject: ends it",
}


class Words(forms.CharField):
    """Text by the register's own rules; whether it must be there is decided when a proposal is submitted."""

    def __init__(self, *, limit: int, lines: bool = False, **options: Any):
        self.limit, self.lines = limit, lines
        widget = options.pop(
            "widget", forms.Textarea({"rows": 4}) if lines else forms.TextInput({"autocomplete": "off"})
        )
        super().__init__(widget=widget, strip=False, **options)

    def clean(self, value: Any) -> str:
        try:
            if self.lines:
                return check_text(value or "", lines=True, limit=self.limit).strip()
            return check_name(value or "", limit=self.limit)
        except FieldError as error:
            raise ValidationError(str(error)) from error


class SeenForm(forms.Form):
    """The version that an author saw."""

    use_required_attribute = False

    version = forms.CharField(widget=forms.HiddenInput, required=False)

    @classmethod
    def of(cls, version: Version, data: Any = None, **initial: Any) -> Any:
        """Return the form for a version of a proposal."""
        return cls(data, initial={"version": version.number} | initial)

    def version_seen(self) -> int:
        """Return the version that the form carries; 0, which no version has, if it was forged into something else."""
        return whole_number(self.data.get("version"))

    def show_present(self, present: Version) -> None:
        """Let the form carry the present version from now on, once its author was told of it."""
        self.data = self.data.copy()
        self.data["version"] = str(present.number)


class HeadForm(SeenForm):
    """Title and rationale, with the version that the author saw."""

    title = Words(label="Title", limit=200, help_text="What it comes to, in a few words.")
    rationale = Words(
        label="Why",
        limit=20_000,
        lines=True,
        help_text="For the reviewers, and for whoever asks in ten years.",
    )

    def add_problems(self, problems: list[Problem]) -> list[str]:
        """Put problems beside title and rationale and return the words of the others."""
        elsewhere = []
        for problem in problems:
            if problem.change == -1 and problem.field in self.fields:
                self.add_error(problem.field, problem.message)
            else:
                elsewhere.append(problem.message)
        return elsewhere


class ReviewForm(SeenForm):
    """A verdict on the version that the reviewer looked at."""

    verdict = forms.ChoiceField(
        choices=[(verdict, VERDICT_WORDS[verdict]) for verdict in VERDICTS],
        widget=forms.RadioSelect,
        error_messages={"required": "Choose a verdict.", "invalid_choice": "Choose one of these verdicts."},
    )
    comment = Words(
        label="Reason", limit=20_000, lines=True, required=False, help_text="Needed unless you approve."
    )

    def offer(self, verdicts: Iterable[str]) -> None:
        """Show only the verdicts that are possible now, if any is; what was posted was judged already."""
        possible = [(verdict, VERDICT_WORDS[verdict]) for verdict in verdicts]
        if possible:
            self.fields["verdict"].choices = possible


class TargetForm(forms.Form):
    """What to change next: a kind, an operation and, unless it is new, a record."""

    use_required_attribute = False

    kind = forms.ChoiceField(
        label="Kind of record",
        choices=[(name, KINDS[name].name) for name in PROPOSABLE],
        error_messages={
            "required": "Choose a kind of record.",
            "invalid_choice": "There is no such kind of record to propose.",
        },
    )
    operation = forms.ChoiceField(
        label="What to do",
        choices=[(operation, OPERATION_WORDS[operation]) for operation in OPERATIONS],
        error_messages={
            "required": "Choose what to do.",
            "invalid_choice": "A record is added, changed, retired or restored.",
        },
    )
    record = forms.CharField(
        label="Which record",
        required=False,
        help_text="Key, id or the page's address. Leave it empty for a new record.",
        widget=Lookup(""),
    )

    def __init__(self, *args: Any, **options: Any):
        super().__init__(*args, **options)
        # The script puts the chosen kind in its place.
        self.fields["record"].widget.attrs["data-lookup-kind"] = reverse("lookup", args=["KIND"])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        kind, operation, typed = cleaned.get("kind"), cleaned.get("operation"), cleaned.get("record", "")
        if kind and operation == CREATE:
            cleaned["record"] = None
        elif kind and operation:
            try:
                cleaned["record"] = find_record(typed, (kind,), Siblings())[1] if typed.strip() else ""
            except FieldError as error:
                self.add_error("record", str(error))
            else:
                if not cleaned["record"]:
                    self.add_error("record", "Say which record.")
        return cleaned


class FilterForm(forms.Form):
    """Which proposals to list."""

    state = forms.ChoiceField(required=False, choices=[("", "all"), *STATES.items()])
    author = forms.UUIDField(required=False)
    record = forms.UUIDField(required=False, widget=forms.HiddenInput)


def whole_number(typed: Any) -> int:
    """Return the whole number that was posted, or 0 if it isn't a sane one."""
    text = str(typed or "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
