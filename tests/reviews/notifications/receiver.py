"""A real HTTP receiver for tests of webhooks: it keeps what it is sent and answers as it is told.

    with Receiver() as receiver:
        receiver.answers = [500, 200]      # a status each, the last one from then on
        …
        receiver.requests[0].headers["webhook-id"]

An answer may also be a function that is given the handler, which then writes what it likes to `handler.wfile`.
"""

import contextlib
import ssl
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

WORDS = b"What the receiver says is nobody's business."

Does = int | Callable[["Handler"], Any]


@dataclass(frozen=True)
class Received:
    """One request as it came, with its header names in small letters."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Receiver:
    """A server on a port of this machine, from entering to leaving."""

    def __init__(self, answers: Iterable[Does] = (200,), *, certificate: Path | None = None):
        self.answers = list(answers)
        self.requests: list[Received] = []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.block_on_close = False
        self.server.receiver = self
        self.released = threading.Event()
        self.scheme = "http"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
            self.scheme = "https"

    def __enter__(self) -> "Receiver":
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: Any) -> None:
        self.released.set()
        self.server.shutdown()
        self.server.server_close()

    @property
    def port(self) -> int:
        return self.server.server_address[1]

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}/hook"

    @property
    def ids(self) -> list[str]:
        """The ids of the messages that came, in order."""
        return [each.headers["webhook-id"] for each in self.requests]

    def next_answer(self) -> Does:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


class Handler(BaseHTTPRequestHandler):
    """Keeps a request and answers it."""

    def do_POST(self) -> None:
        receiver = self.server.receiver
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = receiver.next_answer()
        receiver.requests.append(Received(self.command, self.path, headers, body))
        with contextlib.suppress(OSError):  # who asked may have gone
            if callable(answer):
                answer(self)
                return
            self.send_response(answer, "In the receiver's own words")
            self.send_header("Content-Length", str(len(WORDS)))
            self.end_headers()
            self.wfile.write(WORDS)

    do_GET = do_HEAD = do_POST

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


# --- answers that aren't a status


def redirect(where: str, status: int = 302) -> Does:
    """Lead somewhere else."""

    def answer(handler: Handler) -> None:
        handler.send_response(status)
        handler.send_header("Location", where)
        handler.end_headers()

    return answer


def hang(handler: Handler) -> None:
    """Say nothing until the receiver closes."""
    handler.server.receiver.released.wait(60)


def drip(handler: Handler) -> None:
    """Say a status line, and then a letter now and then: each comes in time, all together never do."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nx: ")
    while not handler.server.receiver.released.wait(0.05):
        handler.wfile.write(b"x")


def drop(handler: Handler) -> None:
    """Close the connection without a word."""
    handler.close_connection = True


def gush(handler: Handler) -> None:
    """Answer with a head that never ends."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    while not handler.server.receiver.released.is_set():
        handler.wfile.write(b"x-more: " + b"y" * 1000 + b"\r\n")


def babble(handler: Handler) -> None:
    """Answer in something that isn't HTTP."""
    handler.wfile.write(b"220 mail.example.org ESMTP\r\n")


def later(seconds: int, status: int = 429) -> Does:
    """Ask to be left alone for a while."""

    def answer(handler: Handler) -> None:
        handler.send_response(status)
        handler.send_header("Retry-After", str(seconds))
        handler.end_headers()

    return answer
