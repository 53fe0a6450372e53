"""One field of the register as a form field: shown as people type it, cleaned by the register's own rules.

Every form field here offers `show(value)`, canonical value → what the widget takes, and cleans to a canonical value.
"""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.urls import reverse

from chokepoints import fields as register
from chokepoints.fields import FieldError
from chokepoints.records import KINDS

from .references import Shown, Siblings, find_record, show_records
from .widgets import Checkboxes, Lookup, Parts, Picks, Rows, Tick

BLANK = [("", "not said")]


class RegisterField(forms.Field):
    """A form field over a register field. Whether a value must be there is decided when a proposal is submitted."""

    def __init__(self, field: register.Field, siblings: Siblings, **options: Any):
        self.field, self.siblings = field, siblings
        options.setdefault("label", field.label)
        options.setdefault("help_text", self.help())
        super().__init__(required=field.required, widget=self.make_widget(), **options)

    def help(self) -> str:
        return self.field.help

    def make_widget(self) -> forms.Widget:
        raise NotImplementedError

    def show(self, value: Any) -> Any:
        """Return what the widget takes for a canonical value."""
        return "" if value is None else value

    def read(self, typed: Any) -> Any:
        """Return what the register field can clean. Raises FieldError."""
        return typed

    def clean(self, value: Any) -> Any:
        try:
            return self.field.clean(self.read(value))
        except FieldError as error:
            raise ValidationError(str(error)) from error


class LineField(RegisterField):
    """A single line."""

    def make_widget(self) -> forms.Widget:
        attrs = {"autocomplete": "off"}
        if isinstance(self.field, register.Url):
            attrs |= {"inputmode": "url", "placeholder": "https://"}
        if isinstance(self.field, register.Date | register.Number | register.Language):
            attrs["class"] = "short"
        return forms.TextInput(attrs)


class DateField(LineField):
    def help(self) -> str:
        return f"{self.field.help} 2018, 2018-05 or 2018-05-30: as far as it is known.".strip()


class TextField(RegisterField):
    """Paragraphs, or original text that may have lines."""

    def make_widget(self) -> forms.Widget:
        return forms.Textarea({"rows": 3})


class ChoiceField(RegisterField):
    """One of a few, or one of all countries."""

    def make_widget(self) -> forms.Widget:
        choices = self.field.choices.items()
        if isinstance(self.field, register.Country):
            choices = sorted(((code, f"{name} ({code})") for code, name in choices), key=lambda pair: pair[1])
        elif isinstance(self.field, register.Number):
            choices = [(str(number), f"{number}: {words}") for number, words in choices]
        elif self.field.name == "reliability":
            choices = [(key, f"{key}: {words}") for key, words in choices]
        return forms.Select(choices=[*BLANK, *choices])

    def show(self, value: Any) -> Any:
        return "" if value is None else str(value)


class StatusField(ChoiceField):
    """The status, each with its meaning."""

    def make_widget(self) -> forms.Widget:
        choices = [(key, f"{key}: {words}") for key, words in self.field.choices.items()]
        return forms.RadioSelect(choices=choices)


class ChoiceSetField(RegisterField):
    """Several of a few."""

    def make_widget(self) -> forms.Widget:
        return Checkboxes(choices=list(self.field.choices.items()))

    def show(self, value: Any) -> Any:
        return value or []


class NamesField(RegisterField):
    """Names, one a line."""

    def make_widget(self) -> forms.Widget:
        return forms.Textarea({"rows": 3})

    def show(self, value: Any) -> str:
        return "\n".join(value or [])

    def read(self, typed: Any) -> list[str]:
        return [line for line in str(typed or "").splitlines() if line.strip()]


class IdentifiersField(NamesField):
    """Identifiers, one a line as scheme: value."""

    def help(self) -> str:
        return f"{self.field.help} One a line."

    def show(self, value: Any) -> str:
        return "\n".join(f"{entry['scheme']}: {entry['value']}" for entry in value or [])

    def read(self, typed: Any) -> Any:
        entries = []
        for line in super().read(typed):
            scheme, colon, identifier = line.partition(":")
            if not (colon and scheme.strip() and identifier.strip()):
                raise FieldError(
                    f"“{line.strip()[:60]}” isn't written as scheme: value, such as wikidata: Q182477."
                )
            entries.append({"scheme": scheme, "value": identifier})
        return entries


class FlagField(RegisterField):
    """Yes, or nothing said."""

    def make_widget(self) -> forms.Widget:
        return Tick()

    def show(self, value: Any) -> bool:
        return bool(value)

    def read(self, typed: Any) -> Any:
        return bool(typed)


class ShareField(RegisterField):
    """A share with all that makes it comparable."""

    def make_widget(self) -> forms.Widget:
        choices = {
            "market": self.field.markets,
            "measure": self.field.measures,
            "counted": self.field.countings,
        }
        return Parts(self.field.PARTS, choices)

    def show(self, value: Any) -> Any:
        return value or {}

    def clean(self, value: Any) -> Any:
        return super().clean(value or None)


class ReferenceField(RegisterField):
    """One record: typed, pasted or picked."""

    def help(self) -> str:
        new = "".join(
            f" New in this proposal: {one.ref} ({one.label})." for one in self.siblings.of([self.field.kind])
        )
        return f"{self.field.help} Key, id or the page's address.{new}".strip()

    def make_widget(self) -> forms.Widget:
        return Lookup(reverse("lookup", args=[self.field.kind]))

    def show(self, value: Any) -> str:
        return _typed(value, show_records([(self.field.kind, value)], self.siblings)) if value else ""

    def read(self, typed: Any) -> Any:
        text = str(typed or "")
        return find_record(text, (self.field.kind,), self.siblings)[1] if text.strip() else None


class ReferenceSetField(RegisterField):
    """Several records: ticked, typed or pasted. `at_hand` are rows of the widget's checkboxes."""

    def __init__(
        self, field: Any, siblings: Siblings, at_hand: list[dict[str, Any]] | None = None, **options: Any
    ):
        self.at_hand = list(at_hand or [])
        known = {item["record"] for item in self.at_hand}
        for new in siblings.of([field.kind]):
            if new.record not in known:
                self.at_hand.insert(0, {"record": new.record, "label": new.label, "is_new": True})
        super().__init__(field, siblings, **options)

    def make_widget(self) -> forms.Widget:
        return Picks(self.at_hand, self.field.kind, reverse("lookup", args=[self.field.kind]))

    def show(self, value: Any) -> Any:
        ticked = [record for record in value or [] if any(item["record"] == record for item in self.at_hand)]
        others = [record for record in value or [] if record not in ticked]
        shown = show_records([(self.field.kind, record) for record in others], self.siblings)
        return {"ticked": ticked, "typed": "\n".join(_typed(record, shown) for record in others)}

    def read(self, typed: Any) -> list[str]:
        lines = str(typed.get("typed", "")).splitlines()
        wanted = [*typed.get("ticked", ()), *(line for line in lines if line.strip())]
        if len(wanted) > self.field.limit:
            raise FieldError(f"At most {self.field.limit} records fit here.")
        return [find_record(line, (self.field.kind,), self.siblings)[1] for line in wanted]


class BearingsField(RegisterField):
    """What evidence bears on, in rows: record, stance, note."""

    KINDS = ("chokepoint", "list")

    def make_widget(self) -> forms.Widget:
        return Rows(
            (
                {
                    "name": "record",
                    "label": "Chokepoint or list",
                    "lookup": reverse("lookup", args=["chokepoint"]),
                },
                {"name": "stance", "label": "Stance", "choices": dict(self.field.stances)},
                {"name": "note", "label": "Note"},
            )
        )

    def show(self, value: Any) -> Any:
        shown = show_records(self.field.references(value), self.siblings)
        return [
            {
                "record": _typed(entry.get("chokepoint") or entry.get("list"), shown),
                "stance": entry["stance"],
                "note": entry.get("note", ""),
            }
            for entry in value or []
        ]

    def read(self, typed: Any) -> Any:
        entries = []
        for number, row in enumerate(typed or [], 1):
            if not row["record"].strip():
                raise FieldError(f"Row {number} names no chokepoint or list.")
            kind, record = find_record(row["record"], self.KINDS, self.siblings)
            entries.append({kind: record, "stance": row["stance"], "note": row["note"]})
        return entries


class ListingsField(RegisterField):
    """Places on lists, in rows: list, number, headline, day."""

    def make_widget(self) -> forms.Widget:
        return Rows(
            (
                {"name": "list", "label": "List", "lookup": reverse("lookup", args=["list"])},
                {"name": "number", "label": "Number"},
                {"name": "headline", "label": "Headline"},
                {"name": "named_on", "label": "Named on", "heading": "Named on"},
            )
        )

    def show(self, value: Any) -> Any:
        shown = show_records(self.field.references(value), self.siblings)
        return [{**entry, "list": _typed(entry["list"], shown)} for entry in value or []]

    def read(self, typed: Any) -> Any:
        entries = []
        for number, row in enumerate(typed or [], 1):
            if not row["list"].strip():
                raise FieldError(f"Row {number} names no list.")
            entries.append({**row, "list": find_record(row["list"], ("list",), self.siblings)[1]})
        return entries


def _typed(record: str, shown: Any) -> str:
    return shown.get(record, Shown(record, record)).typed


def same_lines(one: Any, other: Any) -> bool:
    """Tell whether two texts differ at most by how their lines end: browsers send every newline as CR LF."""
    return isinstance(one, str) and isinstance(other, str) and _newlines(one) == _newlines(other)


def _newlines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def like_base(value: str, base: Any) -> str:
    """Return an original text with the newlines of the published one, which no browser can send back as they were."""
    text = _newlines(value)
    return text.replace("\n", "\r\n") if isinstance(base, str) and "\r\n" in base else text


def form_field(field: register.Field, siblings: Siblings, **options: Any) -> RegisterField:
    """Return the form field for a register field."""
    return _form_class(field)(field, siblings, **options)


def _form_class(field: register.Field) -> type[RegisterField]:
    if field.name == "status" and "critical" in getattr(field, "choices", {}):
        return StatusField
    if isinstance(field, register.Number):
        return ChoiceField if field.choices else LineField
    if isinstance(field, register.Original):
        return TextField if field.lines else LineField
    for register_class, form_class in (  # from the special to the general: Country is a Choice is a Line
        (register.Bearings, BearingsField),
        (register.Listings, ListingsField),
        (register.ReferenceSet, ReferenceSetField),
        (register.Reference, ReferenceField),
        (register.Share, ShareField),
        (register.Identifiers, IdentifiersField),
        (register.ChoiceSet, ChoiceSetField),
        (register.Names, NamesField),
        (register.Choice, ChoiceField),
        (register.Date, DateField),
        (register.Flag, FlagField),
        (register.Text, TextField),
        (register.Line, LineField),
    ):
        if isinstance(field, register_class):
            return form_class
    raise TypeError(
        f"No form field is made for a {type(field).__name__} yet; add one to reviews/forms/fields.py."
    )


def cites_field(siblings: Siblings, at_hand: list[dict[str, Any]]) -> ReferenceSetField:
    """Return the field for the evidence that a change as a whole rests on."""
    field = register.ReferenceSet("cites", "Evidence for this change", "What speaks for it.", kind="evidence")
    return ReferenceSetField(field, siblings, at_hand)


PROPOSABLE = tuple(name for name, kind in KINDS.items() if kind.proposable)
