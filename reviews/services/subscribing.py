"""Subscribing: what somebody watches or has muted, and how they want to hear. Everybody decides for themselves alone."""

import datetime as dt
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from chokepoints.exceptions import FIELD, Problem
from chokepoints.fields import FieldError, check_uuid
from chokepoints.models import Chokepoint, Contributor, Sector, Source

from ..exceptions import InvalidProposal, NotAllowed, NotFound
from ..models import NotificationChoice, NotificationSettings, Proposal, Subscription
from ..models.notification import CHOKEPOINT, EVERYTHING, PROPOSAL, SECTOR, SOURCE, WATCHABLE
from ..notifications.events import EVENTS, LEVELS, REQUEST_LEVELS, REQUESTS_BY_DEFAULT
from .writing import HEAD

MOST_SUBSCRIPTIONS = 2000
LONGEST_PAUSE_DAYS = 366
_MODELS = {CHOKEPOINT: Chokepoint, SECTOR: Sector, SOURCE: Source}


def watch(*, actor: Any, what: str, target: Any = "") -> Subscription:
    """Watch a chokepoint, sector or source (by id), a proposal (by number) or everything; twice is once.

    Watching a muted proposal ends the mute. Raises NotAllowed, NotFound and InvalidProposal.
    """
    with transaction.atomic():
        row = _subscribe(actor, what, target, is_muted=False)
        Subscription.objects.to(actor, what, row.target).filter(is_muted=True).delete()
    return row


def mute(*, actor: Any, number: Any) -> Subscription:
    """Hear nothing more of a proposal but requests to act and what names oneself; twice is once.

    Whether it is watched is kept for when the mute ends. Raises NotAllowed, NotFound and InvalidProposal.
    """
    return _subscribe(actor, PROPOSAL, number, is_muted=True)


def end_subscription(*, actor: Any, pk: int) -> Subscription:
    """End one of one's own subscriptions, watching or mute. Raises NotAllowed and NotFound."""
    check_signed_in(actor)
    row = Subscription.objects.filter(owner=actor, pk=min(int(pk), 2**62)).first()
    if row is None:
        raise NotFound("You have no such subscription.")
    row.delete()
    return row


def unwatch(*, actor: Any, what: str, target: Any = "") -> None:
    """End watching something, if one does; a mute stays."""
    check_signed_in(actor)
    Subscription.objects.to(actor, what, _as_kept(target)).filter(is_muted=False).delete()


def unmute(*, actor: Any, number: Any) -> None:
    """End the mute of a proposal, if there is one: who watched it before watches it again."""
    check_signed_in(actor)
    Subscription.objects.to(actor, PROPOSAL, _as_kept(number)).filter(is_muted=True).delete()


def standing_of(user: Any, what: str, target: Any = "") -> tuple[bool, bool]:
    """Return whether somebody watches something, and whether they have muted it."""
    if not user.is_authenticated:
        return False, False
    rows = Subscription.objects.to(user, what, _as_kept(target))
    found = set(rows.values_list("is_muted", flat=True))
    return False in found, True in found


def set_choice(*, actor: Any, event: str, scope: str, level: str) -> NotificationChoice | None:
    """Choose how to hear of an event in a scope; the default is kept as no row. Raises NotAllowed and InvalidProposal."""
    set_choices(actor=actor, choices={(event, scope): level})
    return NotificationChoice.objects.filter(owner=actor, event=event, scope=scope).first()


def set_choices(
    *,
    actor: Any,
    choices: Mapping[tuple[str, str], str],
    requests: str | None = None,
    language: str | None = None,
) -> None:
    """Choose many cells of the matrix at once, and with them how to be told of requests and in which language.

    All or nothing; what isn't named stays as it is. Raises NotAllowed, and InvalidProposal with one problem for each cell
    that isn't there or can't be so (its field is `event:scope`).
    """
    check_signed_in(actor)
    problems = [problem for cell, level in choices.items() if (problem := _wrong_cell(cell, level))]
    problems += _wrong_requests(requests) + _wrong_language(language)
    if problems:
        raise InvalidProposal(problems)
    with transaction.atomic():
        own = choices_of(actor)
        for (event, scope), level in choices.items():
            is_default = EVENTS[event].defaults[scope] == level
            if own.get((event, scope)) == (None if is_default else level):
                continue
            cell = {"owner": actor, "event": event, "scope": scope}
            if is_default:
                NotificationChoice.objects.filter(**cell).delete()
            else:
                NotificationChoice.objects.update_or_create(**cell, defaults={"level": level})
        values = {"requests": requests, "language": language}
        if values := {name: value for name, value in values.items() if value is not None}:
            _set(actor, **values)


def reset_choices(*, actor: Any) -> None:
    """Take all choices back to the defaults, those of requests too. What is watched or muted stays. Raises NotAllowed."""
    check_signed_in(actor)
    with transaction.atomic():
        NotificationChoice.objects.filter(owner=actor).delete()
        NotificationSettings.objects.filter(owner=actor).update(requests=REQUESTS_BY_DEFAULT)


def set_requests(*, actor: Any, level: str) -> NotificationSettings:
    """Choose how to be told of requests to act. They can't be told never. Raises NotAllowed and InvalidProposal."""
    set_choices(actor=actor, choices={}, requests=level)
    return settings_of(actor)


def set_language(*, actor: Any, language: str) -> NotificationSettings:
    """Choose the language of one's mails; "" takes the site's. Raises NotAllowed and InvalidProposal."""
    set_choices(actor=actor, choices={}, language=language)
    return settings_of(actor)


def pause(*, actor: Any, until: dt.datetime | None) -> NotificationSettings:
    """Have no mail sent until a moment; None ends the pause. What comes meanwhile is in one digest afterwards.

    Raises NotAllowed, and InvalidProposal for a moment that is past or more than a year away.
    """
    now = timezone.now()
    if until is not None and not now < until <= now + dt.timedelta(days=LONGEST_PAUSE_DAYS):
        raise InvalidProposal([_problem("until", "Choose a day to come, at most a year from now.")])
    return _set(actor, paused_until=until)


def note_bounce(*, owner: Any, address: str, why: str) -> None:
    """Write down that an address refuses mail for good, so that it is asked no more until it is another one."""
    NotificationSettings.objects.update_or_create(
        owner=owner,
        defaults={"bounced_address": address[:254], "bounced": timezone.now(), "bounced_why": why[:500]},
    )


def clear_bounce(*, actor: Any) -> NotificationSettings:
    """Try one's address again, although it refused mail for good. (Another address is tried anyway.) Raises NotAllowed."""
    return _set(actor, bounced_address="", bounced=None, bounced_why="")


def has_bounced(settings: NotificationSettings, address: str) -> bool:
    """Tell whether an address is the one that refuses mail."""
    return bool(address) and settings.bounced_address.lower() == address.strip().lower()


def settings_of(user: Any) -> NotificationSettings:
    """Return how somebody is told things; unsaved defaults if they never chose."""
    return NotificationSettings.objects.filter(owner=user).first() or NotificationSettings(owner=user)


def choices_of(user: Any) -> dict[tuple[str, str], str]:
    """Return the cells of the matrix that somebody set, as (event, scope) → level."""
    rows = NotificationChoice.objects.filter(owner=user)
    return {(row.event, row.scope): row.level for row in rows}


def _as_kept(target: Any) -> str:
    return str(target).replace("\0", "")[:36]


def _wrong_cell(cell: tuple[str, str], level: str) -> Problem | None:
    event, scope = cell
    if event not in EVENTS or scope not in EVENTS[event].defaults:
        return _problem(f"{event}:{scope}", "There is no such choice.")
    return None if level in LEVELS else _problem(f"{event}:{scope}", f"Choose one of {', '.join(LEVELS)}.")


def _wrong_requests(level: str | None) -> list[Problem]:
    words = (
        "Requests for your review can't be switched off; choose inbox only, a daily mail, or a mail at once."
    )
    return [] if level is None or level in REQUEST_LEVELS else [_problem("requests", words)]


def _wrong_language(language: str | None) -> list[Problem]:
    known = dict(settings.LANGUAGES)
    is_known = not language or language in known
    return [] if is_known else [_problem("language", f"Choose one of {', '.join(known)}.")]


def _set(actor: Any, **values: Any) -> NotificationSettings:
    check_signed_in(actor)
    row, _ = NotificationSettings.objects.update_or_create(owner=actor, defaults=values)
    return row


def _subscribe(actor: Any, what: str, target: Any, *, is_muted: bool) -> Subscription:
    check_signed_in(actor)
    clean = _clean_target(actor, what, target)
    with transaction.atomic():
        existing = Subscription.objects.to(actor, what, clean).filter(is_muted=is_muted).first()
        alike = Subscription.objects.filter(owner=actor, is_muted=is_muted)
        if existing is None and alike.count() >= MOST_SUBSCRIPTIONS:
            words = (
                f"You watch {MOST_SUBSCRIPTIONS} things. Stop watching some, or watch a sector or everything."
            )
            if is_muted:
                words = f"You have muted {MOST_SUBSCRIPTIONS} proposals. Unmute some that are over."
            raise InvalidProposal([_problem("what", words)])
        row, _ = Subscription.objects.get_or_create(owner=actor, what=what, target=clean, is_muted=is_muted)
    return row


def _clean_target(actor: Any, what: str, target: Any) -> str:
    if what not in WATCHABLE:
        raise InvalidProposal([_problem("what", f"Watch one of {', '.join(WATCHABLE)}.")])
    if what == EVERYTHING:
        if target:
            raise InvalidProposal([_problem("target", "Everything is watched as a whole.")])
        return ""
    if what == PROPOSAL:
        number = str(target)
        contributor = Contributor.objects.filter(user=actor).first()
        is_number = number.isascii() and number.isdigit() and len(number) < 19
        if not is_number or not Proposal.objects.visible_to(contributor).filter(pk=number).exists():
            raise NotFound(f"There is no proposal {number[:20]}.")
        return str(int(number))
    try:
        record = UUID(check_uuid(target))
    except FieldError as error:
        raise InvalidProposal([_problem("target", str(error))]) from error
    if not _MODELS[what].objects.filter(pk=record).exists():
        raise NotFound(f"There is no such {what}.")
    return str(record)


def check_signed_in(actor: Any) -> None:
    """Raise NotAllowed for who isn't somebody."""
    if not (actor.is_authenticated and actor.is_active):
        raise NotAllowed("Sign in first.")


def _problem(field: str, words: str) -> Problem:
    return Problem(FIELD, HEAD, field, words)
