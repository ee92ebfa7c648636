"""The wire: the two ways of writing to a browser, behind one small contract.

`TransportWire` writes to the connection's own transport, past Hypercorn's ASGI `send`: a delivery costs a third.
It needs HTTP/1.1 under Hypercorn. `AsgiWire` works with anything that speaks ASGI (HTTP/2, HTTP/1.0, TestClient).
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from importlib.metadata import version
from typing import Protocol, cast

from app.asgi import Send

logger = logging.getLogger(__name__)

# From ASGI's `send` to the connection's stream writer: each is a method of an object of such a class, which has the
# next one in that attribute. Not imported: a Hypercorn in which they stand elsewhere must not keep us from starting.
_HYPERCORN = (("HTTPStream", "send"), ("H11Protocol", "send"), ("TCPServer", "writer"))
_missing_steps: set[str] = set()


class Wire(Protocol):
    """Where a connection's events are written."""

    @staticmethod
    def framed(events: bytes) -> bytes:
        """Events in the form that `write` takes; the same for every connection, so it is made once a batch."""

    @property
    def write(self) -> Callable[[bytes], None]:
        """Takes bytes to be sent. Never waits."""

    @property
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


class TransportWire:
    """Writes chunks (RFC 9112 § 7.1) to the transport of an HTTP/1.1 connection."""

    __slots__ = ("_transport", "_writer", "write")

    def __init__(self, writer: asyncio.StreamWriter, unsent_max_bytes: int) -> None:
        self._writer = writer
        self._transport = writer.transport
        self.write = self._transport.write  # a method of ours would be one more call for every delivery
        self._transport.set_write_buffer_limits(high=unsent_max_bytes)

    @staticmethod
    def framed(events: bytes) -> bytes:
        return b"%x\r\n%b\r\n" % (len(events), events)

    @property
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

    def __init__(self, send: Send, unsent_max_bytes: int) -> None:
        self._send = send
        self._taken = _http2_drain(send)
        writer = _writer_behind(send)
        self._writer = writer if isinstance(writer, asyncio.StreamWriter) else None  # it is there over HTTP/1.0
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

    @property
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


def hypercorn_writer(send: Send) -> asyncio.StreamWriter | None:
    """The stream writer behind the `send` of an HTTP/1.1 connection; None if this server has none where we look.

    It stands on Hypercorn's inside, so each step is checked. A step that is missing is logged, once in a process.
    """
    found = _writer_behind(send)
    if isinstance(found, asyncio.StreamWriter):
        return found
    if found not in _missing_steps:
        _missing_steps.add(found)
        logger.warning(
            "Streams over HTTP/1.1 go through ASGI's send, which costs three times as much: %s.",
            found,
            extra={"action": "wire_slow", "hypercorn": version("hypercorn")},
        )
    return None


def is_slow() -> bool:
    """Whether an HTTP/1.1 connection has come that had no stream writer where we look."""
    return bool(_missing_steps)


def _writer_behind(send: Send) -> asyncio.StreamWriter | str:
    """The stream writer; or the step on the way to it that is missing, in words."""
    name, found = "ASGI's send", cast(object, send)
    for owner_class, attribute in _HYPERCORN:
        owner = getattr(found, "__self__", None)
        if type(owner).__name__ != owner_class:
            return f"{name} is not a method of {owner_class}"
        name, found = f"{owner_class}.{attribute}", getattr(owner, attribute, None)
    return found if isinstance(found, asyncio.StreamWriter) else f"{name} is not a StreamWriter"


def _http2_drain(send: Send) -> Callable[[], Awaitable[object]] | None:
    """What waits until a Hypercorn HTTP/2 stream has sent all; None if `send` is not of one.

    Its `send` does not wait for a browser that reads nothing: it keeps whatever it is given (Hypercorn 0.18).
    """
    stream = getattr(send, "__self__", None)
    protocol = getattr(getattr(stream, "send", None), "__self__", None)
    buffers: Mapping[int, object] = getattr(protocol, "stream_buffers", {})
    drain: Callable[[], Awaitable[object]] | None = getattr(buffers.get(getattr(stream, "stream_id", 0)), "drain", None)
    return drain
