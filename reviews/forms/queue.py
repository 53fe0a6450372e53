"""The small forms around the queue: a name for a filter, the sectors that somebody knows, one verdict on several proposals."""

from typing import Any

from django import forms

from chokepoints.models import Contributor, Sector

from ..exceptions import ReviewError
from ..models import Expertise
from ..workflow import REJECTION_REASONS, VERDICTS
from .proposals import Words, whole_number

LONGEST_QUERY = 2_000
VERDICT_WORDS = {
    "approve": "Approve: publishes those that need nothing else",
    "request_changes": "Request changes: they go back to their authors",
    "reject": "Reject: ends them",
}


class ServiceForm(forms.Form):
    """A form whose service says what is wrong."""

    use_required_attribute = False

    def show(self, refusal: ReviewError) -> None:
        """Put what a service refused beside its fields, what belongs to none of them at the head."""
        problems = [(one.field, one.message) for one in getattr(refusal, "problems", ())]
        for field, words in problems or [("", refusal.message)]:
            self.add_error(field if field in self.fields else None, words)


class SavedFilterForm(ServiceForm):
    """A name for the filter that the queue shows. Both are taken as they were typed; the service judges them."""

    name = forms.Field(
        label="Keep this filter as",
        required=False,
        widget=forms.TextInput({"maxlength": 60, "autocomplete": "off"}),
    )
    query = forms.Field(required=False, widget=forms.HiddenInput)

    def typed(self, name: str) -> str:
        """Return what was typed for a field."""
        return self.data.get(name) or ""

    def query_to_show(self) -> str:
        """Return the filter under which the queue is shown again; nothing if it is no address of the queue's."""
        query = self.typed("query")
        return query if len(query) <= LONGEST_QUERY else ""


class ExpertiseForm(ServiceForm):
    """The sectors that a reviewer knows, parts below what they are part of."""

    sectors = forms.MultipleChoiceField(
        label="Sectors that you know",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": "One of these sectors isn't there any more."},
    )

    def __init__(self, data: Any = None, *, reviewer: Contributor | None = None):
        known = (
            Expertise.objects.filter(reviewer=reviewer).values_list("sector", flat=True) if reviewer else ()
        )
        super().__init__(data, initial={"sectors": [str(sector) for sector in known]})
        self.fields["sectors"].choices = sectors_in_order()


def sectors_in_order() -> list[tuple[str, str]]:
    """Return the sectors in force by name, each followed by its parts, with what they are part of before their names."""
    rows = list(Sector.objects.in_force().order_by("name"))
    parents = {row.pk: row for row in rows}

    def path(sector: Sector) -> tuple[str, ...]:
        names, seen = [sector.name], {sector.pk}
        while (above := parents.get(sector.parent_id)) and above.pk not in seen:
            names.insert(0, above.name)
            seen.add(above.pk)
            sector = above
        return tuple(names)

    paths = sorted((path(row), str(row.pk)) for row in rows)
    return [(pk, " › ".join(names)) for names, pk in paths]


class BatchForm(ServiceForm):
    """One verdict on several proposals. `chosen` are the boxes that were ticked: number and version seen of each."""

    verdict = forms.ChoiceField(
        choices=[(verdict, VERDICT_WORDS[verdict]) for verdict in VERDICTS],
        widget=forms.RadioSelect,
        error_messages={"required": "Choose a verdict.", "invalid_choice": "Choose one of these verdicts."},
    )
    reason = forms.ChoiceField(
        label="Why rejected",
        required=False,
        choices=[("", "Choose, if you reject"), *REJECTION_REASONS.items()],
        help_text="Each author sees it, and whoever proposes the like again.",
        error_messages={"invalid_choice": "Choose a reason from the list."},
    )
    comment = Words(
        label="Words",
        limit=20_000,
        lines=True,
        required=False,
        help_text="Needed unless you approve. The same for all.",
    )

    def chosen(self) -> list[tuple[int, int]]:
        """Return number and version of what was ticked, in order; nonsense becomes 0, which no proposal has."""
        boxes = (box.partition(":") for box in self.data.getlist("chosen"))
        return [(whole_number(number), whole_number(version)) for number, _, version in boxes]
