"""The queue: what waits for reviewers, in the order in which one of them should take it; and whose turn each proposal is."""

import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import Case, Exists, F, IntegerField, OuterRef, Q, QuerySet, Subquery, Value, When
from django.utils import timezone

from chokepoints.models import Chokepoint, Contributor, Sector

from ..attention import Facts, Turn, whose_turn
from ..models import Change, Claim, Concern, Proposal
from .members import contributor_of, reviewing_contributors, sectors_known, with_wholes

# In which order a reviewer should take proposals; the words head the groups of the queue.
RANKS = {
    1: "Yours",
    2: "From a sector that you know",
    3: "Nobody is on it",
    4: "It can't be published as it stands",
    5: "Somebody else is on it",
    6: "Approved by you",
}
MINE, SECTOR, FREE, OBSTRUCTED, TAKEN, APPROVED = RANKS
TAKEABLE = (MINE, SECTOR, FREE)  # what a reviewer can decide at once


def queue_for(user: Any) -> QuerySet[Proposal]:
    """Return the open proposals of others, each with its `rank` in RANKS, `claimed_by` and title, best first."""
    me = contributor_of(user)
    claims = Claim.objects.standing(timezone.now()).filter(proposal=OuterRef("pk"))
    known = sectors_known(me) if me else set()
    waiting = (
        Proposal.objects.filter(state="open")
        .exclude(authors__user=user)
        .annotate(
            claimed_by=Subquery(claims.values("reviewer")[:1]),
            claim_lapses=Subquery(claims.values("lapses")[:1]),
            claimer=Subquery(claims.values("reviewer__display_name")[:1]),
        )
    )
    my_id = me.pk if me else uuid.UUID(int=0)
    approved = Proposal.approvers.through.objects.filter(proposal=OuterRef("pk"), contributor=my_id)
    rank = Case(
        When(Exists(approved), then=Value(APPROVED)),
        When(claimed_by=my_id, then=Value(MINE)),
        When(claimed_by__isnull=False, then=Value(TAKEN)),
        When(~Q(obstacles=[]), then=Value(OBSTRUCTED)),
        When(Exists(in_sectors(known)), then=Value(SECTOR)),
        default=Value(FREE),
        output_field=IntegerField(),
    )
    ordered = waiting.annotate(rank=rank).order_by("rank", F("waiting_since").asc(nulls_last=True), "number")
    return ordered.named()


def in_sectors(sectors: Iterable[uuid.UUID]) -> QuerySet[Concern]:
    """Return the concerns of the proposal at hand (an outer query's) with sectors, or with chokepoints in them."""
    sectors = list(sectors)
    chokepoints = Chokepoint.objects.filter(sector__in=sectors).values("pk")
    return Concern.objects.filter(
        change__version__proposal=OuterRef("pk"),
        change__version__number=OuterRef("version"),
    ).filter(Q(record__in=sectors) | Q(record__in=chokepoints))


def next_in_queue(
    user: Any, queue: QuerySet[Proposal], after: int, left_aside: Iterable[int] = ()
) -> Proposal | None:
    """Return the proposal that a reviewer should take next in a (filtered) queue, once they are done with one.

    What they are on comes first; then what stands behind that one; at the end the queue begins anew. Nobody is led back to
    what they left aside before they have seen the rest.
    """
    takeable = queue.filter(rank__in=TAKEABLE).exclude(pk=after)
    unseen = takeable.exclude(pk__in=list(left_aside))
    return unseen.filter(_behind(user, after)).first() or unseen.first() or takeable.first()


def _behind(user: Any, after: int) -> Q:
    """Return the condition of standing behind a proposal. One that has left the queue stood where it was opened; one that
    they were on stood before all others, also if a verdict has ended that claim."""
    me = contributor_of(user)
    known = Exists(in_sectors(sectors_known(me) if me else set()))
    mine = Exists(Claim.objects.filter(proposal=OuterRef("pk"), reviewer=me, lapses__gt=timezone.now()))
    done = Proposal.objects.filter(pk=after).annotate(is_known=known, was_mine=mine).first()
    if done is None:
        return Q()
    rank = MINE if me and done.was_mine else SECTOR if done.is_known else FREE
    since = done.waiting_since if done.state == "open" else done.opened
    later = Q(waiting_since__gt=since) | Q(waiting_since=since, number__gt=after) if since else Q()
    return Q(rank=MINE) | Q(rank__gt=rank) | (Q(rank=rank) & later)


def sectors_of(proposals: Sequence[Proposal]) -> dict[int, list[Sector]]:
    """Return the sectors that proposals are about, by number, with a constant number of queries."""
    concerns: dict[uuid.UUID, set[int]] = {}
    rows = Concern.objects.filter(
        change__version__proposal__in=[proposal.pk for proposal in proposals],
        change__version__number=F("change__version__proposal__version"),
    ).values_list("record", "change__version__proposal")
    for record, number in rows:
        concerns.setdefault(record, set()).add(number)
    of_chokepoint = Chokepoint.objects.filter(pk__in=concerns).values_list("pk", "sector")
    found: dict[uuid.UUID, set[int]] = {record: set(numbers) for record, numbers in concerns.items()}
    for chokepoint, sector in of_chokepoint:
        found.setdefault(sector, set()).update(concerns[chokepoint])
    result: dict[int, list[Sector]] = {proposal.pk: [] for proposal in proposals}
    for sector in Sector.objects.filter(pk__in=found).order_by("name"):
        for number in found[sector.pk]:
            result[number].append(sector)
    return result


def kinds_of(proposals: Sequence[Proposal]) -> dict[int, list[str]]:
    """Return which kinds of record proposals change, by number, with one query."""
    result: dict[int, set[str]] = {proposal.pk: set() for proposal in proposals}
    rows = Change.objects.filter(
        version__proposal__in=result, version__number=F("version__proposal__version")
    ).values_list("version__proposal", "kind")
    for number, kind in rows:
        result[number].add(kind)
    return {number: sorted(kinds) for number, kinds in result.items()}


def turns_of(proposal: Proposal) -> list[Turn]:
    """Return whose turn a proposal is; persons are contributors."""
    people = {person.pk: person for person in reviewing_contributors()}
    sectors = with_wholes(sector.pk for sector in sectors_of([proposal])[proposal.pk])
    claim = proposal.claims.standing(timezone.now()).first()
    authors = list(proposal.authors.order_by("authorships__position"))
    facts = Facts(
        state=proposal.state,
        authors=[author.pk for author in authors],
        reviewers={pk: _knows_any(person, sectors) for pk, person in people.items()},
        approvers=list(proposal.approvers.values_list("pk", flat=True)),
        claimed_by=claim.reviewer_id if claim else None,
        handed_over=bool(claim and claim.given_by_id),
        approvals_missing=max(proposal.approvals_needed - proposal.approvals_standing, 0),
        is_obstructed=bool(proposal.obstacles),
        is_escalated=bool(proposal.escalated),
    )
    people |= {author.pk: author for author in authors}
    return [Turn(people.get(turn.person), turn.why, turn.rank) for turn in whose_turn(facts)]


def _knows_any(person: Contributor, sectors: set[uuid.UUID]) -> bool:
    known = () if person._state.adding else person.expertise.all()
    return any(expertise.sector in sectors for expertise in known)
