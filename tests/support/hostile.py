"""Clients that mean harm, and what a service has open before they come and after they have gone."""

from __future__ import annotations

import asyncio
import socket
import struct
from contextlib import suppress
from typing import NamedTuple, Self
from urllib.parse import urlsplit

from tests.support.browser import READ_BYTES, request_head
from tests.support.service import Dev, Service, eventually

# Sent when a socket with this option is closed: RST in place of FIN (socket(7), SO_LINGER).
_RESETS = struct.pack("ii", 1, 0)


class ImpatientDev(Dev):
    """`python -m app dev` that waits for a client for a second where the real one waits for up to a minute."""

    program = "tests.support.impatient"


class Client:
    """A TCP connection on which anything may be sent, and nothing need be read.

    Args:
        receive_buffer_bytes: of the kernel; None: as it likes.
    """

    def __init__(self, url: str, receive_buffer_bytes: int | None = None) -> None:
        parts = urlsplit(url)
        self._address = (parts.hostname, parts.port)
        self._loop = asyncio.get_running_loop()
        self._socket = socket.socket()
        self._came = b""
        self._socket.setblocking(False)
        if receive_buffer_bytes is not None:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer_bytes)

    async def connect(self) -> Self:
        await self._loop.sock_connect(self._socket, self._address)
        return self

    async def __aenter__(self) -> Self:
        return await self.connect()

    async def __aexit__(self, *_: object) -> None:
        self.close()

    async def send(self, data: bytes) -> None:
        await self._loop.sock_sendall(self._socket, data)

    async def trickle(self, data: bytes, pause_seconds: float) -> None:
        """Sends a byte at a time, until the server has had enough or there is no more."""
        with suppress(OSError):
            for byte in data:
                await self.send(bytes([byte]))
                await asyncio.sleep(pause_seconds)

    async def receive(self, size: int = READ_BYTES) -> bytes:
        """What comes next; empty: the server has closed the connection."""
        try:
            return await self._loop.sock_recv(self._socket, size)
        except ConnectionError:
            return b""

    async def until(self, mark: bytes) -> bytes:
        """All that has come, once a mark is in it."""
        while mark not in self._came:
            more = await self.receive()
            assert more, f"it was closed after {self._came[-200:]!r}"
            self._came += more
        return self._came

    async def until_closed(self, seconds: float) -> bytes:
        """All that comes before the server closes the connection, which it must within a time."""
        came = b""
        async with asyncio.timeout(seconds):
            while more := await self.receive():
                came += more
        return came

    def close(self) -> None:
        self._socket.close()

    def reset(self) -> None:
        """Goes without a goodbye."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESETS)
        self._socket.close()


def head(method: str, target: str, token: str, **headers: str) -> bytes:
    """A request's head, with a bearer's token; `content_length="5"`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return request_head(method, target, {"Host": "here", "Authorization": f"Bearer {token}", **named})


class Counts(NamedTuple):
    """What a web process has open.

    Attributes:
        connections: streams.
        tasks: of its event loop.
        descriptors: files and sockets.
    """

    connections: int
    tasks: int
    descriptors: int

    @classmethod
    async def before(cls, service: Service, web: int = 0) -> Counts:
        """What is open now, and the one connection that asks for it."""
        await service.disconnect()
        return await cls.of(service, web)

    @classmethod
    async def of(cls, service: Service, web: int = 0) -> Counts:
        stats = (await service.request("GET", "/stats", service.token("ops:test"), web=web)).json()
        return cls(int(stats["connections"]), int(stats["tasks"]), int(stats["process_open_fds"]))

    async def back(self, service: Service, web: int = 0) -> None:
        """Returns once no more is open than this."""
        await service.disconnect()
        now = self

        async def as_before() -> bool:
            nonlocal now
            now = await Counts.of(service, web)
            return all(count <= before for count, before in zip(now, self, strict=True))

        try:
            await eventually(as_before, "all is closed that was opened")
        except AssertionError:
            raise AssertionError(f"Before there was {self}, now there is {now}") from None
