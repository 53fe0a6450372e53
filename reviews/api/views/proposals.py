"""Proposals: the list, one of them, what stands around it, and writing them."""

from typing import Any, ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from chokepoints.api.paging import PAGING
from chokepoints.api.views import checked
from chokepoints.models.revision import CREATE

from ...exceptions import NotFound, StaleVersion
from ...models import Proposal, Version
from ...services.drafting import DraftChange, draft_proposal, hand_in_proposal, revise_proposal
from ..bodies import NewProposal, NewVersion
from ..changes import read_changes
from ..filtering import PROPOSALS, VERSIONS, ProposalFilter
from ..rendering import render_conflicts, render_lines, render_proposal, render_version
from .base import PROPOSE, READ, Act, ProcessView


class ProposalList(Act):
    """Proposals that the asker may see, the newest first; and writing a new one."""

    def parameters(self) -> list[str]:
        return [*ProposalFilter.base_filters, *PAGING, "format"]

    def get(self, request: Request) -> Any:
        proposals = Proposal.objects.visible_to(self.asker()).named()
        filters = checked(ProposalFilter(request.query_params, queryset=proposals))
        return self.page(filters.qs, PROPOSALS, lambda rows: render_lines(rows, self.addresses))

    def act(self, request: Request, **named: Any) -> Response:
        sent = self.body(NewProposal)
        changes, self.places = read_changes(sent["changes"])
        written: dict[str, Any] = {
            "actor": request.user,
            "title": sent["title"],
            "rationale": sent.get("rationale", ""),
            "changes": changes,
            "batch": sent.get("batch", ""),
            "what_is_new": sent.get("what_is_new", ""),
        }
        proposal = (hand_in_proposal if sent.get("submit") else draft_proposal)(**written)
        location = self.addresses.proposal(proposal.number)
        return self.answer(proposal.number, 201, location=location)


class ProposalDetail(ProcessView):
    """One proposal; and its next version."""

    scopes: ClassVar[dict[str, str]] = {"GET": READ, "PATCH": PROPOSE}

    def get(self, request: Request, number: int) -> Any:
        proposal = self.proposal(number)
        return self.read(render_proposal(proposal, request.user, self.addresses), proposal=proposal)

    def patch(self, request: Request, number: int) -> Response:
        proposal = self.proposal(number)
        sent = self.body(NewVersion)
        version = self.version_seen(number, sent.get("version"))
        present = proposal.versions.filter(number=version).first()
        if present is None or version != proposal.version:
            raise StaleVersion(
                f"You looked at version {version}, but version {proposal.version} is the present one. Look at it first."
            )
        revise_proposal(
            actor=request.user,
            number=number,
            version=version,
            title=sent.get("title", present.title),
            rationale=sent.get("rationale", present.rationale),
            changes=self._changes(sent, present),
            what_is_new=sent.get("what_is_new"),
        )
        return self.answer(number)

    def _changes(self, sent: dict[str, Any], present: Version) -> list[DraftChange]:
        """Return the changes that were sent, or those that there are where none were."""
        there = list(present.changes.all())
        if "changes" not in sent:
            return [DraftChange.of(change) for change in there]
        new = {str(change.record): change.kind for change in there if change.operation == CREATE}
        changes, self.places = read_changes(sent["changes"], new)
        return changes


class VersionList(ProcessView):
    """The versions of a proposal, the oldest first."""

    def parameters(self) -> list[str]:
        return [*PAGING, "format"]

    def get(self, request: Request, number: int) -> Any:
        versions = self.proposal(number).versions.select_related("editor")
        return self.page(
            versions, VERSIONS, lambda rows: [render_version(row, self.addresses) for row in rows]
        )


class VersionDetail(ProcessView):
    """One version of a proposal, with what it proposes."""

    def get(self, request: Request, number: int, version: int) -> Any:
        found = self.proposal(number).versions.select_related("editor").filter(number=version).first()
        if found is None:
            raise NotFound(f"Proposal {number} has no version {str(version)[:20]}.")
        return self.read(render_version(found, self.addresses, whole=True))


class ConflictList(ProcessView):
    """Why a proposal can't be published as it stands."""

    def get(self, request: Request, number: int) -> Any:
        return self.read(render_conflicts(self.proposal(number)))
