"""Time what the API's readers ask most, on the register that is there (benchmarks/fill_register.py makes a large one).

VAR_DIR=/tmp/many .venv/bin/python benchmarks/time_reading.py
"""

import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")

ROUNDS = 7


def main() -> None:
    """Print the best time of some rounds and the queries of each read, through the whole stack but without a socket."""
    import django

    django.setup()
    from django.conf import settings
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from chokepoints.models import Changeset, Chokepoint

    settings.DEBUG = False
    client = Client(headers={"host": "localhost"})
    head = Changeset.objects.count()
    key = Chokepoint.objects.order_by("-created_in_id", "key").first().key

    def deep(path: str) -> str:
        """Return the address of a list's last full page."""
        before, address, page = path, path, client.get(path).json()
        while page["next"]:
            before, address = address, page["next"]
            page = client.get(address).json()
        return before

    api = "/api/v1"
    reads = {
        "chokepoints, 50 a page": f"{api}/chokepoints/",
        "chokepoints, 500": f"{api}/chokepoints/?page_size=500",
        "chokepoints, 500, last full page": deep(f"{api}/chokepoints/?page_size=500"),
        "sources by date, 500": f"{api}/sources/?page_size=500&ordering=-published_on",
        "sources by date, 500, last full page": deep(f"{api}/sources/?page_size=500&ordering=-published_on"),
        "assessments with chokepoint and evidence, 500": f"{api}/assessments/?page_size=500&expand=chokepoint,evidence",
        "chokepoints by status": f"{api}/chokepoints/?status=critical",
        "chokepoints by two characters": f"{api}/chokepoints/?search=稀土",
        "chokepoints, 500, in the middle of history": f"{api}/chokepoints/?page_size=500&at={head // 2}",
        "chokepoints, 500, at the head": f"{api}/chokepoints/?page_size=500&at={head}",
        "the same, last full page": deep(f"{api}/chokepoints/?page_size=500&at={head}"),
        "chokepoints by status, in the middle": f"{api}/chokepoints/?status=critical&at={head // 2}",
        "one chokepoint": f"{api}/chokepoints/{key}/",
        "the same, at the head": f"{api}/chokepoints/{key}/?at={head}",
        "the last changeset": f"{api}/changesets/?since={head - 1}",
        "a page of changesets": f"{api}/changesets/?since=2",
    }
    for what, address in reads.items():
        client.get(address)
        times = []
        for _ in range(ROUNDS):
            began = time.perf_counter()
            answer = client.get(address)
            times.append(time.perf_counter() - began)
        with CaptureQueriesContext(connection) as queries:
            client.get(address)
        figures = f"{min(times) * 1000:6.0f} ms {len(queries):4} queries {len(answer.content):9,} bytes"
        print(f"{figures}  {what}")  # noqa: T201 - what it is for


if __name__ == "__main__":
    main()
