"""What all tests share: what they may skip, how they search, a browser, and databases for real processes."""

import contextlib
import gc
import os
import shutil
import socket
from urllib.parse import urlsplit

import pytest
from django.db import connection
from hypothesis import settings as hypothesis_settings

from tests import databases

IN_CI = os.environ.get("CI", "").lower() in ("1", "true", "yes")

# --- asynchronous safety
# Once a browser test has run, Playwright's event loop counts as running in this thread, and Django would refuse every
# query of the tests that follow. Nothing here is asynchronous, so the check has nothing to find.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

# --- property tests: https://hypothesis.readthedocs.io/en/latest/reference/api.html#settings
# In CI the same examples every time: a red build must be somebody's change, not somebody's luck. At home it searches.

hypothesis_settings.register_profile("ci", derandomize=True, print_blob=True, deadline=None)
hypothesis_settings.register_profile("home", print_blob=True, deadline=None)
hypothesis_settings.load_profile("ci" if IN_CI else "home")


# --- order, workers, memory

# The fixtures of tests that take long, the longest first: they ask a server for a minute, or start real processes.
LONG_TESTS_USE = ("ask_everything", "make_fresh_database", "dataset_database", "filled_database")


def pytest_xdist_auto_num_workers():
    """One worker more than processors: somebody always waits for a browser, a server or a lock."""
    if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ or not hasattr(os, "sched_getaffinity"):
        return None  # xdist knows
    return len(os.sched_getaffinity(0)) + 1


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config, items):
    """Let what takes long come first, on all workers but one, whose short tests need the processors meanwhile.

    Whoever still has it at the end leaves the others without work. xdist cuts the list into as many parts as there are
    workers, and who has done theirs takes from the end of another's.
    """

    def place(item) -> int:
        used = getattr(item, "fixturenames", ())
        return next((place for place, name in enumerate(LONG_TESTS_USE) if name in used), len(LONG_TESTS_USE))

    items.sort(key=place)
    workers = getattr(config, "workerinput", {}).get("workercount", 1)
    if workers > 1:
        items[:] = dealt(items, sum(place(item) < len(LONG_TESTS_USE) for item in items), workers)


def dealt(items: list, long: int, workers: int) -> list:
    """Return items, of which the first `long` ones take long, in the order of the workers' parts."""
    each = -(-long // (workers - 1))  # side by side, for tests of one module share what its fixtures make
    hands = [items[:long][number * each : (number + 1) * each] for number in range(workers)]
    short, ordered = items[long:], []
    for number, hand in enumerate(hands):
        size = (len(items) - len(ordered)) // (workers - number)
        more = max(0, size - len(hand))
        ordered += hand + short[:more]
        short = short[more:]
    return ordered + short


def pytest_collection_finish():
    """What is there by now stays until the end: the garbage collector needn't look through it again and again."""
    gc.collect()
    gc.freeze()


# --- what a machine may lack: skipped here with the line that installs it, a failure in CI

INSTALL_CHROMIUM = "apt-get install -y --no-install-recommends chromium fonts-liberation fonts-noto-cjk"
INSTALL_REDIS = "apt-get install -y redis-server && redis-server --daemonize yes"

REDIS_URL = os.environ.get("TEST_REDIS_URL", "redis://127.0.0.1:6379/15")


def chromium() -> str | None:
    """The path of the system's Chromium, if there is one."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def redis_answers() -> bool:
    """Whether something listens where Redis should be."""
    address = urlsplit(REDIS_URL)
    with contextlib.suppress(OSError), socket.create_connection((address.hostname, address.port), timeout=2):
        return True
    return False


NEEDS = {
    "browser": (chromium, f"needs Chromium: {INSTALL_CHROMIUM}"),
    "curl": (lambda: shutil.which("curl"), "needs curl, as the examples do: apt-get install -y curl"),
    "redis": (redis_answers, f"needs Redis at {REDIS_URL}: {INSTALL_REDIS}"),
    "postgresql": (databases.postgresql_answers, databases.NEEDS_POSTGRESQL),
}


def pytest_runtest_setup(item):
    """Skip a test whose marker names something that this machine lacks."""
    for marker, (found, words) in NEEDS.items():
        if item.get_closest_marker(marker) and not found():
            pytest.skip(words)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session):
    """Under CI a skip is a failure: a test that nobody runs proves nothing. (With xdist: where reports arrive.)"""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if IN_CI and reporter and not hasattr(session.config, "workerinput") and reporter.stats.get("skipped"):
        session.exitstatus = session.exitstatus or pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter):
    """Say which skips made the build fail."""
    skipped = terminalreporter.stats.get("skipped", [])
    if IN_CI and skipped:
        terminalreporter.section("skipped, which is a failure under CI", red=True)
        for report in skipped:
            reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
            terminalreporter.line(f"{report.nodeid}: {reason}")


# --- a browser: https://playwright.dev/python/docs/test-runners


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    """Debian's Chromium instead of a downloaded one, and no talk with the outside."""
    path = chromium()
    if not path:
        pytest.skip(f"needs Chromium: {INSTALL_CHROMIUM}")
    quiet = "no-sandbox disable-gpu disable-quic no-first-run disable-background-networking"
    quiet += " disable-component-update disable-sync"
    return {
        **browser_type_launch_args,
        "executable_path": path,
        "args": [f"--{flag}" for flag in quiet.split()],
    }


# --- databases for real commits and real processes (tests/databases.py says why)


@pytest.fixture(scope="session")
def database_templates(tmp_path_factory):
    """One migrated database per engine, made when first asked for, that fresh ones are copied from."""
    with databases.Templates(tmp_path_factory.mktemp("databases")) as templates:
        yield templates


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker, database_templates):
    """What Django makes; as soon as it is migrated, it is the template of fresh databases too."""
    name = connection.settings_dict["NAME"]
    was_made = name == connection.settings_dict["TEST"]["NAME"]  # not where no test of this run asks for it
    on_our_server = os.environ.get("DATABASE_URL") == databases.POSTGRESQL_SERVER
    if was_made and (connection.vendor == "sqlite" or on_our_server):
        with django_db_blocker.unblock():
            connection.close()
        database_templates.take_over(name, connection.vendor)


@pytest.fixture
def make_fresh_database(database_templates, django_db_setup):
    """A function that makes migrated, empty databases: `make_fresh_database()`, or `("sqlite")`, `("postgresql")`."""
    with contextlib.ExitStack() as stack:

        def make(engine: str | None = None) -> str:
            engine = engine or databases.engine_of_this_run()
            if engine == "postgresql" and not databases.postgresql_answers():
                pytest.skip(databases.NEEDS_POSTGRESQL)
            return stack.enter_context(database_templates.fresh_database(engine))

        yield make


@pytest.fixture
def fresh_database(make_fresh_database) -> str:
    """The DATABASE_URL of a migrated, empty database on this run's engine, dropped after the test."""
    return make_fresh_database()


@pytest.fixture(scope="session")
def dataset_template(database_templates, django_db_setup):
    """A database with the data set of 2018, to be copied."""
    with database_templates.fresh_database(databases.engine_of_this_run()) as url:
        databases.run_manage(url, "load_dataset")
        yield url


@pytest.fixture
def dataset_database(database_templates, dataset_template) -> str:
    """The DATABASE_URL of a database with the data set of 2018 on this run's engine, dropped after the test."""
    with database_templates.copy_of(dataset_template) as url:
        yield url
