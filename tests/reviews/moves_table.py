"""Every state × act × role as one literal table, and a proposal in each state: the services and the pages answer to it."""

import datetime as dt
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from django.utils import timezone

from reviews.models import Limit, Proposal
from reviews.services.claiming import claim_proposal
from reviews.services.drafting import (
    DraftChange,
    add_author,
    draft_proposal,
    submit_proposal,
    withdraw_proposal,
)
from reviews.services.holding import hold_proposal
from reviews.services.reviewing import review_proposal
from reviews.services.suggesting import suggest_value
from tests.reviews.conftest import change, reduced

# How pages and refusals call each state.
STATES = {
    "draft": "draft",
    "open": "open",
    "changes_requested": "changes requested",
    "conflicting": "conflicting",
    "on_hold": "on hold",
    "rejected": "rejected",
    "withdrawn": "withdrawn",
    "published": "published",
}

# The people who stand for the roles. ravi gives the verdicts that lead to a state; `both` is an author beside emma.
ROLES = {
    "author": "emma",
    "other editor": "erik",
    "reviewer": "ravi",
    "reviewer who is author": "both",
    "nobody": "nobody",
    "admin without group": "admin",
}

# In which states authors, reviewers of others' proposals, and members make an act.
BY_AUTHORS = {
    "revise": ["draft", "open", "changes_requested", "conflicting"],
    "submit": ["draft"],
    "resolve": ["draft", "open", "changes_requested", "conflicting"],
    "withdraw": ["draft", "open", "changes_requested", "conflicting", "on_hold"],
    "add_author": ["draft", "open", "changes_requested", "conflicting", "on_hold"],
    "take": ["open", "changes_requested", "conflicting"],
    "decline": ["open", "changes_requested", "conflicting", "on_hold"],
    "split": ["open", "changes_requested", "conflicting"],
    "hold": ["open", "changes_requested", "conflicting"],
    "resume": ["on_hold"],
    "nudge": ["open", "changes_requested", "conflicting"],
    "comment": ["open", "changes_requested", "conflicting", "on_hold", "rejected", "withdrawn", "published"],
}
BY_REVIEWERS = {
    "approve": ["open"],
    "request_changes": ["open"],
    "reject": ["open", "changes_requested", "conflicting"],
    "undo": ["open", "changes_requested", "rejected"],
    "dismiss": ["changes_requested"],
    "suggest": ["open", "changes_requested", "conflicting"],
    "claim": ["open"],
    "release": ["open"],
    "hand_over": ["open"],
    "split": ["open", "changes_requested", "conflicting"],
    "hold": ["open", "changes_requested", "conflicting"],
    "resume": ["on_hold"],
    "nudge": ["open", "changes_requested", "conflicting"],
    "comment": ["open", "changes_requested", "conflicting", "on_hold", "rejected", "withdrawn", "published"],
}
BY_MEMBERS = {
    "comment": ["open", "changes_requested", "conflicting", "on_hold", "rejected", "withdrawn", "published"],
}
TABLE = {
    "author": BY_AUTHORS,
    "other editor": BY_MEMBERS,
    "reviewer": BY_REVIEWERS,
    "reviewer who is author": BY_AUTHORS,
    "nobody": {},
    "admin without group": {},
}
ACTS = [
    *("revise", "submit", "resolve", "withdraw", "add_author", "take", "decline"),
    *("approve", "request_changes", "reject", "undo", "dismiss", "suggest", "claim", "release", "hand_over"),
    *("split", "hold", "resume", "nudge", "comment"),
]

NOT_ITS_AUTHOR = "Only the authors of a proposal can do this."
NO_REVIEWER = "Only members of the group Reviewers give verdicts."
OWN = "Nobody reviews what they wrote any part of"
NO_PARTICIPANT = "Only its authors and its reviewers can do this."
NO_MEMBER = "Only editors and reviewers do this."
AUTHORS_ONLY = {"revise", "submit", "resolve", "withdraw", "add_author", "take", "decline"}
REVIEWERS_ONLY = {
    *("approve", "request_changes", "reject", "undo", "dismiss", "suggest", "claim", "release", "hand_over"),
}


@dataclass(frozen=True)
class Refusal:
    """Why an act is refused: `kind` is "hidden" (somebody else's draft), "person" or "state"."""

    kind: str
    words: str


def refusal_of(act: str, state: str, role: str) -> Refusal | None:
    """Return why somebody in a role may not act in a state, by the tables above; None if they may."""
    if state == "draft" and "author" not in role:
        return Refusal("hidden", "There is no proposal")
    if state in TABLE[role].get(act, []):
        return None
    if act in TABLE[role]:
        return Refusal("state", f"This can't be done while the proposal is {STATES[state]}.")
    if act in AUTHORS_ONLY:
        return Refusal("person", NOT_ITS_AUTHOR)
    if act in REVIEWERS_ONLY:
        return Refusal("person", OWN if role == "reviewer who is author" else NO_REVIEWER)
    return Refusal("person", NO_MEMBER if act == "comment" else NO_PARTICIPANT)


# --- a proposal in each state


@dataclass
class Case:
    """A proposal by emma and `both`, with an independent change of a chokepoint beside a judgement, in some state."""

    number: int
    chokepoint: str
    suggestion: int = 0

    @property
    def proposal(self) -> Proposal:
        return Proposal.objects.get(pk=self.number)

    @property
    def changes(self) -> list[DraftChange]:
        return [DraftChange.of(one) for one in self.proposal.present_version().changes.all()]


def case_in(state: str, people: SimpleNamespace, register: SimpleNamespace) -> Case:
    """Return a proposal that services brought into a state."""
    Limit.objects.create(key="undo", value=600)  # no verdict grows old while a table is read
    changes = [*reduced(register), change("chokepoint", register.chokepoint, summary="Small beads.")]
    drafted = draft_proposal(actor=people.emma, title="Case", rationale="Because it is so.", changes=changes)
    case = Case(drafted.number, register.chokepoint)
    add_author(actor=people.emma, number=case.number, name="both")
    if state == "draft":
        return case
    submit_proposal(actor=people.emma, number=case.number, version=1)
    case.suggestion = suggest_value(
        actor=people.rosa, number=case.number, version=1, record=register.chokepoint, field="summary",
        value="Something else.",
    ).pk  # fmt: skip
    LEADING[state](case, people)
    assert case.proposal.state == state
    return case


def judge(person: Any, number: int, verdict: str) -> None:
    review_proposal(
        actor=person,
        number=number,
        version=Proposal.objects.get(pk=number).version,
        verdict=verdict,
        comment="" if verdict == "approve" else "Not so.",
        reason="known" if verdict == "reject" else "",
    )


def _into_conflict(case: Case, people: SimpleNamespace) -> None:
    other = draft_proposal(
        actor=people.erik,
        title="Other",
        rationale="Why.",
        changes=[change("chokepoint", case.chokepoint, summary="Something else.")],
    )
    submit_proposal(actor=people.erik, number=other.number, version=1)
    judge(people.rita, other.number, "approve")
    judge(people.ravi, case.number, "approve")


def _into_publication(case: Case, people: SimpleNamespace) -> None:
    judge(people.ravi, case.number, "approve")
    judge(people.rita, case.number, "approve")


LEADING = {
    "open": lambda case, people: None,
    "changes_requested": lambda case, people: judge(people.ravi, case.number, "request_changes"),
    "conflicting": _into_conflict,
    "on_hold": lambda case, people: hold_proposal(
        actor=people.rita, number=case.number, reason="Later.", until=tomorrow()
    ),
    "rejected": lambda case, people: judge(people.ravi, case.number, "reject"),
    "withdrawn": lambda case, people: withdraw_proposal(actor=people.emma, number=case.number),
    "published": _into_publication,
}


def tomorrow() -> dt.date:
    return timezone.now().date() + dt.timedelta(days=1)


def make_ready(act: str, case: Case, people: SimpleNamespace) -> None:
    """Bring about what an act needs besides state and role: a verdict to undo, a claim to give back."""
    if act == "release" and case.proposal.state == "open":
        claim_proposal(actor=people.ravi, number=case.number)
    if act == "undo" and case.proposal.state == "open":
        judge(people.ravi, case.number, "approve")
