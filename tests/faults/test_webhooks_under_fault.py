"""Webhooks by real workers on a real database, to a real receiver: several at once, and one of them killed."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.databases import end_process, process_environment, wait_until
from tests.reviews.notifications.receiver import Receiver, hang

SCRIPT = Path(__file__).parent / "webhook_deliverers.py"

pytestmark = pytest.mark.database


def start(database: str, *command: str) -> subprocess.Popen:
    environment = process_environment(database, WEBHOOK_ALLOWED_NETWORKS="127.0.0.0/8")
    return subprocess.Popen(
        [sys.executable, str(SCRIPT), *command],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process: subprocess.Popen) -> dict:
    out, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors[-3000:]
    return json.loads(out.splitlines()[-1])


def test_three_workers_tell_everything_once_and_each_subject_in_order(fresh_database):
    with Receiver() as receiver:
        owed = ended(start(fresh_database, "owe", receiver.url, "4", "3", "5"))
        workers = [start(fresh_database, "deliver") for _ in range(3)]
        attempts = sum(ended(worker)["attempts"] for worker in workers)
    assert attempts == len(receiver.requests) == len(set(receiver.ids)) == 60
    came: dict[str, list[str]] = {}
    for request in receiver.requests:
        subject = json.loads(request.body)["data"]["subject"].partition(":")[2]
        came.setdefault(f"{request.path.rpartition('/')[2]}/{subject}", []).append(
            request.headers["webhook-id"]
        )
    assert came == owed


def test_what_a_killed_worker_was_sending_comes_again_under_the_same_id(fresh_database):
    with Receiver([hang, 200]) as receiver:
        owed = ended(start(fresh_database, "owe", receiver.url, "1", "1", "2"))
        worker = start(fresh_database, "deliver")
        assert wait_until(lambda: receiver.requests)
        worker.kill()
        end_process(worker)
        assert ended(start(fresh_database, "recover")) == {"before": 0, "lapsed": 1, "delivered": 2}
    first, second = owed["0/1"]
    assert receiver.ids == [first, first, second]
