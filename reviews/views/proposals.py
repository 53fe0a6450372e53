"""Proposals to read: the list, and the page of one, on which its reviewers judge it and its authors go on with it."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views import View

from chokepoints.exceptions import Problem
from chokepoints.models import Contributor

from ..forms.proposals import DismissForm, FilterForm, ReviewForm, SubmitForm, whole_number
from ..models import Proposal, Review, Version
from ..models.notification import PROPOSAL
from ..policies import why_not
from ..selectors import Needs, needs_of, turns_of
from ..selectors.inbox import unread_of_proposal
from ..selectors.moves import allowed_moves, facts_for_moves
from ..services.drafting import AGAIN
from ..services.limiting import limit_of
from ..services.remembering import remember
from ..services.reviewing import is_absent, standing_request, undoable_review
from ..services.roles import is_editor
from ..workflow import ENDED, VERDICTS
from .acting import acting_context
from .advancing import address_in_queue, leave_aside, next_of_queue, queue_address
from .answering import contributor_of, visible_proposal, with_titles
from .needing import BECAUSE, conflict_words, grouped_turns, lapsed_approvals
from .paging import page_links
from .recounting import Chapter, about_words, chapters_of
from .showing import ShownChange, shown_changes
from .watching import watch_button

PER_PAGE = 30


class ProposalList(View):
    """Proposals that everybody may see, newest first, with filters."""

    def get(self, request: HttpRequest) -> HttpResponse:
        form = FilterForm(request.GET)
        mine = contributor_of(request.user)
        proposals = Proposal.objects.visible_to(mine)
        if form.is_valid():
            wanted = form.cleaned_data
            if wanted["state"]:
                proposals = proposals.filter(state=wanted["state"])
            if wanted["author"]:
                proposals = proposals.filter(authors=wanted["author"])
            if wanted["record"]:
                proposals = proposals.about(wanted["record"])
        else:
            proposals = proposals.none()
        page = Paginator(with_titles(proposals), PER_PAGE).get_page(request.GET.get("page"))
        context = {
            "form": form,
            "authors": Contributor.objects.filter(authorships__isnull=False).distinct(),
            "may_propose": is_editor(request.user),
            **page_links(request, page),
        }
        return render(request, "reviews/proposal_list.html", context)


class ProposalDetail(View):
    """One proposal: what it says, why, what it still needs, and what others said about it."""

    def get(self, request: HttpRequest, number: int) -> HttpResponse:
        return show_proposal(request, visible_proposal(number, request.user))


def show_proposal(
    request: HttpRequest,
    proposal: Proposal,
    *,
    review_form: ReviewForm | None = None,
    submit_form: SubmitForm | None = None,
    dismiss_form: DismissForm | None = None,
    refusal: str = "",
    problems: Sequence[Problem] = (),
    box_errors: Mapping[int, list[str]] | None = None,
    same: Proposal | None = None,
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    """Render the page of a proposal, with what was refused if something was.

    Forms that were refused come back with what was typed; `problems` stand at their changes, `box_errors` beside the boxes
    of the review form, by position; `same` is a proposal that says the same. `more` goes to the template as it is.
    """
    version, mine = proposal.present_version(), contributor_of(request.user)
    may = moves_of(request.user, proposal)
    needs = needs_of(proposal) if proposal.state not in ENDED else None
    talk = acting_context(request, proposal)
    changes = _changes(version, needs, talk, problems)
    may["resolve"] = may.get("resolve") or _is_draft_in_conflict(proposal, may, changes)
    chapters = chapters_of(proposal, changes)
    form = review_form or ReviewForm(initial={"version": proposal.version}, came_from=request.GET.get("from"))
    context = {
        "proposal": proposal,
        "version": version,
        "authors": proposal.authors.order_by("authorships__position"),
        "parts": proposal.parts.all(),
        "changes": changes,
        "chapters": chapters,
        "may": may,
        "submit_form": submit_form or SubmitForm.of(version, what_is_new=proposal.what_is_new),
        "refusal": refusal,
        "same": same,
        "is_unpublished": proposal.state != "published",
        "watch": watch_button(request.user, PROPOSAL, proposal.pk) if proposal.state != "draft" else None,
        "unread_to": unread_of_proposal(request.user, proposal) if request.user.is_authenticated else None,
        "next": proposal.get_absolute_url(),
        **talk,
        **_needs(proposal, needs, changes, problems),
        **_memory(proposal, version, may),
        **_turns(proposal, mine),
        **_standing_request(proposal, changes, may, mine, dismiss_form),
        **_review_form(form, changes, may, needs, box_errors or {}),
        **_own_review(proposal, chapters, may, mine),
        **more,
    }
    context |= _going_on(request, proposal, form, context["own_review"], may)
    context["has_aside"] = needs or context["own_review"] or form.is_bound or "queue_url" in context
    return render(request, "reviews/proposal_detail.html", context, status=status)


def moves_of(user: Any, proposal: Proposal) -> dict[str, Any]:
    """Return which moves somebody may make, by name; `no_review` says in words why they can't review.

    `edit` stands for revising too, `review` for any verdict, `again` for a new draft with the same; `is_author` and
    `is_reviewer` are roles.
    """
    if not user.is_authenticated:
        return {}
    facts = facts_for_moves(user, proposal)
    moves: dict[str, Any] = allowed_moves(facts)
    moves["edit"] = moves["edit"] or moves["revise"]
    moves["again"] = facts["is_author"] and facts["is_editor"] and proposal.state in AGAIN
    moves["review"] = any(moves[verdict] for verdict in VERDICTS)
    refusal = why_not("approve", **facts)
    moves["no_review"] = refusal[1] if refusal and facts["is_reviewer"] and proposal.state == "open" else ""
    return moves | {"is_author": facts["is_author"], "is_reviewer": facts["is_reviewer"]}


def _is_draft_in_conflict(proposal: Proposal, may: Mapping[str, Any], changes: Sequence[ShownChange]) -> bool:
    """Tell whether an author is to resolve a draft: to edit it, by the page for what moved meanwhile."""
    is_drafts_author = proposal.state == "draft" and may.get("edit")
    return bool(is_drafts_author) and any(one.moved_to and (one.problems or one.gone) for one in changes)


def _changes(
    version: Version, needs: Needs | None, talk: Mapping[str, Any], problems: Sequence[Problem]
) -> list[ShownChange]:
    return shown_changes(
        version,
        pending=needs is not None,
        problems=[*problems, *(needs.problems if needs else [])],
        merged_texts=needs.merged_texts if needs else None,
        comments_on=talk["comments_on"],
        suggestions_on=talk["suggestions_on"],
    )


def _review_form(
    form: ReviewForm,
    changes: Sequence[ShownChange],
    may: Mapping[str, Any],
    needs: Needs | None,
    box_errors: Mapping[int, list[str]],
) -> dict[str, Any]:
    """Return the review form with the verdicts that are possible now, and tick its boxes at the changes as they were."""
    waits = bool(needs and needs.awaited)  # what waits for another proposal can't be approved yet
    form.offer(verdict for verdict in VERDICTS if may.get(verdict) and not (waits and verdict == "approve"))
    for position, change in enumerate(changes):
        change.ticked = {name for name in ("approve", "about") if change.record in form.ticked(name)}
        change.box_errors = box_errors.get(position, [])
    return {
        "review_form": form,
        "has_boxes": may.get("split") and may.get("approve") and len(changes) > 1,
    }


def _memory(proposal: Proposal, version: Version, may: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is remembered of the like, for those who write or judge a proposal that isn't over.

    A decision, or the same proposed already, stands before the changes; what merely overlaps comes after them.
    """
    wanted = may.get("is_author") or may.get("is_reviewer")
    if not wanted or proposal.state in ENDED:
        return {"memory": None}
    memory = remember(version)
    return {"memory": memory, "is_early": bool(memory.was_decided or memory.identical)}


def _needs(
    proposal: Proposal,
    needs: Needs | None,
    changes: Sequence[ShownChange],
    problems: Sequence[Problem],
) -> dict[str, Any]:
    """Return what a proposal still needs; what is said beside a change isn't said twice."""
    beside = {message for change in changes for message in change.problems}
    context = {
        "conflicts": conflict_words(proposal.conflicts),
        "refused": [problem.message for problem in problems if problem.message not in beside],
        "broken": bool(beside),
        "needs": needs,
    }
    if needs is None:
        return context
    numbers = [one.pk for one in needs.awaited]
    return context | {
        "because": [BECAUSE[effect] for effect in needs.effects],
        "missing": [] if numbers else [words for words in needs.missing if words not in beside],
        "lapsed": lapsed_approvals(proposal, needs, changes),
        "awaited": Proposal.objects.filter(pk__in=numbers).named().order_by("number") if numbers else [],
    }


def _standing_request(
    proposal: Proposal,
    changes: Sequence[ShownChange],
    may: Mapping[str, Any],
    mine: Contributor | None,
    form: DismissForm | None,
) -> dict[str, Any]:
    """Return the request for changes that the authors are to answer, and whether it can be set aside."""
    if proposal.state != "changes_requested":
        return {}
    review = standing_request(proposal)
    if review is None:
        return {}
    is_mine = mine is not None and review.reviewer_id == mine.pk
    return {
        "request_standing": review,
        "request_about": about_words(review, {change.record: change.name for change in changes}),
        "request_is_mine": is_mine,
        "may_dismiss": may.get("dismiss") and (is_mine or is_absent(review)),
        "absence": limit_of("absence"),
        "dismiss_form": form or DismissForm(),
    }


def _own_review(
    proposal: Proposal, chapters: Sequence[Chapter], may: Mapping[str, Any], mine: Contributor | None
) -> dict[str, Any]:
    """Return one's own last verdict on the present version, and whether it can be undone."""
    given = [shown.review for chapter in chapters for shown in chapter.reviews if mine]
    own = [one for one in given if one.reviewer_id == mine.pk and one.version == proposal.version]
    context: dict[str, Any] = {"own_review": own[-1] if own else None}
    if own and may.get("undo"):
        context |= {"undoable": undoable_review(proposal, mine), "undo_seconds": limit_of("undo")}
    return context


def _going_on(
    request: HttpRequest,
    proposal: Proposal,
    form: ReviewForm,
    own_review: Review | None,
    may: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the proposal to take next, for reviewers who are done with this one or work through a queue."""
    came_from = form.came_from
    if not may.get("is_reviewer") or (own_review is None and came_from is None):
        return {}
    if skipped := whole_number(request.GET.get("skipped")):
        leave_aside(request, skipped, proposal.pk)
    following = next_of_queue(request, came_from or "", proposal.pk)
    in_queue = "" if came_from is None else f"?{urlencode({'from': came_from})}"
    skipping = proposal.pk if may.get("review") and not own_review else None
    return {
        "following": following,
        "following_url": address_in_queue(following, came_from, skipping=skipping) if following else "",
        "queue_url": queue_address(came_from or ""),
        "in_queue": in_queue,
    }


def _turns(proposal: Proposal, mine: Contributor | None) -> dict[str, Any]:
    if proposal.state in (*ENDED, "draft"):
        return {}
    turns = grouped_turns(turns_of(proposal), mine)
    return {"turns": turns, "waits_for_me_alone": all(one.is_mine and len(one.people) == 1 for one in turns)}
