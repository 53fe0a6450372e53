"""Why somebody can't do something with a proposal, in words for them. `status` is the HTTP status that fits."""

import datetime as dt
from typing import Any

from django.http import Http404

from chokepoints.exceptions import Problem


class ReviewError(Exception):
    """Base of the process's own errors."""

    status = 400

    def __init__(self, message: str):
        self.message = message
        super().__init__(message)


class NotAllowed(ReviewError):
    """This person may not do this."""

    status = 403


class NotFound(ReviewError, Http404):
    """There is no such proposal, or it is somebody's draft. Where nobody catches it, it is a page that says so."""

    status = 404


class WrongState(ReviewError):
    """The proposal is not in a state in which this can be done."""

    status = 409


class StaleVersion(ReviewError):
    """The version that was judged or edited is not the present one."""

    status = 409


class InvalidProposal(ReviewError):
    """What is proposed can't be. `problems` name change and field; change -1 stands for title and rationale."""

    status = 422

    def __init__(self, problems: list[Problem]):
        self.problems = problems
        super().__init__(" ".join(problem.message for problem in problems))


class AlreadyProposed(ReviewError):
    """Another pending proposal says the same. `proposal` is that one, with its title."""

    status = 409

    def __init__(self, message: str, proposal: Any):
        self.proposal = proposal
        super().__init__(message)


class RememberedDecision(ReviewError):
    """Something like it was rejected or deprecated, and nobody said what is new. `memory` is what is remembered."""

    status = 409

    def __init__(self, message: str, memory: Any):
        self.memory = memory
        super().__init__(message)


class InvalidKey(ReviewError):
    """This can't be the key of a request that may come twice."""


class InFlight(ReviewError):
    """The same request is under way; `wait` is for how long at most."""

    status = 409

    def __init__(self, message: str, wait: dt.timedelta):
        self.wait = wait
        super().__init__(message)


class AnotherRequest(ReviewError):
    """The key was used for another request."""

    status = 422


class ImportRefused(ReviewError):
    """An import that can't go on like this. `problems` are by field of its form, "" for the import as a whole."""

    status = 422

    def __init__(self, problems: dict[str, str]):
        self.problems = problems
        super().__init__(" ".join(problems.values()))
