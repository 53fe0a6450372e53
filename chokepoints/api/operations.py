"""What each address of the register takes and answers: the table that the OpenAPI schema is made of."""

from typing import Any

from ..models.changeset import ORIGINS
from ..models.revision import OPERATIONS
from ..records import KINDS, Kind
from . import asking
from .describing import Answer, Operation, Operations, Parameter
from .offering import filterset_for
from .ordering import listing_of
from .paging import LARGEST_SIZE, USUAL_SIZE
from .releases import RELEASES
from .rendering import PATHS
from .shapes import (
    ADDRESS,
    DECIMAL,
    DIGEST,
    NUMBER,
    PARTIAL_DATE,
    TEXT,
    TIME,
    UUID,
    Shape,
    array,
    component_of,
    enum,
    obj,
    or_null,
    record_components,
    ref,
)
from .views import views_of

READ = ("ETag", "Last-Modified")
REFUSED = (400, 401, 405, 406, 412, 429)

AT = Parameter(
    "at",
    "What the register held then: the number of a changeset, a date (the end of that UTC day) or a time with its zone.",
    TEXT | {"examples": ["12", "2026-11-24", "2026-11-24T12:00:00Z"]},
)
PAGE = (
    Parameter("cursor", "Where a page begins; take it from `next` and `previous`."),
    Parameter(
        "page_size",
        "How many results.",
        {"type": "integer", "minimum": 1, "maximum": LARGEST_SIZE, "default": USUAL_SIZE},
    ),
    Parameter("count", "Whether to count all that there are; it costs a little.", enum(["true", "false"])),
)
UNCHANGED = Answer("Nothing has changed since the answer with the ETag in If-None-Match.", headers=READ)


def operations() -> Operations:
    """Return what every address of the register takes and answers."""
    found: dict[str, dict[str, Operation]] = {"/api/v1/": {"GET": _index()}}
    for kind in map(KINDS.get, PATHS):
        found |= _of_kind(kind)
    return found | _changesets() | _releases()


def components() -> dict[str, Shape]:
    """Return the components that the operations refer to."""
    return record_components() | _changeset_components() | _release_components()


def page_of(shape: Shape, **more: Shape) -> Shape:
    """Return the shape of one page of a list."""
    members = {"next": or_null(ADDRESS), "previous": or_null(ADDRESS), "results": array(shape), **more}
    optional = {"count": NUMBER}
    return obj(members | optional, required=members)


def conditional(shape: Shape, words: str) -> dict[int, Answer]:
    """Return the answers of a read that has an ETag."""
    return {200: Answer(words, shape, READ), 304: UNCHANGED}


def _index() -> Operation:
    shape = {
        "type": "object",
        "properties": {"head": NUMBER | {"description": "The last changeset."}},
        "required": ["head"],
        "additionalProperties": ADDRESS,
    }
    return Operation(
        "get_index",
        "Where everything is, and how far the register has come",
        "index",
        conditional(shape, "The addresses of all lists."),
        parameters=(AT,),
        refusals=(*REFUSED, 404),
    )


def _of_kind(kind: Kind) -> Operations:
    listing, detail = (view() for view in views_of(kind.name))
    path, component = f"/api/v1/{PATHS[kind.name]}/", component_of(kind)
    plural = PATHS[kind.name]
    whole = "ChokepointDetail" if kind.name == "chokepoint" else component
    name = Parameter("name", f"Id or key of the {kind.name}; a former key leads on.", place="path")
    if not kind.has_key:
        name = Parameter("name", f"Id of the {kind.name}.", place="path")
    order = [sign + column for column in listing_of(kind).orderings for sign in ("", "-")]
    return {
        path: {
            "GET": Operation(
                f"list_{plural}",
                f"{kind.plural.capitalize()}, filtered and in pages",
                plural,
                conditional(page_of(ref(component)), "One page."),
                parameters=(
                    *_filters(kind),
                    Parameter("ordering", "By what; a minus turns it round.", enum(order), several=True),
                    *PAGE,
                    *_presented(listing),
                ),
                refusals=(*REFUSED, 404),
            )
        },
        f"{path}{{name}}/": {
            "GET": Operation(
                f"get_{kind.name}",
                f"One {kind.name}",
                plural,
                conditional(ref(whole), f"The {kind.name}."),
                parameters=(name, *_presented(detail)),
                refusals=(*REFUSED, 404),
            )
        },
    }


def _presented(view: Any) -> tuple[Parameter, ...]:
    found = [
        Parameter("fields", "Only these members; the id always comes.", enum(view.members()), several=True)
    ]
    if whole := view.expandable():
        found.append(Parameter("expand", "Whole records where references stand.", enum(whole), several=True))
    return (*found, AT)


def _filters(kind: Kind) -> list[Parameter]:
    found = []
    for name, each in filterset_for(kind.name).base_filters.items():
        one = getattr(each, "one", None)
        several = getattr(each, "several", False)
        found.append(Parameter(name, each.words, _asked(one), several=several))
    return found


def _asked(one: Any) -> Shape:
    """Return the shape of what a filter's form field takes."""
    if isinstance(one, asking.CountryCode):
        return ref("Country")
    if isinstance(one, asking.OneOf):
        return enum(one.values)
    if isinstance(one, asking.Day):
        return {"type": "string", "pattern": PARTIAL_DATE}
    if isinstance(one, asking.RecordId):
        return dict(UUID)
    if isinstance(one, asking.WholeNumber):
        return {"type": "integer", "minimum": 0, "maximum": 10**9 - 1}
    if isinstance(one, asking.Percent):
        return {"type": "string", "pattern": DECIMAL}
    return TEXT | {"minLength": 1}


def _changesets() -> Operations:
    path = "/api/v1/changesets/"
    since = Parameter("since", "The last changeset that you have; 0 for none.", NUMBER)
    return {
        path: {
            "GET": Operation(
                "list_changesets",
                "What changed since, in order, with whole states: enough to mirror the register",
                "changesets",
                conditional(page_of(ref("Changeset"), head=NUMBER), "Changesets, the oldest first."),
                parameters=(since, PAGE[1], AT),
                refusals=(*REFUSED, 404),
            )
        },
        f"{path}{{number}}/": {
            "GET": Operation(
                "get_changeset",
                "One changeset with the whole states that it made",
                "changesets",
                conditional(ref("Changeset"), "The changeset."),
                parameters=(Parameter("number", "Its number.", NUMBER, place="path"), AT),
                refusals=(*REFUSED, 404),
            )
        },
    }


def _changeset_components() -> dict[str, Shape]:
    review = {
        "reviewer": or_null(ref("Person")),
        "verdict": TEXT,
        "version": {"type": "integer"},
        "reason": or_null(TEXT),
    }
    cited = obj({"evidence": UUID, "revision": NUMBER})
    revision = {
        "record": TEXT | {"description": "The kind."},
        "id": UUID,
        "revision": NUMBER,
        "operation": enum(OPERATIONS),
        "state": {"type": "object"},
        "withheld": array(TEXT),
        "changed": array(TEXT),
        "cites": {"type": "object", "additionalProperties": array(cited)},
        "format": NUMBER,
        "digest": {"type": "string", "pattern": DIGEST},
    }
    changeset = {
        "number": NUMBER,
        "self": ADDRESS,
        "time": TIME,
        "authors": array(ref("Person")),
        "summary": or_null(TEXT),
        "rationale": or_null(TEXT),
        "reviews": array(obj(review)),
        "origin": enum(ORIGINS),
        "reference": or_null(TEXT),
        "format": NUMBER,
        "previous": or_null(TEXT),
        "digest": {"type": "string", "pattern": DIGEST},
        "revisions": array(ref("Revision")),
    }
    return {
        "Person": obj(
            {"id": UUID, "name": TEXT, "affiliation": or_null(TEXT)},
            description="A contributor, as the ledger names them.",
        ),
        "Revision": obj(revision, description="One record's new state, whole (docs/ledger.md)."),
        "Changeset": obj(changeset, description="One numbered, atomic step of the register."),
    }


def _releases() -> Operations:
    path, refusals = "/api/v1/releases/", (*REFUSED, 404)
    unchanged = Answer(UNCHANGED.description, headers=("ETag",))

    def answers(shape: Shape, words: str) -> dict[int, Answer]:
        return {200: Answer(words, shape, ("ETag",)), 304: unchanged}

    order = [sign + name for name in RELEASES.orderings for sign in ("", "-")]
    ordering = Parameter("ordering", "By what; a minus turns it round.", enum(order), several=True)
    number = Parameter("number", "Its number.", {"type": "integer", "minimum": 1}, place="path")
    whole = answers(ref("ReleaseDetail"), "The release, with its files.")
    return {
        path: {
            "GET": Operation(
                "list_releases",
                "Editions of the whole register, the newest first",
                "releases",
                answers(page_of(ref("Release")), "One page."),
                parameters=(ordering, *PAGE),
                refusals=refusals,
            )
        },
        f"{path}latest/": {
            "GET": Operation("get_latest_release", "The newest edition", "releases", whole, refusals=refusals)
        },
        f"{path}{{number}}/": {
            "GET": Operation(
                "get_release", "One edition", "releases", whole, parameters=(number,), refusals=refusals
            )
        },
    }


def _release_components() -> dict[str, Shape]:
    """Return the components of releases. What tables and files say of themselves is docs/releases.md's to tell."""
    digest = {"type": "string", "pattern": DIGEST}
    file = {"type": "object", "properties": {"path": TEXT, "url": ADDRESS}, "required": ["url"]}
    members = {
        "number": NUMBER,
        "self": ADDRESS,
        "page": ADDRESS,
        "previous": or_null(NUMBER),
        "changeset": NUMBER,
        "digest": digest,
        "time": TIME,
        "format": NUMBER,
        "published": TIME,
        "despite": or_null(TEXT),
        "archive": ref("ReleaseFile"),
        "sums": ref("ReleaseFile"),
        "counts": {"type": "object", "additionalProperties": {"type": "object"}},
        "statuses": array({}),
    }
    return {
        "ReleaseFile": file | {"description": "One file of a release."},
        "Release": obj(
            members, description="A numbered, immutable, reproducible edition of the whole register."
        ),
        "ReleaseDetail": obj(members | {"files": array(ref("ReleaseFile"))}),
    }
