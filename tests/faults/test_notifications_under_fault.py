"""The broker down, silent or flushed, the mail server down, web, worker and clock killed: everybody is told of everything, once.

One story with every failure in it, short in `make test`, long in `make test-long`: a thousand events, fifty people.
"""

import collections
import os
import random
import signal
from functools import partial

import pytest

from tests.databases import free_port, wait_until
from tests.faults.tellers import CLOCK, WORKER, make_site, silent_server
from tests.reviews.notifications.smtp import SMTPServer

SEED = 2018


@pytest.mark.database
def test_whatever_fails_everybody_is_told_of_everything_once(fresh_database, tmp_path):
    tell_under_faults(fresh_database, tmp_path, events=15, recipients=6, kills=1, patience=120)


@pytest.mark.long
@pytest.mark.database
def test_a_thousand_events_for_fifty_people_survive_every_failure(fresh_database, tmp_path):
    tell_under_faults(fresh_database, tmp_path, events=1000, recipients=50, kills=12, patience=2400)


def tell_under_faults(database_url, tmp_path, *, events, recipients, kills, patience):
    chance = random.Random(SEED)
    server = SMTPServer()
    server.start()
    server.stop()  # its port is known; it is down until everything has been said
    site = make_site(database_url, tmp_path, recipients, server.url)
    fifth = events // 5

    # Down: nobody listens where the broker should be.
    site.say(0, fifth, CELERY_BROKER_URL=f"redis://127.0.0.1:{free_port()}/0")
    # Silent: it takes the connection, and that is all. Who comments doesn't wait: then each would have asked once at least.
    with silent_server() as (address, came):
        site.say(fifth, 2 * fifth, CELERY_BROKER_URL=f"redis://{address}/0")
        assert len(came) < fifth
    # Flushed: the broker took the messages and lost them before a worker came.
    site.say(2 * fifth, 3 * fifth)
    assert site.lose_messages() > 0
    # Killed between commit and enqueue, again and again.
    first = 3 * fifth
    while first < 4 * fifth:
        last = min(4 * fifth, first + max(3, fifth // 4))
        site.say(first, last, dies_at=last - 1)
        first = last
    # And the rest while worker and clock run, with the mail server down.
    with site.process(WORKER), site.process(CLOCK):
        site.say(4 * fifth, events)
        assert wait_until(lambda: site.owed() == 0, timeout=patience, interval=0.2)
    everybody = ["author", *(f"reader-{n}" for n in range(recipients))]
    assert site.told() == dict.fromkeys(everybody, (events, events))
    assert site.mails() == {"waiting": events * (recipients // 2)} and server.accepted == []

    # The mail server comes back; senders are killed at whatever they are doing.
    server.start()
    try:
        wanted = events * (recipients // 2)
        for kill in range(kills):
            goal = min(wanted - 1, wanted * (kill + 1) // (kills + 2) + chance.randrange(3))
            with site.process(CLOCK) as clock, site.process(WORKER) as worker:
                assert wait_until(partial(has_taken, server, goal), timeout=patience, interval=0.01)
                for sender in (clock, worker):
                    os.kill(sender.pid, signal.SIGKILL)
                    sender.wait()
        with site.process(CLOCK), site.process(CLOCK):
            assert wait_until(lambda: len(set(server.message_ids)) >= wanted, timeout=patience, interval=0.5)
            assert wait_until(lambda: site.mails() == {"sent": wanted}, timeout=patience, interval=0.2)
        # Each at least once; twice only where the server had it and its sender was killed before writing that down.
        times = collections.Counter(zip(server.recipients, server.message_ids, strict=True))
        assert len(times) == wanted and max(times.values()) <= 2
        assert sum(times.values()) - wanted <= 2 * kills  # each time a clock and a worker
        assert {name for name, _ in times} == {f"reader-{n}@example.org" for n in range(1, recipients, 2)}
        check_digests(site, server, events, recipients, patience, already=len(server.accepted))
    finally:
        server.stop()


def has_taken(server, number) -> bool:
    return len(server.accepted) >= number


def check_digests(site, server, events, recipients, patience, *, already):
    """The day is over, for two clocks at once; one is killed, one jumped ahead a day, and back: one digest a person."""
    people = [f"reader-{n}" for n in range(0, recipients, 2)]

    def arrived() -> int:
        return len(server.accepted) - already

    with site.process(CLOCK, TEST_DAYS="1") as clock, site.process(CLOCK, TEST_DAYS="1"):
        assert wait_until(lambda: arrived() >= 1, timeout=patience, interval=0.01)
        os.kill(clock.pid, signal.SIGKILL)
        clock.wait()
        with site.process(CLOCK, TEST_DAYS="2"):
            assert wait_until(lambda: arrived() >= len(people) - 1, timeout=patience, interval=0.2)
        assert wait_until(lambda: _is_over(site, people), timeout=patience, interval=0.2)
    found = site.digests()
    assert [name for name, _, _ in found] == sorted(people) and site.undigested() == 0
    sent = collections.Counter(each.recipient for each in server.accepted[already:])
    assert set(sent.values()) <= {1}
    # One of which nobody knows whether the server had it is the only one that may be missing.
    unknown = {f"{name}@example.org" for name, _, state in found if state == "uncertain"}
    assert len(unknown) <= 1 and set(sent) | unknown == {f"{name}@example.org" for name in people}
    text = server.accepted[-1].message.get_body(("plain",)).get_content()
    assert str(events) in text


def _is_over(site, people) -> bool:
    states = [state for _, _, state in site.digests()]
    return len(states) == len(people) and set(states) <= {"sent", "uncertain"}
