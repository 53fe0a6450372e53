"""Describing: the words in which each room says what its addresses take and answer; config/api_schema.py joins them.

A description stands beside the views and not on them: views are read for what they do, the table of operations for what a
client may expect. A test compares both: an address or method without a description fails.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .shapes import NUMBER, TEXT, Shape, array, obj, or_null, ref

JSON = "application/json"
PROBLEM = "application/problem+json"


@dataclass(frozen=True)
class Parameter:
    """A query or header parameter. `several` takes values with commas between."""

    name: str
    description: str
    shape: Shape = field(default_factory=lambda: dict(TEXT))
    place: str = "query"
    required: bool = False
    several: bool = False

    def described(self) -> dict[str, Any]:
        """Return it as an OpenAPI parameter object."""
        found = {"name": self.name, "in": self.place, "description": self.description, "schema": self.shape}
        if self.several:
            found |= {"schema": array(self.shape, minItems=1), "style": "form", "explode": False}
        return found | ({"required": True} if self.required or self.place == "path" else {})


@dataclass(frozen=True)
class Answer:
    """What comes with one status. Without a shape there is no body; `headers` are names of HEADERS."""

    description: str
    shape: Shape | None = None
    headers: Sequence[str] = ()
    media_type: str = JSON

    def described(self) -> dict[str, Any]:
        """Return it as an OpenAPI response object."""
        found: dict[str, Any] = {"description": self.description}
        if self.headers:
            found["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in self.headers}
        return found | ({"content": {self.media_type: {"schema": self.shape}}} if self.shape else {})


@dataclass(frozen=True)
class Operation:
    """One method of one address. `refusals` are the statuses of REFUSALS that it may answer beside its own answers.

    `scope` is what a token needs for it, one of several is enough; None: nobody has to sign in. `is_conditional` reads have
    an ETag.
    """

    name: str
    summary: str
    tag: str
    answers: Mapping[int, Answer]
    description: str = ""
    parameters: Sequence[Parameter] = ()
    body: Shape | None = None
    body_required: bool = True
    refusals: Sequence[int] = ()
    scope: str | tuple[str, ...] | None = None

    def described(self) -> dict[str, Any]:
        """Return it as an OpenAPI operation object."""
        responses = {str(status): answer.described() for status, answer in self.answers.items()}
        responses |= {
            str(status): {"$ref": f"#/components/responses/{REFUSALS[status][0]}"} for status in self.refusals
        }
        found: dict[str, Any] = {
            "operationId": self.name,
            "summary": self.summary,
            "tags": [self.tag],
            "responses": dict(sorted(responses.items())),
            # An empty requirement: it can be asked without signing in, and a token raises the limits.
            "security": [{"token": []}, {"session": []}] + ([] if self.scope else [{}]),
        }
        named = " or ".join(f"“{one}”" for one in any_of(self.scope))
        scope = f"A token needs the scope {named}." if named else ""
        if words := " ".join(filter(None, [self.description, scope])):
            found["description"] = words
        if self.parameters:
            found["parameters"] = [parameter.described() for parameter in self.parameters]
        if self.body is not None:
            found["requestBody"] = {
                "required": self.body_required,
                "content": {JSON: {"schema": self.body}},
            }
        return found


def any_of(scope: str | tuple[str, ...] | None) -> tuple[str, ...]:
    """Return the scopes of which a token needs one; none, where it needs none."""
    return (scope,) if isinstance(scope, str) else scope or ()


Operations = Mapping[str, Mapping[str, Operation]]  # path → method → operation

HEADERS: dict[str, dict[str, Any]] = {
    "ETag": {
        "description": "Names this answer; send it back in If-None-Match to read, in If-Match to write.",
        "schema": TEXT,
    },
    "Last-Modified": {"description": "When the register last changed.", "schema": TEXT},
    "Location": {"description": "The address of what was made.", "schema": TEXT},
    "Retry-After": {"description": "Seconds to wait before asking again.", "schema": {"type": "integer"}},
    "Allow": {"description": "The methods that this address knows.", "schema": TEXT},
    "WWW-Authenticate": {"description": "How to say who you are.", "schema": TEXT},
    "Idempotency-Replayed": {
        "description": "true where this is the first answer to this Idempotency-Key, given again.",
        "schema": {"type": "string", "enum": ["true"]},
    },
}

# Each refusal's component, sentence and headers. RFC 9457; the sentences say what an answer's `detail` says more exactly.
REFUSALS: dict[int, tuple[str, str, tuple[str, ...]]] = {
    400: ("Malformed", "Something asked or sent can't be taken; `errors` says what and where.", ()),
    401: ("Unknown", "Nobody is signed in, or the token isn't valid.", ("WWW-Authenticate",)),
    403: ("NotAllowed", "Whoever asks may not do this.", ()),
    404: ("NotFound", "There is nothing there, or it isn't for whoever asks.", ()),
    405: ("NoSuchMethod", "This address doesn't know the method.", ("Allow",)),
    406: ("NotAcceptable", "There is no answer in a media type that was asked for.", ()),
    409: ("Conflict", "It can't be done as things stand now; `detail` says why.", ()),
    412: ("Stale", "It changed since the client read it.", ()),
    413: ("TooLarge", "What was sent is too large.", ()),
    415: ("NotJSON", "What was sent isn't application/json.", ()),
    422: ("KeyUsed", "This Idempotency-Key was used for another request.", ()),
    428: ("VersionMissing", "Say which version you saw: by If-Match or `version`.", ()),
    429: ("TooMany", "Too many requests; Retry-After says when to go on.", ("Retry-After",)),
}
READING = (400, 401, 403, 405, 406, 429)


def shared_components() -> dict[str, Any]:
    """Return the components that every operation may refer to: problems, refusals, headers, and how to sign in."""
    return {
        "schemas": {"Problem": _problem()},
        "responses": {
            name: Answer(words, ref("Problem"), headers, PROBLEM).described()
            for name, words, headers in REFUSALS.values()
        },
        "headers": HEADERS,
        "securitySchemes": {
            "token": {
                "type": "http",
                "scheme": "bearer",
                "description": "A personal token, made on /accounts/tokens/.",
            },
            "session": {
                "type": "apiKey",
                "in": "cookie",
                "name": "sessionid",
                "description": "Signed in with the browser; what changes something also needs the CSRF token.",
            },
        },
    }


def _problem() -> Shape:
    error = obj(
        {
            "message": TEXT,
            "parameter": TEXT | {"description": "The query parameter that is meant."},
            "pointer": TEXT | {"description": "The place in what was sent (RFC 6901)."},
            "change": or_null(NUMBER) | {"description": "The position of the change that is meant."},
            "field": TEXT | {"description": "The field of that change."},
            "id": TEXT | {"description": "The record of that change."},
            "ref": TEXT | {"description": "Its local key, where the proposal creates it."},
            "sort": TEXT | {"description": "field, key, reference or rule."},
        },
        required=["message"],
    )
    return {
        "type": "object",
        "description": "What is wrong, where, and what to do (RFC 9457).",
        "properties": {
            "type": TEXT,
            "title": TEXT,
            "status": {"type": "integer"},
            "detail": TEXT,
            "errors": array(error),
            "code": TEXT | {"description": "Which refusal it is, for programs."},
        },
        "required": ["type", "title", "status", "detail"],
    }
