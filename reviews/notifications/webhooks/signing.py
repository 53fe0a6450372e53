"""Signing as Standard Webhooks has it: over id, time and body, with each secret that holds (pure)."""

import base64
import hashlib
import hmac
import secrets
import uuid
from collections.abc import Iterable

PREFIX = "whsec_"
SECRET_BYTES = 32


def new_secret() -> str:
    """Return a secret that nobody has seen."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def id_of(message: uuid.UUID) -> str:
    """Return the id of a message as receivers see it, the same in every attempt."""
    return f"msg_{message.hex}"


def headers_of(message: uuid.UUID, moment: int, body: bytes, with_secrets: Iterable[str]) -> dict[str, str]:
    """Return the headers that prove who sent a message at a moment (seconds since 1970): one signature a secret."""
    signed = b".".join([id_of(message).encode(), str(moment).encode(), body])
    signatures = (
        hmac.new(base64.b64decode(secret.removeprefix(PREFIX)), signed, hashlib.sha256).digest()
        for secret in with_secrets
    )
    return {
        "webhook-id": id_of(message),
        "webhook-timestamp": str(moment),
        "webhook-signature": " ".join(f"v1,{base64.b64encode(each).decode()}" for each in signatures),
    }
