"""Suggesting: a reviewer says which value would be better; the author takes it in one click.

The version that takes it is the author's, so the reviewer keeps the vote, and may give it in advance.
"""

from typing import Any

from django.db.models import Q
from django.utils import timezone

from chokepoints.canonical import same_json
from chokepoints.exceptions import FIELD, RULE, ChangesRefused, Problem
from chokepoints.fields import FieldError
from chokepoints.models.revision import CREATE, UPDATE
from chokepoints.records import KINDS
from chokepoints.services.contributing import contributor_for
from chokepoints.services.locking import register_lock

from ..exceptions import InvalidProposal, WrongState
from ..models import Change, Proposal, Review, Suggestion
from .admitting import check_may, check_version, locked_proposal
from .applying import prepare_changes
from .drafting import make_version
from .settling import Outcome, announce, standing_request
from .writing import HEAD, DraftChange, clean_version, clean_words


def suggest_value(
    *,
    actor: Any,
    number: int,
    version: int,
    record: str,
    field: str,
    value: Any,
    words: str = "",
    approve: bool = False,
) -> Suggestion:
    """Suggest another value (None: nothing) for one field of one change. A reviewer's newer suggestion for a field
    replaces the older one.

    `approve` gives the reviewer's approval in advance: it covers the proposal with this value and with the reviewer's
    other open suggestions given so, all of them, and with nothing else. Raises NotAllowed, NotFound, StaleVersion, WrongState and
    InvalidProposal.
    """
    words = clean_words(words, "words", limit=5_000)
    with register_lock():
        proposal, reviewer = locked_proposal(number, actor), contributor_for(actor)
        check_may("suggest", proposal, actor, reviewer)
        check_version(proposal, version)
        change, clean = _clean_value(proposal, record, field, value)
        _settle(
            proposal.suggestions.filter(record=change.record, field=field, reviewer=reviewer, state="open"),
            "outdated",
        )
        suggestion = Suggestion.objects.create(
            proposal=proposal,
            version=version,
            record=change.record,
            field=field,
            value=clean,
            words=words,
            reviewer=reviewer,
        )
        if approve:
            _approve_in_advance(proposal, suggestion)
        announce("proposal.value_suggested", reviewer, proposal, suggestion=suggestion.pk)
    return suggestion


def take_suggestion(*, actor: Any, number: int, suggestion: int, version: int) -> Outcome:
    """Take a suggested value into the next version, which is the author's.

    With the last suggestion of whoever requested changes taken, the proposal is open again; it is published at once if
    enough approvals stand then. Raises NotAllowed, NotFound, StaleVersion, WrongState, InvalidProposal and what
    check_memory raises.
    """
    with register_lock():
        proposal, author = locked_proposal(number, actor), contributor_for(actor)
        check_may("take", proposal, actor, author)
        check_version(proposal, version)
        taken = _open_suggestion(proposal, suggestion)
        present = proposal.present_version()
        changes = _with_values(list(present.changes.all()), [taken])
        cleaned = clean_version(present.title, present.rationale, [DraftChange.of(one) for one in changes])
        alike = _saying_the_same(taken)
        _settle(Suggestion.objects.filter(pk__in=[one.pk for one in alike]), "taken")
        announce("proposal.suggestion_taken", author, proposal, suggestion=taken.pk)
        state = "changes_requested" if _more_is_asked(proposal, alike) else "open"
        return make_version(proposal, author, cleaned, how="suggested", state=state)


def decline_suggestion(*, actor: Any, number: int, suggestion: int) -> Suggestion:
    """Leave a suggestion aside. Its reviewer sees that. Raises NotAllowed, NotFound and WrongState."""
    with register_lock():
        proposal, author = locked_proposal(number, actor), contributor_for(actor)
        check_may("decline", proposal, actor, author)
        declined = _open_suggestion(proposal, suggestion)
        _settle(proposal.suggestions.filter(pk=declined.pk), "declined")
        announce("proposal.suggestion_declined", author, proposal, suggestion=declined.pk)
    return declined


def _clean_value(proposal: Proposal, record: str, field: str, value: Any) -> tuple[Change, Any]:
    """Return the change that a suggestion is about, and the value in canonical form."""
    change = next(
        (one for one in proposal.present_version().changes.all() if str(one.record) == str(record)), None
    )
    if change is None or change.operation not in {CREATE, UPDATE}:
        raise InvalidProposal([Problem(RULE, HEAD, "record", "There is no such change to suggest for.")])
    kind = KINDS[change.kind]
    # A new record's empty fields can be filled; of a published one only what is proposed is under discussion.
    fields = kind.editable if change.operation == CREATE else change.fields
    if field not in fields:
        raise InvalidProposal([Problem(RULE, HEAD, "field", "There is no such field in this change.")])
    try:
        clean = kind.fields[field].clean(value)
    except FieldError as error:
        raise InvalidProposal([Problem(FIELD, change.position, field, str(error))]) from error
    if clean is None and kind.fields[field].required:
        words = f"{kind.fields[field].label} can't be left empty."
        raise InvalidProposal([Problem(FIELD, change.position, field, words)])
    if same_json(clean, change.fields.get(field)):
        raise InvalidProposal(
            [Problem(FIELD, change.position, field, "That is what the proposal says already.")]
        )
    return change, clean


def _with_values(changes: list[Change], suggestions: list[Suggestion]) -> list[Change]:
    """Return a version's changes with suggested values put in. The rows are not saved."""
    for change in changes:
        for suggestion in suggestions:
            if suggestion.record == change.record:
                change.fields = {**change.fields, suggestion.field: suggestion.value}
        if change.operation == CREATE:
            change.fields = {name: value for name, value in change.fields.items() if value is not None}
    return changes


def _approve_in_advance(proposal: Proposal, suggestion: Suggestion) -> None:
    """Approve the proposal as it would be with all that a reviewer suggests in this way: one approval for all of it, in
    place of the one given with fewer."""
    own = proposal.suggestions.filter(reviewer=suggestion.reviewer, state="open")
    given_so = list(own.filter(Q(approval__isnull=False) | Q(pk=suggestion.pk)).order_by("pk"))
    changes = _with_values(list(proposal.present_version().changes.all()), given_so)
    try:
        application = prepare_changes(changes)
    except ChangesRefused as refusal:
        raise InvalidProposal(refusal.problems) from refusal
    Review.objects.filter(pk__in=[one.approval_id for one in given_so]).delete()
    suggestion.approval = Review.objects.create(
        proposal=proposal,
        version=proposal.version,
        reviewer=suggestion.reviewer,
        verdict="approve",
        comment=suggestion.words,
        covers=application.coverages,
        state_before=proposal.state,
    )
    Suggestion.objects.filter(pk__in=[one.pk for one in given_so]).update(approval=suggestion.approval)


def _saying_the_same(suggestion: Suggestion) -> list[Suggestion]:
    """Return the open suggestions of the same value for the same field, this one among them: taking one takes all."""
    rivals = Suggestion.objects.filter(
        proposal=suggestion.proposal_id, record=suggestion.record, field=suggestion.field, state="open"
    )
    return [one for one in rivals if same_json(one.value, suggestion.value)]


def _more_is_asked(proposal: Proposal, taken: list[Suggestion]) -> bool:
    """Tell whether a request for changes still stands once some suggestions are taken. It is met by all suggestions of
    whoever made it, and not by those of others: then its author must make the version that meets it."""
    request = standing_request(proposal)
    if request is None:
        return False
    met = any(one.reviewer_id == request.reviewer_id for one in taken)
    return not met or proposal.suggestions.filter(state="open", reviewer=request.reviewer_id).exists()


def _open_suggestion(proposal: Proposal, pk: int) -> Suggestion:
    suggestion = proposal.suggestions.filter(pk=pk, state="open").first()
    if suggestion is None:
        raise WrongState("This suggestion was settled already.")
    return suggestion


def _settle(suggestions: Any, state: str) -> None:
    suggestions.update(state=state, settled=timezone.now())
