"""Shapes: what records look like as JSON, as JSON Schema (draft 2020-12, the dialect of OpenAPI 3.1), made from records.py.

An answer's shape says what rendering.py makes; a proposal's shape says what a field takes. Both are described from the
same fields, so that a new field is in the schema on the day it is in the register.
"""

from typing import Any

from .. import fields as register
from ..records import KINDS, Kind
from ..vocabularies import STANCES, STATUSES, SUPPLY_ROLES, UNASSESSED
from .rendering import BEARING, LISTING, PATHS

Shape = dict[str, Any]

PARTIAL_DATE = r"^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$"
DECIMAL = r"^[0-9]{1,3}(\.[0-9]{1,3})?$"
DIGEST = r"^[0-9a-f]{64}$"

UUID: Shape = {"type": "string", "format": "uuid"}
ADDRESS: Shape = {"type": "string", "format": "uri"}
TIME: Shape = {"type": "string", "format": "date-time"}
TEXT: Shape = {"type": "string"}
FLAG: Shape = {"type": "boolean"}
NUMBER: Shape = {"type": "integer", "minimum": 0}


def ref(name: str) -> Shape:
    """Return a reference to a component."""
    return {"$ref": f"#/components/schemas/{name}"}


def array(items: Shape, **more: Any) -> Shape:
    return {"type": "array", "items": items, **more}


def enum(values: Any) -> Shape:
    return {"type": "string", "enum": list(values)}


def obj(properties: dict[str, Shape], *, required: Any = None, **more: Any) -> Shape:
    """Return an object with these members and no others; all are required unless `required` names those that are."""
    names = list(properties) if required is None else list(required)
    shape: Shape = {"type": "object", "properties": properties, "additionalProperties": False, **more}
    return shape | ({"required": names} if names else {})


def or_null(shape: Shape) -> Shape:
    """Return a shape that also takes null."""
    if isinstance(shape.get("type"), str) and "enum" not in shape:
        return {**shape, "type": [shape["type"], "null"]}
    # An enumeration with null in it has many readings among the makers of clients; this has one.
    return {"anyOf": [shape, {"type": "null"}]}


def component_of(kind: Kind) -> str:
    """Return the name of a kind's component, such as Chokepoint."""
    return "List" if kind.name == "list" else kind.model


# --- what answers hold


def record_components() -> dict[str, Shape]:
    """Return the components of records as they are answered, by name."""
    kinds = [KINDS[name] for name in PATHS]
    found = {component_of(kind): _record(kind) for kind in kinds}
    found |= {
        "Reference": obj(
            {"id": UUID, "key": or_null(TEXT), "name": or_null(TEXT), "self": ADDRESS},
            description="What a record refers to: its id, its key and name where its kind has them, and its address.",
        ),
        "Country": enum(register.COUNTRIES) | {"description": "ISO 3166-1 alpha-2, or EU."},
        "Share": _share_answered(),
        "Identifier": obj({"scheme": TEXT, "value": TEXT}),
        "Bearing": obj({part: _part(part) for part in BEARING}),
        "Listing": obj({part: _part(part) for part in LISTING}),
    }
    return found | _about_chokepoints(found["Chokepoint"])


def _record(kind: Kind) -> Shape:
    members: dict[str, Shape] = {
        "id": UUID,
        "record": {"type": "string", "const": kind.name},
        "self": ADDRESS,
        "revision": {"type": "integer", "minimum": 1},
        "created_in": NUMBER | {"description": "The changeset that created it."},
        "changed_in": NUMBER | {"description": "The changeset that changed it last."},
        "retired": FLAG,
        "merged_into": or_null(ref("Reference")),
    }
    members |= {name: _described(_answered(each), each) for name, each in kind.editable.items()}
    words = f"One {kind.name}. All members come, unless `fields` asks for some; the id always does."
    return obj(members, required=["id"], description=words)


def _described(shape: Shape, each: register.Field) -> Shape:
    words = f"{each.label}. {each.help}".strip().removesuffix(".") + "."
    return shape | {"description": words}


def _answered(each: register.Field) -> Shape:
    """Return the shape of a field's value in an answer; nothing known is null, an empty set []."""
    if isinstance(each, register.Reference):
        return {"anyOf": [*_whole_or_reference(each.kind), {"type": "null"}]}
    if isinstance(each, register.ReferenceSet):
        return array({"anyOf": _whole_or_reference(each.kind)})
    if isinstance(each, register.Bearings):
        return array(ref("Bearing"))
    if isinstance(each, register.Listings):
        return array(ref("Listing"))
    if isinstance(each, register.Identifiers):
        return array(ref("Identifier"))
    if isinstance(each, register.ChoiceSet):
        return array(enum(each.choices))
    if isinstance(each, register.Names):
        return array(TEXT)
    if isinstance(each, register.Share):
        return or_null(ref("Share"))
    if isinstance(each, register.Flag):
        return dict(FLAG)
    return or_null(_scalar(each))


def _scalar(each: register.Field) -> Shape:
    if isinstance(each, register.Country):
        return ref("Country")
    if isinstance(each, register.Choice):
        return enum(each.choices)
    if isinstance(each, register.Number):
        return {"type": "integer", "minimum": each.low, "maximum": each.high}
    if isinstance(each, register.Date):
        return {"type": "string", "pattern": PARTIAL_DATE, "examples": ["2018", "2018-05", "2018-05-30"]}
    return dict(TEXT)


def _whole_or_reference(kind: str) -> list[Shape]:
    """Return the shapes of a reference: whole where `expand` asks for it."""
    return [ref("Reference"), ref(component_of(KINDS[kind]))]


def _part(part: str) -> Shape:
    """Return the shape of a member of what evidence bears on, or of a place on a list."""
    if part in PATHS:
        return {"anyOf": [*_whole_or_reference(part), {"type": "null"}]}
    if part == "stance":
        return enum(STANCES)
    if part == "number":
        return or_null({"type": "integer", "minimum": 1})
    if part == "named_on":
        return or_null({"type": "string", "pattern": PARTIAL_DATE})
    return or_null(TEXT)


def _share_answered() -> Shape:
    share = KINDS["supply"].fields["share"]
    return obj(
        {
            "low": {"type": "string", "pattern": DECIMAL},
            "high": {"type": "string", "pattern": DECIMAL},
            "market": enum(share.markets),
            "segment": or_null(TEXT),
            "measure": enum(share.measures),
            "year": or_null({"type": "integer"}),
            "counted": enum(share.countings),
        },
        description="A share with all that makes it comparable. The bounds are percent, as decimal texts.",
    )


def _about_chokepoints(chokepoint: Shape) -> dict[str, Shape]:
    """Return the components of what is said beside a chokepoint's own fields, and of its detail."""
    chokepoint["properties"] |= {
        "status": enum([*STATUSES, UNASSESSED])
        | {"description": "Current status, as its current assessment has it."},
        "status_as_of": or_null({"type": "string", "pattern": PARTIAL_DATE}),
        "current_assessment": {"anyOf": [*_whole_or_reference("assessment"), {"type": "null"}]},
    }
    detail = {
        "corroboration": array(ref("Corroboration")),
        "counts": ref("Counts"),
        "links": {"type": "object", "additionalProperties": ADDRESS},
    }
    return {
        "ChokepointDetail": chokepoint | {"properties": chokepoint["properties"] | detail},
        "Corroboration": obj(
            {
                "stances": array(enum(STANCES)),
                "pieces": NUMBER,
                "origins": NUMBER,
                "without_established_origin": NUMBER,
            },
            description="How many pieces of evidence on one side carry the status, and from how many different origins.",
        ),
        "Counts": obj(
            {
                "evidence": obj(dict.fromkeys(STANCES, NUMBER)),
                "supplies": obj(dict.fromkeys(SUPPLY_ROLES, NUMBER)),
                "assessments": NUMBER,
            }
        ),
    }


# --- what proposals take


def proposed_components() -> dict[str, Shape]:
    """Return the components of what a proposal may say of a record of each kind, such as ChokepointFields."""
    found = {f"{component_of(KINDS[name])}Fields": _fields_proposed(KINDS[name]) for name in PATHS}
    return found | {
        "RecordName": {
            "type": "string",
            "minLength": 1,
            "maxLength": 200,
            "description": "A record by id or key, or `ref:` and the local key of one that this proposal creates.",
        }
    }


def _fields_proposed(kind: Kind) -> Shape:
    members = {name: _described(_proposed(each), each) for name, each in kind.editable.items()}
    words = f"What is proposed for the fields of a {kind.name}. null takes a value away."
    return obj(members, required=[], description=words)


def _proposed(each: register.Field) -> Shape:
    """Return the shape that a field takes; null and an empty set say that nothing is known."""
    name = ref("RecordName")
    if isinstance(each, register.Reference):
        return or_null(name)
    if isinstance(each, register.ReferenceSet):
        return or_null(array(name, maxItems=each.limit))
    if isinstance(each, register.Bearings):
        entry = {"chokepoint": name, "list": name, "stance": enum(STANCES), "note": or_null(TEXT)}
        return or_null(array(obj(entry, required=["stance"]), maxItems=each.limit))
    if isinstance(each, register.Listings):
        entry = {
            "list": name,
            "number": or_null({"type": "integer", "minimum": 1, "maximum": 100_000}),
            "headline": or_null({"type": "string", "maxLength": 1_000}),
            "named_on": or_null({"type": "string", "pattern": PARTIAL_DATE}),
        }
        return or_null(array(obj(entry, required=["list"]), maxItems=each.limit))
    if isinstance(each, register.Identifiers):
        return or_null(array(ref("Identifier"), maxItems=each.limit))
    if isinstance(each, register.ChoiceSet):
        return or_null(array(enum(each.choices)))
    if isinstance(each, register.Names):
        return or_null(array({"type": "string", "maxLength": 300}, maxItems=each.limit))
    if isinstance(each, register.Share):
        return or_null(_share_proposed(each))
    if isinstance(each, register.Flag):
        return or_null(FLAG)
    shape = _scalar(each)
    if isinstance(each, register.Line) and "type" in shape and "enum" not in shape:
        shape |= {"maxLength": each.limit}
    return or_null(shape)


def _share_proposed(each: register.Share) -> Shape:
    bound = {"type": ["string", "number"], "examples": ["43.6"]}
    return obj(
        {
            "low": bound,
            "high": bound,
            "market": enum(each.markets),
            "segment": or_null({"type": "string", "maxLength": 300}),
            "measure": enum(each.measures),
            "year": or_null({"type": "integer", "minimum": 1900, "maximum": 2200}),
            "counted": enum(each.countings),
        },
        required=["low", "high", "market", "measure", "counted"],
    )
