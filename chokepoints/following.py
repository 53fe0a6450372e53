"""What somebody who follows the register, a sector or a chokepoint is told: which changesets, and what each did.

The number of queries is fixed. Which records belong to something now is read from the tables; which did formerly, out of
the revisions that pointed a record elsewhere; which sources it stands on is for ground.py to say.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Case, Count, F, Q, QuerySet, Value, When, Window
from django.db.models.functions import RowNumber

from .ground import ground_moved, sources_under
from .history import open_commitments
from .models import Assessment, Bearing, Changeset, Chokepoint, Record, Revision, Sector, Supply
from .models.revision import CREATE, OPERATIONS
from .records import KINDS
from .selectors import ChangesetLine, changeset_lines, names_of, sectors_with_parts

NAMED = 20  # records of one changeset; the data set of 2018 came in with hundreds
ASIDE = 2  # where a record stands that isn't followed; before it what is followed, then the ground of that
# The field by which a record of each kind belongs to a chokepoint or a sector.
BELONGS_BY = {
    "supply": "chokepoint",
    "assessment": "chokepoint",
    "evidence": "bears_on",
    "chokepoint": "sector",
    "sector": "parent",
}


@dataclass(frozen=True)
class Followed:
    """Some chokepoints and sectors with all that belongs to them, retired records included."""

    chokepoints: QuerySet
    sectors: QuerySet

    def records(self) -> QuerySet:
        """Return the ids of the chokepoints and sectors, and of what belongs to the chokepoints now."""
        chokepoints = self.chokepoints.order_by().values("pk")
        return chokepoints.union(
            self.sectors.order_by().values("pk"),
            Supply.objects.order_by().filter(chokepoint__in=chokepoints).values("pk"),
            Assessment.objects.order_by().filter(chokepoint__in=chokepoints).values("pk"),
            Bearing.objects.order_by().filter(chokepoint__in=chokepoints).values("evidence"),
            all=True,
        )

    def ground(self) -> QuerySet:
        """Return the ids of the sources that the chokepoints stand on."""
        return sources_under(self.chokepoints.order_by().values("pk"))

    def targets(self) -> set[tuple[str, str]]:
        """Return (kind, id) of its chokepoints and sectors."""
        found = {("chokepoint", str(pk)) for pk in self.chokepoints.values_list("pk", flat=True)}
        return found | {("sector", str(pk)) for pk in self.sectors.values_list("pk", flat=True)}


def of_chokepoint(chokepoint: Record) -> Followed:
    """Return a chokepoint with its supplies, assessments and the evidence that bears on it."""
    return Followed(Chokepoint.objects.filter(pk=chokepoint.pk), Sector.objects.none())


def of_sector(sector: Record) -> Followed:
    """Return a sector with all sectors under it, and their chokepoints."""
    sectors = sectors_with_parts([str(sector.pk)])
    return Followed(Chokepoint.objects.filter(sector__in=sectors), Sector.objects.filter(pk__in=sectors))


@dataclass
class Touched:
    """One record in a changeset: what happened to it, and which fields changed."""

    operation: str
    kind: str
    label: str
    url: str
    fields: list[str]


@dataclass
class Notice:
    """A changeset as followers read it. `more` is how many records it touched beside those named."""

    line: ChangesetLine
    touched: list[Touched]
    more: int


def newest_changesets(followed: Followed | None, *, before: int | None, limit: int) -> list[int]:
    """Return the numbers of the newest changesets that touched what is followed (the whole register if None).

    With `before` only those with a lower number.
    """
    rows = Revision.objects.all() if before is None else Revision.objects.filter(changeset__lt=before)
    if followed is None:
        changesets = (
            Changeset.objects.all() if before is None else Changeset.objects.filter(number__lt=before)
        )
        return list(changesets.order_by("-number").values_list("number", flat=True)[:limit])
    found: set[int] = set()
    for own in (Q(record__in=followed.records()), ground_moved() & Q(record__in=followed.ground())):
        touched = rows.filter(own).order_by("-changeset_id")
        found |= set(touched.values_list("changeset_id", flat=True).distinct()[:limit])
    found |= {number for number in _formerly(followed.targets()) if before is None or number < before}
    return sorted(found, reverse=True)[:limit]


def _formerly(targets: set[tuple[str, str]]) -> Iterator[int]:
    """Yield the changesets in which a record that was pointed elsewhere at some time belonged to a target, or left it."""
    turned = Q()
    for kind, name in BELONGS_BY.items():
        turned |= Q(kind=kind, changed__icontains=f'"{name}"')
    records = Revision.objects.filter(turned, number__gt=1).order_by().values("record")
    revisions = Revision.objects.filter(record__in=records).order_by("record", "number")
    rows = list(revisions.values_list("record", "kind", "changeset", "state"))
    values = open_commitments(row[3][BELONGS_BY[row[1]]] for row in rows if BELONGS_BY[row[1]] in row[3])
    previous, belonged = None, False
    for record, kind, changeset, state in rows:
        name = BELONGS_BY[kind]
        value = values.get(state.get(name))
        belongs = value is not None and not targets.isdisjoint(KINDS[kind].fields[name].references(value))
        if belongs or (belonged and record == previous):
            yield changeset
        previous, belonged = record, belongs


def notices(numbers: Iterable[int], followed: Followed | None = None) -> list[Notice]:
    """Return changesets in words, the newest first. Of many records, only those that are followed are named."""
    changesets = list(Changeset.objects.filter(number__in=list(numbers)).order_by("-number"))
    here = [changeset.number for changeset in changesets]
    rows = Revision.objects.filter(changeset__in=here).order_by()
    sizes = dict(rows.values_list("changeset").annotate(n=Count("pk")))
    revisions = _named(sizes, followed)
    names = names_of((revision.kind, str(revision.record)) for revision in revisions)
    touched: dict[int, list[Touched]] = defaultdict(list)
    for revision in revisions:
        touched[revision.changeset_id].append(_touched(revision, names))
    return [
        Notice(line, touched[number], sizes[number] - len(touched[number]))
        for number, line in zip(here, changeset_lines(changesets), strict=True)
    ]


def _named(sizes: Mapping[int, int], followed: Followed | None) -> list[Revision]:
    """Return at most NAMED revisions of each changeset, in their order: of one with more, those that are followed."""
    order: list[Any] = [F("position")]
    rows = Revision.objects.filter(changeset__in=list(sizes)).defer("state", "cites")
    if followed is not None:
        own = Q(record__in=followed.records())
        moved = ground_moved() & Q(record__in=followed.ground())
        aside = Case(When(own, then=Value(0)), When(moved, then=Value(1)), default=Value(ASIDE))
        rows, order = rows.annotate(aside=aside), [F("aside"), F("position")]
    place = Window(RowNumber(), partition_by=[F("changeset")], order_by=order)
    found: dict[int, list[Revision]] = defaultdict(list)
    for row in rows.annotate(place=place).filter(place__lte=NAMED).order_by("changeset_id", "position"):
        found[row.changeset_id].append(row)
    for number, revisions in found.items():
        if followed is not None and sizes[number] > NAMED:
            # What had left by now isn't known here; then the first ones have to do.
            found[number] = [row for row in revisions if row.aside < ASIDE] or revisions
    return [row for revisions in found.values() for row in revisions]


def _touched(revision: Revision, names: Any) -> Touched:
    kind = KINDS.get(revision.kind)
    label, url = names.get(
        (revision.kind, str(revision.record)), (f"{revision.kind} {str(revision.record)[:8]}", "")
    )
    changed = () if kind is None or revision.operation == CREATE else revision.changed
    fields = [kind.fields[name].label for name in changed if name != "retired" and name in kind.fields]
    return Touched(OPERATIONS[revision.operation], revision.kind, label, url, fields)
