"""Repeating: a request that is sent twice is done once, and answered the same both times.

    begin (committed: under way, with a lease) → register lock → is it answered by now? → run → keep the answer

The answer is kept in the transaction of what it is about. So a row without an answer means that nothing happened, whoever
was killed where; after its lease it may run anew. Two that run the same meet in the lock, and the second finds the answer.
"""

import contextlib
import datetime as dt
import hashlib
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import DatabaseError, transaction
from django.utils import timezone

from chokepoints.services.locking import register_lock

from ..exceptions import AnotherRequest, InFlight, InvalidKey
from ..models import IdempotentRequest
from .limiting import limit_of

LEASE = dt.timedelta(seconds=60)  # longer than any server lets a request run
LONGEST_KEY = 200

# Answers that say nothing about the request itself: who sends it again may fare better.
_PASSING = {401, 408, 425, 429}


@dataclass(frozen=True)
class Answer:
    """An answer: status, headers, and body as JSON text ("" for none). `is_repeated` if it was given before.

    `kept` is the body that is given from the second time on where that is another one: without what is told once only.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    is_repeated: bool = False
    kept: str | None = None

    @property
    def is_final(self) -> bool:
        """Whether the same request would get it again."""
        return 200 <= self.status < 500 and self.status not in _PASSING


class _NotFinal(Exception):
    def __init__(self, answer: Answer):
        self.answer = answer


def fingerprint_of(method: str, address: str, body: bytes) -> str:
    """Return what tells one request from another."""
    parts = f"{method} {address}\n".encode("utf-8", "surrogatepass")
    return hashlib.sha256(parts + hashlib.sha256(body).digest()).hexdigest()


def once(*, user: Any, key: str, fingerprint: str, run: Callable[[], Answer]) -> Answer:
    """Return what `run` returns, or the answer that it returned for this user and key before.

    `run` decides inside the register lock. What it raises, and an answer that isn't final, take back all that it did.
    Raises InvalidKey, InFlight, and AnotherRequest where the key was used for a request with another fingerprint.
    """
    if not (1 <= len(key) <= LONGEST_KEY and all(" " <= character <= "~" for character in key)):
        raise InvalidKey(f"An Idempotency-Key has 1 to {LONGEST_KEY} printable ASCII characters.")
    begun = _begin(user, key, fingerprint)
    if begun.status:
        return _kept(begun)
    try:
        return _run(begun, run)
    except _NotFinal as passing:
        _release(begun)
        return passing.answer
    except BaseException:
        _release(begun)
        raise


def _begin(user: Any, key: str, fingerprint: str) -> IdempotentRequest:
    """Return the row of a request: answered already, or from now on under way by us."""
    now = timezone.now()
    rows = IdempotentRequest.objects.filter(user=user, key=key)
    own = {"fingerprint": fingerprint, "attempt": uuid.uuid4(), "begun": now, "lease_until": now + LEASE}
    # Looked at first without a lock: on SQLite the one who has it is whom this request would wait for.
    if (row := rows.first()) and _is_answered(row, fingerprint, now):
        return row
    with transaction.atomic():
        IdempotentRequest.objects.bulk_create(
            [IdempotentRequest(user=user, key=key, **own)], ignore_conflicts=True
        )
        row = rows.select_for_update().get()
        if row.attempt == own["attempt"] or _is_answered(row, fingerprint, now):
            return row
        for name, value in (own | {"status": None, "headers": {}, "body": ""}).items():
            setattr(row, name, value)
        row.save()
    return row


def _is_answered(row: IdempotentRequest, fingerprint: str, now: dt.datetime) -> bool:
    """Tell whether a request has its answer; if not, it may run. Raises InFlight and AnotherRequest."""
    if row.status and row.begun < _oldest(now):
        return False
    if row.fingerprint != fingerprint:
        raise AnotherRequest(
            "This Idempotency-Key was used for another request: method, address or body differ. Take a new key."
        )
    if not row.status and row.lease_until > now:
        words = "This request is under way. Send it again in a moment to get its answer."
        raise InFlight(words, row.lease_until - now)
    return bool(row.status)


def _run(begun: IdempotentRequest, run: Callable[[], Answer]) -> Answer:
    with register_lock():
        row = IdempotentRequest.objects.filter(pk=begun.pk, fingerprint=begun.fingerprint).first()
        if row is None:
            raise InFlight("This request was sent again meanwhile.", dt.timedelta(seconds=1))
        if row.status:  # our lease had run out, and somebody else was faster
            return _kept(row)
        answer = run()
        if not answer.is_final:
            raise _NotFinal(answer)
        row.status, row.headers = answer.status, dict(answer.headers)
        row.body = answer.body if answer.kept is None else answer.kept
        row.save(update_fields=["status", "headers", "body"])
    return answer


def _kept(row: IdempotentRequest) -> Answer:
    return Answer(row.status or 0, row.headers, row.body, is_repeated=True)


def _release(begun: IdempotentRequest) -> None:
    """Let the request run anew at once. Where the database is what broke, the lease runs out by itself."""
    with contextlib.suppress(DatabaseError):
        mine = IdempotentRequest.objects.filter(pk=begun.pk, attempt=begun.attempt, status=None)
        mine.update(lease_until=timezone.now())


def _oldest(now: dt.datetime) -> dt.datetime:
    return now - dt.timedelta(hours=limit_of("repeated"))


def drop_old_answers(*, now: dt.datetime) -> int:
    """Drop what is no longer answered again; return how many. May run twice: the second finds nothing."""
    return IdempotentRequest.objects.filter(begun__lt=_oldest(now), lease_until__lt=now).delete()[0]
