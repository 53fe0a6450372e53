"""From the changes of a body to changes as services take them: local keys and keys become ids, and each place has its pointer.

`ref` names a record that the same proposal creates; in reference fields (and in `cites`) `ref:<name>` means it.
"""

import re
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chokepoints import fields as register
from chokepoints.api.problems import ApiProblem
from chokepoints.models import RecordKey
from chokepoints.models.revision import CREATE
from chokepoints.projection import model_of
from chokepoints.records import KINDS

from ..services.drafting import DraftChange
from .bodies import MOST_NAMED, Error, escaped, wrong

_REF = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,59}")
REF = "ref:"
_AT_ONCE = 400  # below the number of parameters that any SQLite takes

Place = tuple[tuple[str, ...], Any, str]  # kinds that may stand there, what was sent, its pointer


@dataclass
class Places:
    """Where in the body each change stands that a refusal may be about, and by which name it was sent."""

    changes: Sequence[Mapping[str, Any]] = ()
    records: Sequence[str] = ()

    def error(self, position: int, name: str, message: str) -> Error:
        """Return what is wrong with a change, or with one of its fields, for a problem."""
        change = self.changes[position] if position < len(self.changes) else {}
        found: Error = {"message": message, "change": position}
        if change:
            part = (
                "cites"
                if name in change.get("cites", {}) and name not in change.get("fields", {})
                else "fields"
            )
            found["pointer"] = f"/changes/{position}" + (f"/{part}/{escaped(name)}" if name else "")
        if change.get("ref"):
            found["ref"] = change["ref"]
        elif position < len(self.records):
            found["id"] = self.records[position]
        return found | ({"field": name} if name else {})


@dataclass
class _Named:
    """The records that a body names, looked up together: new ones by local key, published ones by id and by key."""

    new: dict[str, tuple[str, str]] = field(default_factory=dict)  # local key → kind, id
    ids: dict[str, set[str]] = field(default_factory=dict)  # kind → ids that there are
    keys: dict[tuple[str, str], str] = field(default_factory=dict)  # kind, key → id

    def look_up(self, places: Iterable[Place]) -> None:
        """Find what is named at some places, with a number of queries that grows with kinds and not with records."""
        wanted: dict[str, set[str]] = {}
        for kinds, name, _ in places:
            if isinstance(name, str) and not name.startswith(REF):
                for kind in kinds:
                    wanted.setdefault(kind, set()).add(name)
        for kind, names in wanted.items():
            ids = sorted({record for name in names if (record := _as_id(name))})
            for part in _in_parts(ids):
                rows = model_of(KINDS[kind]).objects.filter(pk__in=part)
                self.ids.setdefault(kind, set()).update(map(str, rows.values_list("pk", flat=True)))
            for part in _in_parts(sorted(name for name in names if len(name) <= 120)):
                found = RecordKey.objects.filter(kind=kind, key__in=part).values_list("key", "record")
                self.keys |= {(kind, key): str(record) for key, record in found}

    def find(self, kinds: tuple[str, ...], name: Any) -> str:
        """Return the id of the record that is meant. Raises ValueError, in words."""
        wanted = " or ".join(kinds)
        if not isinstance(name, str):
            raise ValueError(f"This is the id or key of a {wanted}, or a local key such as ref:s1.")
        if name.startswith(REF):
            kind, record = self.new.get(name.removeprefix(REF), ("", ""))
            if kind not in kinds:
                raise ValueError(f"“{name[:60]}” is no {wanted} that this proposal creates.")
            return record
        for kind in kinds:
            if (record := _as_id(name)) and record in self.ids.get(kind, ()):
                return record
            if (kind, name) in self.keys:
                return self.keys[kind, name]
        raise ValueError(f"There is no {wanted} with the id or key “{name[:60]}”.")


def read_changes(
    sent: Sequence[Mapping[str, Any]], new_before: Mapping[str, str] | None = None
) -> tuple[list[DraftChange], Places]:
    """Return the changes of a body whose members have their types, and where each stands.

    `new_before` are the records, id → kind, that the proposal creates already: a change that creates one of them again
    names it by `id` and keeps it. Raises ApiProblem: 400 with every wrong place, or 428 for a missing base_revision.
    """
    named, errors = _Named(), []
    records = list(_new_records(sent, new_before or {}, named, errors))
    places = list(_places(sent))
    named.look_up(places)
    found: dict[str, str] = {}
    for kinds, name, pointer in places:
        try:
            found[pointer] = named.find(kinds, name)
        except ValueError as error:
            errors.append({"pointer": pointer, "message": str(error)})
    changes = [_change(position, one, records[position], found) for position, one in enumerate(sent)]
    errors += _wrong_names(sent)
    where = Places(sent, [change.record for change in changes])
    if errors:
        raise wrong([_with_place(error, where) for error in errors][:MOST_NAMED])
    _check_bases(sent, where)
    return changes, where


def _new_records(
    sent: Sequence[Mapping[str, Any]], before: Mapping[str, str], named: _Named, errors: list[Error]
) -> Iterator[str]:
    """Yield the id of each change's record if it is a new one, "" if not; note the local keys of new ones."""
    taken: set[str] = set()
    for position, one in enumerate(sent):
        record = ""
        if one["operation"] == CREATE:
            record = _as_id(one.get("id", "")) or str(uuid.uuid4())
            if "id" in one and (before.get(record) != one["record"] or record in taken):
                words = "A new record gets its id from the register. Leave it out; `ref` names it in this proposal."
                errors.append({"pointer": f"/changes/{position}/id", "message": words})
            taken.add(record)
            named.ids.setdefault(one["record"], set()).add(record)  # siblings may name it by its id, too
        ref = one.get("ref")
        if ref is not None:
            if record and _REF.fullmatch(ref) and ref not in named.new:
                named.new[ref] = (one["record"], record)
            else:
                errors.append(
                    {"pointer": f"/changes/{position}/ref", "message": _wrong_ref(ref, record, named)}
                )
        yield record


def _wrong_ref(ref: str, record: str, named: _Named) -> str:
    if not record:
        return "Only a new record has a local key; a published one has its id."
    if ref in named.new:
        return f"Two new records have the local key “{ref[:60]}”."
    return "A local key has up to 60 letters a–z, digits, hyphens, full stops and underscores, such as s1."


def _places(sent: Sequence[Mapping[str, Any]]) -> Iterator[Place]:
    """Yield every place of a body where a record is named."""
    for position, one in enumerate(sent):
        kind, pointer = KINDS[one["record"]], f"/changes/{position}"
        if one["operation"] != CREATE and "id" in one:
            yield (kind.name,), one["id"], f"{pointer}/id"
        for name, value in one.get("fields", {}).items():
            if name in kind.editable:
                yield from _places_in(kind.editable[name], value, f"{pointer}/fields/{escaped(name)}")
        for name, targets in one.get("cites", {}).items():
            for number, target in enumerate(targets):
                yield ("evidence",), target, f"{pointer}/cites/{escaped(name)}/{number}"


def _places_in(each: register.Field, value: Any, pointer: str) -> Iterator[Place]:
    """Yield where records are named in a value; what hasn't the field's shape is for the field to refuse."""
    if isinstance(each, register.Reference) and value not in (None, "", []):
        yield (each.kind,), value, pointer
    elif isinstance(each, register.ReferenceSet) and isinstance(value, list):
        for number, target in enumerate(value[: each.limit + 1]):
            yield (each.kind,), target, f"{pointer}/{number}"
    elif isinstance(each, register.Bearings | register.Listings) and isinstance(value, list):
        parts = ("chokepoint", "list") if isinstance(each, register.Bearings) else ("list",)
        for number, entry in enumerate(value[: each.limit + 1]):
            for part in parts:
                if isinstance(entry, Mapping) and entry.get(part) not in (None, "", []):
                    yield (part,), entry[part], f"{pointer}/{number}/{part}"


def _change(position: int, one: Mapping[str, Any], record: str, found: Mapping[str, str]) -> DraftChange:
    kind, pointer = KINDS[one["record"]], f"/changes/{position}"
    return DraftChange(
        kind.name,
        record or found.get(f"{pointer}/id", ""),
        one["operation"],
        {
            name: _with_ids(value, f"{pointer}/fields/{escaped(name)}", found.get)
            if name in kind.editable
            else value
            for name, value in one.get("fields", {}).items()
        },
        {
            name: [found.get(f"{pointer}/cites/{escaped(name)}/{n}", "") for n in range(len(targets))]
            for name, targets in one.get("cites", {}).items()
        },
        one.get("base_revision", 0) if one["operation"] != CREATE else 0,
    )


def _with_ids(value: Any, pointer: str, found: Callable[[str], str | None]) -> Any:
    """Return a value with ids where it named records otherwise."""
    if record := found(pointer):
        return record
    if isinstance(value, list):
        return [_with_ids(inner, f"{pointer}/{number}", found) for number, inner in enumerate(value)]
    if isinstance(value, Mapping):
        return {name: _with_ids(inner, f"{pointer}/{escaped(name)}", found) for name, inner in value.items()}
    return value


def _wrong_names(sent: Sequence[Mapping[str, Any]]) -> Iterator[Error]:
    """Yield what is wrong with the names of fields, and changes of published records that don't say of which."""
    for position, one in enumerate(sent):
        kind, pointer = KINDS[one["record"]], f"/changes/{position}"
        if one["operation"] != CREATE and "id" not in one:
            yield {"pointer": f"{pointer}/id", "message": f"Say which {kind.name}: its id or key."}
        for part, known in (("fields", kind.editable), ("cites", {"": None, **kind.editable})):
            for name in one.get(part, {}):
                if name not in known:
                    words = f"A {kind.name} has no field “{name[:60]}” that can be proposed."
                    yield {"pointer": f"{pointer}/{part}/{escaped(name)}", "message": words}


def _check_bases(sent: Sequence[Mapping[str, Any]], where: Places) -> None:
    """Refuse changes of published records that don't say which revision their author saw."""
    errors = [
        where.error(position, "", "Say in `base_revision` which revision of the record you saw.")
        | {"pointer": f"/changes/{position}/base_revision"}
        for position, one in enumerate(sent)
        if one["operation"] != CREATE and "base_revision" not in one
    ]
    if errors:
        words = "A change of a published record says in `base_revision` which revision of it you saw."
        raise ApiProblem(428, words, errors=errors[:MOST_NAMED], code="base-revision-missing")


def _with_place(error: Error, where: Places) -> Error:
    """Add to an error which change it is about, and which field."""
    _, _, position, *rest = error["pointer"].split("/")
    name = rest[1] if len(rest) > 1 and rest[0] in {"fields", "cites"} else ""
    return where.error(int(position), name.replace("~1", "/").replace("~0", "~"), error["message"]) | error


def _as_id(name: str) -> str | None:
    try:
        return str(uuid.UUID(name)) if len(name) == 36 else None
    except ValueError:
        return None


def _in_parts(names: Sequence[str]) -> Iterator[Sequence[str]]:
    return (names[start : start + _AT_ONCE] for start in range(0, len(names), _AT_ONCE))
