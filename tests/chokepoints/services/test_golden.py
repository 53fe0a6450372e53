"""The ledger's format is a promise: these bytes must come out for ever, from publishing and from replaying.

If this fails, the code is wrong, not the file. A new format gets a golden file of its own beside this one.
"""

import io
import json
from pathlib import Path

import pytest

from chokepoints.models import Changeset
from chokepoints.records import KINDS
from chokepoints.services.transferring import dump, replay_dump
from chokepoints.services.verifying import verify_register
from tests.builders import Builder, golden_register

GOLDEN = Path(__file__).parents[2] / "golden" / "ledger-1.jsonl"

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def dumped() -> bytes:
    stream = io.BytesIO()
    dump(stream)
    return stream.getvalue()


def test_publishing_gives_the_golden_bytes():
    golden_register(Builder())
    assert dumped() == GOLDEN.read_bytes()


def test_replaying_gives_the_golden_bytes_again():
    done = replay_dump(io.BytesIO(GOLDEN.read_bytes()))
    assert done.taken == done.head_number == Changeset.objects.count()
    assert dumped() == GOLDEN.read_bytes()
    assert verify_register(head=f"{done.head_number}:{done.head_digest}").problem is None


def test_the_golden_file_holds_every_kind_and_every_operation():
    revisions = [
        revision
        for line in map(json.loads, GOLDEN.read_text().splitlines())
        for revision in line.get("revisions", [])
    ]
    assert {revision["kind"] for revision in revisions} == set(KINDS)
    assert {revision["operation"] for revision in revisions} == {"create", "update", "retire", "restore"}


def test_the_documented_example_is_from_the_golden_file():
    example = (
        (Path(__file__).parents[3] / "docs" / "ledger.md")
        .read_text()
        .split("## An example")[1]
        .split("\n## ")[0]
    )
    results = [line[2:] for line in example.splitlines() if line.startswith("→ ")]
    assert len(results) == 3
    assert all(f'"{result}"' in GOLDEN.read_text() for result in results)
