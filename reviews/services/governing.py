"""Governing: policies are data, edited by an admin and published through the one door."""

import uuid
from typing import Any

from chokepoints.exceptions import RULE, ChangesRefused, Problem
from chokepoints.models import Changeset
from chokepoints.models.revision import CREATE, UPDATE
from chokepoints.services.contributing import contributor_for
from chokepoints.services.locking import register_lock
from chokepoints.services.publishing import ADMINISTRATIVE, Origin, RecordChange, publish

from ..exceptions import InvalidProposal, NotAllowed
from ..kinds import EFFECTS
from ..models import Policy

_NAMESPACE = uuid.UUID("0b1c7f0e-52a4-5d0f-8f1e-2f6f0a4c9b77")


def policy_id(effect: str) -> str:
    """Return the id of an effect's policy, the same in every register."""
    return str(uuid.uuid5(_NAMESPACE, f"policy:{effect}"))


def change_policy(*, actor: Any, key: str, approvals: int, evidence: int, reason: str) -> Changeset:
    """Publish what an effect needs from now on. Superusers only; raises NotAllowed and InvalidProposal."""
    if not (actor.is_active and actor.is_superuser):
        raise NotAllowed("Only admins change policies.")
    if not reason.strip():
        raise InvalidProposal([Problem(RULE, -1, "reason", "Say why the policy changes.")])
    with register_lock():
        standing = Policy.objects.filter(key=key).first()
        change = RecordChange(
            "policy",
            str(standing.pk) if standing else policy_id(key),
            UPDATE if standing else CREATE,
            {"key": key, "approvals": approvals, "evidence": evidence},
        )
        try:
            return publish(
                changes=[change],
                authors=[contributor_for(actor)],
                summary=f"Policy: {EFFECTS.get(key, key)}",
                rationale=reason.strip(),
                origin=Origin(ADMINISTRATIVE, "policy"),
            )
        except ChangesRefused as refusal:
            raise InvalidProposal(refusal.problems) from refusal
