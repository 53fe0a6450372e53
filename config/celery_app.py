"""The worker's application and its timetable. `celery -A config worker` and `celery -A config beat` start here.

Celery carries only ids: what has to be done, and whether it was done, is a row in the database. So a lost
message costs time and no work, and every task may run twice at the same moment without harm.
"""

import os
import sys
from datetime import timedelta
from pathlib import Path

from celery import Celery

# This module is imported before config.wsgi gets to say anything. If it defaulted to the local settings, a server
# that forgot DJANGO_SETTINGS_MODULE would run with DEBUG on. Only the `celery` command gets the local default.
_started_by_celery = "celery" in Path(sys.argv[0]).parts[-2:]
os.environ.setdefault(
    "DJANGO_SETTINGS_MODULE",
    "config.settings.local" if _started_by_celery else "config.settings.production",
)

app = Celery("register")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

app.conf.beat_schedule = {
    # Anyone can verify the register at any time; this one makes sure that somebody does.
    "verify the register": {
        "task": "chokepoints.tasks.verify_register",
        "schedule": timedelta(hours=1),
        # A message that waited a whole turn for a worker is replaced by the next one.
        "options": {"expires": 3600},
    },
    # What the broker lost, what a killed worker held, and files that are past their time.
    "sweep exports": {
        "task": "chokepoints.tasks.sweep_exports",
        "schedule": timedelta(seconds=30),
        "options": {"expires": 30},
    },
    "sweep imports": {
        "task": "reviews.tasks.sweep_imports",
        "schedule": timedelta(seconds=30),
        "options": {"expires": 30},
    },
    # What was to be told while the broker was down, or by a worker that was lost.
    "sweep the outbox": {
        "task": "reviews.tasks.sweep_outbox",
        "schedule": timedelta(seconds=15),
        "options": {"expires": 15},
    },
    # Mails that are due: those whose message was lost, those that a server didn't take yet.
    "send mails": {
        "task": "reviews.tasks.send_mails",
        "schedule": timedelta(seconds=15),
        "options": {"expires": 15},
    },
    # Often, so that nobody who was down at midnight costs anybody a digest. There is one a person and period anyway.
    "make digests": {
        "task": "reviews.tasks.make_digests",
        "schedule": timedelta(minutes=10),
        "options": {"expires": 600},
    },
    "drop old mails": {
        "task": "reviews.tasks.drop_old_mails",
        "schedule": timedelta(days=1),
        "options": {"expires": 86400},
    },
    # What webhooks are to be told: what is due again, and what the broker or a worker lost.
    "deliver webhooks": {
        "task": "reviews.tasks.deliver_webhooks",
        "schedule": timedelta(seconds=15),
        "options": {"expires": 15},
    },
    "drop old deliveries to webhooks": {
        "task": "reviews.tasks.drop_old_deliveries",
        "schedule": timedelta(days=1),
        "options": {"expires": 86400},
    },
    "remind those whose turn it is": {
        "task": "reviews.tasks.remind",
        "schedule": timedelta(hours=1),
        "options": {"expires": 3600},
    },
    # Whether a release is due is asked often, so that a lost message costs an hour and not a month.
    "cut the release that is due": {
        "task": "chokepoints.tasks.cut_due_release",
        "schedule": timedelta(hours=1),
        "options": {"expires": 3600},
    },
    "bring back what was on hold until today": {
        "task": "reviews.tasks.return_from_hold",
        "schedule": timedelta(hours=1),
        "options": {"expires": 3600},
    },
    "tell admins of what waits too long": {
        "task": "reviews.tasks.escalate_old",
        "schedule": timedelta(hours=1),
        "options": {"expires": 3600},
    },
    # Lists show what was written down when a proposal was last weighed; each publishing may change that of others.
    "weigh proposals anew": {
        "task": "reviews.tasks.weigh_stale",
        "schedule": timedelta(minutes=1),
        "options": {"expires": 60},
    },
    "drop what was typed and not saved for too long": {
        "task": "reviews.tasks.drop_old_kept_forms",
        "schedule": timedelta(days=1),
        "options": {"expires": 86400},
    },
    "tidy inboxes": {
        "task": "reviews.tasks.tidy_inboxes",
        "schedule": timedelta(days=1),
        "options": {"expires": 86400},
    },
    "drop answers that are no longer given again": {
        "task": "reviews.tasks.drop_old_answers",
        "schedule": timedelta(hours=1),
        "options": {"expires": 3600},
    },
}
