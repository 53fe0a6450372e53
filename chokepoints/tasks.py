"""Work that a Celery worker does. Tasks get ids, never objects, and may run twice or late without harm."""

from celery import shared_task

from .services import scheduling, sweeping, verifying, writing


@shared_task(name="chokepoints.tasks.verify_register")
def verify_register() -> None:
    """Verify the register and keep what was found. It only reads, so two at once disturb nobody."""
    verifying.verify_and_record()


@shared_task(name="chokepoints.tasks.run_export")
def run_export(export: str) -> None:
    """Write an export. Of two that run at once only the one that takes the lease does anything."""
    writing.run_export(export)


@shared_task(name="chokepoints.tasks.sweep_exports")
def sweep_exports() -> None:
    """Hand out exports that are overdue, take back what lost workers held, and let old files go."""
    sweeping.sweep_exports()


@shared_task(name="chokepoints.tasks.cut_due_release")
def cut_due_release() -> None:
    """Cut a release if the timetable says that one is due. Of two that run at once only one makes it."""
    scheduling.cut_due_release()
