"""Delivering: what is due goes out, each subject's messages in order, and nobody waits for somebody else's slow receiver.

The row decides. A sender takes its lease with one conditional update, and only whoever still holds that attempt writes down
what came of it; a sender that is lost leaves a row that goes out again under the same id. A run takes turns among webhooks,
one message at a time to each, several webhooks at once; a webhook that failed rests until the next run.

Threads speak to receivers and to nothing else: the database is this thread's alone.
"""

import datetime as dt
import hashlib
import logging
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from ...models import Webhook, WebhookDelivery
from ...models.webhook import DELIVERED, FAILED, SENDING, WAITING, lease_seconds
from ...services.hooking import switch_off_by_itself
from ...services.limiting import limit_of
from .payload import body_of
from .sending import Answer, post
from .signing import headers_of

log = logging.getLogger(__name__)

# Seconds until a message is tried again after its first, second … failure, as Standard Webhooks advises. Then it is given up.
BACK_OFF = (5, 300, 1_800, 7_200, 18_000, 36_000, 36_000)
SPREAD = 0.2  # by which part a wait may be longer, so that what failed together doesn't come back together
AT_ONCE = 8  # webhooks that one run speaks to at a time
RUN_SECONDS = 30.0  # after which a run begins nothing more, so that it leaves the worker to others
LOOK_AGAIN = 1.0  # seconds after which a run that waits for a slow receiver looks for what else is due
PLANNED = 50  # messages of a webhook that are looked up at a time

MAY_NOT_SEE = "Not sent: you may not see any more what it is about."
LOST = "Whoever sent it was lost, so it may have arrived."
BROKEN = "Something broke on our side; the log of the worker says what."


@dataclass(frozen=True)
class _Sending:
    """One attempt that is under way."""

    pk: int
    attempt: int
    tries: int
    webhook: int
    is_test: bool


def deliver_due(*, now: dt.datetime | None = None, seconds: float = RUN_SECONDS) -> int:
    """Send what is due, and return how many attempts were made. Safe to run several times at once."""
    clock = (lambda: now) if now else timezone.now
    _take_back(clock())
    turns, attempts = _Turns(clock, time.monotonic() + seconds), 0
    under_way: dict[Future[Answer], _Sending] = {}
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="webhook") as pool:
        while True:
            while len(under_way) < AT_ONCE and (
                pk := turns.next({each.webhook for each in under_way.values()})
            ):
                if begun := _begin(pk, clock(), pool):
                    under_way[begun[0]] = begun[1]
                    attempts += 1
            if not under_way:
                return attempts
            for done in wait(under_way, timeout=LOOK_AGAIN, return_when=FIRST_COMPLETED).done:
                sending = under_way.pop(done)
                answer = _answer_of(done)
                _settle(sending, answer, clock())
                if not answer.is_taken:
                    turns.rest(sending.webhook)


def back_off(message: str, tries: int) -> dt.timedelta | None:
    """Return how long a message waits after so many failures, None if it is given up. The spread follows from its id."""
    if tries > len(BACK_OFF):
        return None
    share = int.from_bytes(hashlib.sha256(f"{message} {tries}".encode()).digest()[:4]) / 2**32
    return dt.timedelta(seconds=BACK_OFF[tries - 1] * (1 + SPREAD * share))


def drop_old_deliveries(*, now: dt.datetime) -> int:
    """Drop what was to be delivered longer ago than the limit allows, whatever became of it; return how many."""
    oldest = now - dt.timedelta(days=limit_of("deliveries"))
    return WebhookDelivery.objects.filter(made__lt=oldest).exclude(state=SENDING).delete()[0]


class _Turns:
    """Whose message is next: the webhooks take turns, the one that has waited longest in this run first."""

    def __init__(self, clock: Callable[[], dt.datetime], end: float):
        self.clock, self.end = clock, end
        self.queues: dict[int, deque[int]] = {}
        self.resting: set[int] = set()
        self.served: dict[int, int] = {}
        self.turn = 0

    def next(self, busy: set[int]) -> int | None:
        """Return the delivery that is next, or None if there is none now for a webhook that isn't busy, or time is up."""
        if time.monotonic() >= self.end:
            return None
        free = self._free(busy)
        if not free:
            self._plan(busy)
            free = self._free(busy)
        if not free:
            return None
        webhook = min(free, key=lambda each: (self.served.get(each, 0), each))
        self.turn += 1
        self.served[webhook] = self.turn
        return self.queues[webhook].popleft()

    def rest(self, webhook: int) -> None:
        """Leave a webhook alone for the rest of this run."""
        self.resting.add(webhook)

    def _free(self, busy: set[int]) -> list[int]:
        return [
            each
            for each, rows in self.queues.items()
            if rows and each not in busy and each not in self.resting
        ]

    def _plan(self, busy: set[int]) -> None:
        """Look up what is due; a webhook that another run is speaking to is left to that one."""
        now = self.clock()
        elsewhere = WebhookDelivery.objects.under_way(now).values("webhook")
        due = WebhookDelivery.objects.to_send(now).exclude(webhook__in=elsewhere)
        due = due.exclude(webhook__in=busy | self.resting)
        for webhook in due.order_by("webhook").values_list("webhook", flat=True).distinct():
            self.queues[webhook] = deque(due.filter(webhook=webhook).values_list("pk", flat=True)[:PLANNED])


def _begin(pk: int, now: dt.datetime, pool: ThreadPoolExecutor) -> tuple[Future[Answer], _Sending] | None:
    """Take the lease of a delivery and send it, or return None: somebody else has it, or there is nothing to send."""
    ready = WebhookDelivery.objects.to_send(now).filter(pk=pk)
    attempt = ready.values_list("attempt", flat=True).first()
    if attempt is None:
        return None
    lease = now + dt.timedelta(seconds=lease_seconds())
    # Conditions on this row alone: of two that wait for it, PostgreSQL asks the second one again only about those.
    free = WebhookDelivery.objects.filter(pk=pk, state=WAITING, attempt=attempt)
    if not free.update(state=SENDING, attempt=attempt + 1, lease_until=lease, last_tried=now):
        return None
    row = WebhookDelivery.objects.select_related("webhook__owner", "activity__actor").filter(pk=pk).first()
    if row is None:  # gone with its webhook in between
        return None
    sending = _Sending(pk, row.attempt, row.tries, row.webhook_id, row.activity_id is None)
    try:
        body = body_of(row)
        if body is None:
            _held(sending).update(state=FAILED, ended=now, lease_until=None, status=None, error=MAY_NOT_SEE)
            return None
        headers = headers_of(row.message, int(now.timestamp()), body, row.webhook.secrets_at(now))
    except Exception:
        log.exception("Delivery %s couldn't be put together.", pk)
        _settle(sending, Answer(wrong=BROKEN), now)
        return None
    limit = {"seconds": settings.WEBHOOK_TIMEOUT_SECONDS}
    return pool.submit(post, row.webhook.url, headers, body, **limit), sending


def _answer_of(done: Future[Answer]) -> Answer:
    try:
        return done.result()
    except Exception:
        log.exception("A webhook couldn't be posted to.")
        return Answer(wrong=BROKEN)


def _held(sending: _Sending) -> QuerySet[WebhookDelivery]:
    """Return the row of a delivery, as long as this attempt has it."""
    return WebhookDelivery.objects.filter(pk=sending.pk, attempt=sending.attempt, state=SENDING)


def _settle(sending: _Sending, answer: Answer, now: dt.datetime) -> None:
    """Write down what came of an attempt, and what follows for its webhook. Nothing, if somebody else has it by now."""
    written = {"status": answer.status, "error": answer.wrong[:300], "lease_until": None}
    with transaction.atomic():
        if answer.is_taken:
            if _held(sending).update(state=DELIVERED, ended=now, tries=F("tries") + 1, **written):
                Webhook.objects.filter(pk=sending.webhook, failures__gt=0).update(failures=0)
            return
        pause = _pause(sending, answer)
        if pause is not None:
            _held(sending).update(state=WAITING, due=now + pause, tries=F("tries") + 1, **written)
        elif _held(sending).update(state=FAILED, ended=now, tries=F("tries") + 1, **written):
            _note_failure(sending, answer)


def _pause(sending: _Sending, answer: Answer) -> dt.timedelta | None:
    """Return after how long an attempt that failed is repeated, None if never. A test is tried once, while its owner looks."""
    if sending.is_test or answer.is_gone:
        return None
    message = WebhookDelivery.objects.filter(pk=sending.pk).values_list("message", flat=True).first()
    pause = back_off(str(message), sending.tries + 1)
    return None if pause is None else max(pause, dt.timedelta(seconds=answer.wait))


def _note_failure(sending: _Sending, answer: Answer) -> None:
    """Count a delivery that was given up; a webhook that takes nothing any more is switched off, and its owner told."""
    if answer.is_gone:
        switch_off_by_itself(
            pk=sending.webhook, why="It answered 410 Gone, which asks never to be told again."
        )
        return
    if sending.is_test:
        return
    Webhook.objects.filter(pk=sending.webhook).update(failures=F("failures") + 1)
    failures = Webhook.objects.filter(pk=sending.webhook).values_list("failures", flat=True).first() or 0
    if failures >= limit_of("webhook_failures"):
        why = f"{failures} deliveries in a row were given up. The last one: {answer.wrong}"
        switch_off_by_itself(pk=sending.webhook, why=why)


def _take_back(now: dt.datetime) -> None:
    """Take back what lost senders held. It counts as a try, so that a message that breaks its sender has an end."""
    for pk, attempt, tries, webhook, activity in list(
        WebhookDelivery.objects.abandoned(now).values_list("pk", "attempt", "tries", "webhook", "activity")
    ):
        _settle(_Sending(pk, attempt, tries, webhook, activity is None), Answer(wrong=LOST), now)
