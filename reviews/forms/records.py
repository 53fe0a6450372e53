"""The form of one operation on one record, made from chokepoints/records.py. What comes out is a DraftChange."""

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from django import forms

from chokepoints.canonical import same_json
from chokepoints.exceptions import Problem
from chokepoints.fields import Original
from chokepoints.history import state_at
from chokepoints.models import Bearing, Evidence
from chokepoints.models.revision import CREATE, UPDATE
from chokepoints.presenting import present
from chokepoints.projection import model_of
from chokepoints.records import KINDS, Kind, State

from ..services.drafting import DraftChange
from .fields import cites_field, form_field, like_base, same_lines
from .references import NewRecord, Siblings, label_of, show_records

AT_HAND = 60  # pieces of evidence that a form offers as checkboxes


class RecordForm(forms.Form):
    """One operation on one record: its fields with the values that the author saw, and the evidence for the change.

    `base` is the record's state at `base_revision`, which travels in the form; a draft's values come in `drafted`.
    """

    use_required_attribute = False

    def __init__(
        self,
        *,
        kind: Kind,
        operation: str,
        record: str,
        base_revision: int = 0,
        base: State | None = None,
        drafted: Mapping[str, Any] | None = None,
        cited: Iterable[str] = (),
        siblings: Siblings | None = None,
        only: Iterable[str] | None = None,
        with_cites: bool = True,
        data: Any = None,
        prefix: str | None = None,
    ):
        super().__init__(data=data, prefix=prefix)
        self.kind, self.operation, self.record = kind, operation, record
        self.base_revision, self.base = base_revision, base or {}
        self.siblings = siblings or Siblings()
        self.values = {**self.base, **(drafted or {})}
        at_hand = evidence_at_hand(self._chokepoint(), record)
        for name in self._offered(only):
            field = kind.fields[name]
            more = {"at_hand": at_hand} if field.shape == "references" and field.kind == "evidence" else {}
            self.fields[name] = form_field(field, self.siblings, **more)
            self.initial[name] = self.fields[name].show(self.values.get(name))
        if with_cites and not (operation == CREATE and kind.name in {"source", "evidence"}):
            self.fields["cites"] = cites_field(self.siblings, at_hand)
            self.initial["cites"] = self.fields["cites"].show(list(cited))
        if operation != CREATE:
            self.fields["base_revision"] = forms.CharField(widget=forms.HiddenInput, required=False)
            self.initial["base_revision"] = str(base_revision)

    def _offered(self, only: Iterable[str] | None) -> list[str]:
        if self.operation not in {CREATE, UPDATE}:
            return []
        names = [n for n in self.kind.editable if self.operation == CREATE or self.kind.may_change(n)]
        return [name for name in names if only is None or name in set(only)]

    def _chokepoint(self) -> str | None:
        return self.record if self.kind.name == "chokepoint" else self.values.get("chokepoint")

    def rows(self) -> Iterable[dict[str, Any]]:
        """Yield each visible field with the value that its author saw, None where there was no record."""
        names = {
            (one.kind, record): (one.label, one.url)
            for record, one in show_records(
                ((k, t) for _, k, t in self.kind.references(self.base)), self.siblings
            ).items()
        }
        for bound in self.visible_fields():
            field = self.kind.fields.get(bound.name)
            seen = None
            if field is not None and self.operation == UPDATE:
                seen = "; ".join(shown.text for shown in present(field, self.base.get(bound.name), names))
            yield {"field": bound, "seen": seen}

    def is_filled(self, besides: Iterable[str] = ()) -> bool:
        """Tell whether anything was typed into the form, leaving some fields aside."""
        aside = set(besides)
        for bound in self.visible_fields():
            typed = bound.data
            if isinstance(typed, dict):
                typed = "".join(str(part) for part in typed.values() if part)
            if bound.name not in aside and typed and str(typed).strip():
                return True
        return False

    def fields_changed(self) -> dict[str, Any]:
        """Return the canonical values that differ from what the author saw; None clears one."""
        changed = {}
        for name, value in self.cleaned_data.items():
            field = self.kind.fields.get(name)
            if field is None or self._was_left_out(name):
                continue
            seen = self.base.get(name)
            if isinstance(field, Original) and isinstance(value, str):
                value = seen if same_lines(value, seen) else like_base(value, seen)
            if not same_json(value, seen):
                changed[name] = value
        return changed

    def _was_left_out(self, name: str) -> bool:
        return self.fields[name].widget.value_omitted_from_data(self.data, self.files, self.add_prefix(name))

    def change(self, more: Mapping[str, Any] | None = None) -> DraftChange:
        """Return the change that the cleaned form describes, with `more` values laid over it."""
        cited = self.cleaned_data.get("cites") or []
        return DraftChange(
            kind=self.kind.name,
            record=self.record,
            operation=self.operation,
            fields=self.fields_changed() | dict(more or {}),
            cites={"": cited} if cited else {},
            base_revision=self.base_revision,
        )

    def add_problems(self, problems: Iterable[Problem]) -> list[str]:
        """Put problems beside their fields and return the words of those that have no field here."""
        elsewhere = []
        for problem in problems:
            if problem.field in self.fields:
                self.add_error(problem.field, problem.message)
            else:
                elsewhere.append(problem.message)
        return elsewhere


def new_record_form(kind: Kind, record: str | None = None, **options: Any) -> RecordForm:
    """Return the form for a new record."""
    return RecordForm(kind=kind, operation=CREATE, record=record or str(uuid.uuid4()), **options)


def record_form(
    kind: Kind, operation: str, record: str, base_revision: int, **options: Any
) -> RecordForm | None:
    """Return the form of an operation on a record as it was at a revision, or None if it has no such revision."""
    if operation == CREATE:
        return new_record_form(kind, record, **options)
    base = state_at(record, base_revision)
    if base is None:
        return None
    return RecordForm(
        kind=kind, operation=operation, record=record, base_revision=base_revision, base=base, **options
    )


def revision_seen(data: Any, fallback: int) -> int:
    """Return the base revision that a posted form carries, or 0 if it was forged into something else."""
    typed = str(data.get("base_revision", fallback))
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 10 else 0


def present_revision(kind: Kind, record: str) -> int | None:
    """Return the number of a record's present revision, or None if there is no such record."""
    return model_of(kind).objects.filter(pk=record).values_list("revision", flat=True).first()


def evidence_at_hand(chokepoint: str | None, without: str = "") -> list[dict[str, Any]]:
    """Return the evidence that bears on a chokepoint as rows of checkboxes, the latest first."""
    if not chokepoint:
        return []
    rows = (
        Evidence.objects.filter(bearings__chokepoint=chokepoint, retired=False)
        .exclude(pk=without or None)
        .select_related("source")
        .order_by("-observed_on", "source__key", "pk")
    )
    stances = dict(Bearing.objects.filter(chokepoint=chokepoint).values_list("evidence", "stance"))
    return [
        {
            "record": str(row.pk),
            "label": row.claim,
            "quote": row.quote,
            "language": row.quote_language,
            "meta": f"{row.source} · {row.nature}",
            "stance": stances.get(row.pk, ""),
        }
        for row in rows[:AT_HAND]
    ]


def siblings_of(changes: Iterable[Any], besides: str = "") -> Siblings:
    """Return the new records among some changes (of a Proposal, or DraftChanges), numbered by their place."""
    found = []
    for position, change in enumerate(changes, 1):
        if change.operation == CREATE and str(change.record) != besides and change.kind in KINDS:
            label = label_of(KINDS[change.kind], {k: v for k, v in change.fields.items() if v is not None})
            found.append(NewRecord(f"ref:{position}", change.kind, str(change.record), label))
    return Siblings(tuple(found))
