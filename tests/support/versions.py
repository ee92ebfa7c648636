"""Browsers that speak other versions of HTTP than 1.1, to a server that takes all of them on one port.

What comes is handed on in the form in which `Browser` reads it: a head of HTTP/1.1 and chunks.
"""

from __future__ import annotations

import asyncio
from typing import cast

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import ConnectionTerminated, DataReceived, Event, ResponseReceived, StreamEnded, StreamReset

from tests.support.browser import READ_BYTES, Browser, read_head

STREAM = 1
CHUNKED = b"transfer-encoding: chunked\r\n\r\n"


class Http10Browser(Browser):
    """As nginx asks unless told otherwise: the body is not chunked, and ends with the connection."""

    async def _dial(self, url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await super()._dial(url)
        return cast(asyncio.StreamReader, _PlainReader(reader)), writer

    def _request(self, url: str) -> bytes:
        return super()._request(url).replace(b" HTTP/1.1\r\n", b" HTTP/1.0\r\n", 1)


class Http2Browser(Browser):
    """HTTP/2 without TLS, with prior knowledge (RFC 9113 § 3.3), as a proxy asks."""

    async def _dial(self, url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await super()._dial(url)
        self._http2 = H2Connection(H2Configuration(header_encoding="latin-1"))
        return cast(asyncio.StreamReader, _Http2Reader(reader, writer, self._http2)), writer

    def _request(self, url: str) -> bytes:
        first, *lines = super()._request(url).decode("latin-1").split("\r\n")
        method, path, _ = first.split(" ")
        headers = dict(line.split(": ", 1) for line in lines if line)
        names = {":method": method, ":path": path, ":scheme": "http", ":authority": headers.pop("Host")}
        self._http2.initiate_connection()
        self._http2.send_headers(STREAM, [*names.items(), *headers.items()], end_stream=True)
        return self._http2.data_to_send()


class UpgradingBrowser(Http2Browser):
    """HTTP/2 after a request of HTTP/1.1 (RFC 7540 § 3.2), as Java's client asks unless told otherwise."""

    async def _dial(self, url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await super()._dial(url)
        cast(_Http2Reader, reader).upgrades = True
        return reader, writer

    def _request(self, url: str) -> bytes:
        upgrade = {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c"}
        settings = cast(bytes, self._http2.initiate_upgrade_connection())
        self._more_headers |= upgrade | {"HTTP2-Settings": settings.decode()}
        return Browser._request(self, url)


class _PlainReader:
    """A body of HTTP/1.0, in chunks."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader

    async def readuntil(self, separator: bytes) -> bytes:
        head = await self._reader.readuntil(separator)
        assert b"transfer-encoding" not in head.lower()
        assert b"content-length" not in head.lower()
        return head.removesuffix(b"\r\n") + CHUNKED

    async def read(self, size: int) -> bytes:
        return _chunk(await self._reader.read(size))


class _Http2Reader:
    """The answer on the only stream of a connection of HTTP/2, as one of HTTP/1.1. What is not read is not asked for.

    Attributes:
        upgrades: the server is to say first that it goes over to HTTP/2.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, http2: H2Connection) -> None:
        self._reader = reader
        self._writer = writer
        self._http2 = http2
        self._head = b""
        self._body = b""
        self._ended = False
        self.upgrades = False

    async def readuntil(self, _: bytes) -> bytes:
        if self.upgrades:
            status, headers = await read_head(self._reader)
            assert (status, headers["upgrade"]) == (101, "h2c")
            self._writer.write(self._http2.data_to_send())
        while not self._head:
            await self._receive()
        return self._head

    async def read(self, _: int) -> bytes:
        while not (self._body or self._ended):
            await self._receive()
        piece, self._body = self._body, b""
        return _chunk(piece)

    async def _receive(self) -> None:
        received = await self._reader.read(READ_BYTES)
        if not received:
            raise EOFError
        for event in self._http2.receive_data(received):
            self._take(event)
        self._writer.write(self._http2.data_to_send())

    def _take(self, event: Event) -> None:
        if isinstance(event, ResponseReceived):
            (_, status), *headers = cast(list[tuple[str, str]], event.headers)
            lines = [f"HTTP/2 {status}", *(f"{name}: {value}" for name, value in headers)]
            self._head = "".join(f"{line}\r\n" for line in lines).encode() + CHUNKED
        elif isinstance(event, DataReceived):
            self._body += event.data
            self._http2.acknowledge_received_data(event.flow_controlled_length, STREAM)
        elif isinstance(event, StreamEnded):
            self._ended = True
        elif isinstance(event, StreamReset | ConnectionTerminated):
            raise ConnectionResetError(repr(event))


def _chunk(piece: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(piece), piece)
