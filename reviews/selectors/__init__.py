"""Page-sized reads of the process: what a proposal still needs, the queue, a member's desk, who is present."""

from .desk import Desk, desk_of, moved_drafts
from .members import active_reviewers, sectors_known, shortage_of
from .needs import Needs, needs_of, proposals_about
from .queue import next_in_queue, queue_for, turns_of

__all__ = [
    "Desk",
    "Needs",
    "active_reviewers",
    "desk_of",
    "moved_drafts",
    "needs_of",
    "next_in_queue",
    "proposals_about",
    "queue_for",
    "sectors_known",
    "shortage_of",
    "turns_of",
]
