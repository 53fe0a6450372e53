"""The forms of a conflict: for each unit that moved on both sides the register's values, the proposal's, or a third."""

from typing import Any

from django import forms

from chokepoints.comparison import FieldComparison, compare
from chokepoints.exceptions import Problem
from chokepoints.presenting import Shown, present
from chokepoints.records import State

from ..services.resolving import CURRENT, PROPOSED, ChangeConflict, Resolution, UnitConflict
from .fields import form_field
from .proposals import whole_number
from .references import Siblings, show_records

OWN = "own"


class UnitForm(forms.Form):
    """What holds for one unit: one side, the other, or values written here."""

    use_required_attribute = False

    take = forms.ChoiceField(
        label="What holds?",
        choices=[
            (CURRENT, "What the register says now"),
            (PROPOSED, "What the proposal says"),
            (OWN, "Something else:"),
        ],
        widget=forms.RadioSelect,
        error_messages={
            "required": "Say what holds.",
            "invalid_choice": "Choose the register's value, the proposal's, or write another.",
        },
    )

    def __init__(self, conflict: ChangeConflict, unit: UnitConflict, siblings: Siblings, **options: Any):
        super().__init__(**options)
        self.conflict, self.unit = conflict, unit
        for name, value in unit.proposed.items():
            self.fields[name] = form_field(conflict.merged.kind.fields[name], siblings)
            self.initial[name] = self.fields[name].show(value)
            self.fields[name].required = False

    def own_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.unit.proposed]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("take") != OWN:
            for name in self.unit.proposed:
                self.errors.pop(name, None)  # what isn't chosen needn't be right
        return cleaned

    def chosen(self) -> str | dict[str, Any]:
        """Return the choice as the service takes it."""
        if self.cleaned_data["take"] == OWN:
            return {name: self.cleaned_data.get(name) for name in self.unit.proposed}
        return self.cleaned_data["take"]


class ChangeForm(forms.Form):
    """What is decided about one change as a whole, and new values for fields that can't stay as they are."""

    use_required_attribute = False

    seen = forms.CharField(widget=forms.HiddenInput, required=False)
    drop = forms.BooleanField(label="Give this change up", required=False)

    def __init__(self, conflict: ChangeConflict, siblings: Siblings, **options: Any):
        super().__init__(**options)
        self.initial["seen"] = str(conflict.seen)
        change, kind = conflict.merged.change, conflict.merged.kind
        for name in dict.fromkeys(problem.field for problem in conflict.problems):
            may = name in kind.editable and (change.operation == "create" or kind.may_change(name))
            if may and change.operation in {"create", "update"}:
                self.fields[name] = form_field(kind.fields[name], siblings)
                value = change.fields.get(name, conflict.merged.current.get(name))
                self.initial[name] = self.fields[name].show(value)
                self.fields[name].required = False

    def fixes(self) -> list[forms.BoundField]:
        """Return the fields for other values."""
        return [self[name] for name in self.fields if name not in {"seen", "drop"}]

    def values(self) -> dict[str, Any]:
        return {name: self.cleaned_data.get(name) for name in self.fields if name not in {"seen", "drop"}}


class ConflictForms:
    """One change with its conflicts, as the page shows and reads it."""

    def __init__(self, conflict: ChangeConflict, siblings: Siblings, data: Any = None):
        self.conflict, self.siblings = conflict, siblings
        self.merged = conflict.merged
        prefix = f"c{self.merged.position}"
        self.change = ChangeForm(conflict, siblings, data=data, prefix=prefix)
        self.units = [
            UnitForm(conflict, unit, siblings, data=data, prefix=f"{prefix}-{unit.unit}")
            for unit in conflict.units
        ]

    @property
    def title(self) -> str:
        state = self.merged.current or self.merged.change.fields
        names = self._names(state)
        about = names.get(("chokepoint", state.get("chokepoint", "")))
        return str(state.get(self.merged.kind.title) or (about and about[0]) or self.merged.kind.name)[:110]

    def is_valid(self) -> bool:
        if not self.change.is_valid():
            return False
        if self.change.cleaned_data["drop"]:
            return True
        return all([form.is_valid() for form in self.units])  # noqa: C419 - every form says what is wrong with it

    def resolution(self) -> Resolution:
        """Return what was decided. The forms are valid."""
        seen = whole_number(self.change.cleaned_data["seen"])
        if self.change.cleaned_data["drop"]:
            return Resolution(seen=seen, drop=True)
        units = {form.unit.unit: form.chosen() for form in self.units}
        return Resolution(seen=seen, units=units, fields=self.change.values())

    def add_problems(self, problems: list[Problem]) -> list[str]:
        """Put problems beside their fields and return the words of those that have none here."""
        elsewhere = []
        for problem in problems:
            places = [form for form in (self.change, *self.units) if problem.field in form.fields]
            if places and problem.field:
                places[0].add_error(problem.field, problem.message)
            else:
                elsewhere.append(problem.message)
        return elsewhere

    def sides(self, form: UnitForm) -> list[dict[str, Any]]:
        """Return, for each field of a unit, the value when the author looked, and both that came after."""
        kind, unit = self.merged.kind, form.unit
        rows = []
        for name in unit.proposed:
            field = kind.fields[name]
            names = {
                **self._names(self.merged.base),
                **self._names(self.merged.current),
                **self._names({name: unit.proposed[name]}),
            }
            rows.append(
                {
                    "label": field.label,
                    "base": present(field, unit.base[name], names),
                    "current": self._moved(unit.base, unit.current, name, names),
                    "proposed": self._moved(unit.base, unit.proposed, name, names),
                }
            )
        return rows

    def _moved(
        self, before: State, after: State, name: str, names: Any
    ) -> FieldComparison | tuple[Shown, ...]:
        known = {key: value for key, value in before.items() if value is not None}
        now = {key: value for key, value in after.items() if value is not None}
        return compare(self.merged.kind, known or {name: None}, now, [name], names)[0]

    def _names(self, state: State) -> dict[tuple[str, str], tuple[str, str]]:
        known = {name: value for name, value in state.items() if value is not None}
        wanted = [(kind, record) for _, kind, record in self.merged.kind.references(known)]
        shown = show_records(wanted, self.siblings)
        return {(one.kind, record): (one.label, one.url) for record, one in shown.items()}

    def unit_rows(self) -> list[tuple[UnitForm, list[dict[str, Any]]]]:
        return [(form, self.sides(form)) for form in self.units]
