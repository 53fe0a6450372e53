"""How often somebody may ask: by account or address, over a sliding window, with a Retry-After that holds."""

from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from django.core.cache import caches
from django.test import Client

from reviews.api import throttling
from reviews.api.throttling import Throttle, address_of
from tests.conftest import REDIS_URL

from .conftest import Bearer

pytestmark = pytest.mark.urls("tests.reviews.api.small_views")
SMALL = "/api/v1/small/"


@pytest.fixture
def rates(settings, tmp_path):
    """A function that sets rates and, optionally, the number of trusted proxies; the counters begin at nought."""
    settings.CACHES = {
        **settings.CACHES,
        "throttle": {
            "BACKEND": "config.counters.SharedCounters",
            "LOCATION": str(tmp_path / "counters.sqlite3"),
        },
    }

    def rates(proxies: int = 0, **named: str) -> None:
        settings.REST_FRAMEWORK = {
            **settings.REST_FRAMEWORK,
            "DEFAULT_THROTTLE_RATES": named,
            "NUM_PROXIES": proxies,
        }

    return rates


@pytest.fixture
def clock(monkeypatch):
    """The throttles' clock, standing at the beginning of a minute until a test moves it."""
    clock = SimpleNamespace(now=60_000_000.0)
    monkeypatch.setattr(Throttle, "timer", staticmethod(lambda: clock.now))
    return clock


def test_retry_after_is_as_long_as_it_takes_and_no_longer(rates, clock):
    rates(any="10/min")
    throttle = Throttle()
    assert sum(throttle.admit("any", "a") for _ in range(25)) == 10
    wait = throttle.wait()
    assert 60 <= wait <= 66
    clock.now += wait - 0.5
    assert not throttle.admit("any", "a")
    clock.now += 0.51
    assert throttle.admit("any", "a") and not throttle.admit("any", "a")
    assert throttle.admit("any", "b")


def test_no_minute_holds_more_than_the_rate_wherever_it_begins(rates, clock):
    rates(any="10/min")
    throttle, admitted = Throttle(), []
    for _ in range(1_000):
        clock.now += 0.37
        if throttle.admit("any", "a"):
            admitted.append(clock.now)
    assert len(admitted) >= 55  # of 370 s
    busiest = max(sum(1 for other in admitted if 0 <= other - one < 60) for one in admitted)
    assert busiest <= 11  # a window's requests are taken to be spread over it evenly


@pytest.mark.parametrize("backend", ["file", pytest.param("redis", marks=pytest.mark.redis)])
def test_threads_at_the_same_moment_get_no_more_than_the_rate(backend, rates, clock, settings, monkeypatch):
    monkeypatch.setattr(
        "config.counters.PATIENCE", 60
    )  # on a busy machine; past it a request passes uncounted
    rates(any="50/min")
    if backend == "redis":
        settings.CACHES = {
            **settings.CACHES,
            "throttle": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL},
        }
        caches["throttle"].clear()
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: Throttle().admit("any", "a"), range(800)))
    assert sum(answers) == 50


def test_counters_that_cant_be_reached_let_requests_pass_and_the_log_says_so(rates, settings, caplog):
    rates(any="1/min", failed="1/min")
    settings.CACHES = {
        **settings.CACHES,
        "throttle": {"BACKEND": "config.counters.SharedCounters", "LOCATION": "/dev/null/counters"},
    }
    assert [Throttle().admit("any", "a") for _ in range(3)] == [True] * 3
    assert not Throttle().exhausted("failed", "a")
    assert "counters can't be reached" in caplog.text


# --- whose request it is


def _request(remote, forwarded=None):
    meta = {"REMOTE_ADDR": remote} | ({"HTTP_X_FORWARDED_FOR": forwarded} if forwarded is not None else {})
    return SimpleNamespace(META=meta)


@pytest.mark.parametrize(
    ("proxies", "remote", "forwarded", "address"),
    [
        (0, "192.0.2.1", None, "192.0.2.1"),
        (0, "192.0.2.1", "198.51.100.7", "192.0.2.1"),
        (1, "10.0.0.1", "198.51.100.7", "198.51.100.7"),
        (1, "10.0.0.1", "203.0.113.9, 198.51.100.7", "198.51.100.7"),
        (2, "10.0.0.1", "203.0.113.9, 198.51.100.7, 10.0.0.2", "198.51.100.7"),
        (2, "10.0.0.1", "198.51.100.7", "198.51.100.7"),
        (1, "10.0.0.1", None, "10.0.0.1"),
        (1, "10.0.0.1", "203.0.113.9, nonsense\r\n", "10.0.0.1"),
        (1, "10.0.0.1", "198.51.100.7:4711", "198.51.100.7"),
        (1, "", "[2001:db8:1:2:3::4]:4711", "2001:db8:1:2::"),
        (0, "2001:db8:1:2:ffff::1", None, "2001:db8:1:2::"),
        (0, "2001:db8:1:3::1", None, "2001:db8:1:3::"),
        (0, "::ffff:192.0.2.1", None, "192.0.2.1"),
        (0, "fe80::1%eth0", None, "fe80::"),
        (0, "", "198.51.100.7", "unknown"),
        (0, "中", None, "unknown"),
    ],
)
def test_the_address_is_one_that_a_client_cant_choose(proxies, remote, forwarded, address, rates):
    rates(proxies)
    assert address_of(_request(remote, forwarded)) == address


# --- requests


def _statuses(client, times, method="GET", **more):
    return [
        client.generic(method, SMALL, "{}", content_type="application/json", **more).status_code
        for _ in range(times)
    ]


def test_an_address_is_throttled_with_a_problem_whatever_it_forges(rates, clock, db):
    rates(anonymous_read="3/min", anonymous_write="2/min")
    client = Client(raise_request_exception=False)
    forged = [client.get(SMALL, HTTP_X_FORWARDED_FOR=f"203.0.113.{n}") for n in range(5)]
    assert [answer.status_code for answer in forged] == [200] * 3 + [429] * 2
    last = forged[-1]
    assert last["Content-Type"] == "application/problem+json" and last.json()["status"] == 429
    assert 60 <= int(last["Retry-After"]) <= 100
    assert _statuses(client, 1, REMOTE_ADDR="192.0.2.77") == [200]
    # Writing counts apart, and so do refusals.
    assert _statuses(client, 3, "POST") == [401, 401, 429]
    # The register's own reads are under the same rate.
    assert client.get("/api/v1/").status_code == 429


def test_an_account_is_throttled_over_all_its_tokens_and_addresses(rates, clock, token_of):
    rates(user_read="4/min", user_write="2/min")
    one, other = (Bearer(token_of("emma")[1]) for _ in range(2))
    assert _statuses(one, 3) == [200] * 3
    assert _statuses(other, 2, REMOTE_ADDR="192.0.2.1") == [200, 429]
    assert _statuses(one, 3, "POST") == [201, 201, 429]
    narrow = Bearer(token_of("erik", "read")[1])
    assert _statuses(narrow, 3, "POST") == [403, 403, 429]
    assert _statuses(Bearer(token_of("rita")[1]), 1) == [200]


def test_guessing_tokens_is_throttled_by_address_before_it_is_tried(rates, clock, token_of):
    rates(failed="3/min")
    _, text = token_of("emma")
    assert _statuses(Bearer("wrong"), 5) == [401, 401, 401, 429, 429]
    assert _statuses(Bearer(text), 1) == [429]  # not even a right guess
    assert _statuses(Bearer(text), 1, REMOTE_ADDR="192.0.2.1") == [200]
    assert _statuses(Bearer(), 1) == [200]  # who shows none isn't guessing
    clock.now += 121
    assert _statuses(Bearer(text), 1) == [200]


def test_a_window_of_another_length_is_what_the_rate_says(rates, clock):
    rates(any="2/second")
    assert [Throttle().admit("any", "a") for _ in range(3)] == [True, True, False]
    clock.now += 2
    assert Throttle().admit("any", "a")
    assert throttling._wait(2, 0, 2, 0.0, 1) == pytest.approx(1.5)
