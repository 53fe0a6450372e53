"""Two reviewers approve at the same moment, in processes of their own. Run as a script by test_races.py.

    python tests/reviews/race.py double|disjoint|same PAIRS

prints one JSON object: how each approval ended, and what the register says afterwards.
"""

import collections
import json
import multiprocessing
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.test")


def set_up(sort: str, pairs: int) -> list[tuple[int, int]]:
    """Write the proposals of each pair; `double` has one proposal twice, approved by two reviewers."""
    from django.contrib.auth.models import Group, User

    from chokepoints.models import Chokepoint
    from reviews.services.drafting import DraftChange, draft_proposal, submit_proposal
    from tests.builders import Builder

    people = {}
    for name, group in (("emma", "Editors"), ("rita", "Reviewers"), ("ravi", "Reviewers")):
        people[name] = User.objects.create_user(name)
        people[name].groups.add(Group.objects.get(name=group))
    build = Builder()
    sector = build.sector()
    build.several(
        *(
            build.change(
                "chokepoint",
                "create",
                key=f"race-{n}",
                name=f"Race {n}",
                dependent_country="CN",
                sector=sector,
                summary="Before.",
            )
            for n in range(pairs)
        )
    )

    def propose(chokepoint: Chokepoint, field: str, value: str) -> int:
        change = DraftChange("chokepoint", str(chokepoint.pk), "update", {field: value}, base_revision=1)
        proposal = draft_proposal(actor=people["emma"], title="Race", rationale="To see.", changes=[change])
        submit_proposal(actor=people["emma"], number=proposal.number, version=1)
        return proposal.number

    result = []
    for chokepoint in Chokepoint.objects.order_by("key"):
        one = propose(chokepoint, "summary", "From one.")
        other = {
            "double": lambda one=one: one,
            "disjoint": lambda c=chokepoint: propose(c, "scope", "From the other."),
            "same": lambda c=chokepoint: propose(c, "summary", "From the other."),
        }[sort]()
        result.append((one, other))
    return result


def approve_all(name: str, numbers: list[int], barrier, outcomes) -> None:
    """Approve one proposal after another, each at the same moment as the other process."""
    import django

    django.setup()
    from django.contrib.auth.models import User

    from reviews.exceptions import ReviewError
    from reviews.services.reviewing import review_proposal

    actor = User.objects.get(username=name)
    for number in numbers:
        barrier.wait(timeout=60)
        try:
            outcome = review_proposal(actor=actor, number=number, version=1, verdict="approve").outcome
        except ReviewError as refusal:
            outcome = type(refusal).__name__
        except Exception as error:
            outcome = f"FAILED {error!r}"
        outcomes.put(outcome or "recorded")


def main(sort: str, pairs: int) -> None:
    """Race, then print what came of it."""
    import django

    django.setup()
    from django.db import connection

    from chokepoints.services.locking import register_lock

    with register_lock():  # one commit for all of it: the race is what comes after
        numbers = set_up(sort, pairs)
    connection.close()
    context = multiprocessing.get_context("spawn")
    barrier, outcomes = context.Barrier(2), context.Queue()
    clients = [
        context.Process(target=approve_all, args=(name, [pair[side] for pair in numbers], barrier, outcomes))
        for side, name in enumerate(("rita", "ravi"))
    ]
    for client in clients:
        client.start()
    counted = collections.Counter(outcomes.get(timeout=300) for _ in range(2 * pairs))
    for client in clients:
        client.join()
    from chokepoints.models import Chokepoint
    from chokepoints.services.verifying import verify_register
    from reviews.models import Proposal

    print(  # noqa: T201 - the test reads it
        json.dumps(
            {
                "outcomes": counted,
                "states": collections.Counter(Proposal.objects.values_list("state", flat=True)),
                "changesets": len(
                    set(Proposal.objects.exclude(changeset=None).values_list("changeset", flat=True))
                ),
                "values": collections.Counter(
                    f"{summary} {scope}"
                    for summary, scope in Chokepoint.objects.values_list("summary", "scope")
                ),
                "revisions": sorted(set(Chokepoint.objects.values_list("revision", flat=True))),
                "problem": verify_register().problem,
            }
        )
    )


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
