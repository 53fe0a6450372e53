"""Bounces that come back as mails (RFC 3464): which of our mails an address refused for good.

Anybody can write a mail that looks like a bounce. One counts only if it holds the Message-ID of a mail that we sent to that
very address, which nobody else could know.
"""

import email
from collections.abc import Iterator
from dataclasses import dataclass
from email import policy
from email.message import Message

from django.utils import timezone

from ..models import Mail
from ..models.notification import FAILED, SENT, UNCERTAIN
from ..services.subscribing import note_bounce
from .addresses import mail_with_id
from .refusals import is_hard_status


@dataclass(frozen=True)
class Bounce:
    """What a bounce says: about which of our mails, which address, and the server's words."""

    mail: Mail
    address: str
    why: str


def note_bounces(content: bytes) -> list[Bounce]:
    """Mark the addresses that a bounce says refuse mail for good, and return what was marked; nothing for other mails."""
    message = email.message_from_bytes(content, policy=policy.default)
    noted = list(_bounces(message))
    for bounce in noted:
        note_bounce(owner=bounce.mail.owner, address=bounce.address, why=bounce.why)
        Mail.objects.filter(pk=bounce.mail.pk, state__in=(SENT, UNCERTAIN)).update(
            state=FAILED, ended=timezone.now(), error=bounce.why
        )
    return noted


def _bounces(message: Message) -> Iterator[Bounce]:
    parts = list(message.walk())
    mail = next((found for part in parts if (found := _original(part))), None)
    if mail is None:
        return
    for part in parts:
        if part.get_content_type() != "message/delivery-status":
            continue
        for fields in part.get_payload() if part.is_multipart() else ():
            status = str(fields.get("Status", "")).strip()
            if str(fields.get("Action", "")).strip().lower() != "failed" or not is_hard_status(status):
                continue
            named = {_address(fields.get(name)) for name in ("Final-Recipient", "Original-Recipient")}
            if mail.address.lower() in named - {""}:
                why = " ".join(str(fields.get("Diagnostic-Code", "") or status).split())[:500]
                yield Bounce(mail, mail.address, why.replace("\0", ""))
                return


def _original(part: Message) -> Mail | None:
    """Return our mail that a bounce encloses, whole or its headers."""
    if part.get_content_type() == "text/rfc822-headers":
        enclosed = email.message_from_string(str(part.get_payload()), policy=policy.default)
        return mail_with_id(enclosed.get("Message-ID"))
    return mail_with_id(part.get("Message-ID"))


def _address(field: object) -> str:
    """The address in "rfc822; somebody@example.org"."""
    return str(field or "").rpartition(";")[2].strip().strip("<>").lower()
