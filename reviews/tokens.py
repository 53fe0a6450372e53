"""Personal tokens as texts: how they look, what is kept of them, and what each scope lets them do (pure).

A token is `cpr_`, forty letters and digits at random (238 bits), and six of a checksum. The prefix and the checksum let
secret scanners, and us, tell a token from any other text without asking anybody; what is kept is its digest. A digest
without salt is enough: nobody can try out 238 bits.
"""

import hashlib
import secrets
import string
import zlib
from itertools import combinations

PREFIX = "cpr_"
SECRET, CHECKSUM = 40, 6  # characters
SHOWN = 8  # of the secret, by which its owner knows a token again; 190 bits stay unknown

SCOPES = {
    "read": "Read the register, and what is yours: drafts, your desk",
    "propose": "Draft and submit proposals, and take part in those under review",
    "review": "Give verdicts, suggest, claim, and take part in proposals under review",
}
# Every set of scopes that a token can have, as its column writes it: in the order above, with blanks.
SCOPE_SETS = [" ".join(chosen) for size in (1, 2, 3) for chosen in combinations(SCOPES, size)]

DAYS = (7, 30, 90, 365)  # how long a token may live

_ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase


def new_token() -> str:
    """Return a token that nobody has seen."""
    secret = "".join(secrets.choice(_ALPHABET) for _ in range(SECRET))
    return f"{PREFIX}{secret}{_checksum(secret)}"


def looks_like_token(text: str) -> bool:
    """Tell whether a text has the form of a token, checksum included. It says nothing about whether there is such a one."""
    secret, checksum = text[len(PREFIX) : -CHECKSUM], text[-CHECKSUM:]
    return (
        text.startswith(PREFIX)
        and len(secret) == SECRET
        and set(secret) <= set(_ALPHABET)
        and checksum == _checksum(secret)
    )


def key_of(token: str) -> str:
    """Return the part of a token by which it is found and known again."""
    return token[len(PREFIX) :][:SHOWN]


def digest_of(token: str) -> str:
    """Return what is kept of a token: its SHA-256 in hexadecimal."""
    return hashlib.sha256(token.encode()).hexdigest()


def _checksum(secret: str) -> str:
    """Return the CRC-32 of a secret in base 62, six characters."""
    number, digits = zlib.crc32(secret.encode()), ""
    for _ in range(CHECKSUM):
        number, digit = divmod(number, len(_ALPHABET))
        digits = _ALPHABET[digit] + digits
    return digits
