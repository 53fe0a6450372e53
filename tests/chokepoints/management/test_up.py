"""`manage.py up` with real processes: what it refuses, and that nothing outlives it."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.databases import PROJECT, free_port, run_manage, wait_until

# Starting three processes takes seconds on a busy machine; stopping them has its own promise.
STARTED_WITHIN = 90
STOPPED_WITHIN = 10


@dataclass
class Launcher:
    """A started `manage.py up`, what it has written, and the processes that it started."""

    process: subprocess.Popen
    log_file: Path

    @property
    def log(self) -> str:
        return self.log_file.read_text(errors="replace")

    def children(self) -> dict[str, int]:
        """Process ids by the program that runs on the leash."""
        found = {}
        listing = subprocess.run(
            ["ps", "-ww", "-eo", "pid=,ppid=,args="], capture_output=True, text=True, check=True
        )
        for line in listing.stdout.splitlines():
            pid, parent, arguments = line.split(None, 2)
            if int(parent) == self.process.pid and "management.leash" in arguments:
                found[next(name for name in ("runserver", "worker", "beat") if f" {name} " in arguments)] = (
                    int(pid)
                )
        return found


def alive(pid: int) -> bool:
    """Whether a process runs (a zombie that nobody collected does not)."""
    state = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True
    ).stdout.strip()
    return bool(state) and not state.startswith("Z")


def up(database_url: str, var: Path, *arguments: str, check: bool = False):
    """Run `manage.py up` to its end; for starts that are refused."""
    return run_manage(database_url, "up", *arguments, check=check, timeout=60, VAR_DIR=str(var))


@pytest.fixture
def launcher(fresh_database, tmp_path):
    """A launcher whose three children work."""
    log_file = tmp_path / "up.log"
    with log_file.open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "up", "--port", str(free_port())],
            cwd=PROJECT,
            env={
                **os.environ,
                "DJANGO_SETTINGS_MODULE": "config.settings.test",
                "DATABASE_URL": fresh_database,
                "CELERY_BROKER_URL": "filesystem://localhost",
                "VAR_DIR": str(tmp_path / "var"),
            },
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    launcher = Launcher(process, log_file)
    signs = ("The register is at http://127.0.0.1:", "ready.", "beat: Starting")
    started = wait_until(
        lambda: all(sign in launcher.log for sign in signs) or process.poll() is not None, STARTED_WITHIN
    )
    children = launcher.children()
    try:
        assert started and process.poll() is None, launcher.log
        assert sorted(children) == ["beat", "runserver", "worker"], launcher.log
        yield launcher
    finally:
        for pid in (process.pid, *children.values()):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "terminate"])
def test_a_signal_leaves_no_process(launcher, number):
    children = launcher.children()
    launcher.process.send_signal(number)
    assert launcher.process.wait(STOPPED_WITHIN + 5) == 0, launcher.log
    assert not [name for name, pid in children.items() if alive(pid)]
    assert "Traceback" not in launcher.log
    assert launcher.log.rstrip().endswith("Nothing is left running.")


def test_children_end_when_the_launcher_is_killed(launcher):
    children = launcher.children()
    launcher.process.kill()
    launcher.process.wait()
    assert wait_until(lambda: not any(alive(pid) for pid in children.values()), STOPPED_WITHIN)


def test_when_one_ends_all_end_and_its_name_is_said(launcher):
    children = launcher.children()
    os.kill(children["beat"], signal.SIGKILL)
    assert launcher.process.wait(STOPPED_WITHIN + 5) == 1
    assert not [name for name, pid in children.items() if alive(pid)]
    assert "The beat process was killed by signal 9, so the others were stopped." in launcher.log


def test_a_second_launcher_is_refused_and_the_output_says_who_speaks(launcher, tmp_path):
    """Both in one test, because a start takes seconds."""
    speakers = {line.split("|")[0].strip() for line in launcher.log.splitlines() if "|" in line}
    assert {"web", "worker", "beat"} <= speakers
    second = up("sqlite:///unused", tmp_path / "var", "--port", str(free_port()))
    assert second.returncode == 1
    assert f"already running from this folder (process {launcher.process.pid})" in second.stderr
    assert launcher.process.poll() is None


def test_a_taken_port_is_said_in_one_sentence(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for more in ([], ["--check"]):
            done = up(f"sqlite:///{tmp_path}/unused.sqlite3", tmp_path / "var", "--port", str(port), *more)
            assert done.returncode == 1
            assert done.stdout == ""
            assert done.stderr.strip() == (
                f"CommandError: Port {port} on 127.0.0.1 is already in use. "
                f"Stop what uses it or choose another: make run PORT={port + 1}"
            )


def test_the_check_alone_starts_nothing(tmp_path):
    url = f"sqlite:///{tmp_path}/unused.sqlite3"
    done = up(url, tmp_path / "var", "--check", "--port", str(free_port()), check=True)
    assert (done.stdout, done.stderr) == ("", "")


@pytest.mark.parametrize("port", ["0", "70000"])
def test_a_number_that_is_no_port_is_said(port, tmp_path):
    done = up(f"sqlite:///{tmp_path}/unused.sqlite3", tmp_path / "var", "--port", port)
    assert done.returncode == 1
    assert f"{port} is not a port" in done.stderr
