"""Mailing: what admins do about mails."""

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.utils import timezone

from ..exceptions import NotAllowed
from ..models import Mail, NotificationSettings
from ..models.notification import FAILED, WAITING


def send_again(*, actor: Any, numbers: Iterable[int]) -> int:
    """Have mails sent again that were refused for good, and their addresses tried again; return how many.

    Superusers only; raises NotAllowed. What is uncertain stays so: a digest comes once.
    """
    if not (actor.is_active and actor.is_superuser):
        raise NotAllowed("Only admins have mails sent again.")
    with transaction.atomic():
        refused = Mail.objects.filter(pk__in=list(numbers), state=FAILED)
        owners = list(refused.values_list("owner", flat=True).distinct())
        NotificationSettings.objects.filter(owner__in=owners).update(
            bounced_address="", bounced=None, bounced_why=""
        )
        return refused.update(state=WAITING, due=timezone.now(), tries=0, ended=None, error="")
