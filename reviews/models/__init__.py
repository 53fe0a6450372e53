"""The process's tables, one noun a file. Only Policy is register data; the rest is about what is not published yet."""

from .policy import Policy
from .proposal import Authorship, Change, Concern, Proposal, Version
from .review import Review

__all__ = ["Authorship", "Change", "Concern", "Policy", "Proposal", "Review", "Version"]
