"""`manage.py up`: the site, a Celery worker and the timetable (beat), started and stopped as one.

For a developer's machine; a server runs the three under its own service manager. What it promises: nothing starts when
something is in the way; when one of the three ends, all end; and no process is left behind, however this one ends.
"""

import errno
import fcntl
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

POLITE_SECONDS = (
    6  # between asking a child to end and making it; with the rest, all is over within 10 seconds
)
STOPPING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Command(BaseCommand):
    help = "Start the site, a Celery worker and beat together, for a developer's machine. Ctrl-C stops all three."
    requires_system_checks = []  # the children check for themselves

    def add_arguments(self, parser):
        parser.add_argument("--host", default="127.0.0.1", help="address to serve on (127.0.0.1)")
        parser.add_argument("--port", type=int, default=8000, help="port to serve on (8000)")
        parser.add_argument("--check", action="store_true", help="only say whether it could start")

    def handle(self, *, host: str, port: int, check: bool, **options):
        with only_launcher():
            refuse_taken_port(host, port)
            if not check:
                self.run(host, port)

    def run(self, host: str, port: int) -> None:
        """Start the children, wait for a signal or for one of them to end, and stop them all."""
        os.environ.setdefault("SITE_URL", address_of(reachable(host), port))  # mails lead here
        events = queue.SimpleQueue()  # its put() may be called from a signal handler
        for number in STOPPING_SIGNALS:
            signal.signal(number, lambda *_: events.put(None))
        children = {}
        try:
            for name, module, *arguments in commands(host, port):
                children[name] = start(module, *arguments)
                threading.Thread(target=self.relay, args=(name, children[name], events), daemon=True).start()
            threading.Thread(target=self.announce, args=(host, port), daemon=True).start()
            ended = events.get()
            if not ended:
                self.say("\nStopping the site, the worker and beat ...")
        finally:
            stop(children.values(), events)
        if ended:
            code = children[ended].returncode
            how = f"was killed by signal {-code}" if code < 0 else f"ended by itself with exit code {code}"
            raise CommandError(
                f"The {ended} process {how}, so the others were stopped. Its last lines are above."
            )
        self.say("Stopped. Nothing is left running.")

    def relay(self, name: str, child: subprocess.Popen, events: queue.SimpleQueue) -> None:
        """Pass on what a child writes, each line under its name; then report that it ended."""
        for line in child.stdout:
            self.say(f"{name:<6} | {line.rstrip()}")
        child.wait()
        events.put(name)

    def announce(self, host: str, port: int) -> None:
        """Print the address once somebody answers there: not before, or the first click fails."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                with socket.create_connection((reachable(host), port), timeout=1):
                    break
            except OSError:
                time.sleep(0.1)
        else:
            return
        self.say(f"\nThe register is at {address_of(host, port)}/ (Ctrl-C stops it)\n")

    def say(self, line: str) -> None:
        """Write a line; a closed terminal or pipe must not keep the children alive or in tears."""
        try:
            self.stdout.write(line)
            self.stdout.flush()
        except (OSError, ValueError):
            pass


def commands(host: str, port: int) -> list[tuple[str, ...]]:
    """Name, module and arguments of each child."""
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    celery = ("celery", "--quiet", "-A", "config")
    return [
        # Without the reloader, which is a second process with children of its own.
        ("web", "django", "runserver", "--noreload", address),
        # Threads: a pool of processes costs a copy of the application each. Gossip and mingle talk to other workers.
        (
            *("worker", *celery, "worker", "--pool", "threads", "--concurrency", "2"),
            *("--without-gossip", "--without-mingle", "--loglevel", "INFO"),
        ),
        # No pid file: one left behind by a crash would stop the next start; the launcher's lock does its work.
        (
            *("beat", *celery, "beat", "--pidfile=", "--max-interval", "5"),
            *("--schedule", str(settings.VAR_DIR / "beat-schedule"), "--loglevel", "INFO"),
        ),
    ]


def start(module: str, *arguments: str) -> subprocess.Popen:
    """A child on a leash (its standard input), in its own session so that Ctrl-C reaches it only through us."""
    return subprocess.Popen(
        [sys.executable, "-m", "chokepoints.management.leash", module, *arguments],
        cwd=settings.BASE_DIR,
        env={**os.environ, "PYTHONUNBUFFERED": "1", "DJANGO_RUNSERVER_HIDE_WARNING": "true"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )


def stop(children, events: queue.SimpleQueue) -> None:
    """Ask each child to end, wait, and then make it. A second Ctrl-C does not wait."""
    children = list(children)
    while not events.empty():
        events.get()
    for child in children:
        if child.poll() is None:
            child.terminate()
    deadline = time.monotonic() + POLITE_SECONDS
    while any(child.poll() is None for child in children) and time.monotonic() < deadline:
        try:
            if events.get(timeout=0.1) is None:
                break
        except queue.Empty:
            pass
    for child in children:
        if child.poll() is None:
            child.kill()
        child.wait()
        child.stdin.close()


@contextmanager
def only_launcher():
    """Hold the lock of this data folder: two workers and two timetables on it would do everything twice."""
    settings.VAR_DIR.mkdir(parents=True, exist_ok=True)
    with open(settings.VAR_DIR / "up.lock", "a+") as file:
        try:
            # The kernel lets go of the lock with the process, so a crash leaves nothing to clean up.
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.seek(0)
            raise CommandError(
                f"The register is already running from this folder (process {file.read().strip() or 'unknown'}). "
                "Stop it there with Ctrl-C."
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def refuse_taken_port(host: str, port: int) -> None:
    """Say what is wrong with the address in one sentence, before anything starts."""
    if not 0 < port < 65536:
        raise CommandError(f"{port} is not a port; choose one from 1 to 65535, such as: make run PORT=8001")
    try:
        family, kind, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server itself will do
            probe.bind(address)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise CommandError(
                f"Port {port} on {host} is already in use. "
                f"Stop what uses it or choose another: make run PORT={port + 1 if port < 65535 else 8000}"
            ) from None
        raise CommandError(f"Port {port} on {host} cannot be used ({error.strerror or error}).") from None


def address_of(host: str, port: int) -> str:
    """The address at which a browser finds a host and port."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def reachable(host: str) -> str:
    """Where to knock when serving on every address."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
