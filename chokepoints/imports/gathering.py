"""From the rows of a file to the changes that they ask for, row by row with reasons (pure but for the reads handed in).

1. identifying: each row finds the record that it is about, or is a new one; rows of one record belong together
2. wishing: each cell says something about a field, against the state that the file was made from
3. changing: what differs from the register becomes a change; what is so already is skipped

outcomes.py has what a row, a finding and a draft are, rowwise.py how a row is read.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping

from ..records import KINDS, State
from .changing import draft_of
from .identifying import identify
from .mapping import Plan
from .matching import Matcher
from .outcomes import REFUSED, SAME, Draft, Gathered, Row
from .rowwise import RowReader
from .tables import Table
from .wishing import Wish, read_row

# Kinds whose records others name come first; the last three are known by what they refer to.
ORDER = ("list", "sector", "source", "organization", "chokepoint", "evidence", "supply", "assessment")

States = Callable[[str, Iterable[str]], Mapping[str, State]]  # (kind, ids) → present states
StatesAt = Callable[[Iterable[tuple[str, int]]], Mapping[tuple[str, int], State]]


def gather(
    tables: Iterable[Table],
    plan: Plan,
    matcher: Matcher,
    *,
    seed: str,
    states: States,
    states_at: StatesAt,
) -> Gathered:
    """Return what some tables ask for. `seed` makes the ids of new records, so the same run gives the same ids again."""
    reader = RowReader(plan, matcher)
    rows = reader.rows_of(tables)
    for row in rows:
        reader.check_line(row)
    for kind in ORDER:
        identify(reader, [row for row in rows if row.kind == kind], kind, seed)
    drafts: list[Draft] = []
    for kind in ORDER:
        drafts += _drafts_of(reader, kind, [row for row in rows if row.kind == kind], states, states_at)
    for row in rows:
        if not row.outcome:
            row.outcome = REFUSED if row.is_bad else SAME
    return Gathered(rows, drafts, reader.questions)


def _drafts_of(
    reader: RowReader, kind: str, rows: Iterable[Row], states: States, states_at: StatesAt
) -> list[Draft]:
    """Return the changes that the rows of one kind ask for."""
    by_record: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if row.record:
            by_record[row.record].append(row)
    known = reader.index(kind).records
    present = states(kind, [record for record in by_record if not known[record].is_new])
    wishes = {record: Wish() for record in by_record}
    for record, wish in wishes.items():
        for row in by_record[record]:
            if not row.outcome:
                read_row(reader, row, wish)
    bases = {(record, wish.base) for record, wish in wishes.items() if wish.base}
    older = states_at({(record, base) for record, base in bases if base != known[record].revision})
    drafts = (
        draft_of(reader, KINDS[kind], record, by_record[record], wish, present.get(record), older)
        for record, wish in wishes.items()
    )
    return [draft for draft in drafts if draft]
