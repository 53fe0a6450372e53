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
    "proposal.author_added": "made somebody an author of a proposal too",
    "proposal.value_suggested": "suggested another value",
    "proposal.suggestion_taken": "took a suggestion",
    "proposal.suggestion_declined": "left a suggestion aside",
    "proposal.split": "split a proposal",
    "proposal.held": "put a proposal on hold",
    "proposal.resumed": "a proposal came back from hold",
    "proposal.commented": "commented on a proposal",
    "proposal.comment_resolved": "resolved a comment",
    "proposal.comment_reopened": "opened a comment again",
    "proposal.comment_hidden": "hid a comment",
    "proposal.verdict_undone": "took a verdict back",
    "proposal.request_dismissed": "dismissed a request for changes",
    "proposal.claimed": "said that they are on it",
    "proposal.released": "gave a claim back",
    "proposal.handed_over": "handed a review over",
    "proposal.nudged": "reminded those whose turn it is",
    "proposal.escalated": "a proposal waits too long",
    "token.created": "made a token",
    "token.revoked": "revoked a token",
    "webhook.created": "made a webhook",
    "webhook.changed": "changed a webhook",
    "webhook.secret_rotated": "gave a webhook another secret",
    "webhook.switched_on": "switched a webhook on",
    "webhook.switched_off": "switched a webhook off",
    "webhook.deleted": "deleted a webhook",
    "import.drafted": "drafted proposals from a file",
    "role.changed": "changed somebody's role",
    "limit.changed": "changed a limit",
    "policy.changed": "changed a policy",
}
