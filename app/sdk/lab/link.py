"""A way to the service that can be cut, as a train in a tunnel or a change from Wi-Fi to mobile does it."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from contextlib import ExitStack, suppress
from typing import Self

import httpx
from anyio.from_thread import BlockingPortal, start_blocking_portal

from app.sdk.call import checked_url

READ_BYTES = 64 * 1024


class _Passage:
    """One connection through a link.

    Attributes:
        hangs: nothing passes any more, and neither end is told.
    """

    def __init__(self, near: asyncio.StreamWriter, far: asyncio.StreamWriter) -> None:
        self.hangs = False
        self._ends = near, far

    async def pass_on(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, name: bytes = b"", better: bytes = b""
    ) -> None:
        """Carries bytes one way until an end closes; where they have a name they get a better one."""
        with suppress(OSError):
            while data := await source.read(READ_BYTES):
                if not self.hangs:
                    sink.write(data.replace(name, better) if name else data)
                    await sink.drain()

    def cut(self) -> None:
        for end in self._ends:
            end.transport.abort()


class Link:
    """Passes on what comes to `url`, until it is told not to. Used with `with`.

    Args:
        target: the address of the service.

    Attributes:
        url: where the way begins, on this machine.
    """

    def __init__(self, target: str) -> None:
        self._target = httpx.URL(checked_url(target))
        self.url = ""
        self._passages: set[_Passage] = set()
        self._is_cut = False
        self._thread = ExitStack()
        self._portal: BlockingPortal | None = None

    def cut(self) -> None:
        """Ends all connections, and each new one at once, until `mend`."""
        self._do(self._cut)

    def mend(self) -> None:
        """New connections pass again."""
        self._do(lambda: setattr(self, "_is_cut", False))

    def hang(self) -> None:
        """What is open passes nothing any more, and nobody is told; new connections pass."""
        self._do(self._hang)

    def close(self) -> None:
        self._thread.close()

    def __enter__(self) -> Self:
        self._portal = self._thread.enter_context(start_blocking_portal())
        server = self._portal.call(asyncio.start_server, self._accept, "127.0.0.1", 0)
        self._thread.callback(self._do, self._cut)
        self._thread.callback(self._do, server.close)
        port = server.sockets[0].getsockname()[1]
        self.url = str(self._target.copy_with(scheme="http", host="127.0.0.1", port=port)).rstrip("/")
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _do(self, work: Callable[[], object]) -> None:
        assert self._portal is not None, "The link is not open: use `with`."
        self._portal.call(work)

    def _cut(self) -> None:
        self._is_cut = True
        for passage in self._passages:
            passage.cut()

    def _hang(self) -> None:
        for passage in self._passages:
            passage.hangs = True

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far = None if self._is_cut else await self._far_end()
        if far is None or self._is_cut:
            writer.transport.abort()
            return
        passage = _Passage(writer, far[1])
        self._passages.add(passage)
        # The Host header (RFC 9110 § 7.2) must name the service: what stands in front of it may have several.
        there = passage.pass_on(reader, far[1], httpx.URL(self.url).netloc, self._target.netloc)
        tasks = [asyncio.ensure_future(way) for way in (there, passage.pass_on(far[0], writer))]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        passage.cut()
        await asyncio.wait(tasks)
        self._passages.discard(passage)

    async def _far_end(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        is_secret = self._target.scheme == "https"
        port = self._target.port or (443 if is_secret else 80)
        context = ssl.create_default_context() if is_secret else None
        try:
            return await asyncio.open_connection(self._target.host, port, ssl=context)
        except OSError:
            return None
