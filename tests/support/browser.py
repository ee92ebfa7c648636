"""A browser's EventSource (HTML § 9.2) on a socket of its own, so that it sees each byte as it comes.

It keeps the last id that it saw, comes back after the time that `retry:` says (scaled down), and gives up for good on
any answer but 200 with `text/event-stream`. What it is served by, if by several servers, goes round.
"""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, NamedTuple, Self
from urllib.parse import urlencode, urlsplit

from app import position as positions
from tests.support.service import PATIENCE_SECONDS
from tests.support.sse import Parser, SentEvent

READ_BYTES = 64 * 1024


class Arrival(NamedTuple):
    """An event that came.

    Attributes:
        event: what it is.
        connection: on which of the browser's connections, counted from 1.
        at: when (`time.monotonic`).
    """

    event: SentEvent
    connection: int
    at: float

    @property
    def data(self) -> Any:
        return json.loads(self.event.data)

    @property
    def id(self) -> str:
        assert self.event.id is not None, self.event
        return self.event.id

    @property
    def position(self) -> int:
        position = positions.parse(self.id)
        assert position is not None, self.event
        return position


class Browser:
    """An EventSource.

    Args:
        urls: one server, or several that take turns at each connection.
        token: sent as the bearer's.
        topics: `?topic=`.
        last_id: what it saw before it was made; sent as `Last-Event-ID`.
        query: more of the query.
        headers: more of the request's headers.
        retry_scale: by which the times that `retry:` says are multiplied.
        receive_buffer_bytes: of the socket: how much the network takes from a server whose browser does not read.
    """

    def __init__(
        self,
        urls: str | Sequence[str],
        token: str | None,
        *,
        topics: Sequence[str] = (),
        last_id: str = "",
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        retry_scale: float = 0.01,
        receive_buffer_bytes: int | None = None,
    ) -> None:
        self.urls = [urls] if isinstance(urls, str) else list(urls)
        self.last_id = last_id
        self.retry_ms = 3000  # as Chromium has it
        self.retries: list[int] = []  # what the servers said
        self.arrivals: list[Arrival] = []
        self.notifications: list[Arrival] = []
        self.connections = 0  # that were answered with a stream
        self.attempts = 0
        self.cut_off = 0  # connections that ended before their answer did
        self.open = False
        self.closed = False  # for good
        self.status: int | None = None
        self.headers: dict[str, str] = {}
        self._token = token
        self._query = [*(("topic", topic) for topic in topics), *(query or {}).items()]
        self._more_headers = dict(headers or {})
        self._retry_scale = retry_scale
        self._receive_buffer_bytes = receive_buffer_bytes
        self._changed = asyncio.Event()
        self._reads = asyncio.Event()
        self._reads.set()
        self._task: asyncio.Task[None] | None = None

    # -- What it saw --------------------------------------------------------------------------------

    @property
    def positions(self) -> list[str]:
        """Of the notifications, in the order in which they came."""
        return [each.id for each in self.notifications]

    @property
    def uids(self) -> list[str]:
        return [each.data["uid"] for each in self.notifications]

    @property
    def titles(self) -> list[str]:
        return [each.data["title_text"] for each in self.notifications]

    def events(self, *kinds: str) -> list[Arrival]:
        return [each for each in self.arrivals if each.event.event in kinds]

    async def until(self, condition: Callable[[], object], seconds: float = PATIENCE_SECONDS) -> None:
        """Returns once a condition holds; it is looked at whenever anything has happened here."""
        try:
            async with asyncio.timeout(seconds):
                while not condition():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            came = [f"{each.event.id} {each.event.event} {each.event.data[:80]}" for each in self.arrivals[-10:]]
            raise AssertionError(
                f"After {seconds} s still not; attempts {self.attempts}, open {self.open}, status {self.status}, "
                f"{len(self.arrivals)} events came, the last: {came}"
            ) from None

    async def until_synced(self, times: int = 1) -> None:
        await self.until(lambda: len(self.events("synced")) >= times)

    async def until_position(self, position: str) -> None:
        """Returns once the notification at a position, or a later one, has come."""
        wanted = positions.parse(position)
        assert wanted is not None
        await self.until(lambda: self.notifications and self.notifications[-1].position >= wanted)

    def assert_nothing_twice_and_in_order(self) -> None:
        """Positions of notifications only rise, over all connections; those of the other events never fall on one."""
        risen = [each.position for each in self.notifications]
        assert risen == sorted(set(risen)), "positions do not rise"
        assert len(set(self.uids)) == len(self.uids), "a notification came twice"
        newest: dict[int, int] = {}
        for each in self.arrivals:
            if each.event.event not in ("busy", "expired", "drain"):
                assert each.position >= newest.get(each.connection, 0), each
                newest[each.connection] = each.position

    # -- What it does -------------------------------------------------------------------------------

    def start(self) -> Self:
        self._task = asyncio.create_task(self._run())
        return self

    async def close(self) -> None:
        """As when the page is closed."""
        assert self._task is not None
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task

    async def __aenter__(self) -> Self:
        return self.start()

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def stop_reading(self) -> None:
        self._reads.clear()

    def read_on(self) -> None:
        self._reads.set()

    async def _run(self) -> None:
        while not self.closed:
            url = self.urls[self.attempts % len(self.urls)]
            self.attempts += 1
            try:
                await self._connect(url)
            except (OSError, EOFError):
                self.cut_off += self.open
            self.open = False
            self._changed.set()
            if not self.closed:
                await asyncio.sleep(self.retry_ms / 1000 * self._retry_scale)

    async def _connect(self, url: str) -> None:
        reader, writer = await self._dial(url)
        try:
            writer.write(self._request(url))
            await writer.drain()
            self.status, self.headers = await read_head(reader)
            if self.status != 200 or self.headers.get("content-type", "").split(";")[0] != "text/event-stream":
                self.closed = True
                return
            self.connections += 1
            self.open = True
            self._changed.set()
            await self._follow(read_body(reader, self.headers, self._reads))
        finally:
            writer.transport.abort()
            with suppress(OSError):
                await writer.wait_closed()

    async def _follow(self, body: AsyncIterator[bytes]) -> None:
        parser = Parser()
        async for piece in body:
            at = time.monotonic()
            for event in parser.feed(piece):
                self._take(Arrival(event, self.connections, at))
            # What was sent without an `id:` leaves it as it was, also on a connection that has seen none yet.
            self.last_id = parser.last_event_id or self.last_id
            if parser.retry_ms is not None and parser.retry_ms != self.retry_ms:
                self.retry_ms = parser.retry_ms
                self.retries.append(parser.retry_ms)
            self._changed.set()

    def _take(self, arrival: Arrival) -> None:
        self.arrivals.append(arrival)
        if arrival.event.event == "notification":
            self.notifications.append(arrival)

    async def _dial(self, url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        parts = urlsplit(url)
        opened = socket.socket(socket.AF_INET)
        try:
            opened.setblocking(False)
            if self._receive_buffer_bytes is not None:
                opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self._receive_buffer_bytes)
            await asyncio.get_running_loop().sock_connect(opened, (parts.hostname, parts.port))
        except BaseException:
            opened.close()
            raise
        return await asyncio.open_connection(sock=opened, limit=READ_BYTES)

    def _request(self, url: str) -> bytes:
        headers = {"Host": urlsplit(url).netloc, "Accept": "text/event-stream", "Cache-Control": "no-store"}
        if self._token is not None:
            headers["Authorization"] = f"Bearer {self._token}"
        if self.last_id:
            headers["Last-Event-ID"] = self.last_id
        target = "/stream" + (f"?{urlencode(self._query)}" if self._query else "")
        return request_head("GET", target, headers | self._more_headers)


def request_head(method: str, target: str, headers: Mapping[str, str], version: str = "1.1") -> bytes:
    lines = [f"{method} {target} HTTP/{version}", *(f"{name}: {value}" for name, value in headers.items())]
    return "".join(f"{line}\r\n" for line in [*lines, ""]).encode()


async def read_head(reader: asyncio.StreamReader) -> tuple[int, dict[str, str]]:
    """Status and headers (names in lower case) of an answer."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines if line)
    return int(first.split()[1]), {name.lower(): value for name, value in headers.items()}


def read_body(reader: asyncio.StreamReader, headers: Mapping[str, str], reads: asyncio.Event) -> AsyncIterator[bytes]:
    """The body of an answer (RFC 9112 § 6.3), each piece as soon as it is there.

    Args:
        headers: those of the answer: they say where the body ends.
        reads: is set while more may be read.

    Raises:
        EOFError: the connection ended before the body did.
    """
    if "transfer-encoding" in headers:
        return _read_chunks(reader, reads)
    return _read_bytes(reader, reads, int(headers["content-length"]))


async def _read_bytes(reader: asyncio.StreamReader, reads: asyncio.Event, left: int) -> AsyncIterator[bytes]:
    while left:
        await reads.wait()
        piece = await reader.read(min(left, READ_BYTES))
        if not piece:
            raise EOFError
        left -= len(piece)
        yield piece


async def _read_chunks(reader: asyncio.StreamReader, reads: asyncio.Event) -> AsyncIterator[bytes]:
    """RFC 9112 § 7.1."""
    pending = b""
    left = 0  # of the chunk's data and the CRLF after it
    while True:
        while pending:
            if left > 2:
                piece, pending = pending[: left - 2], pending[left - 2 :]
                left -= len(piece)
                yield piece
            elif left:
                if len(pending) < left:
                    break
                assert pending[:left] == b"\r\n"[2 - left :], "a chunk is longer than it says"
                pending, left = pending[left:], 0
            else:
                size, found, rest = pending.partition(b"\r\n")
                if not found:
                    break
                left, pending = int(size, 16) + 2, rest
                if left == 2:
                    return
        await reads.wait()
        more = await reader.read(READ_BYTES)
        if not more:
            raise EOFError
        pending += more


@asynccontextmanager
async def browsing(*browsers: Browser) -> AsyncIterator[tuple[Browser, ...]]:
    """Several browsers, open and up to date."""
    for browser in browsers:
        browser.start()
    try:
        for browser in browsers:
            await browser.until_synced()
        yield browsers
    finally:
        for browser in browsers:
            await browser.close()
