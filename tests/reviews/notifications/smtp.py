"""A real mail server on loopback that remembers what it accepted, and can be as bad as servers are.

with SMTPServer() as server:
    server.refuse["bad@example.org"] = "550 5.1.1 No such user"
    ... EMAIL_URL=server.url ...
    assert server.recipients == ["good@example.org"]
"""

import asyncio
import email
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import policy
from email.message import EmailMessage

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP

# Where a connection can be dropped, or left hanging: at the greeting of a client, at an address, between the leave to send a
# mail and its end, at the end before it is accepted, and after that without an answer.
EHLO, RCPT, DATA, END, AFTER = "ehlo", "rcpt", "data", "end", "after"


@dataclass
class Accepted:
    """A mail that the server took."""

    recipient: str
    content: bytes

    @property
    def message(self) -> EmailMessage:
        return email.message_from_bytes(self.content, policy=policy.default)

    @property
    def message_id(self) -> str:
        return str(self.message["Message-ID"])


@dataclass
class SMTPServer:
    """The server, from `with` on. Change its attributes at any time; what they say counts from the next command."""

    refuse: dict[str, str] = field(default_factory=dict)  # address → the answer to it
    answer_at_end: dict[str, str] = field(default_factory=dict)  # address → the answer to a mail's end
    drop_at: str = ""
    hang_at: str = ""
    only_for: str = ""  # the address at which the two above happen; "" for all
    accepted: list[Accepted] = field(default_factory=list)
    connections: int = 0
    reached: str = ""  # the last stage that somebody came to
    port: int = 0

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    @property
    def recipients(self) -> list[str]:
        return [each.recipient for each in self.accepted]

    @property
    def message_ids(self) -> list[str]:
        return [each.message_id for each in self.accepted]

    def __enter__(self) -> "SMTPServer":
        self.start()
        return self

    def __exit__(self, *_) -> None:
        self.stop()

    def start(self) -> None:
        """Listen, on the port that it had before if it had one."""
        if not self.port:
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                self.port = probe.getsockname()[1]
        self._controller = _Controller(self)
        self._controller.start()

    def stop(self) -> None:
        """Listen no more; whoever is connected is hung up on."""
        self._controller.stop(no_assert=True)


@contextmanager
def sending_to(settings, server: SMTPServer) -> Iterator[SMTPServer]:
    """Have this process's mails go to a server."""
    settings.EMAIL_BACKEND = "reviews.notifications.backends.SMTPBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", server.port, 5
    yield server


class _Controller(Controller):
    def __init__(self, server: SMTPServer):
        self.server_state = server
        super().__init__(_Handler(server), hostname="127.0.0.1", port=server.port, ready_timeout=10)

    def factory(self) -> SMTP:
        return _Session(self.server_state, self.handler, hostname="test", enable_SMTPUTF8=True)


class _Session(SMTP):
    def __init__(self, state: SMTPServer, *args, **options):
        self.state = state
        super().__init__(*args, **options)

    async def smtp_DATA(self, arg: str) -> None:
        await _misbehave(self.state, DATA, self, self.envelope.rcpt_tos)
        await super().smtp_DATA(arg)


class _Handler:
    def __init__(self, state: SMTPServer):
        self.state = state

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        session.host_name = hostname
        self.state.connections += 1
        await _misbehave(self.state, EHLO, server, [])
        return responses

    async def handle_RCPT(self, server, session, envelope, address, options):
        await _misbehave(self.state, RCPT, server, [address])
        if address in self.state.refuse:
            return self.state.refuse[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        await _misbehave(self.state, END, server, envelope.rcpt_tos)
        for address in envelope.rcpt_tos:
            if address in self.state.answer_at_end:
                return self.state.answer_at_end[address]
        for address in envelope.rcpt_tos:
            self.state.accepted.append(Accepted(address, envelope.original_content))
        await _misbehave(self.state, AFTER, server, envelope.rcpt_tos)
        return "250 Accepted"


async def _misbehave(state: SMTPServer, stage: str, server: SMTP, addresses: list[str]) -> None:
    state.reached = stage
    if state.only_for and state.only_for not in addresses:
        return
    if state.drop_at == stage:
        if stage == DATA:
            await server.push("354 Go on")
        server.transport.abort()
        raise asyncio.CancelledError
    if state.hang_at == stage:
        await asyncio.Event().wait()
