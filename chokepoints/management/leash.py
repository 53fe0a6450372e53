"""Run a module as a program that ends when whoever started it is gone, even by `kill -9`.

    python -m chokepoints.management.leash celery -A config beat

The launcher holds the other end of this process's standard input and never writes to it. The kernel closes that end
with the launcher, whatever ended it: on every Unix, with no polling and no pid files.
"""

import os
import runpy
import signal
import sys
import threading

GRACE_SECONDS = 5


def _end_with_the_launcher() -> None:
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    # What does not end politely (a worker waits for its running task) ends all the same.
    threading.Event().wait(GRACE_SECONDS)
    os._exit(1)


def main() -> None:
    """Watch the launcher from a thread, and become the module that is asked for."""
    threading.Thread(target=_end_with_the_launcher, name="leash", daemon=True).start()
    module = sys.argv[1]
    sys.argv = sys.argv[1:]
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except KeyboardInterrupt:
        raise SystemExit(130) from None


if __name__ == "__main__":
    main()
