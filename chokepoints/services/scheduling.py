"""Releases by the clock: whether the timetable asks for one, and cutting it then."""

import datetime as dt
import logging

from django.conf import settings
from django.utils import timezone

from ..exceptions import ReleaseRefused
from ..models import Changeset, Release
from ..models.release import FAILED, HELD_BACK
from .releasing import cut_release, give_up_abandoned

log = logging.getLogger(__name__)

PERIODS = ("month", "week", "day", "never")


def cut_due_release(*, now: dt.datetime | None = None) -> Release | None:
    """Cut a release if one is due, and return its row; None if none is due or another one makes it."""
    now = now or timezone.now()
    give_up_abandoned(now=now)
    if not is_due(now):
        return None
    try:
        return cut_release(now=now)
    except ReleaseRefused as refused:
        log.info("No release was cut: %s", refused)
        return None


def is_due(now: dt.datetime) -> bool:
    """Tell whether the timetable asks for a release: something is new, a period began, and no attempt failed just now."""
    begin = beginning_of_period(now)
    head = Changeset.objects.order_by("-number").values_list("number", flat=True).first()
    last = Release.objects.published().first()
    if begin is None or not head or (last and (last.made >= begin or last.changeset == head)):
        return False
    patience = now - dt.timedelta(hours=settings.RELEASE_RETRY_HOURS)
    return not Release.objects.filter(state__in=[FAILED, HELD_BACK], made__gt=patience).exists()


def beginning_of_period(now: dt.datetime) -> dt.datetime | None:
    """Return when the present month, week or day began (UTC), None if releases are cut by hand only."""
    period = settings.RELEASE_EVERY
    if period not in PERIODS:
        raise ValueError(f"RELEASE_EVERY is {period!r} and must be one of: {', '.join(PERIODS)}.")
    midnight = now.astimezone(dt.UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    begins = {
        "month": midnight.replace(day=1),
        "week": midnight - dt.timedelta(days=midnight.weekday()),
        "day": midnight,
    }
    return begins.get(period)
