"""What the process refuses, as problems: one table from its errors to status, code and members."""

import math
from typing import Any

from chokepoints.api.problems import ApiProblem

from ..exceptions import (
    AlreadyProposed,
    AnotherRequest,
    InFlight,
    InvalidKey,
    InvalidProposal,
    NotAllowed,
    NotFound,
    RememberedDecision,
    ReviewError,
    StaleVersion,
    WrongState,
)
from .bodies import MOST_NAMED, Error, escaped
from .changes import Places
from .rendering import Addresses, render_memory

# Error → status and code. An error of a kind that isn't here is answered as its nearest ancestor that is.
TABLE: dict[type[ReviewError], tuple[int, str]] = {
    NotAllowed: (403, "not-allowed"),
    NotFound: (404, "not-found"),
    StaleVersion: (409, "stale-version"),
    WrongState: (409, "wrong-state"),
    InvalidProposal: (400, "invalid"),
    AlreadyProposed: (409, "already-proposed"),
    RememberedDecision: (409, "remembered-decision"),
    InvalidKey: (400, "idempotency-key-invalid"),
    InFlight: (409, "request-in-flight"),
    AnotherRequest: (422, "idempotency-key-reused"),
    ReviewError: (400, "refused"),
}

# What a body calls otherwise than the services do.
_MEMBERS = {"record": "id"}


def problem_of(
    error: ReviewError, addresses: Addresses, *, places: Places | None = None, by_if_match: bool = False
) -> ApiProblem:
    """Return the problem for a refusal. `by_if_match` tells that the version came in that header (412)."""
    status, code = next(TABLE[kind] for kind in type(error).__mro__ if kind in TABLE)
    members: dict[str, Any] = {"code": code}
    if isinstance(error, StaleVersion) and by_if_match:
        status = 412
    if isinstance(error, InvalidProposal):
        members["errors"] = _errors(error, places or Places())[:MOST_NAMED]
    if isinstance(error, AlreadyProposed):
        members["proposal"] = addresses.proposal_named(error.proposal)
    if isinstance(error, RememberedDecision):
        members["memory"] = render_memory(error.memory, addresses)
        members["go_on"] = {
            "member": "what_is_new",
            "message": "Send the same again and say there what is new.",
        }
    if isinstance(error, InFlight):
        members["headers"] = {"Retry-After": str(max(1, math.ceil(error.wait.total_seconds())))}
    return ApiProblem(status, error.message, **members)


def _errors(error: InvalidProposal, places: Places) -> list[Error]:
    """Return what is wrong, each with its change and field; what is about no change with its member of the body."""
    found = []
    for problem in error.problems:
        if problem.change >= 0:
            found.append(
                places.error(problem.change, problem.field, problem.message) | {"sort": problem.sort}
            )
        else:
            name = _MEMBERS.get(problem.field, problem.field)
            pointer = f"/{escaped(name)}" if name else ""
            found.append({"message": problem.message, "pointer": pointer, "sort": problem.sort})
    return found
