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
from ..workflow import REJECTION_REASONS, STATES, VERDICTS
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
    "approve": "Approve: publishes it once enough do",
    "request_changes": "Request changes: back to its author",
    "reject": "Reject: ends it",
}
NO_SUCH_CHANGE = {"invalid_choice": "There is no such change in this proposal."}
LONGEST_ID = 36
LONGEST_QUERY = 4_000


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


class SubmitForm(SeenForm):
    """Handing a draft in, with what is new where the register remembers a decision on something like it."""

    what_is_new = Words(
        label="What is new since then",
        limit=5_000,
        lines=True,
        required=False,
        help_text="Reviewers see it beside that decision.",
    )

    def answer(self) -> str | None:
        """Return what a valid form says is new; None if it didn't ask."""
        return self.cleaned_data["what_is_new"] if "what_is_new" in self.data else None

    is_asked = False  # set once the register turned out to remember something

    @property
    def asks_what_is_new(self) -> bool:
        """Whether the author is asked, or has answered already."""
        return self.is_asked or bool(self["what_is_new"].value())

    def visible_fields(self) -> list[forms.BoundField]:
        return [
            field
            for field in super().visible_fields()
            if field.name != "what_is_new" or self.asks_what_is_new
        ]


class HeadForm(SubmitForm):
    """Title and rationale, with the version that the author saw."""

    field_order = ("version", "title", "rationale", "what_is_new")

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


class Ticked(forms.MultipleChoiceField):
    """Record ids of changes whose boxes are ticked. Which changes there are is asked under the lock, with the version."""

    def valid_value(self, value: Any) -> bool:
        return len(value) <= LONGEST_ID


class ReviewForm(SeenForm):
    """A verdict on the version that the reviewer looked at; the boxes `approve` and `about` stand at the changes.

    `came_from` is the queue's query string where the reviewer works through a queue, and None elsewhere.
    """

    verdict = forms.ChoiceField(
        choices=[(verdict, VERDICT_WORDS[verdict]) for verdict in VERDICTS],
        widget=forms.RadioSelect,
        error_messages={"required": "Choose a verdict.", "invalid_choice": "Choose one of these verdicts."},
    )
    reason = forms.ChoiceField(
        label="Rejected because",
        choices=[("", "Choose a reason"), *REJECTION_REASONS.items()],
        required=False,
        error_messages={"invalid_choice": "Choose a reason from the list."},
    )
    comment = Words(
        label="In your words",
        limit=20_000,
        lines=True,
        required=False,
        widget=forms.Textarea({"rows": 3}),
    )
    about = Ticked(required=False, error_messages=NO_SUCH_CHANGE)
    approve = Ticked(required=False, error_messages=NO_SUCH_CHANGE)

    def __init__(self, *args: Any, came_from: str | None = None, **options: Any):
        super().__init__(*args, **options)
        self.came_from = _query_string(self.data.get("from", came_from))

    def offer(self, verdicts: Iterable[str]) -> None:
        """Show only the verdicts that are possible now, if any is; what was posted was judged already."""
        possible = [(verdict, VERDICT_WORDS[verdict]) for verdict in verdicts]
        if possible:
            self.fields["verdict"].choices = possible

    def ticked(self, name: str) -> set[str]:
        """Return the record ids whose boxes are ticked, whether they could be taken or not."""
        return set(self.data.getlist(name)) if self.is_bound else set()

    def clean(self) -> dict[str, Any]:
        """Refuse ticks that the verdict would leave unheard."""
        cleaned = super().clean() or {}
        about, approve = set(cleaned.get("about") or ()), set(cleaned.get("approve") or ())
        if about and cleaned.get("verdict") in {"approve", "reject"}:
            self.add_error(
                "about",
                "Only a request for changes is about chosen changes. Untick them, or request changes.",
            )
        elif about & approve:
            self.add_error("about", "A change can't be approved and be asked to change at the same time.")
        elif about and approve:
            self.add_error(
                "about", "What you approve now leaves the proposal, and the request is about all that stays."
            )
        return cleaned

    def add_problems(self, problems: Iterable[Problem]) -> dict[int, list[str]]:
        """Put problems beside their fields; return those that concern one change by its position."""
        at_change: dict[int, list[str]] = {}
        for problem in problems:
            name = "approve" if problem.field == "records" else problem.field
            if problem.change >= 0:
                at_change.setdefault(problem.change, []).append(problem.message)
            else:
                self.add_error(name if name in self.fields else None, problem.message)
        return at_change


class DismissForm(forms.Form):
    """Setting an absent reviewer's request for changes aside."""

    use_required_attribute = False

    def __init__(self, *args: Any, **options: Any):
        super().__init__(*args, auto_id="id_dismiss_%s", **options)  # the review form has a reason as well

    reason = Words(
        label="Why it is set aside",
        limit=20_000,
        lines=True,
        required=False,
        widget=forms.Textarea({"rows": 2}),
    )


def _query_string(typed: Any) -> str | None:
    """Return a query string as it can be part of an address; whatever else was typed is the empty one."""
    if typed is None:
        return None
    text = str(typed)
    return text if len(text) <= LONGEST_QUERY and text.isascii() and text.isprintable() else ""


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
