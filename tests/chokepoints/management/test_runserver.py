"""The site of a developer's machine answers at once."""

import socket

from django.core.management import get_commands, load_command_class
from django.core.servers.basehttp import WSGIRequestHandler


def test_no_answer_is_held_back_until_the_client_has_said_that_its_head_is_there():
    server_cls = load_command_class(get_commands()["runserver"], "runserver").server_cls
    with (
        server_cls(("127.0.0.1", 0), WSGIRequestHandler) as server,
        socket.create_connection(server.server_address),
    ):
        connection, _ = server.get_request()
        with connection:
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
