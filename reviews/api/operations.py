"""What each address of the process takes and answers: the table that the OpenAPI schema is made of."""

from dataclasses import replace
from typing import Any

from django import forms

from chokepoints.api.asking import OneOf, WholeNumber
from chokepoints.api.describing import Answer, Operation, Operations, Parameter
from chokepoints.api.operations import PAGE, page_of
from chokepoints.api.ordering import Listing
from chokepoints.api.shapes import TEXT, UUID, Shape, enum, ref

from .filtering import COMMENTS, PROPOSALS, VERSIONS, NotificationFilter, ProposalFilter
from .views.base import PROPOSE, READ, REVIEW, TAKE_PART
from .views.exports import EXPORTS
from .views.notifications import NOTIFICATIONS, SUBSCRIPTIONS
from .views.webhooks import DELIVERIES, WEBHOOKS

ONE = "/api/v1/proposals/{number}/"
POSITION: Shape = {"type": "integer", "minimum": 1}
PROPOSAL = Parameter("number", "The number of the proposal.", POSITION, place="path")
SUGGESTION = Parameter("suggestion", "The suggestion.", {"type": "integer", "minimum": 1}, place="path")
IF_MATCH = Parameter("If-Match", "The ETag of the version that you saw.", TEXT, place="header")
KEY = Parameter(
    "Idempotency-Key",
    "Makes it safe to send again: the same key and body give the first answer again.",
    {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+( +[!-~]+)*$"},
    place="header",
)

READ_WITH = ("ETag", "Last-Modified")
REFUSED_READING = (400, 401, 403, 404, 405, 406, 429)
REFUSED_WRITING = (400, 401, 403, 404, 405, 406, 409, 412, 413, 415, 422, 428, 429)
UNCHANGED = Answer("Nothing has changed since the answer with the ETag in If-None-Match.", headers=READ_WITH)


def operations() -> Operations:
    """Return what every address of the process takes and answers."""
    proposal, outcome = ref("Proposal"), ref("Outcome")
    made = (("ETag", "Location"), 201)
    comment = Parameter("comment", "The comment.", {"type": "integer", "minimum": 1}, place="path")
    version = Parameter("version", "The version.", {"type": "integer", "minimum": 1}, place="path")
    paging = (*PAGE, _ordering(VERSIONS))
    return (
        {
            "/api/v1/proposals/": {
                "GET": _read(
                    "list_proposals",
                    "Proposals that you may see, the newest first",
                    page_of(ref("ProposalLine")),
                    (*_filters(), _ordering(PROPOSALS), *PAGE),
                ),
                "POST": _write("propose", "Writes a proposal", "NewProposal", proposal, made, path=()),
            },
            ONE: {
                "GET": _read(
                    "get_proposal", "One proposal, with all that is known about it", proposal, (PROPOSAL,)
                ),
                "PATCH": Operation(
                    "revise_proposal",
                    "Makes the next version",
                    "proposals",
                    {200: Answer("The proposal as it stands now.", proposal, ("ETag",))},
                    parameters=(PROPOSAL, IF_MATCH),
                    body=ref("NewVersionSent"),
                    refusals=REFUSED_WRITING,
                    scope=PROPOSE,
                ),
            },
            f"{ONE}versions/": {
                "GET": _read(
                    "list_versions",
                    "The versions of a proposal",
                    page_of(ref("Version")),
                    (PROPOSAL, *paging),
                )
            },
            f"{ONE}versions/{{version}}/": {
                "GET": _read(
                    "get_version",
                    "One version, with what it proposes",
                    ref("VersionDetail"),
                    (PROPOSAL, version),
                )
            },
            f"{ONE}conflicts/": {
                "GET": _read(
                    "get_conflicts", "Why it can't be published as it stands", ref("Conflicts"), (PROPOSAL,)
                )
            },
            f"{ONE}comments/": {
                "GET": _read(
                    "list_comments",
                    "The remarks on a proposal",
                    page_of(ref("Comment")),
                    (PROPOSAL, *PAGE, _ordering(COMMENTS)),
                ),
                "POST": _write(
                    "comment", "Says something", "NewComment", ref("Comment"), ((), 201), scope=TAKE_PART
                ),
            },
            f"{ONE}comments/{{comment}}/resolve/": {
                "POST": _write(
                    "resolve_comment",
                    "Settles a remark",
                    "Settled",
                    ref("Comment"),
                    ((), 200),
                    path=(PROPOSAL, comment),
                    scope=TAKE_PART,
                )
            },
            f"{ONE}submit/": {"POST": _write("submit", "Hands a draft in", "Submission", proposal)},
            f"{ONE}withdraw/": {
                "POST": _write(
                    "withdraw", "Takes a proposal back; a draft is discarded", "Nothing", proposal, gone=True
                )
            },
            f"{ONE}authors/": {
                "POST": _write("add_author", "Makes another editor an author too", "Name", proposal)
            },
            f"{ONE}resolve/": {
                "POST": _write(
                    "resolve", "Says what holds where both sides moved", "Resolutions", outcome, made
                )
            },
            f"{ONE}reviews/": {
                "POST": _write(
                    "review",
                    "Gives a verdict; the approval that fulfils the policy publishes",
                    "Verdict",
                    outcome,
                    made,
                    scope=REVIEW,
                )
            },
            f"{ONE}undo/": {
                "POST": _write("undo", "Takes one's own last verdict back", "Nothing", proposal, scope=REVIEW)
            },
            f"{ONE}dismiss/": {
                "POST": _write(
                    "dismiss", "Sets an absent reviewer's request aside", "Reason", outcome, scope=REVIEW
                )
            },
            f"{ONE}suggestions/": {
                "POST": _write(
                    "suggest",
                    "Suggests another value",
                    "NewSuggestion",
                    ref("Suggestion"),
                    ((), 201),
                    scope=REVIEW,
                )
            },
            f"{ONE}suggestions/{{suggestion}}/take/": {
                "POST": _write(
                    "take_suggestion",
                    "Takes a suggested value",
                    "VersionSeen",
                    outcome,
                    made,
                    path=(PROPOSAL, SUGGESTION),
                )
            },
            f"{ONE}suggestions/{{suggestion}}/decline/": {
                "POST": _write(
                    "decline_suggestion",
                    "Leaves a suggestion aside",
                    "Nothing",
                    proposal,
                    path=(PROPOSAL, SUGGESTION),
                )
            },
            f"{ONE}claim/": {"POST": _write("claim", "Says “I am on it”", "Nothing", proposal, scope=REVIEW)},
            f"{ONE}release/": {
                "POST": _write("release", "Gives a claim back", "Nothing", proposal, scope=REVIEW)
            },
            f"{ONE}hand-over/": {
                "POST": _write(
                    "hand_over", "Gives the claim to another reviewer", "Name", proposal, scope=REVIEW
                )
            },
            f"{ONE}split/": {
                "POST": _write(
                    "split",
                    "Moves changes to a proposal of their own",
                    "Division",
                    outcome,
                    made,
                    scope=TAKE_PART,
                )
            },
            f"{ONE}hold/": {
                "POST": _write("hold", "Sets a proposal aside", "Holding", proposal, scope=TAKE_PART)
            },
            f"{ONE}resume/": {
                "POST": _write("resume", "Takes a proposal up again", "Nothing", proposal, scope=TAKE_PART)
            },
            f"{ONE}nudge/": {
                "POST": _write(
                    "nudge", "Reminds those whose turn it is", "Nothing", proposal, scope=TAKE_PART
                )
            },
        }
        | _exports()
        | _webhooks()
        | _notifications()
        | _subscriptions()
    )


def _exports() -> Operations:
    """Return the operations of exports."""
    path, whole = "/api/v1/exports/", ref("Export")
    one, here = Parameter("export", "The id of the export.", UUID, place="path"), "/api/v1/exports/{export}/"
    file = Answer("The file.", {"type": "string", "format": "binary"}, media_type="*/*")
    found: dict[str, dict[str, Operation]] = {
        path: {
            "GET": _read("list_exports", "Your exports", page_of(whole), (*PAGE, _ordering(EXPORTS))),
            "POST": _write("export", "Asks for a file", "NewExport", whole, (("Location",), 202), path=()),
        },
        here: {"GET": _read("get_export", "How far an export is", whole, (one,))},
        f"{here}cancel/": {
            "POST": _write("cancel_export", "Stops it", "Nothing", whole, ((), 200), path=(one,))
        },
        f"{here}retry/": {
            "POST": _write("retry_export", "Writes it again", "Nothing", whole, ((), 200), path=(one,))
        },
        f"{here}file/": {
            "GET": Operation(
                "get_export_file",
                "The file",
                "exports",
                {200: file},
                parameters=(one,),
                refusals=(*REFUSED_READING, 409),
            )
        },
    }
    return {
        path: {method: replace(each, tag="exports", scope=READ) for method, each in methods.items()}
        for path, methods in found.items()
    }


def _notifications() -> Operations:
    """Return the operations of the inbox."""
    path, whole = "/api/v1/notifications/", ref("Notification")
    one = Parameter("notification", "The id of the notification.", POSITION, place="path")
    here, filters = (
        f"{path}{{notification}}/",
        (*_filters(NotificationFilter), *PAGE, _ordering(NOTIFICATIONS)),
    )
    ok: tuple[tuple[str, ...], int] = ((), 200)
    found: dict[str, dict[str, Operation]] = {
        path: {"GET": _read("list_notifications", "What you are told", page_of(whole), filters)},
        f"{path}read/": {
            "POST": _write(
                "mark_notifications", "Marks many as read", "ReadMarks", ref("Marked"), ok, path=()
            )
        },
        here: {"GET": _read("get_notification", "One thing that you are told", whole, (one,))},
        f"{here}read/": {
            "POST": _write(
                "mark_notification", "Marks it as read, or as unread", "ReadMark", whole, ok, path=(one,)
            )
        },
    }
    return {
        path: {method: replace(each, tag="notifications", scope=READ) for method, each in methods.items()}
        for path, methods in found.items()
    }


def _subscriptions() -> Operations:
    """Return the operations of what somebody watches or has muted."""
    path, whole = "/api/v1/subscriptions/", ref("Subscription")
    one = Parameter("subscription", "The id of the subscription.", POSITION, place="path")
    gone = Answer("It is ended.")
    found: dict[str, dict[str, Operation]] = {
        path: {
            "GET": replace(
                _read(
                    "list_subscriptions",
                    "What you watch or have muted",
                    page_of(whole),
                    (*PAGE, _ordering(SUBSCRIPTIONS)),
                ),
                scope=READ,
            ),
            "POST": _write(
                "subscribe",
                "Watches something, or mutes a proposal",
                "NewSubscription",
                whole,
                (("Location",), 201),
                path=(),
            ),
        },
        f"{path}{{subscription}}/": {
            "GET": replace(
                _read("get_subscription", "One of them", whole, (one,)),
                scope=READ,
            ),
            "DELETE": Operation(
                "unsubscribe",
                "Ends it",
                "subscriptions",
                {204: gone},
                parameters=(one,),
                refusals=REFUSED_READING,
                scope=PROPOSE,
            ),
        },
    }
    return {
        path: {method: replace(each, tag="subscriptions") for method, each in methods.items()}
        for path, methods in found.items()
    }


def _webhooks() -> Operations:
    """Return the operations of webhooks."""
    path, whole, one = "/api/v1/webhooks/", ref("Webhook"), ref("WebhookDelivery")
    with_secret = ref("WebhookWithSecret")
    which = Parameter(
        "webhook", "The number of the webhook.", {"type": "integer", "minimum": 1}, place="path"
    )
    message = Parameter("message", "The message.", UUID, place="path")
    here = f"{path}{{webhook}}/"
    change = Answer("As it stands now.", whole)
    own: dict[str, Any] = {
        "tag": "webhooks",
        "parameters": (which,),
        "refusals": REFUSED_WRITING,
        "scope": PROPOSE,
    }
    found: dict[str, dict[str, Operation]] = {
        path: {
            "GET": _read("list_webhooks", "Your webhooks", page_of(whole), (*PAGE, _ordering(WEBHOOKS))),
            "POST": _write(
                "make_webhook", "Makes a webhook", "NewWebhook", with_secret, (("Location",), 201), path=()
            ),
        },
        here: {
            "GET": _read("get_webhook", "One webhook", whole, (which,)),
            "PATCH": Operation(
                "change_webhook",
                "Changes or switches it",
                answers={200: change},
                body=ref("WebhookChangeSent"),
                **own,
            ),
            "DELETE": Operation("delete_webhook", "Deletes it", answers={204: Answer("It is gone.")}, **own),
        },
        f"{here}rotate/": {
            "POST": _write(
                "rotate_secret", "Gives it another secret", "Nothing", with_secret, ((), 200), path=(which,)
            )
        },
        f"{here}test/": {
            "POST": _write("test_webhook", "Sends it a test", "Nothing", one, ((), 202), path=(which,))
        },
        f"{here}deliveries/": {
            "GET": _read(
                "list_deliveries",
                "What it was and is to be told",
                page_of(one),
                (which, *PAGE, _ordering(DELIVERIES)),
            )
        },
        f"{here}deliveries/{{message}}/resend/": {
            "POST": _write(
                "resend", "Sends a message again", "Nothing", one, ((), 202), path=(which, message)
            )
        },
    }
    return {
        path: {
            method: replace(each, tag="webhooks", scope=READ if method == "GET" else PROPOSE)
            for method, each in methods.items()
        }
        for path, methods in found.items()
    }


def _read(name: str, summary: str, shape: Shape, parameters: Any) -> Operation:
    answers = {200: Answer(summary + ".", shape, READ_WITH), 304: UNCHANGED}
    return Operation(name, summary, "proposals", answers, parameters=parameters, refusals=REFUSED_READING)


def _write(
    name: str,
    summary: str,
    body: str,
    shape: Shape,
    answer: tuple[tuple[str, ...], int] = (("ETag",), 200),
    *,
    path: tuple[Parameter, ...] = (PROPOSAL,),
    scope: str | tuple[str, ...] = PROPOSE,
    gone: bool = False,
) -> Operation:
    """Return what is posted. `answer` is headers and status; `gone` may answer that nothing is left (204)."""
    headers, status = answer
    answers = {status: Answer("As it stands now.", shape, (*headers, "Idempotency-Replayed"))}
    if gone:
        answers[204] = Answer("The draft is gone.", headers=("Idempotency-Replayed",))
    return Operation(
        name,
        summary,
        "proposals",
        answers,
        parameters=(*path, *([IF_MATCH] if path else []), KEY),
        body=ref(f"{body}Sent"),
        body_required=body != "Nothing",
        refusals=REFUSED_WRITING,
        scope=scope,
    )


def _ordering(listing: Listing) -> Parameter:
    names = [sign + name for name in listing.orderings for sign in ("", "-")]
    return Parameter("ordering", "By what; a minus turns it round.", enum(names), several=True)


def _filters(filters: Any = ProposalFilter) -> list[Parameter]:
    found = []
    for name, each in filters.base_filters.items():
        one = each.one
        if isinstance(one, OneOf):
            shape = enum(one.values)
        elif isinstance(one, WholeNumber):
            shape = {"type": "integer", "minimum": 0}
        elif type(one) is forms.UUIDField:
            shape = dict(UUID)
        else:
            shape = TEXT | {"minLength": 1}
        found.append(Parameter(name, each.words, shape, several=each.several))
    return found
