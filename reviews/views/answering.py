"""What the views of the process share: who may come in, which proposal, and how a refusal is answered."""

from typing import Any

from django.contrib.auth.mixins import AccessMixin
from django.core.exceptions import PermissionDenied
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import Http404, HttpRequest, HttpResponse

from ..models import Proposal, Version
from ..selectors.members import contributor_of
from ..services.drafting import DraftChange
from ..services.roles import is_editor, is_reviewer

UNPROCESSABLE = 422


class EditorRequired(AccessMixin):
    """Lets editors in; visitors are asked to sign in first, others are told that it is not theirs to do."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.is_authenticated:
            return self.handle_no_permission()
        if not is_editor(request.user):
            raise PermissionDenied("Only members of the group Editors propose changes.")
        return super().dispatch(request, *args, **kwargs)


class ReviewerRequired(AccessMixin):
    """Lets reviewers in."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.is_authenticated:
            return self.handle_no_permission()
        if not is_reviewer(request.user):
            raise PermissionDenied("Only members of the group Reviewers have a queue.")
        return super().dispatch(request, *args, **kwargs)


def visible_proposal(number: int, user: Any) -> Proposal:
    """Return a proposal that somebody may see; others' drafts are as if they weren't there."""
    proposal = Proposal.objects.visible_to(contributor_of(user)).filter(pk=number).first()
    if proposal is None:
        raise Http404(f"There is no proposal {number}.")
    return proposal


def own_proposal(number: int, user: Any) -> Proposal:
    """Return a proposal of which somebody is an author."""
    proposal = visible_proposal(number, user)
    if not proposal.authors.filter(user=user).exists():
        raise PermissionDenied("Only the authors of a proposal can edit it.")
    return proposal


def with_titles(proposals: QuerySet[Proposal]) -> QuerySet[Proposal]:
    """Add the title of the present version to proposals, and their authors."""
    present = Version.objects.filter(proposal=OuterRef("pk"), number=OuterRef("version"))
    return proposals.annotate(title=Subquery(present.values("title")[:1])).prefetch_related("authors")


def as_drafted(version: Version) -> list[DraftChange]:
    """Return a version's changes as its author would write them again."""
    return [
        DraftChange(
            kind=change.kind,
            record=str(change.record),
            operation=change.operation,
            fields=change.fields,
            cites=change.cites,
            base_revision=change.base_revision,
        )
        for change in version.changes.all()
    ]
