"""Going on: which proposal a reviewer takes next, and the addresses that lead through a part of the queue."""

from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from ..filters import QueueFilter
from ..models import Proposal
from ..selectors import next_in_queue


def next_of_queue(user: Any, query: str, after: int) -> Proposal | None:
    """Return the proposal to take after one in the part of the queue that a query string stands for."""
    return next_in_queue(user, QueueFilter(user, query).qs, after)


def address_in_queue(proposal: Proposal, came_from: str | None) -> str:
    """Return a proposal's address, which remembers the part of the queue that somebody works through, if they do."""
    address = proposal.get_absolute_url()
    return address if came_from is None else f"{address}?{urlencode({'from': came_from})}"


def queue_address(query: str) -> str:
    """Return the address of a part of the queue."""
    return f"{reverse('queue')}?{query}" if query else reverse("queue")
