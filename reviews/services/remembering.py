"""Remembering: what was proposed or decided before that a version is like, shown at submission and to the reviewer.

a version is written → its fingerprint and marks are noted (likeness.py)
submit, revise       → the same is pending: refused · something like it was decided: say what is new
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from django.db.models import F, Prefetch, Q, QuerySet
from django.utils.text import Truncator
from django.utils.timezone import localdate

from chokepoints.models import Assessment, Chokepoint, ChokepointList
from chokepoints.models.revision import CREATE, RESTORE, RETIRE
from chokepoints.services.locking import register_lock

from ..exceptions import AlreadyProposed, RememberedDecision
from ..likeness import fingerprint, folded, marks
from ..models import Change, Concern, Mark, Proposal, Review, Version

MOST = 10  # of each group: somebody is to read them


@dataclass(frozen=True)
class Memory:
    """What is remembered about a version, the latest first. Proposals come with title and authors.

    `identical` and `overlapping` (they say the same about something, or change the same unit) are pending, as are the
    others on the `same_record`; `split` are those that it was split from or into. `rejected` says with which review;
    `deprecated` are the register's assessments of the same status for the same chokepoint.
    """

    identical: list[Proposal] = field(default_factory=list)
    overlapping: list[Proposal] = field(default_factory=list)
    rejected: list[tuple[Proposal, Review | None]] = field(default_factory=list)
    deprecated: list[Assessment] = field(default_factory=list)
    same_record: list[Proposal] = field(default_factory=list)
    split: list[Proposal] = field(default_factory=list)
    most: ClassVar[int] = MOST

    def __bool__(self) -> bool:
        return self.was_decided or any((self.identical, self.overlapping, self.same_record, self.split))

    @property
    def was_decided(self) -> bool:
        """Whether something like it was rejected or deprecated, so that one must say what is new."""
        return bool(self.rejected or self.deprecated)


def note_marks(version: Version) -> None:
    """Write, or write again, by what a version is known again. Whoever writes a version calls it in the transaction."""
    changes = list(version.changes.all())
    version.fingerprint = fingerprint(changes)
    Version.objects.filter(pk=version.pk).update(
        fingerprint=version.fingerprint
    )  # save() would set `made` anew
    version.marks.all().delete()
    Mark.objects.bulk_create(
        Mark(version=version, text=text, leading=leading) for text, leading in marks(changes)
    )


def note_missing_marks() -> int:
    """Note the marks of versions that were written before there were any; return how many there were."""
    noted = 0
    for pk in list(Version.objects.filter(fingerprint="").order_by("pk").values_list("pk", flat=True)):
        with register_lock():  # a draft's version may go meanwhile
            for version in Version.objects.filter(pk=pk, fingerprint=""):
                note_marks(version)
                noted += 1
    return noted


def remember(version: Version) -> Memory:
    """Return what was proposed or decided before that a version is like; nobody's drafts are in it.

    First the numbers alone: mostly there are none, and then nobody's title and authors are asked for.
    """
    own = version.proposal_id
    family = _numbers(Proposal.objects.visible_to(None).filter(_of_one_split(version.proposal))) - {own}
    pending = Proposal.objects.pending().values("pk")
    identical, overlapping, same_record = (
        set(alike(version).filter(proposal__in=pending)) - family - {own}
        for alike in (_identical, _overlapping, _on_the_same_record)
    )
    identical = _latest(identical)
    overlapping = _latest(overlapping - {one.pk for one in identical})
    shown = {one.pk for one in (*identical, *overlapping)}
    return Memory(
        identical=identical,
        overlapping=overlapping,
        rejected=_rejected(version),
        deprecated=_deprecated(version),
        same_record=_latest(same_record - shown),
        split=_latest(family),
    )


def check_memory(version: Version, what_is_new: str) -> None:
    """Raise AlreadyProposed if the same is pending, and RememberedDecision if something like it was rejected or
    deprecated and `what_is_new` says nothing. Asked inside the register lock, so of two that say the same one gets in."""
    if not version.fingerprint:
        note_marks(version)
    memory = remember(version)
    if memory.identical:
        same = memory.identical[0]
        raise AlreadyProposed(f"The same is proposed already: #{same.number} “{same.title}”.", same)
    if memory.was_decided and not folded(what_is_new):
        raise RememberedDecision(f"{_decision(memory)} Say what is new.", memory)


# --- which proposals


def _of_one_split(proposal: Proposal) -> Q:
    """Those that a proposal was split into, the one that it was split from, and the other parts of that."""
    family = Q(split_from=proposal.pk)
    if proposal.split_from_id:
        family |= Q(pk=proposal.split_from_id) | Q(split_from=proposal.split_from_id)
    return family


def _identical(version: Version) -> QuerySet:
    return _present(Q(fingerprint=version.fingerprint) & ~Q(fingerprint=""))


def _overlapping(version: Version) -> QuerySet:
    """Present versions that share a mark, or where one retires or restores what the other changes."""
    alike = Mark.objects.filter(text__in=version.marks.values("text"))
    ends = Q(operation__in=(RETIRE, RESTORE))
    in_the_way = Change.objects.filter(
        (ends & Q(record__in=version.changes.values("record")))
        | Q(record__in=version.changes.filter(ends).values("record"))
    )
    return _present(Q(pk__in=alike.values("version")) | Q(pk__in=in_the_way.values("version")))


def _on_the_same_record(version: Version) -> QuerySet:
    """Present versions that are about a record which this one changes, or about a chokepoint or list that its changes
    are for. That both name a sector or a source doesn't bring them together: half of the register would meet."""
    changed = version.changes.exclude(operation=CREATE).values("record")
    own = Concern.objects.filter(change__version=version).filter(
        Q(record__in=changed)
        | Q(record__in=Chokepoint.objects.values("pk"))
        | Q(change__kind="evidence", record__in=ChokepointList.objects.values("pk"))
    )
    about = Concern.objects.filter(record__in=own.values("record"))
    return _present(Q(pk__in=about.values("change__version")))


def _present(condition: Q) -> QuerySet:
    """Return the numbers of the proposals whose present version fulfils a condition."""
    return Version.objects.filter(condition, number=F("proposal__version")).values_list("proposal", flat=True)


def _numbers(proposals: QuerySet) -> set[int]:
    return set(proposals.order_by().values_list("pk", flat=True))


def _latest(numbers: set[int]) -> list[Proposal]:
    latest = sorted(numbers, reverse=True)[:MOST]
    return list(Proposal.objects.filter(pk__in=latest).named().order_by("-number")) if latest else []


# --- what was decided


def _rejected(version: Version) -> list[tuple[Proposal, Review | None]]:
    """Return rejected proposals that were there for something that this version says too, each with the review.

    What comes with this version counts as well: rejected evidence doesn't come back unseen beside a judgement.
    """
    alike = Mark.objects.filter(leading=True, text__in=version.marks.values("text"))
    found = Proposal.objects.filter(state="rejected", pk__in=_present(Q(pk__in=alike.values("version"))))
    latest = list(
        found.exclude(pk=version.proposal_id)
        .order_by("-ended", "-number")
        .values_list("pk", flat=True)[:MOST]
    )
    if not latest:
        return []
    reviews = Review.objects.filter(verdict="reject").select_related("reviewer").order_by("-pk")
    proposals = (
        Proposal.objects.filter(pk__in=latest)
        .named()
        .prefetch_related(Prefetch("reviews", reviews, to_attr="rejections"))
        .order_by("-ended", "-number")
    )
    return [(proposal, next(iter(proposal.rejections), None)) for proposal in proposals]


def _deprecated(version: Version) -> list[Assessment]:
    judged: dict[str, set[str]] = {}
    for fields in version.changes.filter(kind="assessment", operation=CREATE).values_list(
        "fields", flat=True
    ):
        judged.setdefault(fields.get("status", ""), set()).add(fields.get("chokepoint"))
    if not judged:
        return []
    alike = Q(pk__in=[])
    for status, chokepoints in judged.items():
        alike |= Q(status=status, chokepoint__in=chokepoints - {None})
    assessments = Assessment.objects.in_force().filter(alike, rank="deprecated")
    return list(
        assessments.select_related("chokepoint", "changed_in").order_by("-changed_in_id", "-pk")[:MOST]
    )


def _decision(memory: Memory) -> str:
    """Return in a sentence what was decided before, with its reason."""
    if not memory.rejected:
        assessment = memory.deprecated[0]
        return _sentence(
            f"The assessment {assessment.chokepoint}, {assessment}, is deprecated", [assessment.rank_reason]
        )
    proposal, review = memory.rejected[0]
    day = f" on {localdate(proposal.ended)}" if proposal.ended else ""
    reasons = [review.get_reason_display(), review.comment] if review else []
    return _sentence(f"Something like it was rejected{day}, #{proposal.number} “{proposal.title}”", reasons)


def _sentence(decision: str, reasons: Sequence[Any]) -> str:
    words = [Truncator(" ".join(reason.split())).chars(300) for reason in reasons if reason]
    said = ": ".join([decision, *words])
    return said if said.endswith((".", "!", "?", "…")) else f"{said}."
