"""Remarks on a proposal: saying something, settling what was said."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse

from ..models import Comment, Proposal
from ..services.discussing import comment_on_proposal, resolve_comment
from .deciding import Decision


class CommentNew(Decision):
    """Says something about a proposal, one of its changes or one field of that."""

    def decide(self, request: HttpRequest, proposal: Proposal) -> HttpResponse:
        comment = comment_on_proposal(
            actor=request.user,
            number=proposal.number,
            text=request.POST.get("text", ""),
            record=request.POST.get("record", "").strip().lower() or None,
            field=request.POST.get("field", ""),
        )
        messages.success(request, "Said.")
        return self.back(request, proposal, f"#comment-{comment.pk}")


class CommentResolve(Decision):
    """Settles a remark (resolved=1), or opens it again (resolved=0)."""

    def dispatch(self, request: HttpRequest, *args: Any, pk: int, **kwargs: Any) -> HttpResponse:
        comment = Comment.objects.filter(pk=pk).first()
        if comment is None:
            raise Http404("There is no such comment.")
        self.comment = comment
        return super().dispatch(request, *args, number=comment.proposal_id, **kwargs)

    def decide(self, request: HttpRequest, proposal: Proposal) -> HttpResponse:
        wants = request.POST.get("resolved", "1") != "0"
        comment = resolve_comment(actor=request.user, comment=self.comment.pk, resolved=wants)
        messages.success(request, "Resolved." if wants else "Open again.")
        return self.back(request, proposal, f"#comment-{comment.pk}")
