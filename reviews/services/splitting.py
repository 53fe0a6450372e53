"""Splitting: some changes of a proposal move to one of their own, and keep the approvals that they have."""

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import F, Q

from chokepoints.exceptions import REFERENCE, RULE, ChangesRefused, Problem
from chokepoints.models import Contributor
from chokepoints.models.revision import CREATE
from chokepoints.records import KINDS
from chokepoints.services.contributing import contributor_for
from chokepoints.services.locking import register_lock

from ..exceptions import InvalidProposal
from ..models import Authorship, Change, Hold, Proposal, Review, Version
from ..workflow import PENDING
from .admitting import check_may, check_version, locked_proposal
from .applying import prepare
from .settling import Outcome, announce, enter, note_conflicts, note_weight, settle, standing_request
from .writing import HEAD, DraftChange, clean_version, write_version

Waited = tuple[str, dt.datetime | None, dt.datetime | None]  # in which state, since when, told to admins when


def split_proposal(*, actor: Any, number: int, version: int, records: Sequence[str]) -> Outcome:
    """Move the changes of some records to a new proposal by the same authors; it is `part` of the outcome.

    Neither an author nor a reviewer writes anything by it, so approvals of what is unchanged stand on both sides, and a
    side that has enough of them is published. Raises NotAllowed, NotFound, StaleVersion, WrongState and InvalidProposal.
    """
    with register_lock():
        proposal, actor_there = locked_proposal(number, actor), contributor_for(actor)
        check_may("split", proposal, actor, actor_there)
        check_version(proposal, version)
        part = split_off(proposal, actor_there, records)
        done = settle(part, actor_there)
        if proposal.state == "open" and part in waits_for(proposal):
            _hold_for(proposal, part, actor_there)
        settle(proposal, actor_there)
    return Outcome(outcome=done.outcome, changeset=done.changeset, conflicts=done.conflicts, part=part)


def split_off(proposal: Proposal, actor: Contributor, records: Iterable[str]) -> Proposal:
    """Split a locked proposal and return the new one; nothing is published yet. Raises InvalidProposal."""
    version = proposal.present_version()
    changes = list(version.changes.all())
    wanted = {str(record) for record in records}
    moved = [change for change in changes if str(change.record) in wanted]
    rest = [change for change in changes if str(change.record) not in wanted]
    _check_division(changes, moved, rest, wanted)
    part = Proposal.objects.create(
        split_from=proposal,
        batch=proposal.batch,
        what_is_new=proposal.what_is_new,
        opened=proposal.opened,
    )
    for authorship in proposal.authorships.all():
        Authorship.objects.create(
            proposal=part, contributor=authorship.contributor, position=authorship.position
        )
    _write(part, 1, version, moved, version.editor)
    proposal.version += 1
    _write(proposal, proposal.version, version, rest, actor)
    request, waited = standing_request(proposal), (proposal.state, proposal.waiting_since, proposal.escalated)
    _carry_reviews(proposal, part, {str(change.record) for change in moved})
    _carry_words(proposal, part, {change.record for change in moved})
    for side, its_own in ((part, moved), (proposal, rest)):
        _enter_fitting(side, {str(change.record) for change in its_own}, request, waited)
    announce("proposal.split", actor, proposal, part=part.number)
    return part


def waits_for(proposal: Proposal) -> list[Proposal]:
    """Return the pending proposals that create records which this one refers to."""
    changes = list(proposal.present_version().changes.all())
    own = {str(change.record) for change in changes}
    named = {target for change in changes for target in _named(change)} - own
    return list(
        Proposal.objects.filter(
            state__in=PENDING,
            versions__number=F("version"),
            versions__changes__operation=CREATE,
            versions__changes__record__in=named,
        )
        .exclude(pk=proposal.pk)
        .distinct()
        .order_by("number")
    )


def builds_on(changes: Sequence[Change]) -> dict[str, list[Change]]:
    """Return for each change of a version, by record id, the new records of the same version that it refers to."""
    new = {str(change.record): change for change in changes if change.operation == CREATE}
    return {
        str(change.record): [
            new[target] for target in sorted(_named(change) & new.keys() - {str(change.record)})
        ]
        for change in changes
    }


def _named(change: Change) -> set[str]:
    """Return the ids that a change refers to, in its fields or as cited evidence."""
    fields = KINDS[change.kind].fields
    named = {target for name, value in change.fields.items() for _, target in fields[name].references(value)}
    return named | {target for targets in change.cites.values() for target in targets}


def _check_division(
    changes: Sequence[Change], moved: Sequence[Change], rest: Sequence[Change], wanted: set[str]
) -> None:
    """Both sides must hold something, and what moves must not build on new records that stay."""
    problems = []
    if not moved or not rest or len(moved) != len(wanted):
        problems.append(
            Problem(RULE, HEAD, "records", "Choose some of the proposal's changes, but not all of them.")
        )
    grounds = builds_on(changes)
    for position, change in enumerate(changes):
        for ground in grounds[str(change.record)] if change in moved else ():
            if ground in rest:
                words = f"This {change.kind} builds on the new {ground.kind}, so that must go with it."
                problems.append(Problem(REFERENCE, position, "", words))
    if problems:
        raise InvalidProposal(problems)


def _write(
    proposal: Proposal, number: int, version: Version, changes: Iterable[Change], editor: Contributor
) -> None:
    head, rows = clean_version(
        version.title, version.rationale, [DraftChange.of(change) for change in changes]
    )
    write_version(proposal, number, head, rows, editor, how="split")


def _carry_reviews(proposal: Proposal, part: Proposal, moved: set[str]) -> None:
    """Give the part the verdicts that were about what moved: approvals of it, and a request that is still to be met."""
    for review in proposal.reviews.filter(dismissed=None).exclude(_in_advance(proposal)).order_by("pk"):
        covers = {record: parts for record, parts in review.covers.items() if record in moved}
        about = [record for record in review.about if record in moved]
        if review.verdict == "approve" and not covers:
            continue
        if review.verdict == "request_changes" and (review.about and not about):
            continue
        if review.verdict == "reject":
            continue
        carried = Review.objects.create(
            proposal=part,
            version=1,
            reviewer=review.reviewer,
            verdict=review.verdict,
            comment=review.comment,
            covers=covers,
            about=about,
            carried_from=review,
        )
        Review.objects.filter(pk=carried.pk).update(given=review.given)


def _carry_words(proposal: Proposal, part: Proposal, moved: set[Any]) -> None:
    """Move open suggestions for, and remarks on, what moved. No approval in advance goes along: it was given for the whole."""
    suggestions = proposal.suggestions.filter(record__in=moved, state="open")
    approvals = list(suggestions.exclude(approval=None).values_list("approval", flat=True))
    suggestions.update(proposal=part, version=1, approval=None)
    proposal.reviews.filter(pk__in=approvals).exclude(_in_advance(proposal)).delete()
    proposal.comments.filter(record__in=moved).update(proposal=part, version=1)


def _in_advance(proposal: Proposal) -> Q:
    """Approvals that hold only if a suggestion is taken that isn't yet."""
    open_ones = proposal.suggestions.filter(state="open", approval__isnull=False)
    return Q(pk__in=open_ones.values("approval"))


def _enter_fitting(proposal: Proposal, records: set[str], request: Review | None, waited: Waited) -> None:
    """Put one side of a division into the state that fits what it holds now; `request` and `waited` are of the whole.

    A side that is where the whole was has waited as long.
    """
    state, since, escalated = waited
    proposal.conflicts = []
    if state == "changes_requested":
        concerned = request is not None and (not request.about or set(request.about) & records)
        state = state if concerned else "open"
    elif state == "conflicting":
        try:
            prepare(proposal.present_version())
            state = "open"
        except ChangesRefused as refusal:
            note_conflicts(proposal, refusal.problems)
    enter(proposal, state)
    if state == waited[0] and since:
        proposal.waiting_since, proposal.escalated = since, escalated
        proposal.save(update_fields=["waiting_since", "escalated"])
    note_weight(proposal)


def _hold_for(proposal: Proposal, awaited: Proposal, actor: Contributor) -> None:
    """Set the rest aside until the part, on whose new records it builds, has ended."""
    Hold.objects.create(
        proposal=proposal,
        awaited=awaited,
        held_from=proposal.state,
        placed_by=actor,
        reason=f"It builds on what proposal {awaited.number} creates.",
    )
    enter(proposal, "on_hold")
    announce("proposal.held", actor, proposal)
