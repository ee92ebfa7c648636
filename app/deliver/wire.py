"""The wire: the two ways of writing to a browser, behind one small contract.

`TransportWire` writes to the connection's own transport, past Hypercorn's ASGI `send`: a delivery costs a third.
It needs HTTP/1.1 under Hypercorn. `AsgiWire` works with anything that speaks ASGI (HTTP/2, HTTP/1.0, TestClient).

Each takes bytes in two ways. `write` is for whatever is to be sent. `offer` is for the fan-out, where nearly every
browser has room: it gives bytes to the network and to nothing else, and what the network did not take is written.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections import deque
from collections.abc import Callable
from typing import Protocol

from app import server
from app.asgi import Send
from app.deliver.event import WRITE_MAX_BYTES

logger = logging.getLogger(__name__)


class Wire(Protocol):
    """Where a connection's events are written."""

    @staticmethod
    def framed(events: bytes) -> bytes:
        """Events in the form that `write` takes; the same for every connection, so it is made once a batch."""

    @property
    def offer(self) -> Callable[[bytes], int]:
        """How many of these bytes the network takes at once; the others are to be written.

        It may change with each call.

        Raises:
            OSError: none of them; `write` knows what to do about it.
        """

    def write(self, framed: bytes) -> None:
        """Takes bytes to be sent. Never waits."""

    def unsent_bytes(self) -> int:
        """What was written and not taken by the network yet."""

    @property
    def closed(self) -> bool:
        """Whether the browser has gone."""

    async def drained(self) -> None:
        """Returns when there is room again.

        Raises:
            ConnectionError: the browser has gone.
        """

    def abort(self) -> None:
        """Cuts the connection off; what is unsent is lost."""


def _send_of_socket(transport: asyncio.WriteTransport) -> Callable[[bytes], int] | None:
    """`send` of the socket to which a transport writes; None if it does not write to one as it is (TLS, uvloop).

    A closed socket's raises; its descriptor, which may be another connection's by then, would not.
    """
    under = getattr(transport.get_extra_info("socket"), "_sock", None)
    if transport.get_extra_info("sslcontext") is None and isinstance(under, socket.socket):
        return under.send
    return None


def _take_nothing(_: bytes) -> int:
    return 0


class TransportWire:
    """Writes chunks (RFC 9112 § 7.1) to the transport of an HTTP/1.1 connection."""

    __slots__ = ("_gathered", "_transport", "_writer", "offer")

    def __init__(self, writer: asyncio.StreamWriter, unsent_max_bytes: int) -> None:
        self._writer = writer
        self._transport = writer.transport
        self._gathered: bytearray | None = None
        # The socket's own method while nothing is unsent: one of ours would be one more call for every delivery.
        self.offer: Callable[[bytes], int] = _take_nothing
        self._transport.set_write_buffer_limits(high=unsent_max_bytes)

    def gather(self) -> None:
        """What is written in this turn of the loop, also by the server, leaves in one piece: after it, or at 64 KB."""
        self._gathered = bytearray()
        self.offer = _take_nothing
        server.divert(self._transport, self._gather)
        asyncio.get_running_loop().call_soon(self.release)

    def release(self) -> None:
        """Lets go what has been gathered, before the turn ends."""
        if self._gathered is not None:
            gathered, self._gathered = self._gathered, None
            server.restore(self._transport, gathered)
            self._choose_offer()

    def _gather(self, framed: bytes | bytearray | memoryview) -> None:
        assert self._gathered is not None  # or it would not be called
        self._gathered += framed
        if len(self._gathered) > WRITE_MAX_BYTES:
            self.release()

    def _choose_offer(self) -> None:
        """Nothing may overtake what is unsent, or follow what was lost."""
        send = None
        if not (self._gathered is not None or self.unsent_bytes() or self.closed):
            send = _send_of_socket(self._transport)
        self.offer = send or _take_nothing

    @staticmethod
    def framed(events: bytes) -> bytes:
        return b"%x\r\n%b\r\n" % (len(events), events)

    def write(self, framed: bytes) -> None:
        self._transport.write(framed)
        self._choose_offer()

    def unsent_bytes(self) -> int:
        return self._transport.get_write_buffer_size()

    @property
    def closed(self) -> bool:
        return self._transport.is_closing()

    async def drained(self) -> None:
        await self._writer.drain()
        if self.closed:  # drain() returns when the transport was aborted
            raise ConnectionResetError("The browser has gone")

    def abort(self) -> None:
        self.offer = _take_nothing
        self._transport.abort()


class AsgiWire:
    """Hands bytes to the server's `send`, one after the other, in a task of its own: `pump`."""

    __slots__ = (
        "_finishing",
        "_pieces",
        "_room",
        "_send",
        "_taken",
        "_unsent_bytes",
        "_unsent_max_bytes",
        "_work",
        "_writer",
        "closed",
    )

    offer = staticmethod(_take_nothing)

    def __init__(self, send: Send, unsent_max_bytes: int) -> None:
        self._send = send
        self._taken = server.http2_drain(send)
        self._writer = server.writer(send)  # there is one over HTTP/1.0
        self._unsent_max_bytes = unsent_max_bytes
        self._unsent_bytes = 0
        self._pieces: deque[bytes] = deque()
        self._work = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._finishing = False
        self.closed = False

    @staticmethod
    def framed(events: bytes) -> bytes:
        return events

    def write(self, framed: bytes) -> None:
        if self.closed:
            return
        self._pieces.append(framed)
        self._unsent_bytes += len(framed)
        self._work.set()
        if self._unsent_bytes > self._unsent_max_bytes:
            self._room.clear()

    def unsent_bytes(self) -> int:
        return self._unsent_bytes

    async def drained(self) -> None:
        await self._room.wait()
        if self.closed:
            raise ConnectionResetError("The browser has gone")

    def abort(self) -> None:
        self.closed = True
        self._pieces.clear()
        if self._unsent_bytes and self._writer is not None:
            self._writer.transport.abort()  # else the server would wait for the browser
        self._room.set()
        self.finish()

    def finish(self) -> None:
        """Lets `pump` return once what is written has been sent."""
        self._finishing = True
        self._work.set()

    async def pump(self) -> None:
        """Sends what is written, until `finish`, or until the server can't send any more."""
        while self._pieces or not self._finishing:
            if not self._pieces:
                self._work.clear()
                await self._work.wait()
                continue
            body = b"".join(self._pieces)
            self._pieces.clear()
            try:
                await self._send({"type": "http.response.body", "body": body, "more_body": True})
                if self._taken is not None:
                    await self._taken()
            except Exception as error:  # what it raises is the server's choice (ASGI says OSError, and some do more)
                logger.info("A browser can't be written to: %r", error, extra={"action": "send_failed"})
                self.abort()
            self._unsent_bytes -= len(body)
            if self._unsent_bytes <= self._unsent_max_bytes // 2:
                self._room.set()
