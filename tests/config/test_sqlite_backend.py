"""Writers on SQLite wait for each other, for as long as it takes and no longer than their patience."""

import threading

import pytest
from django.db import OperationalError
from django.db.utils import ConnectionHandler

from config.backends.sqlite3 import base
from config.databases import database_from_url
from tests.databases import wait_until

HELD = 0.4  # seconds: many times what SQLite itself waits before it says that the database is locked


@pytest.fixture
def connect(tmp_path, django_db_blocker):
    """A function that returns another connection to one database, which may be closed by another thread."""
    url = f"sqlite:///{tmp_path / 'register.sqlite3'}"
    opened = []

    def connect():
        connection = ConnectionHandler({"default": database_from_url(url)})["default"]
        connection.inc_thread_sharing()
        opened.append(connection)
        return connection

    with django_db_blocker.unblock():
        with connect().cursor() as cursor:
            cursor.execute("CREATE TABLE t (n INTEGER)")
        yield connect
        for connection in opened:
            connection.close()


@pytest.fixture
def holder(connect):
    """A connection that holds the write lock."""
    connection = connect()
    begin(connection)
    return connection


def begin(connection):
    connection.set_autocommit(False, force_begin_transaction_with_broken_autocommit=True)


def write(connection):
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO t VALUES (1)")


def write_many(connection):
    with connection.cursor() as cursor:
        cursor.executemany("INSERT INTO t VALUES (%s)", ([n] for n in range(3)))


@pytest.mark.parametrize(("act", "rows"), [(begin, 0), (write, 1), (write_many, 3)])
def test_a_writer_waits_until_the_lock_is_free(connect, holder, act, rows):
    release = threading.Timer(HELD, holder.rollback)
    release.start()
    waiting = connect()
    act(waiting)
    release.join()
    with waiting.cursor() as cursor:
        assert cursor.execute("SELECT count(*) FROM t").fetchone() == (rows,)


@pytest.mark.parametrize("act", [begin, write, write_many])
def test_whose_patience_is_at_its_end_is_told(connect, holder, act, monkeypatch):
    monkeypatch.setattr(base.DatabaseWrapper, "patience", 0.05)
    with pytest.raises(OperationalError, match="database is locked"):
        act(connect())


def test_another_mistake_is_not_waited_for(connect):
    with connect().cursor() as cursor, pytest.raises(OperationalError, match="no such table"):
        cursor.execute("INSERT INTO missing VALUES (1)")


def test_transactions_come_in_the_order_in_which_they_came(connect, holder):
    line, order, threads = base.lines[str(holder.settings_dict["NAME"])], [], []

    def take_turn(number, connection):
        begin(connection)
        order.append(number)
        connection.rollback()

    for number in range(20):
        threads.append(threading.Thread(target=take_turn, args=(number, connect())))
        threads[-1].start()
        assert wait_until(lambda: len(line.waiting) == len(threads))
    holder.rollback()
    for thread in threads:
        thread.join()
    assert order == list(range(20))


def test_whoever_gives_up_or_closes_holds_nobody_up(connect, holder, monkeypatch):
    line = base.lines[str(holder.settings_dict["NAME"])]
    with monkeypatch.context() as patch, pytest.raises(OperationalError):
        patch.setattr(base.DatabaseWrapper, "patience", 0.05)
        begin(connect())
    assert (line.is_taken, len(line.waiting)) == (True, 0)
    holder.close()
    assert not line.is_taken
    begin(connect())
