"""Fill a register with made-up records, to look at pages and timings with many.

VAR_DIR=/tmp/many .venv/bin/python manage.py migrate
VAR_DIR=/tmp/many .venv/bin/python benchmarks/fill_register.py 5000
"""

import os
import random
import sys
import time
import uuid
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")

PER_CHANGESET = 200
SEED = 2018


def main(number: int) -> None:
    """Publish `number` chokepoints, each with a source, a statement and an assessment."""
    import django

    django.setup()
    from chokepoints.services.contributing import the_register_itself
    from chokepoints.services.publishing import IMPORT, Origin, RecordChange, publish

    chance = random.Random(SEED)
    author = the_register_itself()

    def send(changes: list, summary: str) -> None:
        publish(
            changes=changes,
            authors=[author],
            summary=summary,
            rationale="Made up.",
            origin=Origin(IMPORT, "benchmark"),
        )

    def change(kind: str, /, **fields) -> RecordChange:
        return RecordChange(kind, str(uuid.UUID(int=chance.getrandbits(128), version=4)), "create", fields)

    sectors = [change("sector", key=f"made-up-{n}", name=f"Made-up sector {n}") for n in range(20)]
    send(sectors, "Sectors")
    began = time.perf_counter()
    for start in range(0, number, PER_CHANGESET):
        changes = []
        for n in range(start, min(start + PER_CHANGESET, number)):
            chokepoint = change(
                "chokepoint",
                key=f"made-up-{n}",
                name=f"Made-up technology number {n} with a name of usual length",
                name_original=f"虚构技术{n}",
                dependent_country="CN",
                sector=chance.choice(sectors).record,
                summary="Two sentences of summary. They say nothing at all.",
                barriers=chance.sample(["patents", "certification", "scale-up", "material-purity"], 2),
            )
            source = change(
                "source", key=f"made-up-{n}", kind="news-article", title=f"Article {n}", derivation="original",
                standing="in-force", published_on="2018-05",
            )  # fmt: skip
            evidence = change(
                "evidence",
                source=source.record,
                claim="Nobody makes it at home.",
                quote="国内没有一家企业生产。",
                quote_language="zh",
                nature="observation",
                bears_on=[{"chokepoint": chokepoint.record, "stance": "supports"}],
            )
            assessment = change(
                "assessment",
                chokepoint=chokepoint.record,
                status=chance.choice(["critical", "dependent", "undetermined"]),
                as_of="2018",
                rationale="No domestic maker is known.",
                evidence=[evidence.record],
                rank="normal",
            )
            changes += [chokepoint, source, evidence, assessment]
        send(changes, f"Made-up records {start} and on")
    seconds = time.perf_counter() - began
    print(  # noqa: T201 - what it is for
        f"{4 * number} records in {seconds:.1f} s: {4 * number / seconds:.0f} a second"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]))
