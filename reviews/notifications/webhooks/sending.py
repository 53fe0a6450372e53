"""Sending: one POST, to an address that was checked and to nothing else, finished before a deadline, whatever answers.

No proxy of the environment, no redirect, no cookies, no second resolution. Of the answer only the status counts; its body
isn't read, and nothing of it is kept or shown.
"""

import http.client
import io
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from .addresses import Address, AddressRefused, Place, places_of, read_address

LARGEST_HEAD = 32_768  # bytes of an answer that are read at most
LONGEST_WAIT = 86_400  # seconds that a receiver may ask us to wait
GONE = 410
USER_AGENT = "chokepoint-register/1 (webhook)"


@dataclass(frozen=True)
class Answer:
    """What came of an attempt: the status, if there was one, and in our own words what was wrong, "" if nothing was.

    `wait` is for how many seconds the other side asked to be left alone.
    """

    status: int | None = None
    wrong: str = ""
    wait: int = 0

    @property
    def is_taken(self) -> bool:
        return not self.wrong

    @property
    def is_gone(self) -> bool:
        """The other side asks never to be told again."""
        return self.status == GONE


def post(url: str, headers: Mapping[str, str], body: bytes, *, seconds: float) -> Answer:
    """Post a body to a URL and return what came of it, within so many seconds. It never raises for what others do."""
    deadline = _Deadline(seconds)
    connection: _Connection | None = None
    try:
        address = read_address(url)
        connection = _Connection(address, places_of(address, seconds=deadline.left()), deadline)
        connection.connect()
        _ask(connection, address, headers, body)
        return _judge(connection.getresponse())
    except AddressRefused as refusal:
        return Answer(wrong=str(refusal))
    except TimeoutError:
        return Answer(wrong=f"No answer within {seconds:g} seconds.")
    except ssl.SSLCertVerificationError:
        return Answer(wrong="Its certificate isn't valid for this host.")
    except ssl.SSLError:
        return Answer(wrong="No secure connection could be made.")
    except ConnectionRefusedError:
        return Answer(wrong="The connection was refused.")
    except OSError:
        return Answer(wrong="The connection couldn't be made, or broke before an answer came.")
    except _TooMuch:
        return Answer(wrong="The head of its answer is too large.")
    except (http.client.HTTPException, ValueError):
        return Answer(wrong="What answered doesn't speak HTTP.")
    finally:
        if connection:
            connection.end()


def _ask(connection: "_Connection", address: Address, headers: Mapping[str, str], body: bytes) -> None:
    connection.putrequest("POST", address.target, skip_host=True, skip_accept_encoding=True)
    usual = {
        "Host": address.host_header,
        "User-Agent": USER_AGENT,
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        "Connection": "close",
    }
    for name, value in {**usual, **headers}.items():
        connection.putheader(name, value)
    connection.endheaders(body)


def _judge(response: http.client.HTTPResponse) -> Answer:
    status = response.status
    if 200 <= status < 300:
        return Answer(status)
    if 300 <= status < 400:
        return Answer(status, f"It answered with a redirect ({status}), which is not followed.")
    wait = response.headers.get("Retry-After", "") if status in (429, 503) else ""
    seconds = int(wait) if wait.isascii() and wait.isdigit() and len(wait) < 8 else 0
    return Answer(status, f"It answered {_named(status)}.", min(seconds, LONGEST_WAIT))


def _named(status: int) -> str:
    """Return a status with the name that the standard gives it; what the other side calls it isn't shown."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


class _TooMuch(Exception):
    """The other side answers without end."""


class _Deadline:
    """When everything has to be over, however busy the other side keeps us."""

    def __init__(self, seconds: float):
        self.end = time.monotonic() + seconds

    def left(self) -> float:
        """Return how many seconds are left. Raises TimeoutError if none are."""
        left = self.end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left


class _Connection(http.client.HTTPConnection):
    """A connection to one of the places that were checked."""

    auto_open = 0

    def __init__(self, address: Address, places: list[Place], deadline: _Deadline):
        super().__init__(address.host, address.port)
        self.address, self.places, self.deadline = address, places, deadline
        self.line: socket.socket | None = None

    def connect(self) -> None:
        """Connect to the first place that answers; of several, none takes all the time that is left."""
        for position, (family, place) in enumerate(self.places):
            try:
                self.line = socket.socket(
                    family, socket.SOCK_STREAM
                )  # where there is no IPv6, that fails too
                self.line.settimeout(self.deadline.left() / (len(self.places) - position))
                self.line.connect(place)
                break
            except OSError:
                self.end()
                if position == len(self.places) - 1:
                    raise
        if self.address.scheme == "https":
            self.line.settimeout(self.deadline.left())  # a handshake takes no longer than that as a whole
            self.line = ssl.create_default_context().wrap_socket(self.line, server_hostname=self.address.host)
        self.sock: Any = _Line(self.line, self.deadline)

    def end(self) -> None:
        """Close the connection."""
        if self.line is not None:
            self.line.close()


class _Line:
    """A socket under a deadline, as http.client uses one."""

    def __init__(self, line: socket.socket, deadline: _Deadline):
        self.line, self.deadline = line, deadline

    def sendall(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            self.line.settimeout(self.deadline.left())
            rest = rest[self.line.send(rest) :]

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Reader(self.line, self.deadline))

    def close(self) -> None:
        """Nothing: who opened it closes it."""


class _Reader(io.RawIOBase):
    """What comes in: for so long and so much, and not more."""

    def __init__(self, line: socket.socket, deadline: _Deadline):
        self.line, self.deadline, self.room = line, deadline, LARGEST_HEAD

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self.room <= 0:
            raise _TooMuch
        self.line.settimeout(self.deadline.left())
        count = self.line.recv_into(memoryview(buffer)[: self.room])
        self.room -= count
        return count
