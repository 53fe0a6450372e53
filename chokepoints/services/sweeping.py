"""Keeping the promise of exports when workers die, messages are lost and time passes: what the clock does every half minute."""

import datetime as dt

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from ..models import Export
from ..models.export import EXPIRED, FAILED, READY, RUNNING, WAITING
from .contributing import the_register_itself
from .exporting import TASK, TRIES
from .handing_out import hand_out
from .recording import record_activity
from .writing import PART, SCRATCH, folder, remove

PATIENCE = dt.timedelta(minutes=2)  # how long a message may take before another is sent


def sweep_exports(*, now: dt.datetime | None = None) -> None:
    """Return what lost workers held, hand out what is overdue, let old files expire, and take away what no row names."""
    now = now or timezone.now()
    _return_abandoned(now)
    for row in Export.objects.to_hand_out(now, PATIENCE).order_by("made")[:100]:
        give_to_broker(row)
    for row in Export.objects.filter(state=READY, expires__lt=now)[:1000]:
        # The row first: whoever fetches at this moment has the file open, or is told that it is gone.
        Export.objects.filter(pk=row.pk, state=READY).update(state=EXPIRED, stored_as="")
    _remove_strays()


def _return_abandoned(now: dt.datetime) -> None:
    for row in Export.objects.abandoned(now):
        held = Export.objects.filter(pk=row.pk, attempt=row.attempt).abandoned(now)
        if row.tries_left:
            held.update(state=WAITING, lease_until=None, handed_out=None, attempt=F("attempt") + 1)
            continue
        with transaction.atomic():
            reason = f"Its worker was lost {TRIES} times while writing it. It can be tried again."
            if held.update(state=FAILED, reason=reason, ended=now, lease_until=None):
                record_activity("export.failed", actor=the_register_itself(), subject=f"export:{row.pk}")


def _remove_strays() -> None:
    """Take away files that no ready export names and no running one writes.

    The order matters: files are listed first, then who is writing, then what is ready. A file that gets its name in between
    belongs to a row of one of the two.
    """
    try:
        files = list(folder().iterdir())
    except OSError:
        return
    running = Export.objects.filter(state=RUNNING).values_list("pk", "attempt")
    written = {f"{pk}.{attempt}" for pk, attempt in running}
    named = set(Export.objects.filter(state=READY).values_list("stored_as", flat=True))
    for path in files:
        if path.name not in named and path.name.removesuffix(PART).removesuffix(SCRATCH) not in written:
            remove(path)


def give_to_broker(export: Export) -> None:
    """Hand an export out, and note when if the broker took it, so that the next sweep knows what is overdue."""
    if hand_out(TASK, export.pk):
        Export.objects.filter(pk=export.pk, state=WAITING).update(handed_out=timezone.now())
