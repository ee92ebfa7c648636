"""A server that answers as a test tells it to: what the real one does rarely, or never."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from app import __version__

ALIVE = b'{"status":"alive","version":"%b"}' % __version__.encode()
STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"


def answer(status: int, body: bytes = b"", *headers: str, content_type: str = "application/json") -> bytes:
    """A response of HTTP/1.1, after which the connection ends."""
    lines = [f"HTTP/1.1 {status} As Told", f"Content-Type: {content_type}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode() + body


class Scripted:
    """Answers requests one after the other.

    Attributes:
        url: its address.
        heads: the heads of the requests that came, in their order, but for those that it answers by itself.
        held: connections that it keeps open after its answer, because it ends with `HOLD`.
    """

    HOLD = b"<hold>"

    def __init__(self, answers: Sequence[bytes], alive: bytes) -> None:
        self.url = ""
        self.heads: list[str] = []
        self._answers = list(answers)
        self._alive = alive
        self._held: list[asyncio.StreamWriter] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        if head.startswith("GET /healthz "):
            writer.write(self._alive)
        else:
            self.heads.append(head)
            told = self._answers.pop(0) if self._answers else answer(500)
            writer.write(told.removesuffix(self.HOLD))
            if told.endswith(self.HOLD):
                self._held.append(writer)
                return
        writer.close()

    def close(self) -> None:
        for writer in self._held:
            writer.close()


@asynccontextmanager
async def scripted(*answers: bytes, alive: bytes | None = None) -> AsyncIterator[Scripted]:
    """Runs one; `/healthz` is answered as by a service of this release, unless `alive` is another answer."""
    script = Scripted(answers, answer(200, ALIVE) if alive is None else alive)
    server = await asyncio.start_server(script.serve, "127.0.0.1", 0)
    script.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield script
    finally:
        server.close()
        script.close()
        await server.wait_closed()
