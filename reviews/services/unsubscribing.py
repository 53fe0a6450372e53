"""Unsubscribing: one click in a mail, by whoever holds its link; nobody has to sign in for it, and it can be undone.

A link holds what it stands for, signed: it works as long as the account does, whatever became of the mail.
"""

from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth import get_user_model
from django.core import signing
from django.db import transaction
from django.utils import timezone

from ..exceptions import NotFound
from ..models import Mail, Notification
from ..models.notification import DROPPED, PROPOSAL, WAITING
from ..notifications.choosing import level_of, request_level
from ..notifications.events import DAILY, EVENTS, INBOX, LEVELS, NOW, REQUEST, REQUEST_LEVELS, WEEKLY
from .subscribing import choices_of, mute, set_choice, set_requests, settings_of, standing_of, unmute

SALT = "reviews.unsubscribing"
_MAILED = (WEEKLY, DAILY, NOW)

Cell = tuple[str, str]


@dataclass(frozen=True)
class Wish:
    """What a link stands for, for one account: an end to the mails of some cells, of requests, of a digest, or of a
    proposal; or, to undo that, what was chosen before."""

    owner: int
    cells: tuple[Cell, ...] = ()
    requests: bool = False
    digest: str = ""
    mute: int | None = None
    before: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of_notification(cls, row: Notification) -> "Wish":
        """Return the wish for no more mails such as that of one notification."""
        if row.event == REQUEST:
            return cls(owner=row.owner_id, requests=True)
        scopes = dict.fromkeys(reason["scope"] for reason in row.reasons)
        return cls(owner=row.owner_id, cells=tuple((row.event, scope) for scope in scopes))


@dataclass(frozen=True)
class Fulfilled:
    """What a link did: whether anything was changed, and the token that undoes it ("" if nothing was)."""

    wish: Wish
    has_changed: bool
    undo: str = ""


def token_for(wish: Wish) -> str:
    """Return the token of a wish, for an address."""
    parts: dict[str, Any] = {"u": wish.owner}
    if wish.cells:
        parts["c"] = [list(cell) for cell in wish.cells]
    if wish.requests:
        parts["q"] = 1
    if wish.digest:
        parts["d"] = wish.digest
    if wish.mute is not None:
        parts["m"] = wish.mute
    if wish.before:
        parts["b"] = wish.before
    return signing.dumps(parts, salt=SALT, compress=True)


def wish_of(token: str) -> tuple[Wish, Any]:
    """Return what a token stands for and whose it is. Raises NotFound for one that isn't ours or whose account is gone."""
    try:
        parts = signing.loads(token, salt=SALT)
    except signing.BadSignature as error:
        raise NotFound("This link isn't whole. Copy all of it from the mail.") from error
    owner = get_user_model().objects.filter(pk=parts["u"], is_active=True).first()
    if owner is None:
        raise NotFound("The account that this mail went to is closed. It gets no mails.")
    wish = Wish(
        owner=owner.pk,
        cells=tuple((event, scope) for event, scope in parts.get("c", ()) if _is_cell(event, scope)),
        requests=bool(parts.get("q")),
        digest=parts.get("d", ""),
        mute=parts.get("m"),
        before=parts.get("b", {}),
    )
    return wish, owner


def fulfil(*, token: str) -> Fulfilled:
    """Do what a link stands for; twice is once. Whatever isn't mailed any more is still in the inbox. Raises NotFound."""
    wish, owner = wish_of(token)
    with transaction.atomic():
        if wish.before:
            _restore(owner, wish)
            return Fulfilled(wish, has_changed=True)
        before = _end(owner, wish)
        let_go = _let_go(owner, wish.digest) if wish.digest else 0
    undo = token_for(Wish(owner=owner.pk, before=before)) if before else ""
    return Fulfilled(wish, bool(before or let_go), undo)


def _end(owner: Any, wish: Wish) -> dict[str, Any]:
    """End what the wish names; return what was chosen before, as far as that was changed."""
    before: dict[str, Any] = {}
    choices = choices_of(owner)
    cells = _cells_at(choices, wish.digest) if wish.digest else wish.cells
    for event, scope in cells:
        level = level_of(event, scope, choices)
        if level in _MAILED:
            before.setdefault("c", []).append([event, scope, level])
            set_choice(actor=owner, event=event, scope=scope, level=INBOX)
    requests = request_level(settings_of(owner).requests)
    if requests != INBOX and (wish.requests or wish.digest == requests):
        before["q"] = requests
        set_requests(actor=owner, level=INBOX)
    if wish.mute is not None:
        _is_watched, is_muted = standing_of(owner, PROPOSAL, wish.mute)
        if not is_muted:
            mute(actor=owner, number=wish.mute)
            before["m"] = wish.mute
    return before


def _cells_at(choices: dict[Cell, str], level: str) -> tuple[Cell, ...]:
    return tuple(
        (event, scope)
        for event, known in EVENTS.items()
        for scope in known.defaults
        if level_of(event, scope, choices) == level
    )


def _let_go(owner: Any, digest: str) -> int:
    """Let what waits for a digest wait no more: it is in the inbox. Return how much did."""
    waiting = Notification.objects.filter(owner=owner, digest=digest, mail=None).update(digest="")
    unsent = Mail.objects.filter(owner=owner, kind=digest, state=WAITING)
    words = "They wanted no more of these mails."
    return waiting + unsent.update(state=DROPPED, ended=timezone.now(), error=words)


def _restore(owner: Any, wish: Wish) -> None:
    """Choose again what was chosen before."""
    for event, scope, level in wish.before.get("c", ()):
        if _is_cell(event, scope) and level in LEVELS:
            set_choice(actor=owner, event=event, scope=scope, level=level)
    if wish.before.get("q") in REQUEST_LEVELS:
        set_requests(actor=owner, level=wish.before["q"])
    if "m" in wish.before:
        unmute(actor=owner, number=wish.before["m"])


def _is_cell(event: str, scope: str) -> bool:
    return event in EVENTS and scope in EVENTS[event].defaults
