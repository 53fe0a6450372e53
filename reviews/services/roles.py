"""Roles: who may propose and who may review. Groups alone give them, to superusers as to anybody."""

from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import QuerySet

EDITORS, REVIEWERS = "Editors", "Reviewers"


def _is_in(user: Any, group: str) -> bool:
    return bool(user) and user.is_active and user.groups.filter(name=group).exists()


def is_editor(user: Any) -> bool:
    """Tell whether somebody may propose."""
    return _is_in(user, EDITORS)


def is_reviewer(user: Any) -> bool:
    """Tell whether somebody may review."""
    return _is_in(user, REVIEWERS)


def members_of(group: str) -> QuerySet:
    """Return the accounts that have a role now."""
    return get_user_model().objects.filter(is_active=True, groups__name=group)


def member_named(name: Any) -> Any:
    """Return the account that somebody means by a user name, with or without @, or None."""
    text = str(name or "").strip().removeprefix("@").replace("\0", "")[:150]
    return get_user_model().objects.filter(username__iexact=text, is_active=True).first() if text else None
