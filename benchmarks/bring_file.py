"""Time an import: `VAR_DIR=/tmp/bring .venv/bin/python benchmarks/bring_file.py [ROWS] [CHANGED] [GROUPING]`.

Fills an empty register with organizations, writes them out as CSV and XLSX with some changed and some new names, and brings
that back.
"""

import csv
import io
import os
import resource
import sys
import time
import uuid
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")

FIRST = [
    "Hamamatsu",
    "Zeiss",
    "Nikon",
    "Canon",
    "Trumpf",
    "Ebara",
    "Fanuc",
    "Keyence",
    "Murata",
    "Shinetsu",
    "Resonac",
    "Entegris",
    "Coherent",
    "Lam",
    "Kokusai",
]
SECOND = [
    "Optics",
    "Precision",
    "Materials",
    "Chemical",
    "Electric",
    "Instruments",
    "Photonics",
    "Vacuum",
    "Motion",
    "Semiconductor",
    "微球",
    "轴承",
]


def fill(rows: int) -> None:
    """Publish organizations until there are so many."""
    from chokepoints.models import Organization
    from chokepoints.services.contributing import the_register_itself
    from chokepoints.services.publishing import ADMINISTRATIVE, Origin, RecordChange, publish

    for start in range(Organization.objects.count(), rows, 500):
        publish(
            changes=[
                RecordChange(
                    "organization",
                    str(uuid.uuid4()),
                    "create",
                    {"key": f"firm-{number}", "name": name_of(number), "country": "JP"},
                )
                for number in range(start, min(start + 500, rows))
            ],
            authors=[the_register_itself()],
            summary="Filled",
            rationale="To measure an import.",
            origin=Origin(ADMINISTRATIVE),
        )


def name_of(number: int) -> str:
    """Return a name that is like many others."""
    return f"{FIRST[number % 15]} {SECOND[number // 15 % 12]} {number:x}"


def timed(words: str, began: float) -> None:
    """Say how long something took, and the most memory that the process has had."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    sys.stdout.write(f"{words}: {time.monotonic() - began:.1f} s (peak {peak} MB)\n")


def main(rows: int, changed: int, grouping: str) -> None:
    """Fill, write out, bring back."""
    import django

    django.setup()
    import openpyxl
    from django.conf import settings
    from django.contrib.auth.models import Group, User
    from django.core.management import call_command

    from chokepoints.imports.files import read_file
    from chokepoints.imports.mapping import load_plan
    from reviews.models import ImportRun
    from reviews.services import storing
    from reviews.services.bringing import ask_for_drafts, save_plan, upload_file
    from reviews.services.carrying import run_import

    call_command("migrate", verbosity=0)
    fill(rows)
    user, _ = User.objects.get_or_create(username="bringer")
    user.groups.add(Group.objects.get(name="Editors"))
    cells = [["key", "name", "country", "website"]]
    for number in range(rows):
        is_changed = number < changed
        cells.append(
            [
                f"firm-{number}",
                name_of(number),
                "KR" if is_changed else "JP",
                "https://x.example" if is_changed else "",
            ]
        )
    cells += [["", f"Neu {name_of(number)}", "DE", ""] for number in range(min(200, rows // 10))]
    text, book = io.StringIO(newline=""), openpyxl.Workbook(write_only=True)
    csv.writer(text).writerows(cells)
    sheet = book.create_sheet("organizations")
    for row in cells:
        sheet.append(row)
    packed = io.BytesIO()
    book.save(packed)
    settings.IMPORT_AT_ONCE_ROWS = 10**9
    began = time.monotonic()
    read_file(packed.getvalue(), name="x.xlsx", limits=storing.limits())
    timed(f"reading {len(cells)} rows of XLSX, {len(packed.getvalue()):,} bytes", began)
    data = text.getvalue().encode()
    began = time.monotonic()
    run = upload_file(actor=user, data=data, file_name="organizations.csv")
    if run.job:
        run_import(run.pk)
        run = ImportRun.objects.get(pk=run.pk)
    timed(f"reading {len(cells)} rows of CSV, {len(data):,} bytes", began)
    began = time.monotonic()
    run = save_plan(actor=user, number=run.pk, plan=load_plan(run.plan))
    timed(f"checking: {run.counts['outcomes']}, {len(run.questions)} questions", began)
    began = time.monotonic()
    run = ask_for_drafts(
        actor=user, number=run.pk, title="Measured", rationale="To measure.", grouping=grouping
    )
    timed(f"drafting, grouped by {grouping}: {run.get_state_display()} {run.reason}", began)


if __name__ == "__main__":
    arguments = sys.argv[1:]
    main(
        int(arguments[0]) if arguments else 1_300,
        int(arguments[1]) if arguments[1:] else 830,
        arguments[2] if arguments[2:] else "record",
    )
