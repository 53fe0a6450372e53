"""The policies in force, in sentences, and which of them the present members can't meet."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.views.generic import TemplateView

from ..kinds import EFFECTS
from ..limits import LIMITS
from ..models import Limit, Policy, Proposal
from ..policies import Requirement
from ..selectors.members import Team, more_members, named, present_team, undecidable
from ..services.weighing import requirements

MOST = 50


@dataclass(frozen=True)
class Rule:
    """What one effect needs, and whether the present members can give it: `refusal` if never, `tight` if not always."""

    words: str
    needs: Requirement
    record: Policy | None
    refusal: str
    tight: str


@dataclass(frozen=True)
class LimitInWords:
    """One limit as it is in force; `preset` is its default where an admin set another."""

    words: str
    value: int
    unit: str
    preset: int | None


class PolicyList(TemplateView):
    """What each effect needs. Somebody's own vote never counts, so an author who reviews needs one colleague more."""

    template_name = "reviews/policy_list.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        team = present_team()
        stuck = undecidable()
        return super().get_context_data(
            rules=list(rules_for(team)),
            team=team,
            members=[
                ("Reviewers", sorted(team.reviewers.values()), "Nobody can decide anything."),
                ("Editors", sorted(team.editors.values()), "Nobody can propose anything."),
                ("Admins", sorted(team.admins.values()), "Nobody is told of what waits too long."),
            ],
            stuck=by_reason(stuck.named().prefetch_related("approvers")[:MOST], team),
            most=MOST,
            stuck_count=stuck.count(),
            limits=list(limits_in_words()),
            **kwargs,
        )


def rules_for(team: Team) -> Iterable[Rule]:
    """Yield the rules in force with what the present members can do about each."""
    records = {policy.key: policy for policy in Policy.objects.in_force()}
    for effect, needs in requirements().items():
        refusal = _refusal(team, needs.approvals)
        tight = "" if refusal else _tight(team, needs.approvals)
        yield Rule(EFFECTS.get(effect, effect), needs, records.get(effect), refusal, tight)


def _refusal(team: Team, approvals: int) -> str:
    """Say who is missing for a rule that the present members can't meet; "" if they can."""
    lacking = approvals - len(team.reviewers)
    if lacking <= 0:
        return ""
    needed = f"{approvals} approvals are" if approvals > 1 else "One approval is"
    give = (
        f"only {named(team.left_without([]))} could give one" if team.reviewers else "nobody could give one"
    )
    return f"{needed} needed, and {give}. {more_members(lacking)}"


def _tight(team: Team, approvals: int) -> str:
    """Say where a rule that can be met can't be: when too many reviewers are among the authors. "" if that can't happen."""
    spare = len(team.reviewers) - approvals
    both = sorted((name, pk) for pk, name in team.reviewers.items() if pk in team.editors)
    if len(both) <= spare:
        return "" if spare else "All of them must approve."
    authors = both[: spare + 1]
    left = team.left_without(pk for _, pk in authors)
    who, as_what = named(name for name, _ in authors), "an author" if len(authors) == 1 else "authors"
    only = f"only {named(left)} {'is' if len(left) == 1 else 'are'}" if left else "nobody is"
    return f"Not always: with {who} as {as_what}, {only} left. {more_members(approvals - len(left))}"


def by_reason(stuck: Iterable[Proposal], team: Team) -> dict[str, list[Proposal]]:
    """Return proposals that can't be decided by the words that say why."""
    found: dict[str, list[Proposal]] = {}
    for proposal in stuck:
        taken = {person.user_id for person in [*proposal.authors.all(), *proposal.approvers.all()]}
        words = team.shortage(taken, proposal.approvals_needed - proposal.approvals_standing)
        found.setdefault(words, []).append(proposal)
    return found


def limits_in_words() -> Iterable[LimitInWords]:
    """Yield the limits in force, with one query."""
    values = dict(Limit.objects.values_list("key", "value"))
    for key, kind in LIMITS.items():
        value = values.get(key, kind.default)
        unit = kind.unit.removesuffix("s") if value == 1 else kind.unit
        yield LimitInWords(kind.words, value, unit, kind.default if value != kind.default else None)
