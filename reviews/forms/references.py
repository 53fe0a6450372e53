"""What people type for a record, and what they are shown: keys, ids, addresses and `ref:1` on one side, ids on the other."""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

from django.urls import Resolver404, resolve
from django.utils.text import Truncator

from chokepoints.fields import FieldError, check_text
from chokepoints.models import RecordKey
from chokepoints.projection import model_of
from chokepoints.records import KINDS, Kind, State

LONGEST = 2_000  # of what somebody may paste for one record: the longest address

# The pages of records, by the name of their address: which kind they show.
PAGES = {
    "list-detail": "list",
    "chokepoint-detail": "chokepoint",
    "organization-detail": "organization",
    "source-detail": "source",
    "evidence-detail": "evidence",
}


@dataclass(frozen=True)
class NewRecord:
    """A record that the same proposal creates. `ref` is its local key, such as ref:2."""

    ref: str
    kind: str
    record: str
    label: str


@dataclass(frozen=True)
class Siblings:
    """The new records of one proposal, which its other changes may refer to."""

    records: tuple[NewRecord, ...] = field(default=())

    def of(self, kinds: Iterable[str]) -> list[NewRecord]:
        """Return those of some kinds."""
        kinds = set(kinds)
        return [new for new in self.records if new.kind in kinds]

    def by_ref(self, ref: str) -> NewRecord | None:
        return next((new for new in self.records if new.ref == ref), None)

    def by_id(self, record: str) -> NewRecord | None:
        return next((new for new in self.records if new.record == record), None)


def label_of(kind: Kind, state: State) -> str:
    """Return the words by which people know a record that isn't published yet."""
    words = (
        state.get(kind.title)
        if kind.title
        else " ".join(str(state[n]) for n in ("status", "role", "as_of") if n in state)
    )
    return Truncator(str(words or state.get("key") or f"new {kind.name}")).chars(90)


def find_record(typed: str, kinds: tuple[str, ...], siblings: Siblings) -> tuple[str, str]:
    """Return (kind, id) of the record that somebody means. Raises FieldError in words for them."""
    text = check_text(typed, lines=False, limit=LONGEST).strip()
    wanted = " or ".join(kinds)
    if text.startswith("ref:"):
        new = siblings.by_ref(text)
        if new is None or new.kind not in kinds:
            raise FieldError(f"“{text[:60]}” is no new {wanted} of this proposal.")
        return new.kind, new.record
    if "/" in text:
        return _by_address(text, kinds, siblings)
    return _by_key_or_id(text, kinds, siblings, text)


def _by_address(text: str, kinds: tuple[str, ...], siblings: Siblings) -> tuple[str, str]:
    try:
        match = resolve(unquote(urlsplit(text).path))
    except (Resolver404, ValueError):
        raise FieldError(f"“{text[:60]}” isn't the address of a record's page.") from None
    kind = PAGES.get(match.url_name or "") or str(match.kwargs.get("kind", ""))
    name = (
        match.kwargs.get("uuid")
        or match.kwargs.get("record")
        or match.kwargs.get("key")
        or match.kwargs.get("pk")
    )
    name = name or next((str(argument) for argument in match.args), "")
    if kind not in kinds or not name:
        raise FieldError(f"“{text[:60]}” isn't the address of a {' or '.join(kinds)}.")
    return _by_key_or_id(str(name), (kind,), siblings, text)


def _by_key_or_id(name: str, kinds: tuple[str, ...], siblings: Siblings, typed: str) -> tuple[str, str]:
    try:
        record = str(uuid.UUID(name))
    except ValueError:
        found = RecordKey.objects.filter(kind__in=kinds, key=name).values_list("kind", "record").first()
        if found:
            return found[0], str(found[1])
    else:
        new = siblings.by_id(record)
        if new and new.kind in kinds:
            return new.kind, record
        for kind in kinds:
            if model_of(KINDS[kind]).objects.filter(pk=record).exists():
                return kind, record
    raise FieldError(f"There is no {' or '.join(kinds)} with the key, id or address “{typed[:60]}”.")


@dataclass(frozen=True)
class Shown:
    """How a record that is referred to stands on a page: what to type for it, its name, and its address."""

    typed: str
    label: str
    url: str = ""
    kind: str = ""
    is_new: bool = False


def show_records(references: Iterable[tuple[str, str]], siblings: Siblings) -> Mapping[str, Shown]:
    """Return how some records are shown, by id, with one query a kind."""
    by_kind: dict[str, set[str]] = {}
    shown: dict[str, Shown] = {}
    for kind, record in references:
        new = siblings.by_id(record)
        if new:
            shown[record] = Shown(new.ref, new.label, f"#{new.ref.replace(':', '-')}", kind, is_new=True)
        elif kind in KINDS:
            by_kind.setdefault(kind, set()).add(record)
    for kind, records in by_kind.items():
        model: Any = model_of(KINDS[kind])
        related = [name for name in ("organization", "chokepoint") if kind == "supply"] or (
            ["chokepoint"] if kind == "assessment" else []
        )
        for row in model.objects.filter(pk__in=records).select_related(*related):
            typed = row.key if KINDS[kind].has_key else str(row.pk)
            shown[str(row.pk)] = Shown(typed, name_of_row(kind, row), row.get_absolute_url(), kind)
    return shown


def name_of_row(kind: str, row: Any) -> str:
    """Return the words by which people know a published record."""
    if kind == "assessment":
        return f"{Truncator(str(row.chokepoint)).chars(90)}: {row}"
    return Truncator(str(row)).chars(110)
