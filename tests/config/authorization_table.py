"""Who is let in where: every route below /api/, every method that it takes, and what each sort of visitor is answered.

An entry is a row for each method; a method that isn't there must be a 405. A row names, for each visitor, the status of
who is kept out (401, 403), or IN for who is let in, whatever the answer then is. `BODIES` are what is sent.
"""

IN = "in"
VISITORS = (
    "anonymous",
    "editor",
    "reviewer",
    "admin",
    "browser",
    "deactivated",
    "expired",
    "narrow",
    "no_csrf",
)


def row(**others):
    """A row in which all are let in but those that are named."""
    return {visitor: others.pop(visitor, IN) for visitor in VISITORS} | others


# The register is open, and what a visitor shows for themselves isn't looked at.
OPEN = row()
# Open, but who shows a token that isn't valid is told so.
OPEN_TO_ALL = row(deactivated=401, expired=401)

# What is for some only: whoever is nobody or shows something that doesn't open is asked who they are; an editor's token with
# the scope "read" alone (`narrow`) and an editor's session without the CSRF token (`no_csrf`) are kept out.
MEMBERS = row(anonymous=401, admin=403, deactivated=401, expired=401, narrow=403, no_csrf=403)
# `editor` and `browser` are the same editor, `reviewer` a reviewer; what is posted is about somebody else's proposal.
EDITORS = MEMBERS | {"reviewer": 403}
REVIEWERS = MEMBERS | {"editor": 403, "browser": 403}
ITS_AUTHORS = EDITORS | {"editor": 403, "browser": 403}

SIGNED_IN = row(anonymous=401, deactivated=401, expired=401)

SIGNED_IN_WRITES = SIGNED_IN | {"narrow": 403, "no_csrf": 403}
SIGNED_IN_READS = {"GET": SIGNED_IN, "HEAD": SIGNED_IN, "OPTIONS": OPEN_TO_ALL}

READ = {"GET": OPEN_TO_ALL, "HEAD": OPEN_TO_ALL, "OPTIONS": OPEN_TO_ALL}
ONE = "api/v1/proposals/<int:number>/"
HOOK = "api/v1/webhooks/<int:webhook>/"
SEEN = {"version": 1}
RECORD = "00000000-0000-4000-8000-000000000001"


def post(who, **more):
    """The row of an address where something is posted."""
    return {"OPTIONS": OPEN_TO_ALL, "POST": who, **more}


KINDS = ("lists", "sectors", "chokepoints", "organizations", "supplies", "sources", "evidence", "assessments")

TABLE = {
    "api/v1/": READ,
    **{f"api/v1/{kind}/": READ for kind in KINDS},
    **{f"api/v1/{kind}/<str:name>/": READ for kind in KINDS},
    "api/v1/changesets/": READ,
    "api/v1/changesets/<int:number>/": READ,
    "api/v1/releases/": READ,
    "api/v1/releases/latest/": READ,
    "api/v1/releases/<int:number>/": READ,
    "api/v1/proposals/": READ | {"POST": EDITORS},
    ONE: READ | {"PATCH": ITS_AUTHORS},
    f"{ONE}versions/": READ,
    f"{ONE}versions/<int:version>/": READ,
    f"{ONE}conflicts/": READ,
    f"{ONE}comments/": READ | {"POST": MEMBERS},
    f"{ONE}comments/<int:comment>/resolve/": post(REVIEWERS),
    **{
        f"{ONE}{move}/": post(ITS_AUTHORS)
        for move in (
            "submit",
            "withdraw",
            "authors",
            "resolve",
            "suggestions/<int:suggestion>/take",
            "suggestions/<int:suggestion>/decline",
        )
    },
    **{
        f"{ONE}{move}/": post(REVIEWERS)
        for move in (
            *("reviews", "undo", "dismiss", "suggestions", "claim", "release", "hand-over"),
            *("split", "hold", "resume", "nudge"),  # its authors may as well
        )
    },
    # For whoever is somebody; what is another's isn't there.
    "api/v1/exports/": {
        "GET": SIGNED_IN,
        "HEAD": SIGNED_IN,
        "OPTIONS": OPEN_TO_ALL,
        "POST": SIGNED_IN | {"no_csrf": 403},
    },
    "api/v1/exports/<uuid:export>/": {"GET": SIGNED_IN, "HEAD": SIGNED_IN, "OPTIONS": OPEN_TO_ALL},
    "api/v1/exports/<uuid:export>/file/": {"GET": SIGNED_IN, "HEAD": SIGNED_IN, "OPTIONS": OPEN_TO_ALL},
    "api/v1/exports/<uuid:export>/cancel/": {"OPTIONS": OPEN_TO_ALL, "POST": SIGNED_IN | {"no_csrf": 403}},
    "api/v1/exports/<uuid:export>/retry/": {"OPTIONS": OPEN_TO_ALL, "POST": SIGNED_IN | {"no_csrf": 403}},
    # For whoever is somebody; a token that may only read changes nothing.
    "api/v1/webhooks/": {**SIGNED_IN_READS, "POST": SIGNED_IN_WRITES},
    HOOK: {**SIGNED_IN_READS, "PATCH": SIGNED_IN_WRITES, "DELETE": SIGNED_IN_WRITES},
    f"{HOOK}deliveries/": SIGNED_IN_READS,
    **{
        f"{HOOK}{act}/": {"OPTIONS": OPEN_TO_ALL, "POST": SIGNED_IN_WRITES}
        for act in ("rotate", "test", "deliveries/<uuid:message>/resend")
    },
    "api/v1/notifications/": {"GET": SIGNED_IN, "HEAD": SIGNED_IN, "OPTIONS": OPEN_TO_ALL},
    "api/v1/notifications/read/": {"OPTIONS": OPEN_TO_ALL, "POST": SIGNED_IN | {"no_csrf": 403}},
    "api/v1/notifications/<int:notification>/": {
        "GET": SIGNED_IN,
        "HEAD": SIGNED_IN,
        "OPTIONS": OPEN_TO_ALL,
    },
    "api/v1/notifications/<int:notification>/read/": {
        "OPTIONS": OPEN_TO_ALL,
        "POST": SIGNED_IN | {"no_csrf": 403},
    },
    # What one hears of is changed in one's name: a token that may only read may not.
    "api/v1/subscriptions/": {
        "GET": SIGNED_IN,
        "HEAD": SIGNED_IN,
        "OPTIONS": OPEN_TO_ALL,
        "POST": SIGNED_IN | {"narrow": 403, "no_csrf": 403},
    },
    "api/v1/subscriptions/<int:subscription>/": {
        "GET": SIGNED_IN,
        "HEAD": SIGNED_IN,
        "OPTIONS": OPEN_TO_ALL,
        "DELETE": SIGNED_IN | {"narrow": 403, "no_csrf": 403},
    },
    # Open to all, whatever they show.
    "api/docs/": {"GET": OPEN, "HEAD": OPEN},
    "api/schema/": {"GET": OPEN, "HEAD": OPEN, "OPTIONS": OPEN},
    # Where nothing is: 404 by every method.
    "^api(?:/|$)": dict.fromkeys(("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"), OPEN),
}

# Route → method → body, where an empty one would be refused before it is asked who sends it.
BODIES: dict[str, dict[str, dict]] = {
    "api/v1/proposals/": {"POST": {"title": "Title", "rationale": "Reason", "changes": []}},
    ONE: {"PATCH": SEEN | {"title": "Another"}},
    f"{ONE}comments/": {"POST": {"text": "Words"}},
    f"{ONE}submit/": {"POST": SEEN},
    f"{ONE}authors/": {"POST": {"name": "emma"}},
    f"{ONE}resolve/": {"POST": SEEN | {"resolutions": []}},
    f"{ONE}suggestions/<int:suggestion>/take/": {"POST": SEEN},
    f"{ONE}reviews/": {"POST": SEEN | {"verdict": "approve"}},
    f"{ONE}dismiss/": {"POST": {"reason": "Reason"}},
    f"{ONE}suggestions/": {"POST": SEEN | {"id": RECORD, "field": "summary", "value": "Value"}},
    f"{ONE}hand-over/": {"POST": {"name": "rosa"}},
    f"{ONE}split/": {"POST": SEEN | {"records": [RECORD]}},
    f"{ONE}hold/": {"POST": {"reason": "Reason", "until": "2999-01-01"}},
}

# What stands for the parts of an address.
PARTS = {
    "<str:name>": "nothing",
    "<int:number>": "1",
    "<int:version>": "1",
    "<uuid:export>": RECORD,
    "<uuid:message>": RECORD,
    "<int:webhook>": "1",
    "<int:comment>": "1",
    "<int:notification>": "1",
    "<int:subscription>": "1",
    "<int:suggestion>": "1",
    "^api(?:/|$)": "api/nothing/",
}
