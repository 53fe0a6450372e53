"""Work that a Celery worker does. Tasks get ids, never objects, and may run twice or late without harm."""

from celery import shared_task

from .services import verifying


@shared_task(name="chokepoints.tasks.verify_register")
def verify_register() -> None:
    """Verify the register and keep what was found. It only reads, so two at once disturb nobody."""
    verifying.verify_and_record()
