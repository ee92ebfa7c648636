"""Hypercorn 0.18, mended where it waits for ever, or longer than need be, for a client that hangs or has gone."""

from __future__ import annotations

from contextlib import suppress

import hypercorn.protocol
from hypercorn.asyncio import run, tcp_server
from hypercorn.events import Closed, Event, Updated
from hypercorn.protocol.h2 import H2Protocol


class TCPServer(tcp_server.TCPServer):
    """A connection whose client may hang or go at any time, mended where Hypercorn (0.18) does not expect it.

    It keeps one whose client has gone for its keep-alive time-out. And what the kernel says of one who reads nothing
    (`ETIMEDOUT`) is no `ConnectionError`: it would call that an error of ours, in many lines.
    """

    _has_gone = False

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
    setattr(run, "TCPServer", TCPServer)  # noqa: B010  # an assignment would need leave to write to another's module
    setattr(hypercorn.protocol, "H2Protocol", HTTP2)  # noqa: B010
