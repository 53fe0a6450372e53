"""Granting: personal tokens, made and revoked. What a token opens is never more than its account does.

None of it decides about the register, so no register lock: the account's own row keeps two of its requests apart.
"""

import datetime as dt
import uuid
from collections.abc import Collection
from typing import Any

from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.db.models import Q
from django.db.utils import OperationalError
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from chokepoints.exceptions import FIELD, Problem
from chokepoints.fields import FieldError, check_name
from chokepoints.services.contributing import contributor_for
from chokepoints.services.recording import record_activity

from ..exceptions import InvalidProposal, NotAllowed, NotFound, WrongState
from ..models import Token
from ..tokens import DAYS, SCOPES, digest_of, key_of, new_token
from .limiting import limit_of
from .writing import HEAD

LONGEST_NAME = 60
USE_NOTED = dt.timedelta(minutes=1)  # last use is written no more often


class AlreadyMade(WrongState):
    """The same form was sent before; its token was shown then."""


@sensitive_variables("text")
def create_token(
    *, actor: Any, name: str, scopes: Collection[str], days: int, made_by: uuid.UUID
) -> tuple[Token, str]:
    """Make a token for oneself; return its row and the token, which nobody can be shown again.

    Raises NotAllowed, InvalidProposal (its problems name `name`, `scopes` or `days`), and AlreadyMade where the form
    `made_by` has made one.
    """
    if not actor.is_active:
        raise NotAllowed("This account is deactivated.")
    clean_name, problems = _clean_name(name), []
    if isinstance(clean_name, Problem):
        problems.append(clean_name)
    if not scopes or not set(scopes) <= set(SCOPES):
        problems.append(_problem("scopes", "Choose what the token may do, one thing at least."))
    if days not in lifetimes():
        problems.append(_problem("days", f"Choose one of {', '.join(map(str, lifetimes()))} days."))
    if problems:
        raise InvalidProposal(problems)
    text = new_token()
    with transaction.atomic():
        get_user_model().objects.select_for_update().get(pk=actor.pk)
        _check_room(actor, made_by)
        token = Token.objects.create(
            user=actor,
            name=clean_name,
            key=key_of(text),
            digest=digest_of(text),
            scopes=" ".join(scope for scope in SCOPES if scope in scopes),
            made_by=made_by,
            expires=timezone.now() + dt.timedelta(days=days),
        )
        _record("token.created", actor, token, days=days)
    return token, text


def revoke_token(*, actor: Any, pk: int) -> Token:
    """Revoke one's own token, or anybody's as an admin; it opens nothing from the next request on. Return its row.

    Revoking what is revoked changes nothing. Raises NotFound for what isn't there or isn't theirs.
    """
    mine = Q() if actor.is_active and actor.is_superuser else Q(user=actor.pk)
    with transaction.atomic():
        token = Token.objects.select_for_update().filter(mine, pk=min(pk, 2**62)).first()
        if token is None:
            raise NotFound("You have no such token.")
        if not token.revoked:
            token.revoked = timezone.now()
            token.save(update_fields=["revoked"])
            _record("token.revoked", actor, token)
    return token


def lifetimes() -> list[int]:
    """Return for how many days a token may be made: the choices within the limit, or the limit alone if it is shorter."""
    longest = limit_of("token_life")
    return [days for days in DAYS if days <= longest] or [longest]


def note_use(token: Token) -> None:
    """Write down that a token is used, at most once a minute. What somebody else has locked is left alone: no read waits
    for it and none fails."""
    now = timezone.now()
    if token.last_used and now - token.last_used < USE_NOTED:
        return
    stale = Token.objects.filter(Q(last_used=None) | Q(last_used__lte=now - USE_NOTED), pk=token.pk)
    try:
        if connection.vendor == "sqlite":
            _without_waiting(lambda: stale.update(last_used=now))
        else:
            with transaction.atomic():
                free = list(stale.select_for_update(skip_locked=True).values_list("pk", flat=True))
                Token.objects.filter(pk__in=free).update(last_used=now)
    except OperationalError:
        return  # the next use is noted


def _without_waiting(write: Any) -> None:
    """Write on SQLite if the lock is free this moment. Raises OperationalError if it isn't."""
    patience, connection.patience = (
        connection.patience,
        0,
    )  # config/backends/sqlite3; SQLite itself waits 20 ms
    try:
        write()
    finally:
        connection.patience = patience


def _clean_name(name: str) -> str | Problem:
    try:
        clean = check_name(name, limit=LONGEST_NAME)
    except FieldError as error:
        return _problem("name", str(error))
    return clean or _problem("name", "Say what the token is for, such as the program that gets it.")


def _check_room(actor: Any, made_by: uuid.UUID) -> None:
    """Refuse a second token by the same form, and more than one may have; drop the oldest that have ended."""
    mine, most = Token.objects.filter(user=actor), limit_of("tokens")
    if mine.filter(made_by=made_by).exists():
        raise AlreadyMade("This form has made its token already, and a token is shown only once.")
    if mine.in_force().count() >= most:
        words = f"You have {most} tokens, as many as you may. Revoke one that you no longer use."
        raise InvalidProposal([_problem("name", words)])
    old = mine.ended().order_by("-pk").values_list("pk", flat=True)[most:]
    Token.objects.filter(pk__in=list(old)).delete()


def _record(verb: str, actor: Any, token: Token, **details: Any) -> None:
    record_activity(
        verb, actor=contributor_for(actor), subject=f"token:{token.pk}", scopes=token.scopes, **details
    )


def _problem(field: str, words: str) -> Problem:
    return Problem(FIELD, HEAD, field, words)
