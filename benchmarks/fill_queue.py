"""Fill the queue with made-up open proposals, and time the pages of a reviewer with many.

VAR_DIR=/tmp/queue .venv/bin/python manage.py migrate
VAR_DIR=/tmp/queue .venv/bin/python manage.py load_dataset
VAR_DIR=/tmp/queue .venv/bin/python manage.py load_demo
VAR_DIR=/tmp/queue .venv/bin/python benchmarks/fill_queue.py 2000

Proposals go in by the services, as people's do; only how long they have waited is made up afterwards. Without a number
nothing is added and the pages are timed.
"""

import datetime as dt
import os
import random
import statistics
import sys
import time
import uuid
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")

SEED = 2018
OLDEST = 20  # days
ROUNDS = 5


def say(words: str) -> None:
    print(words)  # noqa: T201 - what it is for


def fill(number: int) -> None:
    """Submit `number` proposals by the demo editors, some in batches, some with one approval or a claim."""
    from django.contrib.auth import get_user_model

    from reviews.models import Proposal
    from reviews.services.claiming import claim_proposal
    from reviews.services.drafting import draft_proposal, submit_proposal
    from reviews.services.reviewing import review_proposal

    there = Proposal.objects.count()
    chance = random.Random(f"{SEED} {there}")  # another run makes others
    people = {user.get_username(): user for user in get_user_model().objects.all()}
    made = []
    began = time.perf_counter()
    for n in range(there, there + number):
        author = people[chance.choice(["emma", "erik"])]
        title, changes = chance.choice(SORTS)(n, chance)
        batch = f"spreadsheet {n // 100}" if chance.random() < 0.4 else ""
        proposal = draft_proposal(
            actor=author, title=title, rationale="Made up.", changes=changes, batch=batch
        )
        submit_proposal(
            actor=author, number=proposal.number, version=1, what_is_new="Nothing: it is made up."
        )
        made.append(proposal.number)
        if chance.random() < 0.05:
            claim_proposal(actor=people[chance.choice(["ravi", "rosa"])], number=proposal.number)
        elif chance.random() < 0.1:
            review_proposal(actor=people["ravi"], number=proposal.number, version=1, verdict="approve")
    let_wait(made, chance)
    seconds = time.perf_counter() - began
    say(f"{number} proposals in {seconds:.1f} s: {number / seconds:.0f} a second")


def new_organization(n: int, chance: random.Random) -> tuple:
    from reviews.services.drafting import DraftChange

    fields = {
        "key": f"made-up-{chance.getrandbits(40)}",
        "name": f"Made-up maker {n}",
        "name_original": f"虚构公司{n}",
        "country": "CN",
        "kind": "company",
    }
    return f"Made-up maker {n}", [DraftChange("organization", _id(chance), "create", fields)]


def new_evidence(n: int, chance: random.Random) -> tuple:
    from chokepoints.models import Chokepoint, Source
    from reviews.services.drafting import DraftChange

    chokepoint = chance.choice(list(Chokepoint.objects.order_by("key")))
    source = chance.choice(list(Source.objects.order_by("key")))
    fields = {
        "source": str(source.pk),
        "claim": f"Made-up statement {n} about {chokepoint}.",
        "nature": "opinion",
        "bears_on": [{"chokepoint": str(chokepoint.pk), "stance": "context"}],
    }
    title = f"{chokepoint}: what {source.publisher or 'a source'} says of it, number {n}"[:190]
    return title, [DraftChange("evidence", _id(chance), "create", fields)]


def new_words(n: int, chance: random.Random) -> tuple:
    from chokepoints.models import Chokepoint
    from reviews.services.drafting import DraftChange

    chokepoint = chance.choice(list(Chokepoint.objects.order_by("key")))
    fields = {"note": f"Made-up note {n}."}
    change = DraftChange("chokepoint", str(chokepoint.pk), "update", fields, {}, chokepoint.revision)
    return f"A note on {chokepoint}", [change]


def new_judgement(n: int, chance: random.Random) -> tuple:
    from chokepoints.models import Assessment
    from reviews.services.drafting import DraftChange

    there = chance.choice(
        list(Assessment.objects.filter(evidence_links__isnull=False).order_by("pk").distinct())
    )
    fields = {
        "chokepoint": str(there.chokepoint_id),
        "status": there.status,
        "as_of": str(2019 + n % 6),
        "rationale": f"Made up, number {n}.",
        "evidence": sorted(str(pk) for pk in there.evidence_links.values_list("evidence", flat=True)),
        "rank": "normal",
    }
    return f"{there.chokepoint}: still {there.status}", [
        DraftChange("assessment", _id(chance), "create", fields)
    ]


SORTS = (new_organization, new_evidence, new_evidence, new_words, new_judgement)


def _id(chance: random.Random) -> str:
    return str(uuid.UUID(int=chance.getrandbits(128), version=4))


def let_wait(numbers: list[int], chance: random.Random) -> None:
    """Let proposals have waited for up to OLDEST days, in the order of their numbers."""
    from django.utils import timezone

    from reviews.models import Proposal

    ages = sorted((chance.random() * OLDEST for _ in numbers), reverse=True)
    now = timezone.now()
    rows = Proposal.objects.in_bulk(numbers)
    for number, days in zip(numbers, ages, strict=True):
        rows[number].opened = rows[number].waiting_since = now - dt.timedelta(days=days)
    Proposal.objects.bulk_update(rows.values(), ["opened", "waiting_since"], batch_size=500)


def measure() -> None:
    """Time the pages of a reviewer, each several times in one process, after one round that warms up."""
    from django.conf import settings
    from django.contrib.auth import get_user_model
    from django.db import connection, reset_queries
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from chokepoints.models import Sector
    from reviews.models import Proposal
    from reviews.services.arranging import set_expertise

    settings.ALLOWED_HOSTS.append("testserver")
    rita = get_user_model().objects.get(username="rita")
    sectors = list(Sector.objects.in_force().order_by("key"))
    set_expertise(actor=rita, sectors=[str(sector.pk) for sector in sectors[:3]])
    client = Client()
    client.force_login(rita)
    waiting = Proposal.objects.filter(state="open")
    batch = waiting.exclude(batch="").values_list("batch", flat=True).first() or ""
    say(f"{waiting.count()} open proposals, {connection.vendor}")
    for address in (
        "/queue/", "/queue/?page=20", f"/queue/?sector={sectors[0].key}", "/queue/?kind=evidence&needs=one",
        "/queue/?q=note&older_than=7", f"/queue/?batch={batch}", f"/queue/batch/?batch={batch}", "/desk/", "/policies/",
    ):  # fmt: skip
        times = []
        for _ in range(ROUNDS + 1):
            reset_queries()
            began = time.perf_counter()
            with CaptureQueriesContext(connection) as queries:
                answer = client.get(address)
            times.append(time.perf_counter() - began)
        say(f"{address:45} {answer.status_code} {statistics.median(times[1:]):.3f} s, {len(queries)} queries")


if __name__ == "__main__":
    import django

    django.setup()
    if len(sys.argv) > 1:
        fill(int(sys.argv[1]))
    measure()
