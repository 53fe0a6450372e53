"""How proposals look from outside. What is known of nobody is null; people appear by contributor, records by id.

A change says `record` for its kind and `id` for its record, as in what authors send, so that `changes` can be sent back with
some values altered.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.urls import reverse
from rest_framework.request import Request

from chokepoints.api.known import look_at
from chokepoints.api.rendering import PATHS, Rendering
from chokepoints.exceptions import Problem
from chokepoints.history import states_at
from chokepoints.models import Contributor
from chokepoints.models.revision import CREATE
from chokepoints.moments import now
from chokepoints.projection import model_of
from chokepoints.records import KINDS, State

from ..attention import Turn
from ..models import Change, Comment, Proposal, Review, Suggestion, Version
from ..selectors import Needs, needs_of, turns_of
from ..selectors.moves import facts_for_moves, moves_now
from ..selectors.queue import kinds_of
from ..services.applying import MergedChange, merge_changes
from ..services.claiming import standing_claim
from ..services.remembering import Memory, remember
from ..services.resolving import ChangeConflict, conflicts_of
from ..services.settling import Outcome
from ..workflow import ENDED

NOTICE = "proposed, not reviewed"

# The address of each move below that of its proposal; "" is the proposal's own, with PATCH.
ADDRESSES = {
    "edit": "",
    "revise": "",
    "submit": "submit/",
    "withdraw": "withdraw/",
    "resolve": "resolve/",
    "add_author": "authors/",
    "take": "suggestions/{suggestion}/take/",
    "decline": "suggestions/{suggestion}/decline/",
    "approve": "reviews/",
    "request_changes": "reviews/",
    "reject": "reviews/",
    "undo": "undo/",
    "dismiss": "dismiss/",
    "suggest": "suggestions/",
    "claim": "claim/",
    "release": "release/",
    "hand_over": "hand-over/",
    "split": "split/",
    "hold": "hold/",
    "resume": "resume/",
    "nudge": "nudge/",
    "comment": "comments/",
}


class Addresses:
    """Whole addresses, as the asker reached the site."""

    def __init__(self, request: Request):
        self.request = request

    def of(self, name: str, *arguments: Any) -> str:
        """Return the address of what has a name in the site map."""
        return self.request.build_absolute_uri(reverse(name, args=arguments))

    def proposal(self, number: int) -> str:
        return self.of("api-proposal-detail", number)

    def record(self, kind: str, record: str) -> str:
        return self.of(f"api-{kind}-detail", record)

    def proposal_named(self, proposal: Proposal) -> dict[str, Any]:
        """Return a proposal as others are referred to: number, title, state, address. Drafts of others never are."""
        title = getattr(proposal, "title", None) or proposal.present_version().title
        return {
            "number": proposal.number,
            "title": title,
            "state": proposal.state,
            "self": self.proposal(proposal.number),
        }


def person(contributor: Contributor | None) -> dict[str, Any] | None:
    """Return a contributor; a reviewer who has never acted has no id yet."""
    if contributor is None:
        return None
    return {
        "id": None if contributor._state.adding else str(contributor.pk),
        "name": contributor.display_name,
        "affiliation": contributor.affiliation or None,
    }


def _time(time: Any) -> str | None:
    return time.isoformat().replace("+00:00", "Z") if time else None


# --- lists


def render_lines(proposals: Sequence[Proposal], addresses: Addresses) -> list[dict[str, Any]]:
    """Return proposals as lists show them; they come with title and authors (named())."""
    kinds = kinds_of(proposals)
    return [
        _head(one, one.title, one.authors.all(), addresses) | {"kinds": kinds[one.pk]} for one in proposals
    ]


def _head(
    proposal: Proposal, title: str, authors: Iterable[Contributor], addresses: Addresses
) -> dict[str, Any]:
    return {
        "number": proposal.number,
        "self": addresses.proposal(proposal.number),
        "page": addresses.request.build_absolute_uri(proposal.get_absolute_url()),
        "state": proposal.state,
        "notice": None if proposal.state == "published" else NOTICE,
        "version": proposal.version,
        "title": title,
        "authors": [person(author) for author in authors],
        "batch": proposal.batch or None,
        "drafted": _time(proposal.drafted),
        "opened": _time(proposal.opened),
        "ended": _time(proposal.ended),
        "waiting_since": _time(proposal.waiting_since),
        "changeset": proposal.changeset,
        "effects": proposal.effects,
    }


# --- one


def render_proposal(proposal: Proposal, user: Any, addresses: Addresses) -> dict[str, Any]:
    """Return one proposal with all that is known about it, for somebody who may see it."""
    version = proposal.present_version()
    authors = proposal.authors.order_by("authorships__position")
    changes = list(version.changes.all())
    records = [str(change.record) for change in changes]
    is_over = proposal.state in ENDED
    needs = None if is_over else needs_of(proposal)
    facts = facts_for_moves(user, proposal) if user.is_authenticated else {}
    is_concerned = not is_over and (facts.get("is_author") or facts.get("is_reviewer"))
    body = _head(proposal, version.title, authors, addresses)
    return body | {
        "effects": needs.effects if needs else proposal.effects,
        "rationale": version.rationale,
        "what_is_new": proposal.what_is_new or None,
        "how": version.how,
        "changes": render_changes(changes, merged=None if is_over else merge_changes(changes)),
        "references": render_references(changes, addresses),
        "approvals": _approvals(needs),
        "checks": _checks(needs, records, addresses),
        "reviews": [
            render_review(one) for one in proposal.reviews.select_related("reviewer", "dismissed_by")
        ],
        "suggestions": [render_suggestion(one) for one in proposal.suggestions.select_related("reviewer")],
        "conflicts": [_problem(Problem(**one), records) for one in proposal.conflicts],
        "memory": render_memory(remember(version), addresses) if is_concerned else None,
        "attention": [_turn(turn) for turn in _turns(proposal)],
        "claim": _claim(proposal),
        "hold": _hold(proposal),
        "split_from": addresses.proposal_named(proposal.split_from) if proposal.split_from else None,
        "parts": [addresses.proposal_named(part) for part in proposal.parts.order_by("number")],
        "moves": _moves(proposal, user, addresses),
        "links": _links(proposal, addresses),
    }


def _turns(proposal: Proposal) -> list[Turn]:
    return [] if proposal.state in (*ENDED, "draft") else turns_of(proposal)


def _turn(turn: Turn) -> dict[str, Any]:
    return {"person": person(turn.person), "why": turn.why, "rank": turn.rank}


def render_changes(
    changes: Sequence[Change], *, merged: Sequence[MergedChange] | None = None
) -> list[dict[str, Any]]:
    """Return changes with what their author saw; with `merged` also with what the register says now and would say.

    `merged` of a field is null where it is cleared, and missing where it conflicts or the register says so already.
    """
    bases = states_at((str(one.record), one.base_revision) for one in changes if one.operation != CREATE)
    revisions = _revisions(changes)
    shown = []
    for position, change in enumerate(changes):
        record = str(change.record)
        body: dict[str, Any] = {
            "record": change.kind,
            "operation": change.operation,
            "id": record,
            "fields": change.fields,
            "cites": change.cites,
            "base_revision": change.base_revision or None,
            "base": _values(change, bases.get((record, change.base_revision), {})),
        }
        if merged is not None:
            met = merged[position]
            body |= {
                "revision": revisions.get(record),
                "current": _values(change, met.current),
                "merged": met.mergeable.fields if met.mergeable else {},
            }
        shown.append(body)
    return shown


def _values(change: Change, state: State) -> dict[str, Any]:
    return {name: state.get(name) for name in change.fields} if change.operation != CREATE else {}


def _revisions(changes: Sequence[Change]) -> dict[str, int]:
    """Return the present revision of each record, with one query a kind."""
    found: dict[str, int] = {}
    for kind in {change.kind for change in changes}:
        wanted = [change.record for change in changes if change.kind == kind]
        rows = model_of(KINDS[kind]).objects.filter(pk__in=wanted).values_list("pk", "revision")
        found |= {str(record): revision for record, revision in rows}
    return found


def render_references(changes: Sequence[Change], addresses: Addresses) -> dict[str, Any]:
    """Return the published records that changes are about or name, by id: kind, key, name and address."""
    named: dict[str, set[str]] = {}
    for change in changes:
        kind = KINDS[change.kind]
        if change.operation != CREATE:
            named.setdefault(kind.name, set()).add(str(change.record))
        for name, value in change.fields.items():
            for other, record in kind.fields[name].references(value):
                named.setdefault(other, set()).add(record)
        for targets in change.cites.values():
            named.setdefault("evidence", set()).update(targets)
    rendering = Rendering(
        look=look_at(now()),
        address=lambda path: addresses.request.build_absolute_uri(f"/api/v1/{path}"),
    )
    return {
        record: {"record": kind} | reference
        for kind, records in sorted(named.items())
        if kind in PATHS
        for record, reference in sorted(rendering.refer_to(kind, records).items())
    }


def _approvals(needs: Needs | None) -> dict[str, Any]:
    """Return how many approvals it takes, who gave one of everything, and whose don't cover all of it any more."""
    if needs is None or not needs.approvals_needed:
        return {"needed": None, "standing": None, "by": [], "lapsed": []}
    return {
        "needed": needs.approvals_needed,
        "standing": len(needs.approvals),
        "by": [person(review.reviewer) for review in needs.approvals],
        "lapsed": [
            {
                "reviewer": person(lapse.review.reviewer),
                "version": lapse.review.version,
                "parts": [{"id": record, "unit": unit or None} for record, unit in lapse.parts],
            }
            for lapse in needs.lapsed
        ],
    }


def _checks(needs: Needs | None, records: Sequence[str], addresses: Addresses) -> list[dict[str, Any]]:
    """Return what was checked, whether it passed, and what is missing in sentences; nothing for what is over."""
    if needs is None:
        return []
    first = needs.awaited[0] if needs.awaited else None
    approvals = [words for words in needs.missing if words not in {one.message for one in needs.problems}]
    checks = [
        _check("publishable", [_problem(problem, records) for problem in needs.problems]),
        _check(
            "order",
            [{"message": needs.missing[0], "proposal": addresses.proposal_named(first)}] if first else [],
        ),
    ]
    if needs.approvals_needed:
        checks.append(_check("approvals", [{"message": words} for words in approvals]))
    return checks


def _check(name: str, missing: list[dict[str, Any]]) -> dict[str, Any]:
    return {"check": name, "passed": not missing, "missing": missing}


def _problem(problem: Problem, records: Sequence[str]) -> dict[str, Any]:
    """Return why something can't be published: sort, change (its position), record, field and a sentence."""
    is_about = 0 <= problem.change < len(records)
    return {
        "sort": problem.sort,
        "change": problem.change if is_about else None,
        "id": records[problem.change] if is_about else None,
        "field": problem.field or None,
        "message": problem.message,
    }


def render_review(review: Review) -> dict[str, Any]:
    """Return a verdict."""
    return {
        "id": review.pk,
        "reviewer": person(review.reviewer),
        "version": review.version,
        "verdict": review.verdict,
        "reason": review.reason or None,
        "comment": review.comment or None,
        "about": review.about,
        "given": _time(review.given),
        "is_carried": review.carried_from_id is not None,
        "dismissed": _time(review.dismissed),
        "dismissed_by": person(review.dismissed_by),
        "dismissal": review.dismissal or None,
    }


def render_suggestion(suggestion: Suggestion) -> dict[str, Any]:
    """Return another value for one field."""
    return {
        "suggestion": suggestion.pk,
        "id": str(suggestion.record),
        "field": suggestion.field,
        "value": suggestion.value,
        "words": suggestion.words or None,
        "reviewer": person(suggestion.reviewer),
        "version": suggestion.version,
        "state": suggestion.state,
        "is_approved_in_advance": suggestion.approval_id is not None,
        "made": _time(suggestion.made),
        "settled": _time(suggestion.settled),
    }


def render_comment(comment: Comment) -> dict[str, Any]:
    """Return a remark; of a hidden one the reason that stands in its place."""
    return {
        "comment": comment.pk,
        "author": person(comment.author),
        "version": comment.version,
        "id": str(comment.record) if comment.record else None,
        "field": comment.field or None,
        "text": None if comment.hidden else comment.text,
        "hidden": comment.hidden or None,
        "made": _time(comment.made),
        "resolved": _time(comment.resolved),
        "resolved_by": person(comment.resolved_by),
    }


def render_memory(memory: Memory, addresses: Addresses) -> dict[str, Any]:
    """Return what was proposed or decided before that a version is like."""
    rejected = [
        addresses.proposal_named(proposal)
        | {
            "ended": _time(proposal.ended),
            "reason": review.reason or None if review else None,
            "comment": review.comment or None if review else None,
            "reviewer": person(review.reviewer) if review else None,
        }
        for proposal, review in memory.rejected
    ]
    deprecated = [
        {
            "id": str(one.pk),
            "self": addresses.record("assessment", str(one.pk)),
            "chokepoint": one.chokepoint.key,
            "status": one.status,
            "rank_reason": one.rank_reason or None,
            "changed_in": one.changed_in_id,
        }
        for one in memory.deprecated
    ]
    groups = ("identical", "overlapping", "same_record", "split")
    return {"rejected": rejected, "deprecated": deprecated} | {
        group: [addresses.proposal_named(one) for one in getattr(memory, group)] for group in groups
    }


def _claim(proposal: Proposal) -> dict[str, Any] | None:
    claim = standing_claim(proposal)
    return {"reviewer": person(claim.reviewer), "lapses": _time(claim.lapses)} if claim else None


def _hold(proposal: Proposal) -> dict[str, Any] | None:
    hold = proposal.holds.filter(ended=None).select_related("placed_by").first()
    if hold is None:
        return None
    return {
        "reason": hold.reason,
        "until": hold.until.isoformat() if hold.until else None,
        "awaited": hold.awaited_id,
        "placed_by": person(hold.placed_by),
        "placed": _time(hold.placed),
    }


def _moves(proposal: Proposal, user: Any, addresses: Addresses) -> list[dict[str, Any]]:
    """Return the moves that the asker may make now, each with method and address."""
    here, shown = addresses.proposal(proposal.number), []
    suggestions = list(proposal.suggestions.filter(state="open").values_list("pk", flat=True))
    for move in moves_now(user, proposal):
        path = ADDRESSES[move]
        for suggestion in suggestions if "{" in path else [None]:
            url = here + path.format(suggestion=suggestion)
            shown.append({"move": move, "method": "POST" if path else "PATCH", "url": url})
    return shown


def _links(proposal: Proposal, addresses: Addresses) -> dict[str, str]:
    here = addresses.proposal(proposal.number)
    found = {
        "versions": f"{here}versions/",
        "comments": f"{here}comments/",
        "conflicts": f"{here}conflicts/",
    }
    if proposal.changeset:
        found["changeset"] = addresses.of("api-changeset-detail", proposal.changeset)
    return found


# --- what stands around one


def render_version(version: Version, addresses: Addresses, *, whole: bool = False) -> dict[str, Any]:
    """Return a version: who made it, when and how; `whole` with what it proposes."""
    shown = {
        "number": version.number,
        "self": addresses.of("api-proposal-version", version.proposal_id, version.number),
        "title": version.title,
        "editor": person(version.editor),
        "made": _time(version.made),
        "how": version.how,
    }
    if not whole:
        return shown
    changes = list(version.changes.all())
    return shown | {
        "rationale": version.rationale,
        "changes": render_changes(changes),
        "references": render_references(changes, addresses),
    }


def render_conflicts(proposal: Proposal) -> dict[str, Any]:
    """Return why a proposal can't be published as it stands: each unit that both sides moved with its three values."""
    version = proposal.present_version()
    found = conflicts_of(version) if proposal.state not in ENDED else []
    return {
        "number": proposal.number,
        "version": version.number,
        "conflicts": [_conflict(one, _records_of(version)) for one in found],
    }


def _records_of(version: Version) -> list[str]:
    return [str(record) for record in version.changes.values_list("record", flat=True)]


def _conflict(one: ChangeConflict, records: Sequence[str]) -> dict[str, Any]:
    return {
        "change": one.merged.position,
        "record": one.merged.kind.name,
        "id": one.merged.record,
        "seen": one.seen,
        "units": [
            {"unit": unit.unit, "base": unit.base, "current": unit.current, "proposed": unit.proposed}
            for unit in one.units
        ],
        "problems": [_problem(problem, records) for problem in one.problems],
    }


def render_outcome(
    outcome: Outcome, proposal: Proposal, body: Mapping[str, Any], addresses: Addresses
) -> dict[str, Any]:
    """Return what an act led to, and as `proposal` the body of the proposal as it stands then.

    Conflicts are those of the part where changes were split off: that is what was to be published.
    """
    part = Proposal.objects.get(pk=outcome.part.pk) if outcome.part else None
    records = _records_of((part or proposal).present_version()) if outcome.conflicts else []
    return {
        "outcome": outcome.outcome,
        "changeset": outcome.changeset,
        "conflicts": [_problem(problem, records) for problem in outcome.conflicts],
        "review": render_review(outcome.review) if outcome.review else None,
        "part": addresses.proposal_named(part) if part else None,
        "proposal": body,
    }
