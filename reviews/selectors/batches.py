"""What a batch is decided by: what each proposal does in short, and what could be decided together."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F, Prefetch, Q, QuerySet

from chokepoints.comparison import FieldComparison, compare
from chokepoints.history import states_of
from chokepoints.models import Evidence, Revision, Source
from chokepoints.models.revision import CREATE
from chokepoints.presenting import Names
from chokepoints.records import KINDS, Kind, State
from chokepoints.selectors import names_of

from ..forms.references import label_of
from ..models import Authorship, Change, Concern, Proposal, Version

MOST_CHANGES = 10  # of one proposal; its own page has all
WORDS = {"create": "New", "update": "Change", "retire": "Retire", "restore": "Restore"}


@dataclass(frozen=True)
class ChangeInShort:
    """One change: which record, and its fields before and after."""

    change: Change
    kind: Kind
    title: str
    comparisons: Sequence[FieldComparison]

    @property
    def words(self) -> str:
        """What is done to the record, in a word."""
        return WORDS[self.change.operation]


def changes_in_short(proposals: Iterable[Proposal]) -> dict[int, list[ChangeInShort]]:
    """Return what proposals do, the first MOST_CHANGES changes of each, by number, with a constant number of queries."""
    numbers = [proposal.pk for proposal in proposals]
    present = Version.objects.filter(proposal__in=numbers, number=F("proposal__version"))
    few = Change.objects.filter(position__lt=MOST_CHANGES).order_by("position")
    versions = list(present.prefetch_related(Prefetch("changes", queryset=few)))
    changes = [change for version in versions for change in version.changes.all()]
    seen = _seen_states(changes)
    labels = _labels(changes, seen)
    return {
        version.proposal_id: [_in_short(change, seen, labels) for change in version.changes.all()]
        for version in versions
    }


def _seen_states(changes: Sequence[Change]) -> dict[tuple[uuid.UUID, int], State]:
    """Return the states that the authors of changes saw, by record and revision, with two queries."""
    wanted = {(change.record, change.base_revision) for change in changes if change.operation != CREATE}
    among = Revision.objects.filter(
        record__in={record for record, _ in wanted}, number__in={number for _, number in wanted}
    )
    revisions = [revision for revision in among if (revision.record, revision.number) in wanted]
    keys = ((revision.record, revision.number) for revision in revisions)
    return dict(zip(keys, states_of(revisions), strict=True))


def _labels(changes: Sequence[Change], seen: Mapping[tuple[uuid.UUID, int], State]) -> Names:
    """Return names and addresses of all records that changes are about or name."""
    wanted = {(change.kind, str(change.record)) for change in changes}
    for change in changes:
        for state in (_before(change, seen), change.fields):
            wanted |= {(kind, record) for _, kind, record in KINDS[change.kind].references(state)}
    new = {
        (change.kind, str(change.record)): (label_of(KINDS[change.kind], change.fields), "")
        for change in changes
        if change.operation == CREATE
    }
    return new | names_of(wanted)


def _before(change: Change, seen: Mapping[tuple[uuid.UUID, int], State]) -> State:
    return seen.get((change.record, change.base_revision), {})


def _in_short(change: Change, seen: Mapping[tuple[uuid.UUID, int], State], labels: Names) -> ChangeInShort:
    kind, before = KINDS[change.kind], _before(change, seen)
    after = {name: value for name, value in (before | change.fields).items() if value is not None}
    title = labels.get((kind.name, str(change.record)), ("", ""))[0] or label_of(kind, after)
    about = labels.get(("chokepoint", after.get("chokepoint", "")))
    if change.operation == CREATE and about:
        title = f"{about[0]}: {title}"
    comparisons = compare(kind, before, after, list(change.fields), labels) if change.fields else []
    return ChangeInShort(change, kind, title, comparisons)


@dataclass(frozen=True)
class Together:
    """Proposals that could be decided together: the filter that finds them, what they share, and how many they are."""

    name: str
    value: str
    label: str
    count: int


def together(queue: QuerySet[Proposal], shown: Sequence[Proposal]) -> list[Together]:
    """Return the batches, sources and authors that some shown proposals share with others of a queue, the largest first."""
    numbers = [proposal.pk for proposal in shown]
    waiting = Proposal.objects.filter(pk__in=queue.order_by().values("pk"))
    found = [*_batches(waiting, shown), *_authors(waiting, numbers), *_sources(waiting, numbers)]
    return sorted((one for one in found if one.count > 1), key=lambda one: (-one.count, one.label))


def _batches(waiting: QuerySet[Proposal], shown: Sequence[Proposal]) -> list[Together]:
    names = {proposal.batch for proposal in shown if proposal.batch}
    counted = waiting.filter(batch__in=names).order_by().values("batch").annotate(count=Count("pk"))
    return [Together("batch", row["batch"], row["batch"], row["count"]) for row in counted]


def _authors(waiting: QuerySet[Proposal], numbers: Sequence[int]) -> list[Together]:
    authors = Authorship.objects.filter(proposal__in=numbers).values("contributor")
    counted = (
        Authorship.objects.filter(contributor__in=authors, proposal__in=waiting.values("pk"))
        .order_by()
        .values("contributor", "contributor__display_name")
        .annotate(count=Count("proposal"))
    )
    return [
        Together("author", str(row["contributor"]), row["contributor__display_name"], row["count"])
        for row in counted
    ]


def _sources(waiting: QuerySet[Proposal], numbers: Sequence[int]) -> list[Together]:
    """Count by source what is about one, or about evidence from one."""
    here = _present_concerns().filter(change__version__proposal__in=numbers).values("record")
    sources = dict.fromkeys(Source.objects.filter(pk__in=here).values_list("pk", flat=True))
    sources |= dict.fromkeys(Evidence.objects.filter(pk__in=here).values_list("source", flat=True))
    evidence = dict(Evidence.objects.filter(source__in=sources).values_list("pk", "source"))
    about: dict[Any, set[int]] = {source: set() for source in sources}
    concerns = _present_concerns().filter(
        Q(record__in=sources) | Q(record__in=list(evidence)),
        change__version__proposal__in=waiting.values("pk"),
    )
    for record, number in concerns.values_list("record", "change__version__proposal"):
        about[evidence.get(record, record)].add(number)
    named = Source.objects.filter(pk__in=sources).values_list("pk", "key", "title")
    return [Together("source", key, title, len(about[pk])) for pk, key, title in named]


def _present_concerns() -> QuerySet[Concern]:
    return Concern.objects.filter(change__version__number=F("change__version__proposal__version"))
