"""Contributors: the public identity behind an account, made when it is first needed."""

import uuid
from typing import Any

from ..models import Contributor

# The machine that loads data sets and starts a register acts under an identity of its own, the same everywhere.
REGISTER_ITSELF = uuid.UUID("6b1f0e52-3c57-5f0c-9a55-0d2a6f3f6a01")


def contributor_for(user: Any) -> Contributor:
    """Return the contributor of an account; its name is the account's full name, else its user name."""
    contributor, _ = Contributor.objects.get_or_create(
        user=user, defaults={"display_name": user.get_full_name() or user.get_username()}
    )
    return contributor


def the_register_itself() -> Contributor:
    """Return the identity under which the program itself publishes."""
    contributor, _ = Contributor.objects.get_or_create(
        id=REGISTER_ITSELF, defaults={"display_name": "The register itself", "affiliation": "machine"}
    )
    return contributor
