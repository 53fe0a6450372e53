"""Counters that all processes share: none is lost, whoever counts at the same moment."""

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from config.counters import SharedCounters, cache_from_url
from tests.databases import PROJECT


@pytest.fixture
def counters(tmp_path):
    return SharedCounters(str(tmp_path / "counters" / "file.sqlite3"), {})


def test_a_counter_begins_once_grows_and_ends(counters):
    assert counters.get("a") is None
    assert counters.add("a", 0, timeout=60) and not counters.add("a", 7, timeout=60)
    assert [counters.incr("a"), counters.incr("a", 5), counters.decr("a")] == [1, 6, 5]
    counters.set("b", 3, timeout=60)
    assert counters.get_many(["a", "b", "c"]) == {"a": 5, "b": 3}
    assert counters.delete("a") and not counters.delete("a")
    assert counters.touch("b", 0) and counters.get("b") is None
    counters.set("b", 1, timeout=None)
    assert counters.get("b") == 1
    counters.clear()
    with pytest.raises(ValueError):
        counters.incr("b")


def test_what_has_expired_is_as_if_it_werent_there(counters):
    counters.add("a", 5, timeout=0.05)
    time.sleep(0.06)
    assert counters.get("a") is None
    with pytest.raises(ValueError):
        counters.incr("a")
    assert counters.add("a", 1, timeout=60) and counters.get("a") == 1


COUNT = """
import sys
from django.conf import settings
settings.configure()
from config.counters import SharedCounters
counters = SharedCounters(sys.argv[1], {})
counters.add("a", 0, timeout=60)
for _ in range(300):
    counters.incr("a")
"""


@pytest.mark.parametrize("processes", [3])
def test_processes_and_threads_lose_no_count(processes, counters, tmp_path):
    counters.add("a", 0, timeout=60)
    command = [sys.executable, "-c", COUNT, str(tmp_path / "counters" / "file.sqlite3")]
    running = [subprocess.Popen(command, cwd=PROJECT) for _ in range(processes)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: counters.incr("a"), range(400)))
    assert [process.wait(60) for process in running] == [0] * processes
    assert counters.get("a") == 400 + processes * 300


def test_only_a_redis_takes_their_place(tmp_path):
    assert cache_from_url("", tmp_path / "f")["LOCATION"] == str(tmp_path / "f")
    assert cache_from_url("redis://127.0.0.1/1", tmp_path)["BACKEND"].endswith("RedisCache")
    with pytest.raises(ValueError, match="CACHE_URL"):
        cache_from_url("locmem://", tmp_path)
