"""A way to the service that can be cut: what is behind it here answers every line with the same line."""

from __future__ import annotations

import socket
import socketserver
import threading
from collections.abc import Iterator

import httpx
import pytest

from app.sdk.lab.link import Link

SECONDS = 5.0


class Echo(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        for line in self.rfile:
            self.wfile.write(line)


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True


@pytest.fixture
def echo() -> Iterator[str]:
    with Server(("127.0.0.1", 0), Echo) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/below"
        server.shutdown()


def connect(link: Link) -> socket.socket:
    url = httpx.URL(link.url)
    return socket.create_connection((url.host, url.port or 0), timeout=SECONDS)


def answer(connection: socket.socket, line: bytes = b"hello\n") -> bytes:
    """What comes back; nothing when the connection has ended."""
    try:
        connection.sendall(line)
        return connection.recv(100)
    except ConnectionError:
        return b""


def test_it_passes_both_ways_and_keeps_the_path(echo: str) -> None:
    with Link(echo) as link, connect(link) as connection:
        assert httpx.URL(link.url).path == "/below"
        assert answer(connection) == b"hello\n"


def test_the_service_is_asked_by_its_own_name(echo: str) -> None:
    with Link(echo) as link, connect(link) as connection:
        asked = f"Host: {httpx.URL(link.url).netloc.decode()}\n".encode()
        assert answer(connection, asked) == f"Host: {httpx.URL(echo).netloc.decode()}\n".encode()


def test_a_cut_ends_what_is_open_and_what_is_new_until_it_is_mended(echo: str) -> None:
    with Link(echo) as link, connect(link) as connection:
        assert answer(connection)
        link.cut()
        assert answer(connection) == b""
        with connect(link) as new:
            assert answer(new) == b""
        link.mend()
        with connect(link) as new:
            assert answer(new) == b"hello\n"


def test_a_dead_link_tells_nobody_and_new_connections_pass(echo: str) -> None:
    with Link(echo) as link, connect(link) as connection:
        assert answer(connection)
        link.hang()
        with connect(link) as new:
            assert answer(new) == b"hello\n"
        connection.settimeout(0.05)
        with pytest.raises(TimeoutError):
            answer(connection)


def test_where_nobody_answers_connections_end() -> None:
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    with Link(f"http://127.0.0.1:{port}") as link, connect(link) as connection:
        assert answer(connection) == b""


def test_when_it_is_closed_nothing_passes(echo: str) -> None:
    with Link(echo) as link:
        connection = connect(link)
        assert answer(connection)
    with connection:
        assert answer(connection) == b""
    with pytest.raises(ConnectionError):
        connect(link)
