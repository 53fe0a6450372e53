"""Publishers killed in mid-step: the ledger holds whole changesets or none, and tables agree with it."""

import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.databases import process_environment, run_manage

ROUNDS = 20
SEED = 2018
PUBLISHER = """
import sys, django
django.setup()
from tests.builders import Builder
seed = int(sys.argv[1])
build = Builder(seed)
for n in range(100_000):
    build.several(*(build.change("sector", "create", key=f"k-{seed}-{n}-{i}", name="K") for i in range(20)))
    print(n, flush=True)
"""


@pytest.mark.long
@pytest.mark.database
def test_a_killed_publisher_leaves_whole_changesets_only(fresh_database):
    chance = random.Random(SEED)
    root = Path(__file__).resolve().parents[2]
    for round_ in range(ROUNDS):
        publisher = subprocess.Popen(
            [sys.executable, "-c", PUBLISHER, str(round_)],
            cwd=root,
            env=process_environment(fresh_database) | {"PYTHONPATH": str(root)},
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(chance.randrange(1, 12)):  # that many changesets are in, then one more is under way
            assert publisher.stdout.readline(), "the publisher ended by itself"
        os.kill(publisher.pid, signal.SIGKILL)
        publisher.wait()
    said = run_manage(fresh_database, "verify_register", "--no-record")
    assert said.returncode == 0, said.stdout + said.stderr
    counted = run_manage(
        fresh_database,
        "shell",
        "-v0",
        "-c",
        "import json; from chokepoints.models import *; print(json.dumps([Sector.objects.count(), Changeset.objects.count()]))",
    )
    sectors, changesets = json.loads(counted.stdout.strip().splitlines()[-1])
    assert changesets >= ROUNDS
    assert sectors == 20 * changesets
