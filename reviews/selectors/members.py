"""Who is present: reviewers in office, what they know, and which rules they can't meet."""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Count, F, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from chokepoints.models import Contributor, Sector

from ..models import Authorship, Expertise, Proposal
from ..services.roles import EDITORS, REVIEWERS, members_of


def active_reviewers() -> QuerySet:
    """Return the accounts that may review now."""
    return members_of(REVIEWERS)


def contributor_of(user: Any) -> Contributor | None:
    """Return the public identity behind an account, if there is one yet; each account is asked once."""
    return getattr(user, "contributor", None)


def name_of(user: Any) -> str:
    """Return the name by which an account is, or will be, known to everybody."""
    contributor = contributor_of(user)
    return contributor.display_name if contributor else user.get_full_name() or user.get_username()


def reviewing_contributors() -> list[Contributor]:
    """Return the public identities of the reviewers in office, with their expertise at hand.

    Who never acted here has none yet and stands for themselves unsaved: it is their turn all the same.
    """
    present = active_reviewers().select_related("contributor").prefetch_related("contributor__expertise")
    return [
        contributor_of(user) or Contributor(user=user, display_name=name_of(user))
        for user in present.order_by("pk")
    ]


@dataclass(frozen=True)
class Team:
    """The members in office, by account: the names by which they are known."""

    reviewers: Mapping[int, str] = field(default_factory=dict)
    editors: Mapping[int, str] = field(default_factory=dict)
    admins: Mapping[int, str] = field(default_factory=dict)

    def left_without(self, taken: Iterable[Any]) -> list[str]:
        """Return the names of the reviewers who are left without some accounts."""
        taken = set(taken)
        return sorted(name for pk, name in self.reviewers.items() if pk not in taken)

    def lacking(self, taken: Iterable[Any], missing: int) -> int:
        """Return how many reviewers more it takes to give the approvals that are missing, without some accounts."""
        return max(missing - len(self.left_without(taken)), 0)

    def shortage(self, taken: Iterable[Any], missing: int) -> str:
        """Say so if the reviewers without some accounts can't give the approvals that are missing; else return ""."""
        taken = set(taken)
        left, lacking = self.left_without(taken), self.lacking(taken, missing)
        if not lacking:
            return ""
        could = f"only {named(left)}" if left else "nobody"
        return (
            f"It can't be decided for now: {missing} approval{'s are' if missing > 1 else ' is'} missing, and of the "
            f"present reviewers {could} could give one. {more_members(lacking)}"
        )


def named(names: Iterable[str]) -> str:
    """Return names as a sentence names them: A, B and C."""
    *others, last = list(names) or ["nobody"]
    return f"{', '.join(others)} and {last}" if others else last


def more_members(lacking: int) -> str:
    """Say how many reviewers are missing."""
    return f"Missing: {lacking} more member{'s' if lacking > 1 else ''} of the group {REVIEWERS}."


def present_team() -> Team:
    """Return the members in office, with one query a role."""
    groups = (
        active_reviewers(),
        members_of(EDITORS),
        get_user_model().objects.filter(is_active=True, is_superuser=True),
    )
    return Team(
        *({user.pk: name_of(user) for user in group.select_related("contributor")} for group in groups)
    )


def shortage_of(taken: Iterable[int], missing: int) -> str:
    """Say so if the present reviewers without some accounts (authors, and who approved already) can't give the approvals
    that are missing; else return ""."""
    return present_team().shortage(taken, missing)


def undecidable() -> QuerySet[Proposal]:
    """Return the open proposals that need more approvals than the present reviewers can give, those waiting longest first.

    Authors and those who approved all of it already give no further one.
    """
    reviewers = active_reviewers().values("pk")

    def among(rows: QuerySet) -> Coalesce:
        in_office = rows.filter(proposal=OuterRef("pk"), contributor__user__in=reviewers).order_by()
        count = in_office.values("proposal").annotate(count=Count("contributor", distinct=True))
        return Coalesce(Subquery(count.values("count"), output_field=IntegerField()), 0)

    present = active_reviewers().count()
    return (
        Proposal.objects.filter(state="open", approvals_needed__gt=F("approvals_standing"))
        .annotate(
            taken=among(Authorship.objects.all()) + among(Proposal.approvers.through.objects.all()),
            missing=F("approvals_needed") - F("approvals_standing"),
        )
        .filter(missing__gt=present - F("taken"))
        .order_by("waiting_since", "number")
    )


def sectors_known(reviewer: Contributor) -> set[uuid.UUID]:
    """Return the sectors that a reviewer knows, with all their parts."""
    return with_parts(Expertise.objects.filter(reviewer=reviewer).values_list("sector", flat=True))


def with_parts(sectors: Iterable[uuid.UUID]) -> set[uuid.UUID]:
    """Return sectors with all that is part of them."""
    known = set(sectors)
    if not known:
        return known
    parents = _parents()
    while more := {child for child, parent in parents.items() if parent in known} - known:
        known |= more
    return known


def with_wholes(sectors: Iterable[uuid.UUID]) -> set[uuid.UUID]:
    """Return sectors with all that they are part of."""
    above = set(sectors)
    if not above:
        return above
    parents = _parents()
    while more := {parents.get(sector) for sector in above} - above - {None}:
        above |= more
    return above


def _parents() -> dict[uuid.UUID, uuid.UUID | None]:
    return dict(Sector.objects.values_list("pk", "parent_id"))
