"""What stands behind ASGI's `send` in Hypercorn. How streams are written by way of it: `tests/deliver/test_wire.py`."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, MutableMapping
from contextlib import asynccontextmanager
from typing import Any

import pytest

from app import server
from tests.support.hostile import head
from tests.support.service import Dev

# Where `struct tcp_info` of Linux counts the segments with data that have come.
DATA_SEGMENTS_AT = 152
ANSWERS = 5


@asynccontextmanager
async def connected(dev: Dev) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    host, port = dev.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        yield reader, writer
    finally:
        writer.close()
        await writer.wait_closed()


def pieces(writer: asyncio.StreamWriter) -> int:
    """How many segments with data have come on a connection."""
    info = writer.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 160)
    (count,) = struct.unpack_from("I", info, DATA_SEGMENTS_AT)
    assert isinstance(count, int)
    return count


async def test_an_answer_comes_in_one_piece(dev: Dev) -> None:
    request = b"DELETE /notifications HTTP/1.1\r\nHost: x\r\n\r\n"  # refused at once, with a body
    async with connected(dev) as (reader, writer):
        for _ in range(ANSWERS):
            writer.write(request)
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            _, _, length = head.partition(b"content-length: ")
            assert await reader.readexactly(int(length.split(b"\r\n")[0]))
        assert pieces(writer) == ANSWERS


async def test_what_the_window_has_for_who_comes_back_comes_in_one_piece(dev: Dev, me: int) -> None:
    first, *missed = await dev.send(20, receiver_id=me)
    async with connected(dev) as (reader, writer):
        writer.write(head("GET", "/stream", dev.customer(me), last_event_id=first))
        came = await reader.readuntil(b"event: synced")
        assert came.startswith(b"HTTP/1.1 200 ")
        assert came.count(b"event: notification") == len(missed)
        assert pieces(writer) == 1


async def test_an_answer_that_ends_its_connection_comes_whole(dev: Dev) -> None:
    async with connected(dev) as (reader, writer):
        writer.write(b"DELETE /notifications HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert b"method_not_allowed" in await reader.read()


def test_what_another_server_sends_is_left_as_it_is() -> None:
    async def send(_: MutableMapping[str, Any]) -> None: ...

    with server.joined(send):
        pass


async def test_what_is_written_to_a_connection_that_has_ended_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = socket.socketpair()
    _, writer = await asyncio.open_connection(sock=ours)
    monkeypatch.setattr(server, "writer", lambda _: writer)
    with server.joined(lambda _: asyncio.sleep(0)):
        writer.close()
        await writer.wait_closed()
    theirs.close()
