"""Hypercorn 0.18, mended where it waits for ever, or longer than need be, for a client that hangs or has gone.

And with parts of ours in the place of some, see `lean_hypercorn`.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import hypercorn.protocol
from hypercorn.asyncio import run, tcp_server
from hypercorn.events import Closed, Event, Updated
from hypercorn.protocol.h2 import H2Protocol

from app.run import lean_hypercorn


class TCPServer(tcp_server.TCPServer):
    """A connection whose client may hang or go at any time, mended where Hypercorn (0.18) does not expect it.

    It keeps one whose client has gone for its keep-alive time-out. And what the kernel says of one who reads nothing
    (`ETIMEDOUT`) is no `ConnectionError`: it would call that an error of ours, in many lines.

    What refers to itself is taken apart at the end: else it stays until the garbage collector's next full round.
    """

    context: lean_hypercorn.WorkerContext
    _has_gone = False

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        keep_alive = lean_hypercorn.KeepAlive(self.writer, self.config.keep_alive_timeout, self.context.terminated)
        setattr(self, "idle_task", keep_alive)  # noqa: B010  # which is a task by its name alone

    async def run(self) -> None:
        try:
            await super().run()
        finally:
            self._take_apart()

    async def _read_data(self) -> None:
        await super()._read_data()
        self._has_gone = True
        await self.idle_task.stop()

    async def protocol_send(self, event: Event) -> None:
        if self._has_gone and isinstance(event, Updated):
            return
        try:
            await super().protocol_send(event)
        except OSError:
            await self.protocol.handle(Closed())

    async def _close(self) -> None:
        with suppress(OSError):
            await super()._close()

    def _take_apart(self) -> None:
        with suppress(AttributeError):  # it had gone before there was one
            del self.protocol
        with suppress(AttributeError):  # of the transport in asyncio (Python 3.11-3.14): a method of its own
            delattr(self.writer.transport, "_read_ready_cb")
        error = self.reader.exception()
        if error is not None:
            error.__traceback__ = None


class HTTP2(H2Protocol):
    """A connection of HTTP/2, mended where Hypercorn (0.18) waits for ever: for its first request, and for a client
    that has gone to take what is left of answers to requests that it had reset.
    """

    async def initiate(self, headers: list[tuple[bytes, bytes]] | None = None, settings: bytes | None = None) -> None:
        await super().initiate(headers, settings)
        if self.idle:
            await self.send(Updated(idle=True))

    async def handle(self, event: Event) -> None:
        await super().handle(event)
        if isinstance(event, Closed):
            for buffer in self.stream_buffers.values():
                await buffer.close()


def put_in_place() -> None:
    """Hypercorn takes these classes from where they are put; it has no other way to choose them."""
    for module, name, ours in (
        (run, "TCPServer", TCPServer),
        (run, "WorkerContext", lean_hypercorn.WorkerContext),
        (tcp_server, "TaskGroup", lean_hypercorn.TaskGroup),
        (hypercorn.protocol, "H2Protocol", HTTP2),
    ):
        setattr(module, name, ours)
