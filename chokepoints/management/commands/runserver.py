"""`manage.py runserver`: Django's, with answers that are not held back.

Django's server sends the head and the body of an answer apart. On a connection that is kept, the kernel holds the body back
(Nagle's algorithm) until the client has said that the head is there, which clients put off for 40 milliseconds.
"""

import socket
from typing import Any

from django.contrib.staticfiles.management.commands import runserver
from django.core.servers.basehttp import WSGIServer


class PromptServer(WSGIServer):
    """Sends what there is to be sent at once."""

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
        return connection, address


class Command(runserver.Command):
    server_cls = PromptServer
