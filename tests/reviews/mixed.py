"""The mixed race: people at browsers propose, edit, suggest, split, judge and resolve at once, on the real site.

    python tests/reviews/mixed.py --clients 8 --acts 20 --most 80 --seed 7        ends when each has done its part
    python tests/reviews/mixed.py --clients 50 --seconds 600 --servers 2          ends by the clock

runs on the migrated, empty database that DATABASE_URL names and prints one JSON object: what was done how often, and every
complaint of the model (mixed_model.py) that says what should stand. The people are in mixed_people.py.
"""

import argparse
import collections
import contextlib
import json
import multiprocessing
import os
import random
import re
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.test")

from tests.databases import live_server_process, process_environment
from tests.reviews.mixed_model import complaints_of, description
from tests.reviews.mixed_people import EVERYTHING, Member, Plan, run_people
from tests.reviews.mixed_site import Board

CLIENTS_A_PROCESS = 10
WRONG = re.compile(r"Traceback|Internal Server Error|database is locked|deadlock detected|Broken pipe")


def make_members(clients: int, seed: int) -> list[Member]:
    """Make accounts with sessions of their own: of eight clients three edit, two review, two do both, and one is an
    editor's second tab."""
    members = []
    for n in range(clients):
        if n % 8 == 2:
            members.append(replace(members[-1], tab=f"u{n - 1}b", seed=f"{seed} {n}"))
        else:
            members.append(_member(f"u{n}", n % 8 < 6, n % 8 >= 4, f"{seed} {n}"))
    return members


def _member(name: str, is_editor: bool, is_reviewer: bool, seed: str) -> Member:
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.auth.models import Group, User
    from django.contrib.sessions.backends.db import SessionStore

    user = User.objects.create_user(name)
    names = [group for group, is_in in (("Editors", is_editor), ("Reviewers", is_reviewer)) if is_in]
    user.groups.set(Group.objects.filter(name__in=names))
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return Member(name, name, session.session_key, is_editor, is_reviewer, seed)


def make_world(clients: int) -> dict[str, list[str]]:
    """Publish the records that all want to change, fewer than people, and return their ids by kind."""
    from reviews.models import Limit
    from tests.builders import Builder

    Limit.objects.create(key="undo", value=600)  # a busy machine may need longer than ten seconds
    build = Builder()
    sector = build.sector()
    names = [f"old {n}" for n in range(10)]
    many = max(3, clients // 8)
    return {
        "chokepoint": [
            build.chokepoint(
                f"choke-{n}", sector=sector, summary="As it was.", aliases=names,
                description=description("this", "that", "more"),
            )
            for n in range(many)
        ],
        "organization": [
            build.organization(f"works-{n}", aliases=names, website="https://example.org/") for n in range(many + 1)
        ],
    }  # fmt: skip


def race(members: list[Member], sites: list[str], world: Any, plan: Plan) -> tuple[dict[str, Any], list[str]]:
    """Let everybody act, and return what each did, and which kinds of act nobody did."""
    context = multiprocessing.get_context("spawn")
    with context.Manager() as manager:
        board, logs = Board(manager), manager.Queue()
        processes = [
            context.Process(target=run_people, args=(part, sites, world, board, plan, logs))
            for part in (members[n :: _processes(members)] for n in range(_processes(members)))
        ]
        for process in processes:
            process.start()
        found = dict(logs.get() for _ in members)
        for process in processes:
            process.join()
        never = sorted(EVERYTHING - set(board.done.keys()))
    return found, never


def _processes(members: list[Member]) -> int:
    return max(2, len(members) // CLIENTS_A_PROCESS)


# --- what the database holds at the end


def read_facts() -> dict[str, Any]:
    """Return what the model compares with, in plain words and numbers, and people by their user names."""
    from chokepoints.models import Contributor

    names = {
        str(pk): name or shown
        for pk, name, shown in Contributor.objects.values_list("pk", "user__username", "display_name")
    }
    return {
        "revisions": _revisions(),
        "register": _register(),
        "changesets": _changesets(names),
        "proposals": _proposals(names),
        "changes": _changes(),
        "reviews": _reviews(names),
        **_words(),
    }


def _plain(state: dict[str, Any] | None) -> dict[str, Any]:
    state = dict(state or {})
    return state | ({"aliases": sorted(state["aliases"])} if "aliases" in state else {})


def _revisions() -> dict[str, list[dict[str, Any]]]:
    from chokepoints.history import states_of
    from chokepoints.models import Revision

    revisions = list(Revision.objects.select_related("changeset").order_by("record", "number"))
    found = collections.defaultdict(list)
    for revision, state in zip(revisions, states_of(revisions), strict=True):
        found[str(revision.record)].append(
            {
                "number": revision.number,
                "changeset": revision.changeset_id,
                "time": revision.changeset.time.timestamp(),
                "operation": revision.operation,
                "state": _plain(state),
            }
        )
    return found


def _register() -> dict[str, dict[str, Any]]:
    from chokepoints.projection import model_of, read_states
    from chokepoints.records import KINDS

    return {
        record: _plain(state)
        for kind in KINDS.values()
        for record, state in read_states(kind, list(model_of(kind).objects.all())).items()
    }


def _changesets(names: dict[str, str]) -> dict[str, dict[str, Any]]:
    from chokepoints.models import Changeset

    return {
        str(changeset.number): {
            "reference": changeset.reference,
            "authors": sorted(names[author] for author in changeset.authors),
            "reviews": [
                {"reviewer": names[review["reviewer"]], "verdict": review["verdict"]}
                for review in changeset.reviews
            ],
        }
        for changeset in Changeset.objects.all()
    }


def _proposals(names: dict[str, str]) -> dict[str, dict[str, Any]]:
    from reviews.models import Proposal

    return {
        str(proposal.number): {
            "state": proposal.state,
            "version": proposal.version,
            "changeset": proposal.changeset,
            "split_from": proposal.split_from_id,
            "authors": sorted(names[str(author.pk)] for author in proposal.authors.all()),
        }
        for proposal in Proposal.objects.prefetch_related("authors")
    }


def _changes() -> dict[str, list[dict[str, Any]]]:
    from django.db.models import F

    from reviews.models import Version

    versions = Version.objects.filter(number=F("proposal__version")).prefetch_related("changes")
    return {
        str(version.proposal_id): [
            {"record": str(change.record), "operation": change.operation, "fields": change.fields}
            for change in version.changes.all()
        ]
        for version in versions
    }


def _reviews(names: dict[str, str]) -> list[dict[str, Any]]:
    from reviews.models import Review, Version

    made = {
        (version.proposal_id, version.number): version.made.timestamp() for version in Version.objects.all()
    }
    return [
        {
            "number": review.proposal_id,
            "version": review.version,
            "reviewer": names[str(review.reviewer_id)],
            "verdict": review.verdict,
            "comment": review.comment,
            "carried": bool(review.carried_from_id),
            "given": review.given.timestamp(),
            "moved_on": made.get((review.proposal_id, review.version + 1), float("inf")),
        }
        for review in Review.objects.order_by("pk")
    ]


def _words() -> dict[str, list[dict[str, Any]]]:
    from reviews.models import Comment, Hold, Suggestion

    return {
        "comment": [{"words": text} for text in Comment.objects.values_list("text", flat=True)],
        "hold": [{"words": reason} for reason in Hold.objects.values_list("reason", flat=True)],
        "suggest": [
            {**row, "record": str(row["record"])}
            for row in Suggestion.objects.values("pk", "words", "record", "field", "value")
        ],
    }


# --- the whole


def report(logs: dict[str, dict[str, Any]], facts: dict[str, Any], written: str) -> dict[str, Any]:
    """Return what was done how often, and everything that is wrong."""
    from chokepoints.services.verifying import verify_register

    acts = [act for log in logs.values() for act in log["acts"]]
    answers: dict[str, collections.Counter] = collections.defaultdict(collections.Counter)
    for log in logs.values():
        for act, status in log["answers"]:
            answers[act][status] += 1
    seconds = sorted(second for log in logs.values() for second in log["seconds"])
    problem = verify_register().problem
    lines = [line for line in written.splitlines() if WRONG.search(line)]
    return {
        "answers": {act: dict(counted) for act, counted in sorted(answers.items())},
        "done": dict(collections.Counter(act["act"] for act in acts)),
        "states": dict(collections.Counter(one["state"] for one in facts["proposals"].values())),
        "conflicts": _activities("proposal.conflicting"),
        "changesets": len(facts["changesets"]),
        "requests": len(seconds),
        "median_seconds": round(seconds[len(seconds) // 2][0], 3),
        "p95_seconds": round(seconds[int(len(seconds) * 0.95)][0], 3),
        "slowest": [(round(second, 1), request) for second, request in seconds[-3:]],
        "complaints": [
            *(failure for log in logs.values() for failure in log["failures"]),
            *([f"verify_register: {problem}"] if problem else []),
            *(f"the server wrote: {line}" for line in lines),
            *complaints_of(acts, facts),
        ],
    }


def _activities(verb: str) -> int:
    from chokepoints.models import Activity

    return Activity.objects.filter(verb=verb).count()


def run_mixed(database: str, *arguments: object, timeout: float = 300) -> dict:
    """Race in processes of their own and return what came of it; printed too, so that a failure shows it with the seed."""
    finished = subprocess.run(
        [sys.executable, __file__, *map(str, arguments)],
        env=process_environment(database),
        capture_output=True,
        text=True,
        timeout=timeout,
    )
    assert finished.returncode == 0, finished.stderr[-3000:]
    print(finished.stdout)  # noqa: T201
    return json.loads(finished.stdout)


def main() -> None:
    """Race, then print what came of it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--acts", type=int, default=20)
    parser.add_argument("--most", type=int, default=80)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--servers", type=int, default=1)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--trusting", action="store_true", help="Authors leave alone what a form shows them.")
    parser.add_argument("--keep", type=Path, help="Write acts, facts and the servers' words to this file.")
    wanted = parser.parse_args()
    import django

    django.setup()
    from django.db import connection

    members, world = make_members(wanted.clients, wanted.seed), make_world(wanted.clients)
    connection.close()
    began = time.monotonic()
    with contextlib.ExitStack() as stack:
        servers = [
            stack.enter_context(live_server_process(os.environ["DATABASE_URL"]))
            for _ in range(wanted.servers)
        ]
        sites = [server.url for server in servers]
        until = time.time() + wanted.seconds if wanted.seconds else None
        plan = Plan(wanted.acts, wanted.most, until, wanted.trusting)
        logs, never = race(members, sites, world, plan)
        written = "\n".join(server.log for server in servers)
    took = time.monotonic() - began
    facts = read_facts()
    if wanted.keep:
        wanted.keep.write_text(json.dumps({"logs": logs, "facts": facts, "written": written}, indent=1))
    result = {"seed": wanted.seed, "seconds": round(took, 1), "never": never, **report(logs, facts, written)}
    print(json.dumps(result))  # noqa: T201 - the test reads it


if __name__ == "__main__":
    main()
