"""Drafting: writing proposals, up to and including handing them in, and taking them back.

Every function takes `actor`, a signed-in user, and raises the errors of exceptions.py; then nothing has changed.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from django.utils import timezone

from chokepoints.canonical import same_json
from chokepoints.exceptions import RULE, ChangesRefused, Problem
from chokepoints.models import Contributor
from chokepoints.models.revision import CREATE
from chokepoints.services.contributing import contributor_for
from chokepoints.services.locking import register_lock
from chokepoints.services.recording import record_activity

from ..exceptions import InvalidProposal, NotAllowed, WrongState
from ..models import Authorship, Change, Proposal, Suggestion, Version
from .admitting import check_may, check_version, locked_proposal
from .applying import Application, prepare
from .remembering import check_memory
from .roles import is_editor, member_named
from .settling import Outcome, announce, enter, note_weight, settle
from .writing import (
    HEAD,
    MOST_CHANGES,
    DraftChange,
    Head,
    clean_batch,
    clean_version,
    clean_words,
    write_version,
)

__all__ = [
    "HEAD",
    "MOST_CHANGES",
    "DraftChange",
    "add_author",
    "draft_again",
    "draft_proposal",
    "hand_in_proposal",
    "make_version",
    "revise_proposal",
    "submit_proposal",
    "withdraw_proposal",
]

AGAIN = ("rejected", "withdrawn")  # the ends after which an author may go on with the same in a new draft


def draft_proposal(
    *,
    actor: Any,
    title: str,
    rationale: str,
    changes: Sequence[DraftChange],
    batch: str = "",
    what_is_new: str = "",
) -> Proposal:
    """Write a new draft, which only its author sees; `batch` names what is filed together.

    `what_is_new` answers a decision that the register remembers. Raises NotAllowed and InvalidProposal.
    """
    if not is_editor(actor):
        raise NotAllowed("Only members of the group Editors propose changes. An admin can add you.")
    head, rows = clean_version(title, rationale, changes)
    batch, words = clean_batch(batch), _clean_news(what_is_new)
    with (
        register_lock()
    ):  # first, as everywhere: the author's first row, once written, holds up their other tabs
        author = contributor_for(actor)
        proposal = Proposal.objects.create(batch=batch, what_is_new=words)
        Authorship.objects.create(proposal=proposal, contributor=author)
        write_version(proposal, 1, head, rows, author)
        record_activity("proposal.drafted", actor=author, subject=f"proposal:{proposal.number}")
    return proposal


def draft_again(*, actor: Any, number: int) -> Proposal:
    """Write a new draft with what an own proposal said that was rejected or withdrawn; that one stays as it ended.

    Its new records get ids of their own: no two proposals create the same one. Raises NotAllowed, NotFound and WrongState.
    """
    with register_lock():
        ended, author = locked_proposal(number, actor), contributor_for(actor)
        if not ended.authors.filter(pk=author.pk).exists():
            raise NotAllowed("Only the authors of a proposal can do this.")
        if ended.state not in AGAIN:
            raise WrongState(f"This can't be done while the proposal is {ended.get_state_display()}.")
        version = ended.present_version()
        changes = list(version.changes.all())
        ids = {str(one.record): str(uuid.uuid4()) for one in changes if one.operation == CREATE}
        return draft_proposal(
            actor=actor,
            title=version.title,
            rationale=version.rationale,
            changes=[_with_ids(DraftChange.of(one), ids) for one in changes],
            batch=ended.batch,
        )


def _with_ids(change: DraftChange, ids: Mapping[str, str]) -> DraftChange:
    """Return a change with other ids for some records, wherever they are named."""

    def renamed(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {name: renamed(one) for name, one in value.items()}
        if isinstance(value, list | tuple):
            return [renamed(one) for one in value]
        return ids.get(value, value) if isinstance(value, str) else value

    return replace(
        change, record=renamed(change.record), fields=renamed(change.fields), cites=renamed(change.cites)
    )


def hand_in_proposal(*, actor: Any, **written: Any) -> Proposal:
    """Write a proposal as draft_proposal does and hand it in, in one step: if it is refused, no draft stays behind.

    Raises what draft_proposal and submit_proposal raise.
    """
    with register_lock():
        drafted = draft_proposal(actor=actor, **written)
        return submit_proposal(actor=actor, number=drafted.number, version=drafted.version)


def revise_proposal(
    *,
    actor: Any,
    number: int,
    version: int,
    title: str,
    rationale: str,
    changes: Sequence[DraftChange],
    what_is_new: str | None = None,
) -> Proposal:
    """Rewrite a draft, or make a new version of a proposal that is under review, which opens it again.

    `version` is the one that the author saw. A draft keeps its last version only, under the next number; a version of a
    proposal under review must be publishable, as at submission. `what_is_new` answers a remembered decision; None keeps
    the answer given before.
    """
    cleaned = clean_version(title, rationale, changes)
    with register_lock():
        proposal, author = locked_proposal(number, actor), contributor_for(actor)
        move = "edit" if proposal.state == "draft" else "revise"
        check_may(move, proposal, actor, author)
        check_version(proposal, version)
        _answer_memory(proposal, what_is_new)
        make_version(proposal, author, cleaned)
    return proposal


def make_version(
    proposal: Proposal,
    author: Contributor,
    cleaned: tuple[Head, list[Change]],
    *,
    how: str = "written",
    state: str = "open",
) -> Outcome:
    """Make the next version of a locked proposal, from what clean_version returned, by one of its authors.

    One under review is in `state` afterwards, and if that is open, published if the approvals that still stand suffice;
    but words that its author wrote anew wait for somebody to read them. Raises InvalidProposal and what check_memory raises.
    """
    head, rows = cleaned
    proposal.version += 1
    if proposal.state == "draft":
        proposal.versions.all().delete()  # nobody else has seen them; the number goes on, so two tabs can't collide
        write_version(proposal, proposal.version, head, rows, author, how)
        proposal.save()
        return Outcome()
    written = write_version(proposal, proposal.version, head, rows, author, how)
    application = check_whole(written)
    check_memory(written, proposal.what_is_new)
    outdate_suggestions(proposal, written)
    proposal.conflicts = []
    enter(proposal, state)
    announce("proposal.edited", author, proposal, how=how)
    if how == "written":
        note_weight(proposal, application)
        return Outcome()
    return settle(proposal, author, application=application)


def submit_proposal(*, actor: Any, number: int, version: int, what_is_new: str | None = None) -> Proposal:
    """Hand a draft in for review.

    Raises InvalidProposal if it could not be published as it is, AlreadyProposed if somebody proposed the same, and
    RememberedDecision if something like it was decided before and `what_is_new` doesn't say what is new.
    """
    with register_lock():
        proposal, author = locked_proposal(number, actor), contributor_for(actor)
        check_may("submit", proposal, actor, author)
        check_version(proposal, version)
        _answer_memory(proposal, what_is_new)
        present = proposal.present_version()
        application = check_whole(present)
        check_memory(present, proposal.what_is_new)
        proposal.opened = timezone.now()
        enter(proposal, "open")
        announce("proposal.opened", author, proposal)
        note_weight(proposal, application)
    return proposal


def withdraw_proposal(*, actor: Any, number: int) -> Proposal:
    """Take a proposal back. A draft is discarded, since nobody else has seen it."""
    with register_lock():
        proposal, author = locked_proposal(number, actor), contributor_for(actor)
        check_may("withdraw", proposal, actor, author)
        if proposal.state == "draft":
            Proposal.objects.filter(pk=number).delete()
            return proposal
        enter(proposal, "withdrawn")
        announce("proposal.withdrawn", author, proposal)
    return proposal


def add_author(*, actor: Any, number: int, name: str) -> Proposal:
    """Make another editor an author too, by user name. Whoever approved it and becomes an author loses that vote, and is on
    it no more."""
    with register_lock():
        proposal, author = locked_proposal(number, actor), contributor_for(actor)
        check_may("add_author", proposal, actor, author)
        other = member_named(name)
        if other is None or not is_editor(other):
            raise InvalidProposal([Problem(RULE, HEAD, "name", "There is no editor of this name.")])
        contributor = contributor_for(other)
        if not proposal.authors.filter(pk=contributor.pk).exists():
            Authorship.objects.create(
                proposal=proposal, contributor=contributor, position=proposal.authorships.count()
            )
            record_activity(
                "proposal.author_added",
                actor=author,
                subject=f"proposal:{number}",
                contributor=str(contributor.pk),
            )
            proposal.claims.filter(ended=None, reviewer=contributor).update(ended=timezone.now())
            note_weight(proposal)
    return proposal


def check_whole(version: Version) -> Application:
    """Return how a version would be published now. Raises InvalidProposal unless it could be, once approved."""
    problems = []
    if not version.rationale:
        problems.append(Problem(RULE, HEAD, "rationale", "Say why: a proposal needs a rationale."))
    try:
        application = prepare(version)
        problems += application.weight.problems
    except ChangesRefused as refusal:
        problems += refusal.problems
    if problems:
        raise InvalidProposal(problems)
    return application


def outdate_suggestions(proposal: Proposal, version: Version) -> None:
    """Settle suggestions for changes that the new version no longer has, or whose field it no longer proposes (a new
    record's empty fields stay open); what its author wrote as it was suggested is taken."""
    changes = {change.record: change for change in version.changes.all()}
    for suggestion in Suggestion.objects.filter(proposal=proposal, state="open"):
        change = changes.get(suggestion.record)
        fields = change.fields if change else {}
        if not change or not (change.operation == CREATE or suggestion.field in fields):
            suggestion.state = "outdated"
        elif same_json(suggestion.value, fields.get(suggestion.field)):
            suggestion.state = "taken"
        else:
            continue
        suggestion.settled = timezone.now()
        suggestion.save()


def _answer_memory(proposal: Proposal, what_is_new: str | None) -> None:
    if what_is_new is not None:
        proposal.what_is_new = _clean_news(what_is_new)


def _clean_news(words: str) -> str:
    return clean_words(words, "what_is_new", limit=5_000)
