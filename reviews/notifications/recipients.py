"""Who hears of an activity, and why. Never whoever did it, never somebody who may not see what it is about."""

import uuid
from collections.abc import Callable, Iterable
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Exists, OuterRef, Q, QuerySet

from chokepoints.ground import chokepoints_on, moves_ground
from chokepoints.models import (
    Activity,
    Assessment,
    Bearing,
    Chokepoint,
    Contributor,
    Export,
    Revision,
    Sector,
    Source,
    Supply,
)
from chokepoints.models.revision import CREATE

from ..models import (
    Authorship,
    Change,
    Comment,
    Concern,
    Expertise,
    Proposal,
    Review,
    Subscription,
    Webhook,
)
from ..models.notification import CHOKEPOINT, EVERYTHING, PROPOSAL, SECTOR, SOURCE
from ..selectors.members import active_reviewers, with_wholes
from ..services.discussing import mentioned_in
from ..services.roles import EDITORS, REVIEWERS
from ..services.subscribing import choices_of
from . import events
from .choosing import GROUND, Reason, hears_any
from .events import ADMIN, INVOLVED, MEMBER, MENTIONED, MINE, WATCHED

Heard = dict[int, list[Reason]]


def hearers(activity: Activity) -> Heard:
    """Return who may hear of an activity, by account, with every reason; what they chose isn't asked here.

    Nobody hears of what is gone meanwhile, of what they did themselves, or of what they may not see now.
    """
    sort, _, key = activity.subject.partition(":")
    found = _FINDERS[sort](activity, key) if sort in _FINDERS else {}
    if activity.actor_id and activity.actor.user_id:
        found.pop(activity.actor.user_id, None)
    present = get_user_model().objects.filter(is_active=True).values_list("pk", flat=True)
    # A few are asked for by their ids; of thousands it is cheaper to fetch those who are there.
    there = set(present if len(found) > 500 else present.filter(pk__in=list(found)))
    return {user: reasons for user, reasons in found.items() if user in there}


def proposal_of(activity: Activity) -> Proposal | None:
    """Return the proposal that an activity is about, if it is about one that is still there."""
    sort, _, key = activity.subject.partition(":")
    return Proposal.objects.filter(pk=key).first() if sort == "proposal" and key.isdigit() else None


# By what somebody takes part in a proposal without writing it: judged, said, suggested, were on it, put it aside.
_TAKING_PART = {
    "reviews": "reviewer",
    "comments": "author",
    "suggestions": "reviewer",
    "claims": "reviewer",
    "holds": "placed_by",
}


def involved_in(proposal: Proposal) -> set[int]:
    """Return the accounts of those who took part in a proposal without writing it."""
    people: set[int] = set()
    for rows, who in _TAKING_PART.items():
        found = getattr(proposal, rows).filter(**{f"{who}__user__isnull": False}).order_by()
        people |= set(found.values_list(f"{who}__user", flat=True).distinct())
    return people


def hears_anyway(user: Any, number: Any) -> str:
    """Return by which scope somebody hears of a proposal without watching it: MINE, INVOLVED, or "" for by none, which it is
    too where they chose to hear nothing of such."""
    taking_part = Q()
    for rows, who in _TAKING_PART.items():
        model = Proposal._meta.get_field(rows).related_model
        taking_part |= Exists(model.objects.filter(**{"proposal": OuterRef("pk"), f"{who}__user": user}))
    mine = Exists(Authorship.objects.filter(proposal=OuterRef("pk"), contributor__user=user))
    found = Proposal.objects.filter(pk=number).annotate(is_mine=mine, took_part=taking_part)
    is_mine, took_part = found.values_list("is_mine", "took_part").first() or (False, False)
    reasons = [scope for scope, holds in ((MINE, is_mine), (INVOLVED, took_part)) if holds]
    choices = choices_of(user) if reasons else {}
    return next((scope for scope in reasons if hears_any(scope, choices)), "")


# --- by what an activity is about


def _of_proposal(activity: Activity, key: str) -> Heard:
    proposal = proposal_of(activity)
    if proposal is None:
        return {}
    heard: Heard = {}
    authors = set(proposal.authors.filter(user__isnull=False).values_list("user", flat=True))
    _add(heard, authors, Reason(MINE))
    if proposal.state == "draft":
        return heard  # nobody else may see it
    _add(heard, involved_in(proposal) - authors, Reason(INVOLVED))
    _add(heard, _mentioned(activity), Reason(MENTIONED))
    about = {"version__proposal": proposal, "version__number": proposal.version}
    concerns = Concern.objects.filter(**{f"change__{name}": value for name, value in about.items()})
    records = set(concerns.order_by().values_list("record", flat=True))
    changes = Change.objects.filter(**about, kind="source").exclude(operation=CREATE).order_by()
    _add_watchers(heard, records, _moving((row.record, row.kind, row.changed) for row in changes), proposal)
    return heard


def _of_changeset(activity: Activity, key: str) -> Heard:
    heard: Heard = {}
    if key.isdigit():
        rows = Revision.objects.filter(changeset=key).order_by()
        moved = rows.filter(kind="source").exclude(operation=CREATE)
        records = set(rows.values_list("record", flat=True))
        _add_watchers(heard, records, _moving(moved.values_list("record", "kind", "changed")))
    return heard


def _moving(changes: Iterable[tuple[uuid.UUID, str, Iterable[str]]]) -> set[uuid.UUID]:
    """Return the records, of some changes, that move the ground of what rests on them."""
    return {record for record, kind, changed in changes if moves_ground(kind, changed)}


def _of_export(activity: Activity, key: str) -> Heard:
    owner = Export.objects.filter(pk=key).values_list("requester", flat=True).first()
    return {owner: [Reason(MINE)]} if owner else {}


def _of_release(activity: Activity, key: str) -> Heard:
    members = get_user_model().objects.filter(groups__name__in=(EDITORS, REVIEWERS)).distinct()
    return {pk: [Reason(MEMBER)] for pk in members.values_list("pk", flat=True)}


def _of_trouble(activity: Activity, key: str) -> Heard:
    return {pk: [Reason(ADMIN)] for pk in _admins()}


def _of_account(activity: Activity, key: str) -> Heard:
    heard: Heard = {pk: [Reason(ADMIN)] for pk in _admins()}
    if key.isdigit():
        heard[int(key)] = [Reason(MINE)]
    return heard


def _of_webhook(activity: Activity, key: str) -> Heard:
    owner = Webhook.objects.filter(pk=key).values_list("owner", flat=True).first() if key.isdigit() else None
    return {owner: [Reason(MINE)]} if owner else {}


_FINDERS: dict[str, Callable[[Activity, str], Heard]] = {
    "proposal": _of_proposal,
    "changeset": _of_changeset,
    "export": _of_export,
    "release": _of_release,
    "release-attempt": _of_trouble,
    "account": _of_account,
    "webhook": _of_webhook,
}


# --- by why somebody hears


def _add(heard: Heard, people: Iterable[int], reason: Reason) -> None:
    for person in people:
        heard.setdefault(person, []).append(reason)


def _admins() -> QuerySet:
    return get_user_model().objects.filter(is_superuser=True).values_list("pk", flat=True)


def _mentioned(activity: Activity) -> set[int]:
    """Return the accounts that a comment, or the words of a verdict, call by @name."""
    people: Iterable[Contributor] = ()
    calls_reviewers = False
    if activity.verb == "proposal.commented":
        comment = Comment.objects.filter(pk=activity.details.get("comment"), hidden="").first()
        if comment:
            people, calls_reviewers = comment.mentioned.all(), comment.calls_reviewers
    elif "review" in activity.details:
        review = Review.objects.filter(pk=activity.details["review"]).first()
        people, calls_reviewers = mentioned_in(review.comment if review else "")
    named = {person.user_id for person in people if person.user_id}
    return named | (set(active_reviewers().values_list("pk", flat=True)) if calls_reviewers else set())


def _add_watchers(
    heard: Heard, records: set[uuid.UUID], moved: set[uuid.UUID], proposal: Proposal | None = None
) -> None:
    """Add who watches what some records are about, or what stands on those that moved, and who knows the sectors of it."""
    plain = chokepoints_of(records)
    chokepoints = plain | chokepoints_of(chokepoints_on(moved) - plain.keys())
    sectors = _sectors_of(records, chokepoints)
    sources = dict(Source.objects.filter(pk__in=records).values_list("pk", "title"))
    names: dict[tuple[str, str], str] = {(EVERYTHING, ""): ""}
    for what, found in ((CHOKEPOINT, chokepoints), (SECTOR, sectors), (SOURCE, sources)):
        names |= {(what, str(pk)): name for pk, name in found.items()}
    if proposal:
        names[PROPOSAL, str(proposal.pk)] = ""
    for (what, target), owner in _watchers(names):
        subject = f"{what}:{target}" if target else what
        through = GROUND if what == CHOKEPOINT and uuid.UUID(target) not in plain else ""
        _add(heard, [owner], Reason(WATCHED, subject, names[what, target][:200], through))
    knowing = Expertise.objects.filter(sector__in=sectors, reviewer__user__isnull=False)
    in_office = knowing.filter(reviewer__user__groups__name=REVIEWERS).order_by("pk")
    for owner, sector in in_office.values_list("reviewer__user", "sector").distinct():
        if not any(reason.scope == events.SECTOR for reason in heard.get(owner, ())):
            _add(heard, [owner], Reason(events.SECTOR, f"sector:{sector}", sectors[sector][:200]))


def _watchers(names: Iterable[tuple[str, str]]) -> Iterable[tuple[tuple[str, str], int]]:
    targets: dict[str, list[str]] = {}
    for what, target in names:
        targets.setdefault(what, []).append(target)
    wanted = Q(pk=None)
    for what, some in targets.items():
        wanted |= Q(what=what, target__in=some)
    rows = Subscription.objects.filter(wanted, is_muted=False).order_by("pk")
    for what, target, owner in rows.values_list("what", "target", "owner").iterator(chunk_size=2000):
        yield (what, target), owner


def chokepoints_of(records: Iterable[uuid.UUID]) -> dict[uuid.UUID, str]:
    """Return the chokepoints that some records are or speak of, with their names."""
    records = list(records)
    found = set(Supply.objects.filter(pk__in=records).values_list("chokepoint", flat=True))
    found |= set(Assessment.objects.filter(pk__in=records).values_list("chokepoint", flat=True))
    bearing = Bearing.objects.filter(evidence__in=records, chokepoint__isnull=False)
    found |= set(bearing.values_list("chokepoint", flat=True))
    return dict(Chokepoint.objects.filter(pk__in=[*found, *records]).values_list("pk", "name"))


def _sectors_of(records: Iterable[uuid.UUID], chokepoints: Iterable[uuid.UUID]) -> dict[uuid.UUID, str]:
    """Return the sectors that are among the records or hold the chokepoints, with all that they are part of."""
    own = set(Sector.objects.filter(pk__in=records).values_list("pk", flat=True))
    own |= set(Chokepoint.objects.filter(pk__in=chokepoints).values_list("sector", flat=True))
    return dict(Sector.objects.filter(pk__in=with_wholes(own - {None})).values_list("pk", "name"))


def may_see(user: Any, activity: Activity) -> bool:
    """Tell whether somebody may see now what an activity is about."""
    return activity.subject in visible_subjects(user, [activity.subject])


def visible_subjects(user: Any, subjects: Iterable[str]) -> set[str]:
    """Return those of some activities' subjects that somebody may see now, with one query for each sort of them."""
    keys: dict[str, set[str]] = {}
    for subject in subjects:
        sort, _, key = subject.partition(":")
        keys.setdefault(sort, set()).add(key)
    return {f"{sort}:{key}" for sort, some in keys.items() for key in _visible(user, sort, some)}


def _visible(user: Any, sort: str, keys: set[str]) -> set[str]:
    if sort == "proposal":
        contributor = getattr(user, "contributor", None)
        numbers = [key for key in keys if key.isdigit()]
        found = Proposal.objects.visible_to(contributor).filter(pk__in=numbers).order_by()
        return {str(number) for number in found.values_list("pk", flat=True)}
    if sort == "export":
        found = Export.objects.visible_to(user).filter(pk__in=keys).order_by()
        return {str(pk) for pk in found.values_list("pk", flat=True)}
    if sort == "webhook":
        numbers = [key for key in keys if key.isdigit()]
        found = Webhook.objects.of(user).filter(pk__in=numbers).order_by()
        return {str(pk) for pk in found.values_list("pk", flat=True)}
    if sort == "release-attempt":
        return keys if user.is_superuser else set()
    if sort == "account":
        return keys if user.is_superuser else keys & {str(user.pk)}
    return keys if sort in ("changeset", "release") else set()
