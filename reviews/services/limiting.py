"""Limiting: the ages and numbers by which proposals move on, as admins set them."""

from typing import Any

from chokepoints.exceptions import FIELD, Problem
from chokepoints.services.contributing import contributor_for
from chokepoints.services.recording import record_activity

from ..exceptions import InvalidProposal, NotAllowed
from ..limits import LIMITS
from ..models import Limit


def limit_of(key: str) -> int:
    """Return a limit in the unit that limits.py names. Raises KeyError for one that isn't there."""
    kind = LIMITS[key]
    value = Limit.objects.filter(key=key).values_list("value", flat=True).first()
    return kind.default if value is None else value


def set_limit(*, actor: Any, key: str, value: int) -> None:
    """Set a limit. Superusers only; raises NotAllowed and InvalidProposal."""
    if not (actor.is_active and actor.is_superuser):
        raise NotAllowed("Only admins set limits.")
    kind = LIMITS.get(key)
    if kind is None or not isinstance(value, int) or not kind.low <= value <= kind.high:
        bounds = f"a whole number from {kind.low} to {kind.high} {kind.unit}" if kind else "one that there is"
        raise InvalidProposal([Problem(FIELD, -1, "value", f"This limit is {bounds}.")])
    Limit.objects.update_or_create(key=key, defaults={"value": value})
    record_activity("limit.changed", actor=contributor_for(actor), subject=f"limit:{key}", value=value)
