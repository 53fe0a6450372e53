"""One address a move: each reads its words and calls the service that the page's button calls."""

from typing import Any, ClassVar

from rest_framework.response import Response

from ...models import Proposal
from ...services.claiming import claim_proposal, hand_over, nudge_proposal, release_claim
from ...services.drafting import add_author, submit_proposal, withdraw_proposal
from ...services.holding import hold_proposal, resume_proposal
from ...services.resolving import Resolution, resolve_proposal
from ...services.reviewing import dismiss_request, review_apart, review_proposal, undo_review
from ...services.settling import Outcome
from ...services.splitting import split_proposal
from ...services.suggesting import decline_suggestion, suggest_value, take_suggestion
from .. import bodies
from ..rendering import render_outcome, render_suggestion
from .base import REVIEW, TAKE_PART, Move, Scopes

BY_REVIEWERS = {"POST": REVIEW}
BY_BOTH = {"POST": TAKE_PART}


class Deciding(Move):
    """Base of moves that may publish: the answer says what they led to."""

    status = 201

    def done(self, number: int, result: Outcome) -> Response:
        return self.answer(
            number,
            self.status,
            location=self.location(number, result),
            around=lambda proposal, body: render_outcome(result, proposal, body, self.addresses),
        )

    def location(self, number: int, result: Outcome) -> str:
        """Return the address of what was made, if it has one."""
        return self.addresses.proposal(result.part.number) if result.part else ""


# --- by authors


class Submit(Move):
    """Hands a draft in."""

    form = bodies.Submission
    is_versioned = True

    def make(self, number: int, members: dict[str, Any]) -> Any:
        return submit_proposal(actor=self.request.user, number=number, **members)


class Withdraw(Move):
    """Takes a proposal back; a draft is discarded."""

    form = bodies.Nothing

    def make(self, number: int, members: dict[str, Any]) -> Any:
        return withdraw_proposal(actor=self.request.user, number=number)

    def done(self, number: int, result: Proposal) -> Response:
        if result.state == "draft":
            return self.written(Response(status=204))
        return super().done(number, result)


class NewAuthor(Move):
    """Makes another editor an author too."""

    form = bodies.Name

    def make(self, number: int, members: dict[str, Any]) -> Any:
        return add_author(actor=self.request.user, number=number, **members)


class _NewVersion(Deciding):
    """Base of moves that make a version."""

    is_versioned = True

    def location(self, number: int, result: Outcome) -> str:
        version = Proposal.objects.values_list("version", flat=True).get(pk=number)
        return self.addresses.of("api-proposal-version", number, version)


class Resolve(_NewVersion):
    """Says what holds where the register and the proposal both moved."""

    form = bodies.Resolutions

    def make(self, number: int, members: dict[str, Any]) -> Any:
        said: dict[str, Resolution] = {}
        for position, one in enumerate(members["resolutions"]):
            _check_units(position, one.get("units", {}))
            if one["id"] in said:
                words = "The same record is resolved twice."
                raise bodies.wrong([{"pointer": f"/resolutions/{position}/id", "message": words}])
            said[one["id"]] = Resolution(**{name: value for name, value in one.items() if name != "id"})
        return resolve_proposal(
            actor=self.request.user, number=number, version=members["version"], resolutions=said
        )


def _check_units(position: int, units: dict[str, Any]) -> None:
    wrong = [
        {
            "pointer": f"/resolutions/{position}/units/{bodies.escaped(unit)}",
            "message": "This is “current”, “proposed”, or an object with the values that hold.",
        }
        for unit, choice in units.items()
        if not isinstance(choice, str | dict)
    ]
    if wrong:
        raise bodies.wrong(wrong)


class TakeSuggestion(_NewVersion):
    """Takes a suggested value into the next version."""

    form = bodies.VersionSeen

    def make(self, number: int, members: dict[str, Any]) -> Any:
        return take_suggestion(actor=self.request.user, number=number, **members)


class DeclineSuggestion(Move):
    """Leaves a suggestion aside."""

    form = bodies.Nothing

    def make(self, number: int, members: dict[str, Any]) -> Any:
        return decline_suggestion(actor=self.request.user, number=number, **members)


# --- by reviewers


class NewReview(Deciding):
    """Gives a verdict; the approval that fulfils the policy publishes."""

    scopes: ClassVar[Scopes] = BY_REVIEWERS
    form = bodies.Verdict
    is_versioned = True

    def make(self, number: int, members: dict[str, Any]) -> Any:
        give = review_proposal
        if "approve" in members:
            give = review_apart
            if "about" in members:
                words = "With `approve`, the verdict is about all the rest."
                raise bodies.wrong([{"pointer": "/about", "message": words}])
            members.setdefault("comment", "")
        return give(actor=self.request.user, number=number, **members)


class Undo(Move):
    """Takes one's own last verdict back."""

    scopes: ClassVar[Scopes] = BY_REVIEWERS
    form = bodies.Nothing

    def make(self, number: int, members: dict[str, Any]) -> Any:
        return undo_review(actor=self.request.user, number=number)


class Dismiss(Deciding):
    """Sets an absent reviewer's request for changes aside."""

    scopes: ClassVar[Scopes] = BY_REVIEWERS
    form = bodies.Reason
    status = 200

    def make(self, number: int, members: dict[str, Any]) -> Any:
        return dismiss_request(actor=self.request.user, number=number, **members)


class NewSuggestion(Move):
    """Suggests another value for one field."""

    scopes: ClassVar[Scopes] = BY_REVIEWERS
    form = bodies.NewSuggestion
    is_versioned = True

    def make(self, number: int, members: dict[str, Any]) -> Any:
        record = members.pop("id")
        return suggest_value(actor=self.request.user, number=number, record=record, **members)

    def done(self, number: int, result: Any) -> Response:
        return self.written(Response(render_suggestion(result), status=201))


class Claim(Move):
    """Says "I am on it"."""

    scopes: ClassVar[Scopes] = BY_REVIEWERS
    form = bodies.Nothing

    def make(self, number: int, members: dict[str, Any]) -> Any:
        return claim_proposal(actor=self.request.user, number=number)


class Release(Move):
    """Gives a claim back."""

    scopes: ClassVar[Scopes] = BY_REVIEWERS
    form = bodies.Nothing

    def make(self, number: int, members: dict[str, Any]) -> Any:
        return release_claim(actor=self.request.user, number=number)


class HandOver(Move):
    """Gives the claim to another reviewer."""

    scopes: ClassVar[Scopes] = BY_REVIEWERS
    form = bodies.Name

    def make(self, number: int, members: dict[str, Any]) -> Any:
        return hand_over(actor=self.request.user, number=number, **members)


# --- by authors and reviewers


class Split(Deciding):
    """Moves some changes to a proposal of their own."""

    scopes: ClassVar[Scopes] = BY_BOTH
    form = bodies.Division
    is_versioned = True

    def make(self, number: int, members: dict[str, Any]) -> Any:
        return split_proposal(actor=self.request.user, number=number, **members)


class Hold(Move):
    """Sets a proposal aside until a day or an event."""

    scopes: ClassVar[Scopes] = BY_BOTH
    form = bodies.Holding

    def make(self, number: int, members: dict[str, Any]) -> Any:
        return hold_proposal(actor=self.request.user, number=number, **members)


class Resume(Move):
    """Takes a proposal up again before its time."""

    scopes: ClassVar[Scopes] = BY_BOTH
    form = bodies.Nothing

    def make(self, number: int, members: dict[str, Any]) -> Any:
        return resume_proposal(actor=self.request.user, number=number)


class Nudge(Move):
    """Reminds those whose turn it is."""

    scopes: ClassVar[Scopes] = BY_BOTH
    form = bodies.Nothing

    def make(self, number: int, members: dict[str, Any]) -> Any:
        return nudge_proposal(actor=self.request.user, number=number)
