"""What somebody writes who has nothing but a client that a tool made of the schema: propose, review twice, read back.

python client_story.py ADDRESS TOKENS          in a folder that holds the package `client`; TOKENS is JSON by name
"""

import json
import sys

from client import AuthenticatedClient, Client
from client.api.chokepoints import get_chokepoint
from client.api.proposals import get_proposal, propose, review
from client.models import (
    AssessmentCreated,
    AssessmentFields,
    EvidenceCreated,
    EvidenceFields,
    NewProposalSent,
    SourceCreated,
    SourceFields,
    VerdictSent,
    VerdictSentVerdict,
)

address, tokens = sys.argv[1], json.loads(sys.argv[2])
emma, rita, ravi = (AuthenticatedClient(address, tokens[name]) for name in ("emma", "rita", "ravi"))
anybody = Client(address, raise_on_unexpected_status=True)

before = get_chokepoint.sync("microspheres", client=anybody)
source = SourceFields.from_dict(
    {
        "key": "filing-2024", "kind": "company-filing", "title": "Filing of 2024", "language": "zh", "derivation": "original",
        "published_on": "2024-05-20", "standing": "in-force",
    }
)  # fmt: skip
evidence = EvidenceFields.from_dict(
    {
        "source": "ref:s1", "claim": "A maker supplies them in volume.", "quote": "微球已批量供货。", "quote_language": "zh",
        "nature": "observation", "observed_on": "2024-05-20",
        "bears_on": [{"chokepoint": before.key, "stance": "shows-reduction"}],
    }
)  # fmt: skip
assessment = AssessmentFields.from_dict(
    {
        "chokepoint": before.key, "status": "reduced", "as_of": "2024-05", "rank": "normal",
        "rationale": "They are delivered in volume.", "evidence": ["ref:e1"],
    }
)  # fmt: skip
made = propose.sync(
    client=emma,
    idempotency_key="the-story",
    body=NewProposalSent(
        title="Microspheres: reduced",
        rationale="A maker delivers.",
        submit=True,
        changes=[
            SourceCreated("source", "create", source, ref="s1"),
            EvidenceCreated("evidence", "create", evidence, ref="e1"),
            AssessmentCreated("assessment", "create", assessment),
        ],
    ),
)
again = propose.sync(client=emma, idempotency_key="the-story", body=NewProposalSent("Another", []))
outcomes = [
    review.sync(
        made.number, client=reviewer, body=VerdictSent(VerdictSentVerdict.APPROVE, version=made.version)
    )
    for reviewer in (rita, ravi)
]
after = get_chokepoint.sync("microspheres", client=anybody)
whole = get_proposal.sync(made.number, client=anybody)
sys.stdout.write(
    json.dumps(
        {
            "before": before.status.value,
            "after": after.status.value,
            "state": whole.state.value,
            "outcomes": [outcome.outcome and outcome.outcome.value for outcome in outcomes],
            "quote_of": after.current_assessment.evidence[0].name,
            "again": [again.status, again.code],
            "fields": whole.changes[1].fields.to_dict()["quote"],
        }
    )
)
