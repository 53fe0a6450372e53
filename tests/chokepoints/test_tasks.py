"""The worker's tasks, by a real worker on the file-system broker."""

import subprocess
import sys
from pathlib import Path

import pytest

from chokepoints.models import Verification
from chokepoints.tasks import verify_register
from tests.builders import Builder, small_register
from tests.databases import end_process, process_environment, run_manage, wait_until

PROJECT = Path(__file__).resolve().parents[2]
COUNT = "from chokepoints.models import Verification as V; print(V.objects.filter(finished__isnull=False, problem='').count())"


def test_a_worker_verifies_the_register_and_writes_down_what_it_found(fresh_database, tmp_path):
    broker = {"CELERY_BROKER_URL": "filesystem://localhost", "VAR_DIR": str(tmp_path)}
    environment = process_environment(fresh_database, **broker)
    worker = subprocess.Popen(
        f"{sys.executable} -m celery -A config worker --pool solo --without-gossip --without-mingle".split(),
        cwd=PROJECT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        send = "from chokepoints.tasks import verify_register as v; v.delay(); v.delay()"
        run_manage(fresh_database, "shell", "-v0", "-c", send, **broker)
        assert wait_until(
            lambda: run_manage(fresh_database, "shell", "-v0", "-c", COUNT, **broker).stdout.strip() == "2",
            timeout=60,
            interval=0.5,
        )
    finally:
        end_process(worker)


@pytest.mark.django_db
def test_a_verification_says_what_was_wrong():
    small_register(Builder())
    verify_register()
    good = Verification.objects.latest("pk")
    assert good.finished and not good.problem and good.head == 5
