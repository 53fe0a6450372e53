"""Appointing: who holds which roles. Accounts are kept in the admin site; what changes about somebody's roles is told."""

from collections.abc import Iterable
from typing import Any

from chokepoints.models import Activity
from chokepoints.services.contributing import contributor_for
from chokepoints.services.recording import record_activity

# What somebody is beside the groups that they are in.
ADMIN, SIGNED_OUT = "admin", "signed out for good"


def roles_of(user: Any) -> list[str]:
    """Return the roles that an account holds, by name; one that isn't active holds none but SIGNED_OUT."""
    if not user.is_active:
        return [SIGNED_OUT]
    groups = user.groups.order_by("name").values_list("name", flat=True)
    return [*groups, *([ADMIN] if user.is_superuser else [])]


def note_roles(*, actor: Any, user: Any, before: Iterable[str]) -> Activity | None:
    """Record that an account's roles aren't those of `before` any more, so that it and admins are told; None if they are."""
    was, now = list(before), roles_of(user)
    if was == now:
        return None
    return record_activity(
        "role.changed", actor=contributor_for(actor), subject=f"account:{user.pk}", was=was, now=now
    )
