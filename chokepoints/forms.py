"""Forms of the register's own pages."""

from typing import Any

from django import forms

from .exports.columns import exported_kinds, table_of
from .exports.formats import FORMATS


class ExportForm(forms.Form):
    """What an export is to hold and how it is to be written. With a `kind` its columns can be chosen, else the kinds."""

    format = forms.ChoiceField(widget=forms.RadioSelect, initial="csv")
    kinds = forms.MultipleChoiceField(widget=forms.CheckboxSelectMultiple, label="Tables")
    columns = forms.MultipleChoiceField(
        widget=forms.CheckboxSelectMultiple,
        required=False,
        label="Columns",
        help_text="None ticked means all of them. The id always comes, and with a text the column that names its language.",
    )
    at = forms.CharField(
        max_length=60,
        required=False,
        label="As of",
        help_text="Empty for now; or a changeset's number, a date such as 2026-11-24, or a time with its zone.",
    )
    retired = forms.BooleanField(required=False, label="With retired records")
    bom = forms.BooleanField(
        required=False,
        label="CSV with a byte order mark",
        help_text="Some spreadsheets show Chinese wrongly without it.",
    )

    def __init__(self, kind: str, *args: Any, **options: Any):
        super().__init__(*args, **options)
        self.fields["format"].choices = [(f.name, f.label) for f in FORMATS.values() if not f.missing()]  # type: ignore[attr-defined]
        if kind:
            table = table_of(kind)
            del self.fields["kinds"]
            labels = {
                c.field: table.kind.fields[c.field].label
                for c in table.columns
                if c.field in table.kind.fields
            }
            self.fields["columns"].choices = [  # type: ignore[attr-defined]
                (name, labels.get(name, table.by_name[name].label)) for name in table.fields if name != "id"
            ]
        else:
            del self.fields["columns"]
            self.fields["kinds"].choices = [(one, table_of(one).title) for one in exported_kinds()]  # type: ignore[attr-defined]
            self.fields["kinds"].initial = exported_kinds()

    @property
    def formats(self) -> list[tuple[Any, str, str]]:
        """Return each format that is offered: its radio button, and what it is good for."""
        return [
            (radio, FORMATS[radio.data["value"]].label, FORMATS[radio.data["value"]].help)
            for radio in self["format"]
        ]

    @property
    def missing(self) -> list[str]:
        """Say which formats aren't offered here, and why."""
        return [one.missing() for one in FORMATS.values() if one.missing()]
