"""Shapes of the process: proposals and what stands around them as JSON Schema, and bodies as bodies.py reads them."""

from typing import Any

from rest_framework import serializers

from chokepoints.api.rendering import PATHS
from chokepoints.api.shapes import (
    ADDRESS,
    DIGEST,
    FLAG,
    NUMBER,
    TEXT,
    TIME,
    UUID,
    Shape,
    array,
    component_of,
    enum,
    obj,
    or_null,
    ref,
)
from chokepoints.exceptions import FIELD, KEY, REFERENCE, RULE
from chokepoints.exports.formats import FORMATS
from chokepoints.models.export import STATES as EXPORT_STATES
from chokepoints.models.revision import CREATE, OPERATIONS
from chokepoints.records import KINDS
from chokepoints.vocabularies import STATUSES

from ..forms.fields import PROPOSABLE
from ..kinds import EFFECTS
from ..models.notification import SORTS, WATCHABLE
from ..models.webhook import DELIVERY_STATES
from ..notifications.events import EVENTS, REQUEST, SCOPES
from ..workflow import MOVES, REJECTION_REASONS, STATES, SUGGESTION_STATES, VERDICTS, WAYS
from . import bodies
from .views.exports import NewExport
from .views.notifications import NewSubscription, ReadMark, ReadMarks, Target
from .views.webhooks import NewWebhook, WebhookChange

ANYTHING: Shape = {"description": "A value of the field, as records have it."}
VALUES: Shape = {"type": "object", "description": "Values by field; null where there is none."}
POSITION: Shape = {"type": "integer", "minimum": 1}


def components() -> dict[str, Shape]:
    """Return the components that answers of the process are made of."""
    return _proposals() | {"Export": _export()} | _webhooks() | _notifications()


def _webhooks() -> dict[str, Shape]:
    webhook = {
        "id": POSITION,
        "self": ADDRESS,
        "page": ADDRESS,
        "name": TEXT,
        "url": TEXT,
        "events": array(enum(EVENTS)),
        "with_own": FLAG,
        "is_on": FLAG,
        "off_why": or_null(TEXT),
        "failures": NUMBER,
        "old_secret_until": or_null(TIME),
        "made": TIME,
        "deliveries": ADDRESS,
    }
    delivery = {
        "message": UUID,
        "webhook_id": TEXT | {"description": "The id as the receiver sees it, the same in every attempt."},
        "type": TEXT,
        "subject": TEXT,
        "state": enum(DELIVERY_STATES),
        "status": or_null(NUMBER) | {"description": "What the other side answered last."},
        "error": or_null(TEXT) | {"description": "What was wrong with that, in our words."},
        "tries": NUMBER,
        "due": or_null(TIME),
        "made": TIME,
        "last_tried": or_null(TIME),
        "ended": or_null(TIME),
        "resend": ADDRESS,
    }
    secret = {
        "secret": or_null(TEXT) | {"description": "Shown this once: null in an answer that is given again."},
        "secret_note": or_null(TEXT) | {"description": "Why there is no secret, if there is none."},
    }
    return {
        "Webhook": obj(webhook, description="An address of yours that is told of events."),
        "WebhookWithSecret": obj(webhook | secret, description="A webhook with its new secret."),
        "WebhookDelivery": obj(delivery, description="One message to a webhook, and what became of it."),
    }


def _export() -> Shape:
    by_kind = {"type": "object", "additionalProperties": {"type": "object", "additionalProperties": TEXT}}
    return obj(
        {
            "id": UUID,
            "self": ADDRESS,
            "state": enum(EXPORT_STATES),
            "reason": or_null(TEXT),
            "kinds": array(TEXT),
            "format": enum(FORMATS),
            "filters": by_kind,
            "columns": {"type": "object", "additionalProperties": array(TEXT)},
            "bom": FLAG,
            "changeset": NUMBER,
            "day": {"type": "string", "format": "date"},
            "records_read": NUMBER,
            "records_total": or_null(NUMBER),
            "rows": or_null(NUMBER),
            "attempt": NUMBER,
            "made": TIME,
            "started": or_null(TIME),
            "ended": or_null(TIME),
            "expires": or_null(TIME),
            "file": or_null(ADDRESS),
            "file_name": or_null(TEXT),
            "size": or_null(NUMBER),
            "sha256": or_null({"type": "string", "pattern": DIGEST}),
            "citation": TEXT,
        },
        description="A file that somebody asked for: how far it is, and where it is to be fetched.",
    )


def _notifications() -> dict[str, Shape]:
    reason = {"scope": enum(SCOPES), "subject": or_null(TEXT), "label": or_null(TEXT)}
    return {
        "Notification": obj(
            {
                "id": POSITION,
                "self": ADDRESS,
                "sort": enum(SORTS),
                "event": enum([*EVENTS, REQUEST]),
                "heading": or_null(TEXT) | {"description": "null where it isn't yours to see any more."},
                "title": or_null(TEXT),
                "words": or_null(TEXT),
                "why": or_null(TEXT),
                "reasons": array(obj(reason)),
                "subject": TEXT,
                "proposal": or_null(POSITION),
                "page": or_null(ADDRESS),
                "step": NUMBER | {"description": "How often a request was repeated."},
                "made": TIME,
                "read": or_null(TIME),
                "settled": or_null(TIME),
            },
            description="One thing that you are told: news, or a request to act.",
        ),
        "Marked": obj(
            {"marked": NUMBER, "unread": NUMBER}, description="How many were marked, and are left."
        ),
        "Subscription": obj(
            {
                "id": POSITION,
                "self": ADDRESS,
                "what": enum(WATCHABLE),
                "target": or_null(TEXT),
                "muted": FLAG,
                "label": or_null(TEXT),
                "page": or_null(ADDRESS),
                "made": TIME,
            },
            description="Something that you watch, or a proposal that you have muted.",
        ),
    }


def _proposals() -> dict[str, Shape]:
    person = or_null(ref("ReviewPerson"))
    line = {
        "number": POSITION,
        "self": ADDRESS,
        "page": ADDRESS,
        "state": enum(STATES),
        "notice": or_null(TEXT),
        "version": POSITION,
        "title": TEXT,
        "authors": array(ref("Person")),
        "batch": or_null(TEXT),
        "drafted": TIME,
        "opened": or_null(TIME),
        "ended": or_null(TIME),
        "waiting_since": or_null(TIME),
        "changeset": or_null(NUMBER),
        "effects": array(enum(EFFECTS)),
    }
    named = {"number": POSITION, "title": TEXT, "state": enum(STATES), "self": ADDRESS}
    problem = {
        "sort": enum((FIELD, KEY, REFERENCE, RULE)),
        "change": or_null(NUMBER),
        "id": or_null(UUID),
        "field": or_null(TEXT),
        "message": TEXT,
    }
    missing = problem | {"proposal": ref("ProposalNamed")}
    return {
        "ReviewPerson": obj(
            {"id": or_null(UUID), "name": TEXT, "affiliation": or_null(TEXT)},
            description="A contributor; one who has never acted has no id yet.",
        ),
        "ProposalNamed": obj(named, description="A proposal that another one names."),
        "ProposalLine": obj(line | {"kinds": array(enum(KINDS))}, description="A proposal as lists show it."),
        "ProposalProblem": obj(problem, description="Why something can't be published as it stands."),
        "Proposal": obj(
            line
            | {
                "rationale": TEXT,
                "what_is_new": or_null(TEXT),
                "how": enum(WAYS),
                "changes": array(ref("Change")),
                "references": {"type": "object", "additionalProperties": ref("RecordNamed")},
                "approvals": ref("Approvals"),
                "checks": array(
                    obj(
                        {
                            "check": TEXT,
                            "passed": FLAG,
                            "missing": array(obj(missing, required=["message"])),
                        }
                    )
                ),
                "reviews": array(ref("Review")),
                "suggestions": array(ref("Suggestion")),
                "conflicts": array(ref("ProposalProblem")),
                "memory": or_null(ref("Memory")),
                "attention": array(obj({"person": person, "why": TEXT, "rank": POSITION})),
                "claim": or_null(obj({"reviewer": person, "lapses": TIME})),
                "hold": or_null(ref("Hold")),
                "split_from": or_null(ref("ProposalNamed")),
                "parts": array(ref("ProposalNamed")),
                "moves": array(obj({"move": enum(MOVES), "method": enum(["POST", "PATCH"]), "url": ADDRESS})),
                "links": {"type": "object", "additionalProperties": ADDRESS},
            },
            description="An editor's reasoned set of changes, in its present version, with all that is known about it.",
        ),
        "RecordNamed": obj(
            {"record": enum(PATHS), "id": UUID, "key": or_null(TEXT), "name": or_null(TEXT), "self": ADDRESS}
        ),
        "Change": _change(),
        "Approvals": obj(
            {
                "needed": or_null(NUMBER),
                "standing": or_null(NUMBER),
                "by": array(person),
                "lapsed": array(
                    obj(
                        {
                            "reviewer": person,
                            "version": POSITION,
                            "parts": array(obj({"id": UUID, "unit": or_null(TEXT)})),
                        }
                    )
                ),
            }
        ),
        "Review": obj(
            {
                "id": POSITION,
                "reviewer": person,
                "version": POSITION,
                "verdict": enum(VERDICTS),
                "reason": or_null(enum(REJECTION_REASONS)),
                "comment": or_null(TEXT),
                "about": array(UUID),
                "given": TIME,
                "is_carried": FLAG,
                "dismissed": or_null(TIME),
                "dismissed_by": person,
                "dismissal": or_null(TEXT),
            }
        ),
        "Suggestion": obj(
            {
                "suggestion": POSITION,
                "id": UUID,
                "field": TEXT,
                "value": ANYTHING,
                "words": or_null(TEXT),
                "reviewer": person,
                "version": POSITION,
                "state": enum(SUGGESTION_STATES),
                "is_approved_in_advance": FLAG,
                "made": TIME,
                "settled": or_null(TIME),
            }
        ),
        "Comment": obj(
            {
                "comment": POSITION,
                "author": person,
                "version": POSITION,
                "id": or_null(UUID),
                "field": or_null(TEXT),
                "text": or_null(TEXT) | {"description": "null where an admin hid it; `hidden` says why."},
                "hidden": or_null(TEXT),
                "made": TIME,
                "resolved": or_null(TIME),
                "resolved_by": person,
            }
        ),
        "Hold": obj(
            {
                "reason": TEXT,
                "until": or_null({"type": "string", "format": "date"}),
                "awaited": or_null(POSITION),
                "placed_by": person,
                "placed": TIME,
            }
        ),
        "Memory": _memory(named, person),
        "Version": obj(_version(person)),
        "VersionDetail": obj(
            _version(person)
            | {
                "rationale": TEXT,
                "changes": array(ref("Change")),
                "references": {"type": "object", "additionalProperties": ref("RecordNamed")},
            }
        ),
        "Conflicts": obj(
            {
                "number": POSITION,
                "version": POSITION,
                "conflicts": array(
                    obj(
                        {
                            "change": NUMBER,
                            "record": enum(KINDS),
                            "id": UUID,
                            "seen": NUMBER,
                            "units": array(
                                obj({"unit": TEXT, "base": VALUES, "current": VALUES, "proposed": VALUES})
                            ),
                            "problems": array(ref("ProposalProblem")),
                        }
                    )
                ),
            }
        ),
        "Outcome": obj(
            {
                "outcome": or_null(enum(["published", "conflicting"])),
                "changeset": or_null(NUMBER),
                "conflicts": array(ref("ProposalProblem")),
                "review": or_null(ref("Review")),
                "part": or_null(ref("ProposalNamed")),
                "proposal": ref("Proposal"),
            },
            description="What an act led to, and the proposal as it stands then.",
        ),
    }


def _change() -> Shape:
    members = {
        "record": enum(PROPOSABLE),
        "operation": enum(OPERATIONS),
        "id": UUID,
        "fields": VALUES,
        "cites": {"type": "object", "additionalProperties": array(UUID)},
        "base_revision": or_null(POSITION),
        "base": VALUES,
    }
    pending = {"revision": or_null(POSITION), "current": VALUES, "merged": VALUES}
    words = "One operation on one record. What the register says now and would say comes while it is pending."
    return obj(members | pending, required=members, description=words)


def _version(person: Shape) -> dict[str, Shape]:
    return {
        "number": POSITION,
        "self": ADDRESS,
        "title": TEXT,
        "editor": person,
        "made": TIME,
        "how": enum(WAYS),
    }


def _memory(named: dict[str, Shape], person: Shape) -> Shape:
    rejected = named | {
        "ended": or_null(TIME),
        "reason": or_null(enum(REJECTION_REASONS)),
        "comment": or_null(TEXT),
        "reviewer": person,
    }
    deprecated = {
        "id": UUID,
        "self": ADDRESS,
        "chokepoint": TEXT,
        "status": enum(STATUSES),
        "rank_reason": or_null(TEXT),
        "changed_in": NUMBER,
    }
    groups = ("identical", "overlapping", "same_record", "split")
    return obj(
        {"rejected": array(obj(rejected)), "deprecated": array(obj(deprecated))}
        | {group: array(ref("ProposalNamed")) for group in groups},
        description="What was proposed or decided before that is like this.",
    )


# --- what is sent


def bodies_sent() -> dict[str, Shape]:
    """Return the components of bodies, by name."""
    return {
        **_changes_sent(),
        **{f"{kind.__name__}Sent": shape_of(kind) for kind in BODIES},
    }


BODIES: tuple[type[bodies.Body], ...] = (
    bodies.NewProposal,
    bodies.NewVersion,
    bodies.Nothing,
    bodies.VersionSeen,
    bodies.Submission,
    bodies.Verdict,
    bodies.Resolutions,
    bodies.NewSuggestion,
    bodies.Division,
    bodies.NewComment,
    bodies.Settled,
    bodies.Holding,
    bodies.Name,
    bodies.Reason,
    NewExport,
    NewWebhook,
    WebhookChange,
    ReadMark,
    ReadMarks,
    NewSubscription,
)


def shape_of(kind: type[bodies.Body]) -> Shape:
    """Return the shape of a body."""
    fields = kind().fields
    members = {name: _member(each) for name, each in fields.items()}
    words = (kind.__doc__ or "").strip().split("\n")[0]
    required = [name for name, each in fields.items() if each.required]
    return obj(members, required=required, **({"description": words} if words else {}))


def _member(each: Any) -> Shape:
    """Return the shape that one member of a body takes."""
    if isinstance(each, bodies.RecordId):
        return dict(UUID)
    if isinstance(each, bodies.Day):
        return {"type": "string", "format": "date"}
    if isinstance(each, Target):
        return {"type": ["string", "integer"], "description": (Target.__doc__ or "").strip()}
    if isinstance(each, serializers.CharField):
        return dict(TEXT)
    if isinstance(each, serializers.BooleanField):
        return dict(FLAG)
    if isinstance(each, serializers.IntegerField):
        return {"type": "integer", "minimum": each.min_value, "maximum": each.max_value}
    if isinstance(each, serializers.ChoiceField):
        return enum(each.choices)
    if isinstance(each, serializers.ListSerializer):
        inner = ref("ChangeSent") if isinstance(each.child, bodies.ChangeBody) else shape_of(type(each.child))
        return array(inner, maxItems=each.max_length)
    if isinstance(each, serializers.ListField):
        limits = {"minItems": each.min_length, "maxItems": each.max_length}
        return array(_member(each.child), **{name: most for name, most in limits.items() if most is not None})
    if isinstance(each, serializers.DictField):
        return {"type": "object", "additionalProperties": _member(each.child)}
    return dict(ANYTHING)


def _changes_sent() -> dict[str, Shape]:
    """Return the components of a change: two for each kind, so that the fields are those of the kind and a new record has
    no base."""
    local = {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9_.-]{0,59}$"}
    found: dict[str, Shape] = {
        "Cites": {
            "type": "object",
            "additionalProperties": array(ref("RecordName"), maxItems=500),
            "description": "The evidence cited for each field.",
        }
    }
    for kind in PROPOSABLE:
        component = component_of(KINDS[kind])
        said = {"fields": ref(f"{component}Fields"), "cites": ref("Cites")}
        own: dict[str, Shape] = {"record": {"type": "string", "const": kind}}
        create = own | {"operation": {"type": "string", "const": CREATE}, "ref": local} | said
        others = enum([operation for operation in OPERATIONS if operation != CREATE])
        change = own | {"operation": others, "id": ref("RecordName"), "base_revision": POSITION} | said
        found[f"{component}Created"] = obj(create, required=["record", "operation", "fields"])
        found[f"{component}Changed"] = obj(change, required=["record", "operation", "id"])
    shapes = [ref(name) for name in found if name != "Cites"]
    return found | {"ChangeSent": {"anyOf": shapes, "description": "One operation on one record."}}
