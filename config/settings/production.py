"""A server. Everything comes from the environment, and it refuses to start without what it needs to be safe.

Needed: SECRET_KEY, ALLOWED_HOSTS, DATABASE_URL, CELERY_BROKER_URL; behind a proxy that ends TLS also
TRUST_PROXY_HEADER=true and TRUSTED_PROXIES. docs/operating.md has them all.
"""

from django.core.exceptions import ImproperlyConfigured

from .base import *  # noqa: F403
from .base import DATABASES, STORAGES, env


def _required(name: str, why: str) -> str:
    value = env(name, default="").strip()
    if not value:
        raise ImproperlyConfigured(f"Production needs {name}: {why}")
    return value


# --- what must be said: https://docs.djangoproject.com/en/5.2/howto/deployment/checklist/

SECRET_KEY = _required("SECRET_KEY", "a long random text that nobody else knows.")
if len(SECRET_KEY) < 32:
    raise ImproperlyConfigured("Production needs a SECRET_KEY of 32 characters or more.")

_required("ALLOWED_HOSTS", "the host names of this site, separated by commas.")
ALLOWED_HOSTS = [host.strip() for host in env.list("ALLOWED_HOSTS") if host.strip()]
if "*" in ALLOWED_HOSTS:
    raise ImproperlyConfigured("Production needs the real names in ALLOWED_HOSTS; * allows any.")

if env.bool("DEBUG", default=False):
    raise ImproperlyConfigured("Production refuses DEBUG: its error pages show settings to anyone.")

_required("DATABASE_URL", "postgres://user:password@host/name.")
if DATABASES["default"]["ENGINE"].endswith("sqlite3") and not env.bool("ALLOW_SQLITE", default=False):
    raise ImproperlyConfigured(
        "Production expects PostgreSQL in DATABASE_URL; ALLOW_SQLITE=true for a small site on SQLite."
    )

_required("CELERY_BROKER_URL", "redis://host:6379/0, or filesystem:// for a small site.")

if env("EMAIL_URL", default=""):
    _required("SITE_URL", "https://your.site; mails lead people there.")

# --- only over TLS: https://docs.djangoproject.com/en/5.2/ref/middleware/#http-strict-transport-security

SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=True)
SECURE_REDIRECT_EXEMPT = [r"^healthz/"]
SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", default=31_536_000)
# Only behind a proxy that sets this header itself; otherwise a visitor could claim to be on TLS.
if env.bool("TRUST_PROXY_HEADER", default=False):
    # Guessed too low, all visitors would be throttled as one; too high, each could name an address of its own.
    _required(
        "TRUSTED_PROXIES",
        "behind a proxy it must be known how many of them add to X-Forwarded-For: 1 for one that does, 0 for none.",
    )
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# --- static files: https://whitenoise.readthedocs.io/en/stable/django.html

STORAGES = {
    **STORAGES,
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
