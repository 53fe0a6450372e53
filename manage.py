#!/usr/bin/env python
"""Django's command line. On a developer's machine it needs no setting: the local settings are its default."""

import os
import sys


def main() -> None:
    """Run one management command; Ctrl-C ends it with a line, not with a traceback."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")
    try:
        from django.core.management import execute_from_command_line
    except ImportError as error:
        raise SystemExit(
            "Django is not installed for this Python. `make run` builds .venv with everything in it; "
            "then use .venv/bin/python manage.py …"
        ) from error
    try:
        execute_from_command_line(sys.argv)
    except KeyboardInterrupt:
        raise SystemExit("\nStopped.") from None


if __name__ == "__main__":
    main()
