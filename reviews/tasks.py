"""Work of the process that nobody clicks: what comes back, grows old or is due to be weighed anew.

Each task is a service called by the clock. It may run twice or late: what one run has done, the next doesn't find.
"""

from celery import shared_task
from django.utils import timezone

from .notifications import asking, delivery, digests, fanning_out, filing, passwords
from .notifications.webhooks import delivering
from .services import carrying, claiming, holding, keeping, noticing, remembering, repeating, settling


@shared_task(name="reviews.tasks.return_from_hold")
def return_from_hold() -> None:
    """Bring back what was on hold until today."""
    holding.return_from_hold()


@shared_task(name="reviews.tasks.escalate_old")
def escalate_old() -> None:
    """Tell admins of what waits too long."""
    claiming.escalate_old()


@shared_task(name="reviews.tasks.weigh_stale")
def weigh_stale() -> None:
    """Write down anew what proposals need, where the register or the day has moved since, and what they are known by."""
    settling.weigh_stale()
    remembering.note_missing_marks()


@shared_task(name="reviews.tasks.drop_old_kept_forms")
def drop_old_kept_forms() -> None:
    """Drop what was typed and neither saved nor thrown away for too long."""
    keeping.drop_old_kept_forms(now=timezone.now())


@shared_task(name="reviews.tasks.drop_old_answers")
def drop_old_answers() -> None:
    """Drop the answers that are no longer given again."""
    repeating.drop_old_answers(now=timezone.now())


@shared_task(name="reviews.tasks.run_import")
def run_import(number: str) -> None:
    """Do what is owed to an import. Of two that run at once only the one that takes the lease does anything."""
    carrying.run_import(int(number))


@shared_task(name="reviews.tasks.sweep_imports")
def sweep_imports() -> None:
    """Hand out imports that are overdue, take back what lost workers held, and let old files go."""
    carrying.sweep_imports(now=timezone.now())


@shared_task(name="reviews.tasks.fan_out")
def fan_out(activity: str) -> None:
    """Tell everybody who hears of one activity."""
    fanning_out.fan_out(int(activity))


@shared_task(name="reviews.tasks.sweep_outbox")
def sweep_outbox() -> None:
    """Tell what is overdue, because the broker lost it or was down."""
    fanning_out.sweep_outbox()


@shared_task(name="reviews.tasks.remind")
def remind() -> None:
    """Ask again for what waits too long."""
    asking.remind()


@shared_task(name="reviews.tasks.send_mails")
def send_mails(activity: str = "") -> None:
    """Send the mails that are due; an activity that led to some is named by who hands it out, and needn't be known."""
    delivery.send_mails()


@shared_task(name="reviews.tasks.make_digests")
def make_digests() -> None:
    """Write down the digests of the periods that are over."""
    digests.make_digests()


@shared_task(name="reviews.tasks.drop_old_mails")
def drop_old_mails() -> None:
    """Let mails go that are past their time."""
    filing.drop_old_mails(now=timezone.now())


@shared_task(name="reviews.tasks.deliver_webhooks")
def deliver_webhooks(_what: str = "") -> None:
    """Send webhooks what is due. What the message is about only hurries it: all that is due goes out."""
    delivering.deliver_due()


@shared_task(name="reviews.tasks.drop_old_deliveries")
def drop_old_deliveries() -> None:
    """Drop what was told to webhooks too long ago."""
    delivering.drop_old_deliveries(now=timezone.now())


@shared_task(name="reviews.tasks.send_password_link")
def send_password_link(account: str) -> None:
    """Mail somebody the link to set a new password."""
    passwords.send_password_link(int(account))


@shared_task(name="reviews.tasks.tidy_inboxes")
def tidy_inboxes() -> None:
    """Delete what inboxes needn't hold any more."""
    noticing.tidy_inboxes(now=timezone.now())
