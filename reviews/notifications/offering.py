"""What somebody can be told at all, by who they are. Only that is offered them to choose from."""

from collections.abc import Mapping
from typing import Any

from ..services.roles import is_editor, is_reviewer
from .events import ADMIN, EVENTS, MEMBER, SCOPES, SECTOR, Event


def cells_for(user: Any) -> list[tuple[str, str]]:
    """Return the cells of the matrix, (event, scope), of which somebody can hear in the roles that they have now."""
    reviews = is_reviewer(user)
    holds = {ADMIN: user.is_superuser, SECTOR: reviews, MEMBER: reviews or is_editor(user)}
    scopes = [scope for scope in SCOPES if holds.get(scope, True)]
    return [(name, scope) for name, event in EVENTS.items() for scope in scopes if scope in event.defaults]


def events_for(user: Any) -> Mapping[str, Event]:
    """Return the events of which somebody can hear."""
    return {name: EVENTS[name] for name, _scope in cells_for(user)}


def events_seen_by(user: Any) -> Mapping[str, Event]:
    """Return the events that somebody may know of: all but those of which only admins hear. A webhook tells of whatever
    its owner may see, not only of what they hear themselves."""
    return {
        name: event for name, event in EVENTS.items() if user.is_superuser or set(event.defaults) != {ADMIN}
    }
