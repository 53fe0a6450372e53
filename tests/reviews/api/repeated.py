"""Requests that come twice, from processes of their own. Run as a script by test_repeated_by_processes.py.

    python tests/reviews/api/repeated.py ROUNDS

prints one JSON object: what was answered, and what the register holds afterwards.
"""

import collections
import json
import multiprocessing
import os
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.test")


def set_up() -> None:
    from django.contrib.auth.models import Group, User

    from tests.builders import Builder, small_register

    for name, group in (
        ("emma", "Editors"),
        ("erik", "Editors"),
        ("rita", "Reviewers"),
        ("ravi", "Reviewers"),
    ):
        User.objects.create_user(name).groups.add(Group.objects.get(name=group))
    small_register(Builder())


def body_of(number: int, name: str = "") -> dict:
    """Return a proposal of a new record with a key of its own."""
    fields = {"key": f"works-{number}", "name": f"Works {number} {name}".strip()}
    change = {"record": "organization", "operation": "create", "fields": fields}
    return {"title": f"Works {number}", "rationale": "Why.", "submit": True, "changes": [change]}


def post(user: str, body: dict, key: str | None, path: str = "") -> tuple[int, str, dict]:
    """Send a body as somebody; return status, whether the answer was given before, and the answer."""
    from django.contrib.auth.models import User

    from tests.reviews.api.conftest import Program

    headers = {"Idempotency_Key": key} if key else {}
    answer = Program(User.objects.get(username=user)).send(path, body, **headers)
    return answer.status_code, answer.get("Idempotency-Replayed", ""), answer.json()


# --- two at the same moment


def send_all(user: str, name: str, numbers: range, keyed: bool, barrier, answers) -> None:
    import django

    django.setup()
    for number in numbers:
        barrier.wait(timeout=60)
        status, repeated, answer = post(user, body_of(number, name), f"key {number}" if keyed else None)
        answers.put((number, status, repeated, answer.get("number")))


def race(clients: list[tuple[str, str]], rounds: int, *, keyed: bool, first: int = 0) -> list[tuple]:
    from django.db import connection

    connection.close()
    context = multiprocessing.get_context("spawn")
    barrier, answers = context.Barrier(len(clients)), context.Queue()
    processes = [
        context.Process(
            target=send_all, args=(user, name, range(first, first + rounds), keyed, barrier, answers)
        )
        for user, name in clients
    ]
    for process in processes:
        process.start()
    found = [answers.get(timeout=120) for _ in range(rounds * len(clients))]
    for process in processes:
        process.join()
    return found


def together(rounds: int) -> dict:
    """The same request with the same key, twice at once: then once more."""
    from reviews.models import Proposal

    answers = race([("emma", ""), ("emma", "")], rounds, keyed=True)
    again = [post("emma", body_of(number), f"key {number}") for number in range(rounds)]
    return {
        "statuses": sorted({status for _, status, _, _ in answers}),
        "done": sum(status == 201 and not repeated for _, status, repeated, _ in answers),
        "again": dict(collections.Counter((f"{status} {repeated}") for status, repeated, _ in again)),
        "proposals": Proposal.objects.count(),
    }


def one_key_of_two(rounds: int) -> dict:
    """Two proposals create a record with one key at once; then each is approved."""
    answers = race([("emma", "east"), ("erik", "west")], rounds, keyed=False, first=2000)
    outcomes = collections.Counter()
    for _, _, _, number in answers:
        _, _, answer = post("rita", {"version": 1, "verdict": "approve"}, None, f"{number}/reviews/")
        outcomes[answer["outcome"], *(conflict["sort"] for conflict in answer["conflicts"])] += 1
    return {
        "statuses": sorted({status for _, status, _, _ in answers}),
        "outcomes": {" ".join(map(str, outcome)): count for outcome, count in outcomes.items()},
    }


# --- one that is killed


def be_killed(number: int, where: str, reached) -> None:
    """Send a request and stop for ever in the midst of it: before anything is done, or when all is but the commit."""
    import django

    django.setup()
    from django.db import transaction

    from reviews.services import repeating

    def stop(*_, **__):
        reached.set()
        time.sleep(600)

    if where == "begun":
        repeating._run = stop
    else:
        leave = transaction.Atomic.__exit__

        def leave_or_stop(self, *error):
            from reviews.models import IdempotentRequest

            if (
                transaction.get_connection().savepoint_ids == []
                and IdempotentRequest.objects.filter(key=f"key {number}", status=201).exists()
            ):
                stop()
            return leave(self, *error)

        transaction.Atomic.__exit__ = leave_or_stop
    post("emma", body_of(number), f"key {number}")


def killed() -> dict:
    """A request is killed on its way, sent again at once, and again when its lease is over; then once more."""
    from django.db import connection
    from django.utils import timezone

    from reviews.models import IdempotentRequest, Proposal

    context = multiprocessing.get_context("spawn")
    before, seen = Proposal.objects.count(), []
    for number, where in ((1001, "begun"), (1002, "done")):
        connection.close()
        reached = context.Event()
        victim = context.Process(target=be_killed, args=(number, where, reached))
        victim.start()
        assert reached.wait(60), "the request never came so far"
        os.kill(victim.pid, signal.SIGKILL)
        victim.join()
        at_once = post("emma", body_of(number), f"key {number}")[0]
        IdempotentRequest.objects.filter(key=f"key {number}").update(lease_until=timezone.now())
        later = post("emma", body_of(number), f"key {number}")
        again = post("emma", body_of(number), f"key {number}")
        seen.append([at_once, later[0], later[1], again[0], again[1], later[2] == again[2]])
    return {"seen": seen, "made": Proposal.objects.count() - before}


if __name__ == "__main__":
    import django

    django.setup()
    set_up()
    rounds = int(sys.argv[1])
    found = {"together": together(rounds), "killed": killed(), "one_key_of_two": one_key_of_two(rounds)}
    print(json.dumps(found))  # noqa: T201 - the test reads it
