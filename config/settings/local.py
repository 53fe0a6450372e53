"""A developer's machine: `make run`, `manage.py runserver`, `celery -A config worker`. Needs no setting at all."""

import os
import secrets
import tempfile
from pathlib import Path

from .base import *  # noqa: F403
from .base import VAR_DIR, env

DEBUG = True
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
DEMO_ACCOUNTS_ALLOWED = True
MAILS_SHOWN = True


def _secret_key(path: Path) -> str:
    """A key of this checkout, made once, so that a restart signs nobody out. Readable by its owner only."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, draft = tempfile.mkstemp(dir=path.parent)  # created with mode 0600
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_urlsafe(50))
        try:
            # Linking is all or nothing: of several processes one wins, and none reads half a key.
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            os.unlink(draft)
    return path.read_text()


# https://docs.djangoproject.com/en/5.2/ref/settings/#secret-key
SECRET_KEY = env("SECRET_KEY", default="") or _secret_key(VAR_DIR / "secret_key")
