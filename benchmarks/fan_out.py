"""One publication that many people watch: what it costs whoever publishes, and how long telling everybody takes.

.venv/bin/python benchmarks/fan_out.py 10000

Makes databases of its own, on SQLite and on the PostgreSQL server that TEST_POSTGRESQL_URL names, and drops them afterwards.
A fifth of the people each want it in the inbox, weekly, daily, at once, and never said.
"""

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.test")
ROUNDS = 15


def say(words: str) -> None:
    print(words, flush=True)  # noqa: T201 - what it is for


def measure(watchers: int) -> None:
    import django

    django.setup()
    from django.contrib.auth.models import Group, User
    from django.db import connection

    from chokepoints.models import Activity, Outbox
    from reviews.models import Mail, Notification, NotificationChoice, Subscription
    from reviews.notifications.fanning_out import fan_out
    from tests.builders import Builder

    build = Builder()
    sector = build.sector()
    watched, other = build.chokepoint("watched", sector=sector), build.chokepoint("other", sector=sector)
    User.objects.bulk_create(User(username=f"reader-{n}", email=f"r{n}@example.org") for n in range(watchers))
    people = list(User.objects.filter(username__startswith="reader-").order_by("pk"))
    Subscription.objects.bulk_create(
        (Subscription(owner=person, what="chokepoint", target=watched) for person in people), batch_size=1000
    )
    levels = ("inbox", "weekly", "daily", "now")
    NotificationChoice.objects.bulk_create(
        (
            NotificationChoice(owner=person, event="published", scope="watched", level=levels[n % 5])
            for n, person in enumerate(people)
            if n % 5 < 4
        ),
        batch_size=1000,
    )
    Group.objects.get(name="Reviewers").user_set.set(people[:5])
    Outbox.objects.all().delete()

    def publish(chokepoint: str, words: str) -> float:
        start = time.perf_counter()
        build.update("chokepoint", chokepoint, summary=words)
        return time.perf_counter() - start

    publish(other, "to begin with")
    seconds = {watched: [], other: []}
    for n in range(ROUNDS):
        for chokepoint in (watched, other) if n % 2 else (other, watched):
            seconds[chokepoint].append(publish(chokepoint, f"round {n}"))
    about = {chokepoint: 1000 * statistics.median(times) for chokepoint, times in seconds.items()}
    last = Activity.objects.filter(verb="changeset.published").latest("pk")
    Outbox.objects.exclude(activity=last).delete()
    activity = Activity.objects.get(pk=last.pk)
    # The last one published is about the watched one in every odd number of rounds.
    start = time.perf_counter()
    fan_out(activity.pk)
    took = time.perf_counter() - start
    say(
        f"{connection.vendor}: publishing what {watchers} people watch {about[watched]:.1f} ms, what nobody watches "
        f"{about[other]:.1f} ms (medians of {ROUNDS}); telling them {took:.1f} s: {Notification.objects.count()} "
        f"notifications, {Mail.objects.count()} mails"
    )


def main() -> None:
    watchers = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    if "MEASURED" in os.environ:
        measure(watchers)
        return
    import subprocess

    from tests.databases import Templates, postgresql_answers, process_environment

    with tempfile.TemporaryDirectory() as folder, Templates(Path(folder)) as templates:
        for engine in ("sqlite", *(["postgresql"] if postgresql_answers() else [])):
            with templates.fresh_database(engine) as url:
                subprocess.run(
                    [sys.executable, __file__, str(watchers)],
                    env=process_environment(url, MEASURED="1"),
                    check=True,
                )


if __name__ == "__main__":
    main()
