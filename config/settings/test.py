"""Tests. SQLite in a file under var/test, or the server that DATABASE_URL names.

The settings of the test run itself, and of the real processes that tests start (tests/databases.py).
"""

import os

from config.databases import database_from_url

from .base import *  # noqa: F403
from .base import REST_FRAMEWORK, VAR_DIR, env, transport_options_for

SECRET_KEY = "for tests only"
ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]

# https://docs.djangoproject.com/en/5.2/ref/settings/#test
# A file, because threads and other processes cannot share SQLite in memory. Named by process, so that two runs in one
# checkout, or on one server, don't take each other's database away; pytest-xdist adds its worker's name.
DATABASES = {
    "default": database_from_url(
        env("DATABASE_URL", default=f"sqlite:///{VAR_DIR / 'test' / 'unused.sqlite3'}")
    ),
}
_on_sqlite = DATABASES["default"]["ENGINE"].endswith("sqlite3")
_name = f"register_test_{os.getpid()}"
DATABASES["default"]["TEST"] = {"NAME": str(VAR_DIR / "test" / f"{_name}.sqlite3") if _on_sqlite else _name}
if not _on_sqlite:
    # https://www.postgresql.org/docs/current/wal-async-commit.html
    # Nobody waits for the disk. That loses the last commits when a server's machine loses its power, and never when a
    # process is killed, which is what the fault tests do.
    DATABASES["default"]["OPTIONS"]["options"] = "-c synchronous_commit=off"
# A kept connection stops a test database from being dropped or copied.
DATABASES["default"]["CONN_MAX_AGE"] = 0

# https://www.django-rest-framework.org/api-guide/throttling/
# Nobody is throttled, unless a test sets rates of its own or a server's environment names one.
REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"] = {
    rate: env(f"API_RATE_{rate.upper()}", default=None) for rate in REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"]
}

# https://docs.djangoproject.com/en/5.2/topics/testing/overview/#speeding-up-the-tests
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

# https://docs.celeryq.dev/en/stable/userguide/testing.html
# Not eager: an eager task runs inside the caller's transaction, which it never does in life.
CELERY_TASK_ALWAYS_EAGER = False
CELERY_BROKER_URL = env("CELERY_BROKER_URL", default="memory://")
CELERY_BROKER_TRANSPORT_OPTIONS = transport_options_for(CELERY_BROKER_URL, VAR_DIR / "broker")

# https://whitenoise.readthedocs.io/en/stable/django.html#WHITENOISE_USE_FINDERS
# Servers started by tests find static files where they lie, without collectstatic and without reading all at start.
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True
