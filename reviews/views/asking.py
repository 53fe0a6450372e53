"""Moves that are asked about on a page of their own: a GET shows the form, a POST makes the move."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse

from chokepoints.models import Contributor

from ..exceptions import NotFound, ReviewError
from ..models import Proposal
from ..services.admitting import check_may
from .answering import contributor_of, visible_proposal
from .deciding import Decision
from .proposals import show_proposal


class AskedMove(Decision):
    """A move with a form of its own. Who can't make it gets the proposal's page with the reason, before any form."""

    http_method_names = ["get", "head", "post", "options"]
    move = ""

    def get(self, request: HttpRequest, number: int, **kwargs: Any) -> HttpResponse:
        proposal = visible_proposal(number, request.user)
        try:
            check_may(self.move, proposal, request.user, contributor_of(request.user) or Contributor())
            return self.ask(request, proposal)
        except NotFound as error:
            raise Http404(error.message) from error
        except ReviewError as refusal:
            return show_proposal(request, proposal, refusal=refusal.message, status=refusal.status)

    def post(self, request: HttpRequest, number: int, **kwargs: Any) -> HttpResponse:
        return super().post(request, number)

    def ask(self, request: HttpRequest, proposal: Proposal) -> HttpResponse:
        raise NotImplementedError
