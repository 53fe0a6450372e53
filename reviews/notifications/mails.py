"""A mail as it is sent: a letter laid out as text and as HTML, under headers by which it can be threaded and ended."""

import re
import unicodedata
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

from ..models import Mail
from .addresses import message_id_of, site_host, thread_id_of
from .differences import Difference
from .letters import Letter, letter_for

LONGEST_SUBJECT = 180
_BLANKS = re.compile(r"\s+")


def build_mail(
    mail: Mail, *, address: str, language: str = "", known: dict[Any, Difference] | None = None
) -> EmailMultiAlternatives:
    """Return a mail ready to be sent to an address, in a language or the site's. Raises NotNeeded.

    `known` keeps what one mail had to look up for others of the batch.
    """
    with translation.override(language or settings.LANGUAGE_CODE):
        letter = letter_for(mail, known)
        context = {
            "letter": letter,
            "language": translation.get_language(),
            "has_marks": any(
                len(line) > 1 for block in letter.blocks for row in block.rows for line in row.lines
            ),
            "legend": _("[-so-] is taken out, {+so+} is put in."),
            "foot_words": foot_words(),
        }
        message = EmailMultiAlternatives(
            subject=subject_line(letter.subject),
            body=render_to_string("emails/letter.txt", context).strip() + "\n",
            to=[address],
            headers=_headers(mail, letter),
        )
        message.attach_alternative(render_to_string("emails/letter.html", context), "text/html")
    return message


def foot_words() -> str:
    """Return the line under every mail, in the language that is active."""
    return _("Sent by the Chokepoint Register, %(site)s") % {"site": settings.SITE_URL}


def subject_line(words: str) -> str:
    """Return a subject that is one line, short, and says nothing else than it shows: no breaks, no reordering."""
    kept = [
        " " if unicodedata.category(letter) in {"Cc", "Zl", "Zp"} else letter
        for letter in words
        if letter in "\r\n\t" or unicodedata.category(letter) not in {"Cf", "Cs", "Co"}
    ]
    # Whoever types what looks like an encoded word (RFC 2047) would have readers' programs decode it.
    line = "[Register] " + _BLANKS.sub(" ", "".join(kept)).strip().replace("=?", "= ?")
    return line if len(line) <= LONGEST_SUBJECT else line[: LONGEST_SUBJECT - 1].rstrip() + "…"


def _headers(mail: Mail, letter: Letter) -> dict[str, Any]:
    headers = {
        "Message-ID": message_id_of(mail),
        "List-Id": f"Chokepoint Register <notifications.{site_host()}>",
        # RFC 8058: mail programs offer it as a button that needs no page.
        "List-Unsubscribe": f"<{letter.unsubscribe}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        # Nobody's holiday is to answer.
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
        "Precedence": "bulk",
    }
    if letter.proposal:
        thread = thread_id_of(letter.proposal)
        headers |= {"In-Reply-To": thread, "References": thread}
    return headers
