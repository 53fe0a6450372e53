"""The databases that tests commit to: separate, migrated, gone afterwards; and the servers on them."""

import sqlite3
from urllib.request import urlopen

import pytest

from tests import databases
from tests.databases import live_server_process, run_manage, wait_until

COUNT_USERS = "from django.contrib.auth.models import User; print(User.objects.count())"
ADD_USER = "from django.contrib.auth.models import User; User.objects.create_user('someone')"


def users(url: str) -> str:
    return run_manage(url, "shell", "--no-imports", "-c", COUNT_USERS).stdout.strip()


@pytest.mark.parametrize("engine", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def test_a_fresh_database_is_migrated_and_shares_nothing(make_fresh_database, engine):
    one, other = make_fresh_database(engine), make_fresh_database(engine)
    run_manage(one, "shell", "--no-imports", "-c", ADD_USER)
    assert (users(one), users(other), users(make_fresh_database(engine))) == ("1", "0", "0")


@pytest.mark.database
def test_a_real_server_answers_on_a_fresh_database(fresh_database):
    with live_server_process(fresh_database) as server:
        with urlopen(f"{server.url}/healthz/ready", timeout=30) as answer:
            assert answer.read() == b"ok"
        # The server writes its line after it has answered.
        assert wait_until(lambda: "GET /healthz/ready" in server.log)
    assert server.process.poll() is not None


def test_a_fresh_database_is_dropped_at_the_end(tmp_path):
    with databases.Templates(tmp_path) as templates:
        with templates.fresh_database("sqlite") as url:
            path = url.removeprefix("sqlite:///")
            with sqlite3.connect(path) as connection:
                assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            connection.close()
        assert len(list(tmp_path.iterdir())) == 1  # the template
    assert list(tmp_path.iterdir()) == []
