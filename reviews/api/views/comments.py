"""The remarks on a proposal: to read, to add one, to settle one."""

from typing import Any, ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from chokepoints.api.paging import PAGING

from ...exceptions import NotFound
from ...models import Comment
from ...services.discussing import comment_on_proposal, resolve_comment
from .. import bodies
from ..filtering import COMMENTS
from ..rendering import render_comment
from .base import READ, TAKE_PART, Act, Move, Scopes


class CommentList(Move):
    """The remarks on a proposal, the oldest first; and a new one."""

    scopes: ClassVar[Scopes] = {"GET": READ, "POST": TAKE_PART}
    form = bodies.NewComment

    def parameters(self) -> list[str]:
        return [*PAGING, "format"]

    def get(self, request: Request, number: int) -> Any:
        comments = self.proposal(number).comments.select_related("author", "resolved_by")
        return self.page(comments, COMMENTS, lambda rows: [render_comment(row) for row in rows])

    def make(self, number: int, members: dict[str, Any]) -> Any:
        record = members.pop("id", None)
        return comment_on_proposal(actor=self.request.user, number=number, record=record, **members)

    def done(self, number: int, result: Comment) -> Response:
        return self.written(Response(render_comment(result), status=201))


class SettleComment(Act):
    """Settles a remark, or opens it again."""

    scopes: ClassVar[Scopes] = {"POST": TAKE_PART}

    def act(self, request: Request, number: int = 0, comment: int = 0) -> Response:
        if not Comment.objects.filter(pk=comment, proposal=self.proposal(number)).exists():
            raise NotFound("There is no such comment.")
        settled = resolve_comment(actor=request.user, comment=comment, **self.body(bodies.Settled))
        return self.written(Response(render_comment(settled)))
