"""The policies in force, in sentences, and which of them the present members can't meet."""

from typing import Any

from django.views.generic import TemplateView

from ..kinds import EFFECTS
from ..models import Policy
from ..selectors import active_reviewers
from ..services.weighing import requirements


class PolicyList(TemplateView):
    """What each effect needs. Somebody's own vote never counts, so an author who reviews needs one colleague more."""

    template_name = "reviews/policy_list.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        reviewers = active_reviewers().distinct().count()
        records = {policy.key: policy for policy in Policy.objects.in_force()}
        needed = requirements()
        rules = [
            {
                "effect": effect,
                "words": words,
                "needs": needed[effect],
                "record": records.get(effect),
                "is_out_of_reach": needed[effect].approvals > reviewers,
                "is_tight": needed[effect].approvals == reviewers,
            }
            for effect, words in EFFECTS.items()
        ]
        return super().get_context_data(rules=rules, reviewers=reviewers, **kwargs)
