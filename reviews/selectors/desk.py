"""A member's desk: drafts, what waits for them, what they said, what became of their proposals."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Exists, F, OuterRef, Prefetch, Q, QuerySet

from chokepoints.models import Contributor
from chokepoints.projection import model_of
from chokepoints.records import KINDS

from ..models import Authorship, Change, Comment, Hold, Proposal, Review, Suggestion
from ..services.roles import is_reviewer
from ..workflow import ENDED, PENDING
from .members import contributor_of
from .queue import MINE, TAKEABLE, queue_for

SHOWN = 20  # of what is over and done with, and of what was said
MOST = 100  # of what waits; nobody reads more at once


@dataclass
class Desk:
    """What stands on a member's desk. Proposals carry their title and authors."""

    drafts: list[Proposal] = field(default_factory=list)
    moved: set[int] = field(default_factory=set)  # drafts whose base has moved
    waiting: list[Proposal] = field(default_factory=list)  # for them as an author; each with `requests`
    suggestions: list[Suggestion] = field(default_factory=list)
    mentions: list[Comment] = field(default_factory=list)
    claimed: list[Proposal] = field(default_factory=list)
    queue_length: int | None = None  # what waits for their review; None for who isn't a reviewer
    under_review: list[Proposal] = field(default_factory=list)
    reviews: list[Review] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    ended: list[Proposal] = field(default_factory=list)  # each with `rejections`, the last one at the end
    escalated: list[Proposal] = field(default_factory=list)  # for admins


def desk_of(user: Any) -> Desk:
    """Return what stands on somebody's desk, with a constant number of queries."""
    desk = Desk()
    if user.is_superuser:
        desk.escalated = list(escalated()[:MOST])
    if is_reviewer(user):
        queue = queue_for(user)
        desk.queue_length = queue.filter(rank__in=TAKEABLE).count()
        desk.claimed = list(queue.filter(rank=MINE)[:MOST])
    me = contributor_of(user)
    if me:
        _lay_own(desk, me)
        _lay_said(desk, me)
    desk.mentions = list(_mentions(me, calls_reviewers=is_reviewer(user)))
    return desk


def escalated() -> QuerySet[Proposal]:
    """Return the pending proposals that wait too long, with title and authors, those that wait longest first."""
    return (
        Proposal.objects.pending().filter(escalated__isnull=False).named().order_by("waiting_since", "number")
    )


def _lay_own(desk: Desk, me: Contributor) -> None:
    own = Proposal.objects.by_author(me).named()
    desk.drafts = list(own.filter(state="draft").order_by("-number")[:MOST])
    desk.moved = moved_drafts(desk.drafts)
    is_obstructed = Q(state="open") & ~Q(obstacles=[])
    mine_to_do = Q(state__in=["changes_requested", "conflicting"]) | is_obstructed
    waiting = own.filter(mine_to_do).prefetch_related(_requests())
    desk.waiting = list(waiting.order_by("waiting_since", "number")[:MOST])
    holds = Prefetch(
        "holds", Hold.objects.filter(ended=None).select_related("awaited"), to_attr="standing_holds"
    )
    others_turn = own.filter(state__in=["open", "on_hold"]).exclude(is_obstructed).prefetch_related(holds)
    desk.under_review = list(others_turn.order_by("waiting_since", "number")[:MOST])
    rejections = Review.objects.filter(verdict="reject").select_related("reviewer").order_by("pk")
    over = own.filter(state__in=ENDED).prefetch_related(Prefetch("reviews", rejections, to_attr="rejections"))
    desk.ended = list(over.order_by(F("ended").desc(nulls_last=True), "-number")[:SHOWN])
    desk.suggestions = list(
        Suggestion.objects.filter(proposal__authors=me, state="open", proposal__state__in=PENDING)
        .select_related("reviewer")
        .prefetch_related(_titled())
        .order_by("pk")[:MOST]
    )
    _name_fields(desk.suggestions)


def _name_fields(suggestions: Iterable[Suggestion]) -> None:
    """Give suggestions the `label` of the field that they are for."""
    suggestions = list(suggestions)
    changes = Change.objects.filter(
        record__in=[one.record for one in suggestions],
        version__proposal__in=[one.proposal_id for one in suggestions],
    )
    kinds = dict(changes.values_list("record", "kind"))
    for one in suggestions:
        fields = KINDS[kinds[one.record]].fields if one.record in kinds else {}
        one.label = fields[one.field].label if one.field in fields else one.field


def _lay_said(desk: Desk, me: Contributor) -> None:
    """What they said, and by the proposal's state what became of it."""
    reviews = Review.objects.filter(reviewer=me, carried_from=None).prefetch_related(_titled())
    desk.reviews = list(reviews.order_by("-pk")[:SHOWN])
    comments = Comment.objects.filter(author=me).prefetch_related(_titled())
    desk.comments = list(comments.order_by("-pk")[:SHOWN])


def _mentions(me: Contributor | None, *, calls_reviewers: bool) -> QuerySet[Comment]:
    """Return the unresolved remarks that call somebody on proposals that are still pending, the newest first.

    A call for all reviewers is for those alone who may review that proposal; who never acted here hears it too.
    """
    mine = me.pk if me else uuid.UUID(int=0)
    named = Comment.mentioned.through.objects.filter(comment=OuterRef("pk"), contributor=mine)
    own = Authorship.objects.filter(proposal=OuterRef("proposal"), contributor=mine)
    calls = Q(Exists(named))
    if calls_reviewers:
        calls |= Q(calls_reviewers=True) & ~Exists(own)
    standing = Comment.objects.filter(calls, resolved=None, hidden="", proposal__state__in=PENDING)
    others = standing.exclude(author=mine).select_related("author").prefetch_related(_titled())
    return others.order_by("-pk")[:SHOWN]


def _requests() -> Prefetch:
    """The requests for changes that were not set aside, as `requests`, the last one at the end."""
    standing = Review.objects.filter(verdict="request_changes", dismissed=None).select_related("reviewer")
    return Prefetch("reviews", standing.order_by("pk"), to_attr="requests")


def _titled() -> Prefetch:
    return Prefetch("proposal", Proposal.objects.named())


def moved_drafts(drafts: Iterable[Proposal]) -> set[int]:
    """Return the numbers of those proposals that were written against an older revision of a record."""
    changes = Change.objects.filter(
        version__proposal__in=list(drafts), version__number=F("version__proposal__version")
    ).exclude(operation="create")
    by_kind: dict[str, dict[uuid.UUID, list[tuple[int, int]]]] = {}
    for change in changes.select_related("version"):
        seen = by_kind.setdefault(change.kind, {}).setdefault(change.record, [])
        seen.append((change.version.proposal_id, change.base_revision))
    moved = set()
    for kind, records in by_kind.items():
        for record, revision in (
            model_of(KINDS[kind]).objects.filter(pk__in=records).values_list("pk", "revision")
        ):
            moved |= {number for number, base in records[record] if base != revision}
    return moved
