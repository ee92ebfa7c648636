"""The server: what stands behind ASGI's `send` in Hypercorn. It is its inside, so each step to it is checked."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from importlib.metadata import version
from typing import Any, cast

logger = logging.getLogger(__name__)

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

# From ASGI's `send` to the connection's stream writer: each is a method of an object of such a class, which has the
# next one in that attribute. Not imported: a Hypercorn in which they stand elsewhere must not keep us from starting.
_HYPERCORN = (("HTTPStream", "send"), ("H11Protocol", "send"), ("TCPServer", "writer"))
_missing_steps: set[str] = set()


def http11_writer(send: Send) -> asyncio.StreamWriter | None:
    """The stream writer behind the `send` of an HTTP/1.1 connection; None if this server has none where we look.

    A step to it that is missing is logged, once in a process.
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


def writer(send: Send) -> asyncio.StreamWriter | None:
    """The same of whatever connection it is."""
    found = _writer_behind(send)
    return found if isinstance(found, asyncio.StreamWriter) else None


@contextmanager
def joined(send: Send) -> Iterator[None]:
    """What is written meanwhile leaves in one piece.

    An answer's head and its body are written one after the other, and each would wake whoever waits for them. The end
    of the answer must not be among it: it may close the connection.
    """
    found = writer(send)
    if found is None:
        yield
        return
    pieces: list[bytes] = []
    transport = found.transport
    divert(transport, pieces.append)
    try:
        yield
    finally:
        restore(transport, b"".join(pieces))


def divert(transport: asyncio.WriteTransport, write: Callable[[bytes], None]) -> None:
    """Gives what is written to a transport, whoever writes it, to `write`."""
    setattr(transport, "write", write)  # noqa: B010  # an assignment to a method is refused by mypy


def restore(transport: asyncio.WriteTransport, written: bytes | bytearray) -> None:
    """Ends that, and writes what had been written."""
    delattr(transport, "write")
    if not transport.is_closing():
        transport.write(written)


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


def http2_drain(send: Send) -> Callable[[], Awaitable[object]] | None:
    """What waits until a Hypercorn HTTP/2 stream has sent all; None if `send` is not of one.

    Its `send` does not wait for a browser that reads nothing: it keeps whatever it is given (Hypercorn 0.18).
    """
    stream = getattr(send, "__self__", None)
    protocol = getattr(getattr(stream, "send", None), "__self__", None)
    buffers: Mapping[int, object] = getattr(protocol, "stream_buffers", {})
    drain: Callable[[], Awaitable[object]] | None = getattr(buffers.get(getattr(stream, "stream_id", 0)), "drain", None)
    return drain
