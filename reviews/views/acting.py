"""What people say about a proposal and who is on it, ready for its page: remarks, suggestions, hold, claim, the last nudge."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from chokepoints.comparison import FieldComparison, compare
from chokepoints.models import Contributor
from chokepoints.records import KINDS

from ..forms.records import siblings_of
from ..forms.references import show_records
from ..models import Change, Comment, Proposal, Suggestion
from ..selectors import active_reviewers
from ..selectors.members import name_of
from ..services.claiming import last_nudge, standing_claim
from ..services.discussing import MENTION, REVIEWERS
from ..services.limiting import limit_of
from ..services.roles import is_editor, is_reviewer
from .answering import contributor_of

Place = tuple[str, str]  # record id, field or "" for the change as a whole
WHOLE: Place = ("", "")
Labels = Mapping[tuple[str, str], tuple[str, str]]


@dataclass(frozen=True)
class ShownComment:
    """A remark, ready for the page: its text in pieces (does it call somebody?, text), and where it stood if that is gone."""

    comment: Comment
    pieces: Sequence[tuple[bool, str]]
    was_on: str = ""
    may_resolve: bool = False


@dataclass(frozen=True)
class ShownSuggestion:
    """A suggestion with what the proposal says now compared to it; a settled one shows its value alone."""

    suggestion: Suggestion
    comparison: FieldComparison


def acting_context(request: HttpRequest, proposal: Proposal) -> dict[str, Any]:
    """Return what the page of a proposal shows of the small acts around it.

    `comments_on` and `suggestions_on` are by (record id, field), the field "" for a change as a whole; `comments` are about
    the proposal as a whole, or about what is in it no more. `typed` is what a refused form on that page held.
    """
    me = contributor_of(request.user)
    present = Change.objects.filter(version__proposal=proposal, version__number=proposal.version)
    changes = {str(change.record): change for change in present}
    comments = _comments(request.user, me, proposal, changes)
    claim = standing_claim(proposal)
    nudge_hours = limit_of("nudge")
    return {
        "comments": comments.pop(WHOLE, []),
        "comments_on": comments,
        "suggestions_on": _suggestions(proposal, changes),
        "hold": _hold(proposal),
        "claim": claim,
        "claim_is_mine": bool(claim and me and claim.reviewer_id == me.pk),
        "last_nudge": last_nudge(proposal, timezone.now() - dt.timedelta(hours=nudge_hours)),
        "may_divide": len(changes) > 1,
        "heirs": partial(_heirs, proposal, request.user),  # asked for only where a form offers them
        "typed": _typed(request),
    }


def _hold(proposal: Proposal) -> Any:
    if proposal.state != "on_hold":
        return None
    return proposal.holds.filter(ended=None).select_related("placed_by").first()


def _heirs(proposal: Proposal, user: Any) -> list[tuple[str, str]]:
    """Return whom a review can be handed to: user name and name."""
    reviewers = active_reviewers().exclude(contributor__in=proposal.authors.all()).exclude(pk=user.pk)
    named = {(one.get_username(), name_of(one)) for one in reviewers.select_related("contributor").distinct()}
    return sorted(named, key=lambda pair: pair[1].casefold())


def _typed(request: HttpRequest) -> dict[str, str]:
    """Return what was posted to an address that has no page of its own, so that a refusal loses nothing."""
    if request.method != "POST" or request.resolver_match is None:
        return {}
    typed = {name: request.POST.get(name, "") for name in ("text", "record", "field", "name")}
    return typed | {"to": request.resolver_match.url_name or ""}


# --- remarks


def _comments(
    user: Any, me: Contributor | None, proposal: Proposal, changes: Mapping[str, Change]
) -> dict[Place, list[ShownComment]]:
    """Return the remarks on a proposal by place."""
    rows = list(proposal.comments.select_related("author", "resolved_by").prefetch_related("mentioned__user"))
    is_member = bool(rows) and me is not None and (is_editor(user) or is_reviewer(user))
    may_all = is_member and (is_reviewer(user) or proposal.authors.filter(pk=me.pk).exists())
    found: dict[Place, list[ShownComment]] = {}
    for row in rows:
        place, was_on = _place(row, changes)
        may = may_all or (is_member and row.author_id == me.pk)
        found.setdefault(place, []).append(ShownComment(row, pieces_of(row), was_on, may))
    return found


def _place(comment: Comment, changes: Mapping[str, Change]) -> tuple[Place, str]:
    """Return where a remark stands now, and in words where it stood if that isn't there any more."""
    if comment.record is None:
        return WHOLE, ""
    record, field = str(comment.record), comment.field
    if record not in changes:
        return WHOLE, "a change that is no part of it any more"
    if field and field not in changes[record].fields:
        kind = KINDS[changes[record].kind]
        label = kind.fields[field].label if field in kind.fields else field
        return (record, ""), f"{label}, which it doesn't change any more"
    return (record, field), ""


def pieces_of(comment: Comment) -> list[tuple[bool, str]]:
    """Return a remark's text in pieces, those apart by which it calls somebody."""
    called = {person.user.get_username().casefold() for person in comment.mentioned.all() if person.user}
    if comment.calls_reviewers:
        called.add(REVIEWERS)
    pieces, start = [], 0
    for mention in MENTION.finditer(comment.text):
        if mention[1].casefold() in called:
            pieces += [(False, comment.text[start : mention.start()]), (True, mention[0])]
            start = mention.end()
    return [(calls, text) for calls, text in [*pieces, (False, comment.text[start:])] if text]


# --- suggestions


def _suggestions(proposal: Proposal, changes: Mapping[str, Change]) -> dict[Place, list[ShownSuggestion]]:
    """Return the suggestions for what is in a proposal by place, open ones first."""
    rows = [
        row
        for row in proposal.suggestions.select_related("reviewer").order_by("pk")
        if str(row.record) in changes and row.field in KINDS[changes[str(row.record)].kind].fields
    ]
    labels = _labels(rows, changes) if rows else {}
    found: dict[Place, list[ShownSuggestion]] = {}
    for row in sorted(rows, key=lambda row: (row.state != "open", row.pk)):
        shown = ShownSuggestion(row, _comparison(row, changes[str(row.record)], labels))
        found.setdefault((str(row.record), row.field), []).append(shown)
    return found


def _labels(rows: Iterable[Suggestion], changes: Mapping[str, Change]) -> Labels:
    """Return how the records that suggestions name, or would replace, are shown."""
    wanted: set[tuple[str, str]] = set()
    for row in rows:
        change = changes[str(row.record)]
        field = KINDS[change.kind].fields[row.field]
        for value in (row.value, change.fields.get(row.field)):
            wanted |= set(field.references(value)) if value is not None else set()
    shown = show_records(wanted, siblings_of(changes.values()))
    return {(one.kind, record): (one.label, one.url) for record, one in shown.items()}


def _comparison(row: Suggestion, change: Change, labels: Labels) -> FieldComparison:
    proposed = {name: value for name, value in change.fields.items() if value is not None}
    suggested = {name: value for name, value in proposed.items() if name != row.field}
    if row.value is not None:
        suggested[row.field] = row.value
    before = proposed if row.state == "open" else {}
    return compare(KINDS[change.kind], before, suggested, [row.field], labels)[0]
