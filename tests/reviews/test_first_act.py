"""The first things that somebody does, in two tabs at once: their contributor is made in both."""

import pytest

from tests.databases import run_manage

# One tab proposes; before it has submitted, the other does anything that decides. Threads, since each waits for the other.
TWO_TABS = """
import threading
from django.contrib.auth.models import Group, User
from django.db import connection, transaction
from chokepoints.services.contributing import contributor_for
from chokepoints.services.locking import register_lock
from reviews.services.drafting import draft_proposal

emma = User.objects.create_user("emma")
emma.groups.add(Group.objects.get(name="Editors"))
drafted, deciding = threading.Event(), threading.Event()

def propose():
    with transaction.atomic():  # as the page for a new proposal does
        draft_proposal(actor=emma, title="A draft", rationale="", changes=[])
        drafted.set()
        deciding.wait(2)  # where the lock is ours, the other tab doesn't get so far
        with register_lock():
            print("proposed")
    connection.close()

def decide():
    drafted.wait(10)
    with register_lock():
        deciding.set()
        contributor_for(emma)
        print("decided")
    connection.close()

tabs = [threading.Thread(target=tab) for tab in (propose, decide)]
for tab in tabs:
    tab.start()
for tab in tabs:
    tab.join()
"""


@pytest.mark.postgresql
def test_two_tabs_of_somebody_new_dont_wait_for_each_other(make_fresh_database):
    done = run_manage(make_fresh_database("postgresql"), "shell", "-v0", "-c", TWO_TABS, timeout=60)
    assert sorted(done.stdout.split()) == ["decided", "proposed"], done.stderr
