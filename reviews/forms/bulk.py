"""The forms of a bulk edit: one new value, which records it is for, and the head of the one proposal that comes of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms

from chokepoints.canonical import same_json
from chokepoints.fields import Bearings, Field, FieldError, Listings, check_uuid
from chokepoints.records import Kind, State

from ..bulk import ADD, EMPTY, KEEP, SET, TAKE, edited, is_set, partner_of
from ..services.drafting import MOST_CHANGES
from .fields import cites_field, form_field
from .proposals import HeadForm, Words, whole_number
from .references import Siblings

ENTRIES = (
    "An entry about a record that stands there already changes it; to take one away, naming it is enough."
)
SAID = 5  # of what is wrong with boxes: whoever forges ten thousand needn't read of each


class EditForm(forms.Form):
    """The new value, and how it meets what each record has; the same for the field that goes along, if there is one."""

    use_required_attribute = False

    def __init__(self, kind: Kind, name: str, data: Any = None, initial: Any = None):
        super().__init__(data, initial=initial)
        self.kind, self.field, self.partner = kind, kind.fields[name], partner_of(kind, name)
        self._offer("way", "value", self.field, first=ADD if is_set(self.field) else SET)
        if self.partner:
            self._offer("other_way", "other", self.partner, first=KEEP)

    @classmethod
    def as_typed(cls, kind: Kind, name: str, data: Any) -> "EditForm":
        """Return the form with what was typed and no word about it: nobody asked yet whether it is right."""
        blank = cls(kind, name)
        typed = {
            part: one.widget.value_from_datadict(data, {}, part)
            for part, one in blank.fields.items()
            if not one.widget.value_omitted_from_data(data, {}, part)
        }
        return cls(kind, name, initial=typed)

    def _offer(self, way: str, value: str, one: Field, first: str) -> None:
        choices = ways_of(one, goes_along=first == KEEP)
        if len(choices) > 1:
            self.fields[way] = forms.ChoiceField(
                label="What to do",
                help_text=ENTRIES if isinstance(one, Bearings | Listings) and first == ADD else "",
                choices=choices,
                initial=first,
                widget=forms.RadioSelect,
                error_messages={
                    "required": "Choose what to do.",
                    "invalid_choice": "Choose one of these.",
                },
            )
        self.fields[value] = form_field(one, Siblings())
        self.fields[value].required = first != KEEP

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        self._check_pair("way", "value")
        if self.partner:
            self._check_pair("other_way", "other")
        return cleaned

    def _check_pair(self, way: str, value: str) -> None:
        if way in self.errors or value in self.errors:
            return
        chosen, typed = self.cleaned_data.setdefault(way, SET), self.cleaned_data.get(value)
        if chosen in {EMPTY, KEEP} and typed is not None:
            words = "empties the field" if chosen == EMPTY else "leaves it as it is"
            self.add_error(
                value, f"You typed something here, but what you chose {words}. Choose again, or clear it."
            )
        elif chosen not in {EMPTY, KEEP} and typed is None:
            self.add_error(value, "Say which value." if chosen == SET else "Say what.")

    def edit(self, state: State) -> dict[str, Any]:
        """Return the values that the edit gives a record with this state, only those that differ; None clears one."""
        pairs = [(self.field, "way", "value")]
        if self.partner and self.cleaned_data["other_way"] != KEEP:
            pairs.append((self.partner, "other_way", "other"))
        changes = {}
        for one, way, value in pairs:
            now = state.get(one.name)
            try:
                after = edited(one, now, self.cleaned_data[way], self.cleaned_data[value])
            except FieldError as error:
                raise FieldError(f"{one.label}: {error}") from error
            if not same_json(now, after):
                changes[one.name] = after
        return changes

    def typed(self) -> list[tuple[str, str]]:
        """Return names and values as they came, for the next page to carry."""
        own = tuple(self.fields)
        return [
            (name, value)
            for name, values in self.data.lists()
            if name in own or name.startswith(tuple(f"{part}-" for part in own))
            for value in values
        ]


def ways_of(one: Field, *, goes_along: bool = False) -> list[tuple[str, str]]:
    """Return what can be done with a field in each of many records."""
    ways = [(KEEP, "Leave it as it is")] if goes_along else []
    if is_set(one) and not goes_along:
        ways += [
            (ADD, "Add to what each has"),
            (TAKE, "Take away from what each has"),
            (SET, "Replace what each has"),
        ]
    else:
        ways.append((SET, "Set it to this value"))
    if not one.required:
        ways.append((EMPTY, "Empty it: nothing is known"))
    return ways


class BulkHeadForm(HeadForm):
    """Title and reason of the one proposal, the evidence that speaks for each of its changes, and what is new where the
    register remembers a decision on something like it."""

    what_is_new = Words(
        label="What is new since then",
        limit=5_000,
        lines=True,
        required=False,
        help_text="Reviewers see it beside that decision.",
    )

    def __init__(self, *args: Any, **options: Any):
        super().__init__(*args, **options)
        self.fields["cites"] = cites_field(Siblings(), [])
        self.fields["cites"].label = "Evidence for these changes"
        self.fields["cites"].help_text = "What speaks for every one of them."


@dataclass(frozen=True)
class Chosen:
    """What a posted form says about records: `seen` are those that are ticked, `shown` those that could be.

    Each comes with the revision that was seen of it, 0 if the form doesn't say. `problems` are sentences about what is no
    record, too little or too much.
    """

    seen: Mapping[str, int]
    shown: Mapping[str, int]
    problems: tuple[str, ...] = ()


def chosen_rows(data: Any) -> Chosen:
    """Read the boxes that are ticked (`record`) and the revisions that were shown beside all of them (`seen`)."""
    boxes, problems = [], []
    for typed in dict.fromkeys(data.getlist("record")):
        try:
            boxes.append(check_uuid(typed))
        except FieldError as error:
            problems.append(str(error))
    if not boxes and not problems:
        problems.append("Tick at least one record.")
    if len(boxes) > MOST_CHANGES:
        problems.append(
            f"You chose {len(boxes):,} records; a proposal has at most {MOST_CHANGES} changes. Choose fewer."
        )
    shown = dict(pair for pair in map(_seen, data.getlist("seen")) if pair)
    seen = {record: shown.get(record, 0) for record in boxes}
    return Chosen(seen, dict(list((shown | seen).items())[:MOST_CHANGES]), tuple(problems[:SAID]))


def _seen(typed: str) -> tuple[str, int] | None:
    record, _, number = typed.partition("@")
    try:
        return check_uuid(record), whole_number(number)
    except FieldError:
        return None
