"""Roles: who may propose and who may review. Groups alone give them, to superusers as to anybody."""

from typing import Any

EDITORS, REVIEWERS = "Editors", "Reviewers"


def _is_in(user: Any, group: str) -> bool:
    return bool(user) and user.is_active and user.groups.filter(name=group).exists()


def is_editor(user: Any) -> bool:
    """Tell whether somebody may propose."""
    return _is_in(user, EDITORS)


def is_reviewer(user: Any) -> bool:
    """Tell whether somebody may review."""
    return _is_in(user, REVIEWERS)
