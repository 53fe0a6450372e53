"""The mail server that an address in the environment names."""

from typing import Any
from urllib.parse import unquote, urlsplit

_SCHEMES = {"smtp": {}, "smtp+tls": {"EMAIL_USE_TLS": True}, "smtp+ssl": {"EMAIL_USE_SSL": True}}


def mail_from_url(url: str) -> dict[str, Any]:
    """Return the settings for smtp://, smtp+tls:// or smtp+ssl://user:password@host:port.

    Raises ValueError in words that don't repeat the address: it holds a password.
    """
    parts = urlsplit(url.strip())
    if parts.scheme not in _SCHEMES:
        raise ValueError(f"EMAIL_URL: begin it with one of {', '.join(f'{name}://' for name in _SCHEMES)}")
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or parts.path.strip("/") or parts.query:
        raise ValueError("EMAIL_URL: write smtp://user:password@host:port, special characters as %40")
    return {
        "EMAIL_BACKEND": "reviews.notifications.backends.SMTPBackend",
        "EMAIL_HOST": host,
        "EMAIL_PORT": port or {"smtp": 25, "smtp+tls": 587, "smtp+ssl": 465}[parts.scheme],
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        **_SCHEMES[parts.scheme],
    }
