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
# For editors: `narrow` is an editor's token without the scope, `no_csrf` an editor's session without the CSRF token.
EDITORS = row(anonymous=401, reviewer=403, admin=403, deactivated=401, expired=401, narrow=403, no_csrf=403)

READ = {"GET": OPEN, "HEAD": OPEN, "OPTIONS": OPEN}
KINDS = ("lists", "sectors", "chokepoints", "organizations", "supplies", "sources", "evidence", "assessments")

TABLE = {
    "api/v1/": READ,
    **{f"api/v1/{kind}/": READ for kind in KINDS},
    **{f"api/v1/{kind}/<str:name>/": READ for kind in KINDS},
    "api/v1/changesets/": READ,
    "api/v1/changesets/<int:number>/": READ,
    # Where nothing is: 404 by every method.
    "^api(?:/|$)": dict.fromkeys(("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"), OPEN),
}

# Route → method → body, where an empty one would be refused before it is asked who sends it.
BODIES: dict[str, dict[str, dict]] = {}

# What stands for the parts of an address.
PARTS = {"<str:name>": "nothing", "<int:number>": "1", "^api(?:/|$)": "api/nothing/"}
