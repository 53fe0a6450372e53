"""Delivery: from a Mail row to the server, so that whoever is killed at whatever line costs no mail and no second digest.

    WAITING → SENDING   one conditional update takes the lease of an attempt; of two at once one gets it
    SENDING → ENDING    in a commit of its own, right before the dot that makes the server accept (backends.py)
    ENDING  → SENT      the server has it

Who is lost in SENDING leaves a mail that surely wasn't accepted: it is sent again. Who is lost in ENDING leaves one of which
nobody knows. An ordinary mail is sent again under the same Message-ID, a digest isn't: it is UNCERTAIN, and all that was in
it is in the inbox.
"""

import datetime as dt
import logging
import smtplib
import time
from typing import Any

from django.conf import settings
from django.core.mail import get_connection
from django.core.mail.message import sanitize_address
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from ..models import Mail, Notification
from ..models.notification import DROPPED, ENDING, FAILED, SENDING, SENT, UNCERTAIN, WAITING
from ..services.subscribing import has_bounced, note_bounce, settings_of
from .differences import Difference
from .events import DAILY, NOW
from .letters import NotNeeded
from .mails import build_mail
from .refusals import BOUNCED, LATER, REFUSED, TROUBLE, NoAddress, Refusal, refusal_of

log = logging.getLogger(__name__)

MOST_AT_ONCE = 1000
LONGEST_RUN = (
    60.0  # seconds; what is left then is the next run's, so that a slow server doesn't keep a worker
)
MOST_TROUBLE = 3  # mails in a row at which the server fails before the rest is left for later
LONGEST_WAIT = dt.timedelta(minutes=15)
# The same where the server may have the mail already: each further try may be one more for its reader.
LONGEST_DOUBT = dt.timedelta(hours=6)
# How long "not now" is taken for an answer; RFC 5321 asks for four to five days.
GIVE_UP = dt.timedelta(days=5)


class LeaseLost(Exception):
    """Somebody else sends this mail now."""


class Lease:
    """The right to one attempt at sending a mail."""

    def __init__(self, number: int, attempt: int):
        self.number, self.attempt = number, attempt
        self.is_ending = False

    @classmethod
    def take(cls, number: int, now: dt.datetime) -> "Lease | None":
        """Take the lease of a mail that is due, or return None."""
        row = Mail.objects.filter(pk=number, state=WAITING, due__lte=now)
        attempt = row.values_list("attempt", flat=True).first()
        if attempt is None:
            return None
        taken = row.filter(attempt=attempt).update(
            state=SENDING, attempt=attempt + 1, lease_until=_lease_end(now)
        )
        return cls(number, attempt + 1) if taken else None

    def begin_end(self) -> None:
        """Say that from now on the server may have the mail. Raises LeaseLost."""
        row = Mail.objects.filter(pk=self.number, attempt=self.attempt, state=SENDING)
        if not row.update(state=ENDING, lease_until=_lease_end(timezone.now())):
            raise LeaseLost
        self.is_ending = True

    def finish(self, state: str, *, late: bool = False, **values: Any) -> bool:
        """Write down what became of the attempt, if it is still ours. What the server has counts even `late`, as long as
        nobody else has begun."""
        ours = (SENDING, ENDING, WAITING, UNCERTAIN) if late else (SENDING, ENDING)
        row = Mail.objects.filter(pk=self.number, attempt=self.attempt, state__in=ours)
        return bool(row.update(state=state, lease_until=None, **values))


def send_mails(*, now: dt.datetime | None = None, most: int = MOST_AT_ONCE) -> int:
    """Send what is due, over one connection; return how many mails the server took. Safe to run twice at once.

    A server that is down ends it: the rest waits, a little longer each time. An address that is bad doesn't.
    """
    return_abandoned(now=now)
    numbers = list(Mail.objects.to_send(now or timezone.now()).values_list("pk", flat=True)[:most])
    if not numbers:
        return 0
    return _Batch(numbers, now).run()


def return_abandoned(*, now: dt.datetime | None = None) -> int:
    """Take back what lost senders held; return how many. Only of a digest that was about to be accepted no second is sent."""
    now = now or timezone.now()
    # Whoever put it off so far had a clock that was ahead.
    Mail.objects.filter(state=WAITING, due__gt=now + 2 * LONGEST_DOUBT).update(due=now)
    lost = Mail.objects.abandoned(now)
    words = "Whoever sent it was lost in the moment of its end. What it told is in the inbox."
    is_unknown = Q(state=ENDING) & ~Q(kind=NOW)
    count = lost.filter(is_unknown).update(state=UNCERTAIN, lease_until=None, ended=now, error=words)
    return count + lost.exclude(is_unknown).update(state=WAITING, lease_until=None)


def pause_after(tries: int, longest: dt.timedelta = LONGEST_WAIT) -> dt.timedelta:
    """Return how long to wait after so many tries: half a minute at first, doubled each time, up to the longest."""
    return min(longest, dt.timedelta(seconds=30 * 2 ** min(tries, 12)))


def _lease_end(now: dt.datetime) -> dt.datetime:
    return now + dt.timedelta(seconds=settings.MAIL_LEASE_SECONDS)


class _Batch:
    """Mails on their way over one connection."""

    def __init__(self, numbers: list[int], now: dt.datetime | None):
        self.numbers, self.fixed = numbers, now
        self.connection: Any = None
        self.sent = 0
        self.known: dict[Any, Difference] = {}

    @property
    def now(self) -> dt.datetime:
        return self.fixed or timezone.now()

    def run(self) -> int:
        """Send all, and return how many were taken."""
        troubles, end = 0, time.monotonic() + LONGEST_RUN
        try:
            for position, number in enumerate(self.numbers):
                if time.monotonic() > end:
                    break
                refusal = self._connect()
                if refusal is None:
                    lease = Lease.take(number, self.now)
                    if lease is None:
                        continue
                    refusal = self._send(lease)
                    troubles = troubles + 1 if refusal and refusal.sort == TROUBLE else 0
                    if troubles < MOST_TROUBLE:
                        continue
                    position += 1
                self._leave_for_later(self.numbers[position:], refusal)
                break
        finally:
            self._hang_up()
        return self.sent

    def _connect(self) -> Refusal | None:
        if self.connection is not None:
            return None
        connection = get_connection()
        try:
            connection.open()
        except Exception as error:  # down, silent, or not the server that we think it is
            log.warning("The mail server can't be reached: %s", error)
            return Refusal(TROUBLE, refusal_of(error).words)
        self.connection = connection
        return None

    def _hang_up(self, *, abruptly: bool = False) -> None:
        connection, self.connection = self.connection, None
        try:
            if abruptly and hasattr(connection, "abandon"):
                connection.abandon()
            elif connection is not None:
                connection.close()
        except Exception as error:  # what was sent is sent
            log.info("The mail server didn't say goodbye: %s", error)

    def _send(self, lease: Lease) -> Refusal | None:
        """Send one mail and write down what became of it; return why the server didn't take it, if it was asked."""
        rows = Mail.objects.select_related(
            "owner", "notification__owner", "notification__proposal", "notification__activity__actor"
        )
        mail = rows.filter(pk=lease.number).first()
        if mail is None:  # gone with its notification or account
            return None
        try:
            message = self._prepare(mail, lease)
        except Exception as error:  # a fault of ours in one mail
            log.exception("%s couldn't be written.", mail)
            return self._refused(mail, lease, Refusal(LATER, f"{type(error).__name__}: {error}"))
        if message is None:
            return None
        try:
            self._hand_over(message, lease)
        except LeaseLost:
            log.warning("Attempt %s at %s took too long; another goes on.", lease.attempt, mail)
            self._hang_up(abruptly=True)
            return None
        except Exception as error:
            refusal = refusal_of(error)
            if refusal.sort == TROUBLE or not isinstance(error, (smtplib.SMTPException, NoAddress)):
                self._hang_up(abruptly=True)
            is_known = isinstance(error, smtplib.SMTPResponseException)
            return self._refused(mail, lease, refusal, is_unknown=lease.is_ending and not is_known)
        self.sent += 1
        lease.finish(SENT, late=True, address=message.to[0], ended=self.now, error="")
        return None

    def _prepare(self, mail: Mail, lease: Lease) -> Any:
        """Return the message, or None if it isn't to be sent now, which is written down then."""
        owner, own = mail.owner, settings_of(mail.owner)
        address = owner.email.strip()
        if not owner.is_active:
            return self._drop(lease, "The account is closed.")
        if not address:
            return self._drop(lease, "The account has no address.")
        if has_bounced(own, address):
            return self._drop(lease, "The address took no mail before.")
        if own.paused_until and own.paused_until > self.now:
            return self._wait_for_pause(mail, lease)
        try:
            return build_mail(mail, address=address, language=own.language, known=self.known)
        except NotNeeded as reason:
            return self._drop(lease, str(reason))

    def _drop(self, lease: Lease, why: str) -> None:
        lease.finish(DROPPED, ended=self.now, error=why)

    def _wait_for_pause(self, mail: Mail, lease: Lease) -> None:
        """Have what a mail was to tell wait for the first digest after the pause."""
        with transaction.atomic():
            if lease.finish(DROPPED, ended=self.now, error="They pause; it comes in a digest afterwards."):
                Notification.objects.filter(own_mail=mail, digest="").update(digest=DAILY)
                Notification.objects.filter(mail=mail).update(mail=None)

    def _hand_over(self, message: Any, lease: Lease) -> None:
        connection = self.connection
        try:
            sanitize_address(message.to[0], "utf-8")
        except ValueError as error:
            raise NoAddress(str(error)) from error
        if hasattr(connection, "announce_end"):
            connection.announce_end(lease.begin_end)
        elif not getattr(connection, "is_repeatable", False):
            lease.begin_end()
        connection.send_messages([message])

    def _refused(self, mail: Mail, lease: Lease, refusal: Refusal, *, is_unknown: bool = False) -> Refusal:
        """Write down that a mail wasn't taken: for good, for now, or nobody knows."""
        now, words, longest = self.now, refusal.words[:500], LONGEST_DOUBT if is_unknown else LONGEST_WAIT
        is_old = now - mail.made > GIVE_UP
        if is_unknown and (mail.kind != NOW or is_old):
            lease.finish(UNCERTAIN, ended=now, error=words)
        elif refusal.sort == BOUNCED:
            address = mail.owner.email.strip()
            lease.finish(FAILED, ended=now, error=words, address=address)
            note_bounce(owner=mail.owner, address=address, why=words)
        elif refusal.sort == REFUSED or (refusal.sort == LATER and is_old):
            lease.finish(FAILED, ended=now, error=words)
        else:
            due = now + pause_after(mail.tries, longest)
            lease.finish(WAITING, due=due, tries=F("tries") + 1, error=words)
        return refusal

    def _leave_for_later(self, numbers: list[int], refusal: Refusal) -> None:
        """Have what wasn't tried wait, longer each time: no use in asking a server that is down for each."""
        rows = Mail.objects.filter(pk__in=numbers, state=WAITING)
        tries = rows.order_by("tries").values_list("tries", flat=True).first() or 0
        rows.update(due=self.now + pause_after(tries), tries=F("tries") + 1, error=refusal.words[:500])
