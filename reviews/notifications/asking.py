"""Asking: requests to act, one a person and proposal, as the attention set has it; with reminders that widen by age.

Who is asked first is whoever stands first in the attention set: who is on it, else who knows the sector, else who may
review. With each limit "reminder" that goes by, those asked are asked again, and the next ones too; admins come last, when
attention.py turns to them. A request is settled when it isn't that person's turn any more.
"""

import datetime as dt
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils import timezone

from chokepoints.models import Activity

from ..attention import ON_IT
from ..models import Notification, NotificationSettings, Proposal
from ..models.notification import NEWS
from ..selectors.queue import turns_of
from ..services.limiting import limit_of
from ..workflow import ENDED, PENDING
from .choosing import request_level
from .events import REQUEST
from .sending import note_digest, note_own_mails

log = logging.getLogger(__name__)

# These call whoever is asked again, however short ago they were asked.
CALLS = ("proposal.nudged", "proposal.handed_over")
MOST_STEPS = 3


@dataclass(frozen=True)
class Asked:
    """Somebody is asked to act: the account, why in words, and the rank in the attention set."""

    person: int
    why: str
    rank: int


def ask(proposal: Proposal, *, activity: Activity | None = None, now: dt.datetime | None = None) -> set[int]:
    """Bring the requests about a proposal up to what the attention set says now; return who was asked anew.

    Whoever did what led to it isn't asked for it, and is after the limit "reminder" if it is still their turn. May run
    twice or late: the second finds everything done.
    """
    now = now or timezone.now()
    with transaction.atomic():
        proposal = Proposal.objects.select_for_update().filter(pk=proposal.pk).first()
        if proposal is None:
            return set()
        standing, gone, anew = _weigh(proposal, activity, now)
        Notification.objects.filter(pk__in=gone).update(settled=now)
        _request(proposal, anew, standing, activity, now)
    return {each.person for each in anew}


def _weigh(
    proposal: Proposal, activity: Activity | None, now: dt.datetime
) -> tuple[dict[int, Notification], list[int], list[Asked]]:
    """Return the requests that stand, by account, the ids of those that are settled now, and who is to be asked anew."""
    asked = {each.person: each for each in asked_now(proposal, now)}
    standing = {row.owner_id: row for row in Notification.objects.requests().filter(proposal=proposal)}
    gone = [row.pk for owner, row in standing.items() if owner not in asked]
    return standing, gone, _to_ask(proposal, asked, standing, activity, now)


def asked_now(proposal: Proposal, now: dt.datetime) -> list[Asked]:
    """Return who is to be asked about a proposal, by its age: the first rank of the attention set, and one more a step."""
    if proposal.state not in PENDING or proposal.state == "on_hold":
        return []
    turns = turns_of(proposal)
    ranks = sorted({turn.rank for turn in turns if turn.person is not None})
    step = _step(proposal.waiting_since or now, now)
    allowed = set(ranks[: step + 1])
    asked: dict[int, Asked] = {}
    for turn in turns:
        if turn.person is None:
            for admin in get_user_model().objects.filter(is_superuser=True).values_list("pk", flat=True):
                asked.setdefault(admin, Asked(admin, turn.why, turn.rank))
        elif turn.rank in allowed and turn.person.user_id:
            asked.setdefault(turn.person.user_id, Asked(turn.person.user_id, turn.why, turn.rank))
    active = get_user_model().objects.filter(is_active=True, pk__in=list(asked))
    present = set(active.values_list("pk", flat=True))
    return [each for each in asked.values() if each.person in present]


def remind(*, now: dt.datetime | None = None) -> int:
    """Ask again for what waits too long, and settle what is nobody's turn any more; return how many were asked."""
    now = now or timezone.now()
    asked = 0
    waiting = Proposal.objects.filter(state__in=PENDING).exclude(state="on_hold")
    for number in list(waiting.values_list("pk", flat=True)):
        try:
            # Looked at first without a lock: as a rule there is nothing to do, and on SQLite all who write would wait for it.
            proposal = Proposal.objects.filter(pk=number).first()
            if proposal and any(_weigh(proposal, None, now)[1:]):
                asked += len(ask(proposal, now=now))
        except Exception:  # what one proposal meets must not cost the others their reminders
            log.exception("The requests about proposal %s couldn't be brought up to date.", number)
    over = Notification.objects.requests().filter(proposal__state__in=[*ENDED, "draft", "on_hold"])
    for pk in list(
        over.values_list("pk", flat=True)
    ):  # one by one: rows of one owner are marked by that one too
        Notification.objects.filter(pk=pk).update(settled=now)
    return asked


def _step(since: dt.datetime, now: dt.datetime) -> int:
    return max(0, (now - since) // dt.timedelta(days=limit_of("reminder")))


def _account_of(activity: Activity) -> int | None:
    return activity.actor.user_id if activity.actor_id else None


def _just_acted(proposal: Proposal, since: dt.datetime) -> int | None:
    """Return the account of whoever acted last on a proposal, if that was after a moment: they know whose turn it is."""
    acts = Activity.objects.filter(subject=f"proposal:{proposal.pk}").select_related("actor")
    last = acts.order_by("-pk").first()
    return _account_of(last) if last and last.time > since else None


def _has_just_claimed(proposal: Proposal, since: dt.datetime) -> bool:
    return proposal.claims.filter(ended=None, taken__gt=since).exists()


def _to_ask(
    proposal: Proposal,
    asked: dict[int, Asked],
    standing: dict[int, Notification],
    activity: Activity | None,
    now: dt.datetime,
) -> list[Asked]:
    if activity and Notification.objects.filter(activity=activity, sort=REQUEST).exists():
        return []  # told already: this is the second run
    patience = dt.timedelta(days=limit_of("reminder"))
    called = activity is not None and activity.verb in CALLS
    first = min((each.rank for each in asked.values()), default=0)
    actor = _account_of(activity) if activity else _just_acted(proposal, now - patience)
    anew = []
    for person, each in asked.items():
        row = standing.get(person)
        if person == actor and (activity or row is None):
            continue
        if row is None and each.why == ON_IT and not called and _has_just_claimed(proposal, now - patience):
            continue  # they said so themselves
        if (
            row is None
            or (called and each.rank == first)
            or (now - row.made >= patience and row.step < MOST_STEPS)
        ):
            anew.append(each)
    return anew


def _request(
    proposal: Proposal,
    anew: Iterable[Asked],
    standing: dict[int, Notification],
    activity: Activity | None,
    now: dt.datetime,
) -> None:
    anew = list(anew)
    settings = _settings_of(each.person for each in anew)
    for each in anew:
        before = standing.get(each.person)
        if before:
            Notification.objects.filter(pk=before.pk).update(settled=now)
        # What is a request now is no news besides.
        news = (
            activity and Notification.objects.filter(owner=each.person, activity=activity, sort=NEWS).exists()
        )
        row = Notification(
            owner_id=each.person,
            sort=REQUEST,
            event=REQUEST,
            activity=None if news else activity,
            proposal=proposal,
            subject=f"proposal:{proposal.pk}",
            turn=each.why,
            step=before.step + 1 if before else 0,
            level=request_level(settings[each.person].requests if each.person in settings else None),
        )
        note_digest(row, settings.get(each.person), now).save()
        note_own_mails(Notification.objects.filter(pk=row.pk), now)


def _settings_of(people: Iterable[int]) -> dict[int, NotificationSettings]:
    return {row.owner_id: row for row in NotificationSettings.objects.filter(owner__in=list(people))}


def requests_of(user: Any) -> Any:
    """Return what somebody is asked to do now, the oldest first."""
    return Notification.objects.of(user).requests().order_by("made")
