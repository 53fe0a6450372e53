"""Addresses in mails: absolute ones of pages, and the ids by which mails are known and strung together."""

import re
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.crypto import salted_hmac

from ..models import Mail, Proposal

_OURS = re.compile(r"<mail-(\d{1,18})\.[0-9a-f]{20}@[^<>\s]+>")


def absolute(path: str) -> str:
    """Return the whole address of a path of this site."""
    return settings.SITE_URL.rstrip("/") + path


def site_host() -> str:
    """Return the name of this site's host, as it stands in mails."""
    return urlsplit(settings.SITE_URL).hostname or "localhost"


def message_id_of(mail: Mail) -> str:
    """Return a mail's Message-ID: always the same for a row, and known to nobody who didn't get it."""
    mark = salted_hmac("reviews.mail", f"{mail.pk}:{mail.made.isoformat()}").hexdigest()[:20]
    return f"<mail-{mail.pk}.{mark}@{site_host()}>"


def thread_id_of(proposal: Proposal) -> str:
    """Return the id of the mail at which all mails about a proposal hang; that mail was never sent."""
    return f"<proposal-{proposal.pk}@{site_host()}>"


def mail_with_id(message_id: Any) -> Mail | None:
    """Return the mail that has a Message-ID, or None if none of ours has it."""
    found = _OURS.search(str(message_id or ""))
    mail = Mail.objects.filter(pk=found[1]).select_related("owner").first() if found else None
    return mail if mail is not None and message_id_of(mail) == found[0] else None
