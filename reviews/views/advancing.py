"""Going on: which proposal a reviewer takes next, and the addresses that lead through a part of the queue."""

from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse

from ..filters import QueueFilter
from ..models import Proposal
from ..selectors import next_in_queue

LEFT_ASIDE = (
    "left_aside"  # in the session: the numbers of what a reviewer skipped since they last looked at the queue
)
MOST_LEFT_ASIDE = 500


def next_of_queue(request: HttpRequest, query: str, after: int) -> Proposal | None:
    """Return the proposal to take after one in the part of the queue that a query string stands for."""
    queue = QueueFilter(request.user, query).qs
    return next_in_queue(request.user, queue, after, request.session.get(LEFT_ASIDE, ()))


def leave_aside(request: HttpRequest, skipped: int, here: int) -> None:
    """Remember what was skipped on the way to `here`. Who comes to what they skipped before has seen all: it begins anew."""
    aside = request.session.get(LEFT_ASIDE, [])
    if skipped not in aside or here in aside:
        request.session[LEFT_ASIDE] = [] if here in aside else [*aside, skipped][-MOST_LEFT_ASIDE:]


def begin_anew(request: HttpRequest) -> None:
    """Forget what was left aside: who looks at the queue sees it again."""
    request.session.pop(LEFT_ASIDE, None)


def address_in_queue(proposal: Proposal, came_from: str | None, *, skipping: int | None = None) -> str:
    """Return a proposal's address, which remembers the part of the queue that somebody works through, if they do, and which
    proposal they leave aside by going there."""
    address = proposal.get_absolute_url()
    if came_from is None:
        return address
    return f"{address}?{urlencode({'from': came_from} | ({'skipped': skipping} if skipping else {}))}"


def queue_address(query: str) -> str:
    """Return the address of a part of the queue."""
    return f"{reverse('queue')}?{query}" if query else reverse("queue")
