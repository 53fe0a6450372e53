"""What it means when a mail isn't taken (pure): is it the address, this mail, or the server, and is it for good?"""

import re
import smtplib
from dataclasses import dataclass

# The address takes no mail for good · this mail is refused for good · not now · no use in trying others either.
BOUNCED, REFUSED, LATER, TROUBLE = "bounced", "refused", "later", "trouble"

_ENHANCED = re.compile(r"^\s*([245])\.(\d{1,3})\.(\d{1,3})\b")
# Enhanced status codes (RFC 3463) that speak of the address itself: no such mailbox or system, moved, bad syntax,
# switched off. Not 5.2.2 (full), nor 5.7.x (policy: as a rule it is about who sends).
_OF_THE_ADDRESS = {(1, number) for number in (0, 1, 2, 3, 4, 6, 10)} | {(2, 1)}
# The same from servers that give no enhanced code. 552 is a full mailbox, 554 may be about us.
_PLAIN = {501, 550, 551, 553, 556, 559}


class NoAddress(ValueError):
    """What stands in an account as its address is none."""


@dataclass(frozen=True)
class Refusal:
    """Why a mail wasn't taken: `sort` is one of the four above, `words` are those of the server."""

    sort: str
    words: str


def is_hard(code: int, words: str) -> bool:
    """Tell whether an answer to an address says that it takes no mail, now or ever."""
    if not 500 <= code < 600:
        return False
    return is_hard_status(words) if _ENHANCED.match(words) else code in _PLAIN


def is_hard_status(status: str) -> bool:
    """Tell the same from an enhanced status code such as "5.1.1", which more words may follow."""
    found = _ENHANCED.match(status)
    return bool(found) and found[1] == "5" and (int(found[2]), int(found[3])) in _OF_THE_ADDRESS


def refusal_of(error: BaseException) -> Refusal:
    """Return what an error means that came of sending one mail to one address."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, words = next(iter(error.recipients.values()), (0, b""))
        words = _text(words)
        if is_hard(code, words):
            return Refusal(BOUNCED, f"{code} {words}")
        return Refusal(TROUBLE if code == 421 else LATER, f"{code} {words}")
    if isinstance(error, smtplib.SMTPDataError):
        code, words = error.smtp_code, _text(error.smtp_error)
        if code == 421:
            return Refusal(TROUBLE, f"{code} {words}")
        if code < 500:
            return Refusal(LATER, f"{code} {words}")
        return Refusal(BOUNCED if is_hard_status(words) else REFUSED, f"{code} {words}")
    if isinstance(error, smtplib.SMTPResponseException):
        # At sign-in, or at our own sender's address: the next mail would meet the same.
        return Refusal(TROUBLE, f"{error.smtp_code} {_text(error.smtp_error)}")
    if isinstance(error, OSError):  # with all of smtplib's
        return Refusal(TROUBLE, f"{type(error).__name__}: {error}")
    if isinstance(error, NoAddress):
        return Refusal(BOUNCED, f"This is no address: {error}")
    return Refusal(LATER, f"{type(error).__name__}: {error}")


def _text(words: bytes | str) -> str:
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else str(words)
    return " ".join(text.replace("\0", "").split())
