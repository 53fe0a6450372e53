"""Transferring: a ledger as a file of lines, and a file as a ledger. docs/ledger.md describes the lines.

{"dump": "chokepoint-ledger", "format": 1}
{"contributor": {"affiliation": …, "display_name": …, "id": …}}          before the changeset that first names it
{"changeset": {…}, "openings": [{…}], "revisions": [{…}]}                one line a changeset
{"end": {"changesets": 58, "head": "…"}}                                 without it a dump isn't whole
"""

import json
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import IO, Any

from django.db import Error as DatabaseError

from ..canonical import canonical, parse_time
from ..checking import Ground, Link, check_digest, check_record, fresh_commitments, problems_of, state_of
from ..exceptions import LedgerError
from ..fields import check_name
from ..models import Changeset, Contributor
from ..sealing import Opening, SealedChangeset, SealedRevision
from .locking import register_lock
from .publishing import replay
from .reading import (
    changeset_numbers,
    cited_and_held,
    commitments_in,
    head_link,
    in_parts,
    link_of,
    openings_of,
    predecessors_of,
    read_changesets,
)

_MALFORMED = (ValueError, TypeError, KeyError, AttributeError, RecursionError)
NAME, FORMAT = "chokepoint-ledger", 1
_REVISION_PARTS = ("kind", "record", "number", "operation", "state", "changed", "cites", "format", "digest")
_CHANGESET_PARTS = (
    *("number", "time", "authors", "summary", "rationale", "reviews", "origin"),
    *("format", "previous", "digest"),
)


@dataclass(frozen=True)
class Transfer:
    """What a dump held: its head, and how many of its changesets were new here."""

    head_number: int
    head_digest: str
    taken: int = 0


# --- dumping


def dump(stream: IO[bytes], *, up_to: int | None = None, people: bool = True) -> Transfer:
    """Write the ledger to a binary stream: as it is now, or up to a changeset.

    Without `people` the lines that name contributors are left out: they aren't sealed, so what they say may change.
    """
    head = head_link() if up_to is None else link_of(up_to)

    def write(line: Mapping[str, Any]) -> None:
        stream.write(canonical(line) + b"\n")

    write({"dump": NAME, "format": FORMAT})
    named: set[str] = set()
    for numbers in changeset_numbers(head.number):
        changesets = [changeset for changeset, _ in read_changesets(numbers)]
        openings = openings_of(commitments_in(changesets))
        groups = [people_of(changeset) if people else [] for changeset in changesets]
        names = _contributors({person for group in groups for person in group} - named)
        for changeset, group in zip(changesets, groups, strict=True):
            for person in group:
                if person in names and person not in named:
                    write({"contributor": names[person]})
                named.add(person)
            write(changeset_line(changeset, openings))
    write({"end": {"changesets": head.number, "head": head.digest}})
    return Transfer(head.number, head.digest)


def people_of(changeset: SealedChangeset) -> list[str]:
    """Return the contributors that a changeset names, each once, in order."""
    return list(dict.fromkeys([*changeset.authors, *(review["reviewer"] for review in changeset.reviews)]))


def changeset_line(changeset: SealedChangeset, openings: Mapping[str, Opening]) -> dict[str, Any]:
    """Return the line of one changeset. An opening that is gone is left out."""
    body = changeset.body()
    del body["revisions"]
    fresh = [openings[commitment] for commitment in fresh_commitments(changeset) if commitment in openings]
    return {
        "changeset": body | {"digest": changeset.digest},
        "revisions": [revision.body() | {"digest": revision.digest} for revision in changeset.revisions],
        "openings": [{"commitment": one.commitment, "salt": one.salt, "value": one.value} for one in fresh],
    }


def _contributors(ids: Iterable[str]) -> dict[str, dict[str, str]]:
    return {
        str(row.pk): {"affiliation": row.affiliation, "display_name": row.display_name, "id": str(row.pk)}
        for part in in_parts(sorted(ids))
        for row in Contributor.objects.filter(pk__in=part)
    }


# --- replaying


def replay_dump(stream: IO[bytes]) -> Transfer:
    """Append the changesets of a dump that this ledger doesn't hold yet, and show them in the tables.

    Whatever this ledger holds must be the beginning of the dump, or the dump a beginning of it. All of it is taken or
    nothing: raises LedgerError, which names the line, for a dump that is altered, cut off, or of another register.
    """
    number, link, taken, ended = 0, Link(), 0, None
    with register_lock():
        present = head_link()
        for number, line in enumerate(stream, start=1):
            try:
                parsed = _parse(line)
                if ended:
                    raise LedgerError("the dump goes on after its end.")
                if number == 1:
                    _check_header(parsed)
                elif "contributor" in parsed:
                    _take_contributor(parsed)
                elif "end" in parsed:
                    ended = _check_end(parsed, link)
                else:
                    changeset = _read_line(parsed)
                    taken += _take(changeset, link, present)
                    link = Link(changeset.number, changeset.digest, changeset.time)
            except LedgerError as error:
                raise LedgerError(f"Line {number}: {error}") from error
            except _MALFORMED as error:
                words = f"{type(error).__name__}: {str(error)[:120]}"
                raise LedgerError(f"Line {number} isn't one of a ledger dump ({words}).") from error
            except DatabaseError as error:
                raise LedgerError(
                    f"Line {number}: the tables can't hold this ({str(error)[:200]})."
                ) from error
        if not ended:
            raise LedgerError(f"The dump is cut off after line {number}: its closing line is missing.")
    return Transfer(link.number, link.digest, taken)


def _parse(line: bytes) -> dict[str, Any]:
    parsed = json.loads(line)
    if not isinstance(parsed, dict) or canonical(parsed) + b"\n" != line:
        raise LedgerError("this isn't an object in canonical JSON (RFC 8785) with a line feed at its end.")
    return parsed


def _check_header(parsed: dict[str, Any]) -> None:
    if parsed.get("dump") != NAME:
        raise LedgerError("this is no ledger dump.")
    if parsed != {"dump": NAME, "format": FORMAT}:
        raise LedgerError(f"the dump has format {parsed.get('format')}, and this program reads {FORMAT}.")


def _check_end(parsed: dict[str, Any], link: Link) -> bool:
    if parsed != {"end": {"changesets": link.number, "head": link.digest}}:
        raise LedgerError(
            f"the closing line names another head than changeset {link.number}, the last before it."
        )
    return True


def _take_contributor(parsed: dict[str, Any]) -> None:
    """Add a contributor that isn't known here. One that is keeps the name it has here."""
    person = _parts(parsed["contributor"], ("affiliation", "display_name", "id"))
    names = {name: check_name(person[name], limit=200) for name in ("affiliation", "display_name")}
    Contributor.objects.get_or_create(id=uuid.UUID(check_record(person["id"])), defaults=names)


def _parts(value: Any, names: Iterable[str]) -> dict[str, Any]:
    if not isinstance(value, dict) or set(value) != set(names):
        raise LedgerError(f"an object with exactly these parts belongs here: {', '.join(sorted(names))}.")
    return value


def _read_line(parsed: dict[str, Any]) -> SealedChangeset:
    """Return the changeset that a line holds, with its shape checked but not yet its digests."""
    _parts(parsed, ("changeset", "openings", "revisions"))
    body = dict(_parts(parsed["changeset"], _CHANGESET_PARTS))
    origin = _parts(body.pop("origin"), ("kind", "reference"))
    for person in [*body["authors"], *(review["reviewer"] for review in body["reviews"])]:
        check_record(person)
    openings = tuple(Opening(**_parts(one, ("commitment", "salt", "value"))) for one in parsed["openings"])
    changeset = SealedChangeset(
        **body
        | {
            "time": parse_time(body["time"]),
            "authors": tuple(body["authors"]),
            "reviews": tuple(body["reviews"]),
            "origin": origin["kind"],
            "reference": origin["reference"],
            "revisions": tuple(_read_revision(one) for one in parsed["revisions"]),
            "openings": openings,
        }
    )
    for commitment in [changeset.digest, changeset.previous, *fresh_commitments(changeset)]:
        check_digest(commitment)
    return changeset


def _read_revision(value: Any) -> SealedRevision:
    parts = dict(_parts(value, _REVISION_PARTS))
    check_record(parts["record"])
    return SealedRevision(**parts | {"changed": tuple(parts["changed"])})


def _take(changeset: SealedChangeset, link: Link, present: Link) -> bool:
    """Append one changeset, or find that it is here already. Returns whether it was appended."""

    def fail(problem: str) -> LedgerError:
        return LedgerError(f"Changeset {changeset.number} {problem}")

    known = changeset.number <= present.number
    if known and not Changeset.objects.filter(number=changeset.number, digest=changeset.digest).exists():
        raise fail("is another one than this ledger holds under that number.")
    predecessors = predecessors_of([changeset])
    new = {opening.commitment: opening for opening in changeset.openings}
    openings = openings_of(commitments_in([changeset], predecessors.values())) | new
    _check_openings(changeset, new)
    here = {(r.record, r.number) for r in changeset.revisions if r.kind == "evidence"}
    cited = {at for at, number in cited_and_held([changeset]).items() if number <= changeset.number}
    ground = Ground(link, predecessors, openings, frozenset(cited | here))
    for problem in problems_of(changeset, ground):
        raise fail(problem)
    if known:
        return False
    replay(changeset, [state_of(revision, openings) for revision in changeset.revisions])
    return True


def _check_openings(changeset: SealedChangeset, new: Mapping[str, Opening]) -> None:
    fresh = fresh_commitments(changeset)
    if [opening.commitment for opening in changeset.openings] != fresh or len(new) != len(fresh):
        raise LedgerError(
            f"Changeset {changeset.number} doesn't come with exactly the openings of what is new in it."
        )
