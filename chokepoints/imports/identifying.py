"""Step 1 of gathering: which record each row is about, or that it is a new one (pure).

Most kinds are known by what they are called; the rest by what they refer to (NATURAL), and there the rows of a file are
looked at together: two rows of one supply with different dates are two records.
"""

import uuid
from collections import defaultdict

from ..fields import FieldError
from ..records import KINDS
from .cells import NOTHING, VALUE, Said
from .folding import fold
from .matching import Identity, Known
from .outcomes import ERROR, INFO, REFUSED, Row
from .rowwise import RowReader
from .targets import ID

NATURAL = {
    "supply": ("chokepoint", "organization", "country", "role"),
    "evidence": ("source", "claim"),
    "assessment": ("chokepoint", "status", "as_of"),
}
LONGEST_NAME = 500  # characters by which a row's record is looked for
_SPACE = uuid.UUID("2e7f7a0e-2f0b-5d7e-9f60-2b8f7c5b6a11")  # of ids that follow from a file and a name


def identify(reader: RowReader, rows: list[Row], kind: str, seed: str) -> None:
    """Find the record of each row of a kind; `seed` makes the ids of new ones, so the same run gives the same ids again."""
    if kind in NATURAL:
        _identify_by_what_they_refer_to(reader, rows, kind, seed)
        return
    for row in rows:
        if not row.outcome:
            reader.guarded(row, "", lambda row=row: _identify_one(reader, row, kind, seed))


def _new_id(seed: str, kind: str, own: str) -> str:
    return str(uuid.uuid5(_SPACE, f"{seed}\n{kind}\n{own}"))


# --- by what they are called


def _identify_one(reader: RowReader, row: Row, kind: str, seed: str) -> None:
    identity = _identity(reader, row, kind)
    row.label = identity.text[:200]
    match = reader.matcher.match(kind, identity)
    index = reader.index(kind)
    row.how = match.how
    row.record = match.record or _new_id(seed, kind, identity.own)
    if match.record is None:
        known = Known(row.record, identity.text, is_new=True)
        keys = [identity.key] if identity.key else []
        index.add(known, keys=keys, names=identity.names, identifiers=identity.identifiers)
    elif index.records[row.record].is_new:
        index.add(index.records[row.record], names=identity.names, identifiers=identity.identifiers)
    row.label = index.records[row.record].label
    present = index.records[row.record].key
    if match.how == "key" and present not in {"", identity.key}:
        words = f"“{identity.key}” is a former key; it leads on to “{row.label}”."
        row.say(INFO, words, reader.column(row, "key"))


def _identity(reader: RowReader, row: Row, kind: str) -> Identity:
    """Return what a row says of which record it is about. Raises FieldError where that is nothing, or no name."""
    title = KINDS[kind].title
    names = (reader.text(row, title), reader.text(row, f"{title}_original"))
    identity = Identity(
        id=reader.text(row, ID),
        key=reader.text(row, "key"),
        identifiers=reader.identifiers(row),
        names=[text for text in names if text],
    )
    if not (identity.id or identity.key or identity.identifiers or identity.names):
        raise FieldError(
            "The row has no id, key, identifier or name, so it isn't clear which record it is about."
        )
    if len(identity.text) > LONGEST_NAME:
        raise FieldError(f"The name has {len(identity.text):,} characters; at most {LONGEST_NAME} fit.")
    return identity


# --- by what they refer to

Natural = tuple[str, ...]


def _identify_by_what_they_refer_to(reader: RowReader, rows: list[Row], kind: str, seed: str) -> None:
    together: dict[Natural, list[tuple[Row, str]]] = defaultdict(list)
    for row in rows:
        if row.outcome:
            continue
        if record := reader.text(row, ID):
            _identify_by_id(reader, row, kind, record)
            continue
        natural = reader.guarded(row, "", lambda row=row: _natural(reader, row, kind))
        if natural:
            together[natural].append((row, reader.text(row, "as_of") if kind == "supply" else ""))
    for natural, found in together.items():
        _match_natural(reader, kind, natural, found, seed)


def _identify_by_id(reader: RowReader, row: Row, kind: str, record: str) -> None:
    column = reader.column(row, ID)
    found = reader.guarded(row, column, lambda: reader.matcher.match(kind, Identity(id=record)))
    if found:
        row.record, row.how = found.record or "", "id"
        row.label = reader.index(kind).records[row.record].label


def _natural(reader: RowReader, row: Row, kind: str) -> Natural:
    """Return what a row's record refers to. Raises FieldError where something that tells it apart is missing."""
    parts = []
    for name in NATURAL[kind]:
        each, text = KINDS[kind].fields[name], reader.text(row, name)
        text = text or reader.plan[row.table].fixed.get(name, "")
        said = reader.read(row, name, text, each) if text else Said(NOTHING)
        if said.sort != VALUE and (each.required or name == "claim"):
            raise FieldError(f"{each.label} is missing, so it isn't clear which {kind} the row is about.")
        value = str(said.value) if said.sort == VALUE else ""
        parts.append(fold(value) if name == "claim" else value)
    return tuple(parts)


def _match_natural(
    reader: RowReader, kind: str, natural: Natural, rows: list[tuple[Row, str]], seed: str
) -> None:
    index = reader.index(kind)
    standing = sorted(index.natural.get(natural, set()))
    dates = {date for _, date in rows}
    for row, date in rows:
        by_date = [record for record in standing if date and index.dates.get(record) == date]
        if len(by_date) == 1:
            row.record, row.how = by_date[0], "what it refers to, and its date"
        elif len(standing) == 1 and len(dates) == 1:
            row.record, row.how = standing[0], "what it refers to"
        elif len(standing) > 1 and not by_date:
            words = f"{len(standing)} records speak of the same; give the id of the one that is meant."
            row.say(ERROR, words)
            row.outcome = REFUSED
            continue
        else:
            row.record = _new_id(seed, kind, "\n".join((*natural, date)))
            index.add(Known(row.record, _natural_label(reader, natural), is_new=True))
        row.label = index.records[row.record].label


def _natural_label(reader: RowReader, natural: Natural) -> str:
    indexes = reader.matcher.catalogue.values()
    labels = []
    for part in natural:
        known = next((index.records[part] for index in indexes if part in index.records), None)
        if part:
            labels.append(known.label if known else part)
    return ", ".join(labels)[:200]
