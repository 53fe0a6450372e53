"""What the process adds to the ledger's kinds and to the vocabulary of activities (pure)."""

from chokepoints.fields import Choice, Number
from chokepoints.records import Kind

# What a change does to the register, as policies see it.
STATUS, EXISTENCE, CONTENT = "status", "existence", "content"
EFFECTS = {
    STATUS: "changes a chokepoint's current status, today or on a day to come, or takes away the evidence that carries it",
    EXISTENCE: "retires or restores a record",
    CONTENT: "anything else",
}

POLICY = Kind(
    "policy",
    "policies",
    "Policy",
    "key",
    (
        Choice("key", "Effect", "What a change does to the register.", required=True, choices=EFFECTS),
        Number("approvals", "Approvals", "How many reviewers must approve.", required=True, low=1, high=9),
        Number(
            "evidence", "Evidence", "How many pieces must carry the new status.", required=True, low=0, high=9
        ),
    ),
    app="reviews",
    proposable=False,
)

VERBS = {
    "proposal.drafted": "drafted a proposal",
    "proposal.opened": "opened a proposal for review",
    "proposal.edited": "made a new version of a proposal",
    "proposal.withdrawn": "withdrew a proposal",
    "proposal.approved": "approved a proposal",
    "proposal.changes_requested": "requested changes to a proposal",
    "proposal.rejected": "rejected a proposal",
    "proposal.conflicting": "a proposal met a conflict at publishing",
    "proposal.published": "a proposal was published",
    "policy.changed": "changed a policy",
}
