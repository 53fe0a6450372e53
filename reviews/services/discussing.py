"""Discussing: remarks on a proposal or one of its fields, with mentions, until they are resolved."""

import re
from typing import Any

from django.utils import timezone

from chokepoints.exceptions import RULE, Problem
from chokepoints.models import Contributor
from chokepoints.services.contributing import contributor_for
from chokepoints.services.locking import register_lock

from ..exceptions import InvalidProposal, NotAllowed, NotFound
from ..models import Comment, Proposal
from .admitting import check_may, locked_proposal
from .roles import is_editor, is_reviewer, member_named
from .settling import announce
from .writing import HEAD, clean_words

LONGEST = 10_000
MOST_MENTIONS = 20
# As Django allows user names, without the full stop that may end a sentence.
MENTION = re.compile(r"(?<![\w@.+-])@([\w+-](?:[\w@.+-]*[\w+-])?)")
REVIEWERS = "reviewers"


def comment_on_proposal(
    *, actor: Any, number: int, text: str, record: str | None = None, field: str = ""
) -> Comment:
    """Say something about a proposal, one of its changes (`record`) or one field of that.

    Raises NotAllowed, NotFound, WrongState and InvalidProposal.
    """
    words = clean_words(text, "text", required="Write something.", limit=LONGEST)
    with register_lock():
        proposal, author = locked_proposal(number, actor), contributor_for(actor)
        check_may("comment", proposal, actor, author)
        _check_place(proposal, record, field)
        people, calls_reviewers = mentioned_in(words)
        comment = Comment.objects.create(
            proposal=proposal,
            version=proposal.version,
            author=author,
            record=record or None,
            field=field,
            text=words,
            calls_reviewers=calls_reviewers,
        )
        comment.mentioned.set(people)
        announce("proposal.commented", author, proposal, comment=comment.pk)
    return comment


def resolve_comment(*, actor: Any, comment: int, resolved: bool = True) -> Comment:
    """Settle a remark, or open it again: whoever wrote it, an author of the proposal, or a reviewer.

    Raises NotAllowed and NotFound.
    """
    with register_lock():
        row = Comment.objects.filter(pk=comment).first()
        if row is None:
            raise NotFound("There is no such comment.")
        proposal, contributor = locked_proposal(row.proposal_id, actor), contributor_for(actor)
        check_may("comment", proposal, actor, contributor)
        is_author = proposal.authors.filter(pk=contributor.pk).exists()
        if not (row.author_id == contributor.pk or is_author or is_reviewer(actor)):
            raise NotAllowed("Only who wrote it, the authors and reviewers resolve a comment.")
        if bool(row.resolved) != resolved:
            row.resolved = timezone.now() if resolved else None
            row.resolved_by = contributor if resolved else None
            row.save()
            verb = "proposal.comment_resolved" if resolved else "proposal.comment_reopened"
            announce(verb, contributor, proposal, comment=row.pk)
    return row


def hide_comment(*, actor: Any, comment: int, reason: str) -> Comment:
    """Show a reason in place of a remark's text ("" shows the text again). Superusers only.

    Raises NotAllowed, NotFound and InvalidProposal.
    """
    if not (actor.is_active and actor.is_superuser):
        raise NotAllowed("Only admins hide comments.")
    words = clean_words(reason, "reason", limit=500)
    with register_lock():
        row = Comment.objects.select_related("proposal").filter(pk=comment).first()
        if row is None:
            raise NotFound("There is no such comment.")
        row.hidden = words
        row.save()
        announce(
            "proposal.comment_hidden",
            contributor_for(actor),
            row.proposal,
            comment=row.pk,
            hidden=bool(words),
        )
    return row


def _check_place(proposal: Proposal, record: str | None, field: str) -> None:
    changes = {str(change.record): change for change in proposal.present_version().changes.all()}
    if record and str(record) not in changes:
        raise InvalidProposal([Problem(RULE, HEAD, "record", "The proposal doesn't change that record.")])
    if field and (not record or field not in changes[str(record)].fields):
        raise InvalidProposal([Problem(RULE, HEAD, "field", "The proposal doesn't change that field.")])


def mentioned_in(text: str) -> tuple[list[Contributor], bool]:
    """Return the members that a text calls by @name, the first MOST_MENTIONS names, and whether it calls @reviewers."""
    names: dict[str, str] = {}
    for name in MENTION.findall(text):
        names.setdefault(name.casefold(), name)  # looked up as typed: not every database finds É for é
    calls_reviewers = names.pop(REVIEWERS, None) is not None
    people: dict[int, Contributor] = {}
    for name in list(names.values())[:MOST_MENTIONS]:
        user = member_named(name)
        if user and (is_editor(user) or is_reviewer(user) or user.is_superuser):
            people[user.pk] = contributor_for(user)
    return list(people.values()), calls_reviewers
