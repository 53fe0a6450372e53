"""Wiring: settings, addresses, the worker. It may import everything; nothing imports it.

The Celery app is imported here so that `@shared_task` finds it in every process and `celery -A config` works.
"""

from config.celery_app import app

__all__ = ["app"]
