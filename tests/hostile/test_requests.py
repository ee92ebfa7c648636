"""Requests that never end, or are none: each is answered or cut off in time, and leaves nothing behind."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from tests.support.browser import Browser, browsing
from tests.support.hostile import Client, head
from tests.support.impatient import SECONDS
from tests.support.service import Service
from tests.support.tasks import end

PAUSE_SECONDS = 0.05
SOON_SECONDS = 5.0  # far from for ever; a second and what a busy machine adds to it
HTTP2 = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
SETTINGS = b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"  # a frame, RFC 9113 § 6.5
OPEN_HEADERS = b"\x00\x00\x01\x01\x00\x00\x00\x00\x01\x82"  # one without END_HEADERS, § 6.2: a CONTINUATION is to come


# What is sent at once, and then a byte at a time.
HEADS = {
    "nothing": (b"", b""),
    "half a line": (b"GET /stream HT", b""),
    "half a head": (b"GET /stream HTTP/1.1\r\nHost: here\r\n", b""),
    "a byte at a time": (b"", b"GET /stream HTTP/1.1\r\n" + b"X: y\r\n" * 200),
    "the preface of HTTP/2": (HTTP2, b""),
    "settings of HTTP/2": (HTTP2 + SETTINGS, b""),
    "half a head of HTTP/2": (HTTP2 + SETTINGS + OPEN_HEADERS, b""),
    "settings of HTTP/2 without an end": (HTTP2, SETTINGS * 100),
}


async def test_a_head_that_is_never_finished_is_cut_off(impatient: Service) -> None:
    async def check(name: str, begun: bytes, endless: bytes) -> None:
        async with Client(impatient.url) as client:
            await client.send(begun)
            sending = asyncio.create_task(client.trickle(endless, PAUSE_SECONDS))
            try:
                await client.until_closed(SECONDS + SOON_SECONDS)
            except TimeoutError:
                pytest.fail(f"{name}: it is still open")
            finally:
                await end(sending)

    await asyncio.gather(*(check(name, *sent) for name, sent in HEADS.items()))


async def test_a_body_that_never_ends_is_answered_and_cut_off(impatient: Service) -> None:
    async def check(method: str, path: str, is_chunked: bool) -> None:
        token = impatient.customer(1) if path == "/receipts" else impatient.token("sender:shop")
        framing = {"transfer_encoding": "chunked"} if is_chunked else {"content_length": "1000000"}
        async with Client(impatient.url) as client:
            await client.send(head(method, path, token, **framing))
            body = b"1\r\nx\r\n" * 200 if is_chunked else b" " * 1000
            sending = asyncio.create_task(client.trickle(body, PAUSE_SECONDS))
            try:
                came = await client.until_closed(SECONDS + SOON_SECONDS)
            except TimeoutError:
                pytest.fail(f"{method} {path}, {framing}: it is still open")
            finally:
                await end(sending)
        assert came.startswith(b"HTTP/1.1 408 "), (path, came)
        assert b'"code":"body_timeout"' in came

    asked = [("POST", "/notifications"), ("POST", "/order-events"), ("POST", "/receipts"), ("PUT", "/customers/1")]
    await asyncio.gather(*(check(*each, is_chunked) for each in asked for is_chunked in (False, True)))


async def test_a_body_that_is_too_long_and_never_ends_is_answered_and_cut_off(impatient: Service) -> None:
    async with Client(impatient.url) as client:
        await client.send(head("POST", "/notifications", impatient.token("sender:shop"), content_length="2000000"))
        await client.send(b" " * 1_500_000)
        came = await client.until_closed(SECONDS + SOON_SECONDS)
    assert came.startswith((b"HTTP/1.1 408 ", b"HTTP/1.1 413 ")), came


@pytest.mark.parametrize("path", ["/stream", "/notifications", "/healthz"])
async def test_a_body_that_nobody_reads_leaves_nothing_behind(impatient: Service, path: str) -> None:
    """It was answered before its body was read, of which more pieces come than the server keeps."""
    method = "POST" if path == "/stream" else "GET"
    for _ in range(5):
        async with Client(impatient.url) as client:
            asked = head(method, path, impatient.customer(1), transfer_encoding="chunked")
            await client.send(asked + b"1\r\nx\r\n" * 400)
            assert (await client.until_closed(SECONDS + SOON_SECONDS)).startswith(b"HTTP/1.1 ")


def head_of_100_kb(token: str) -> bytes:
    return head("GET", "/stream", token, x="y" * 100_000)


def head_of_a_thousand_fields(token: str) -> bytes:
    return head("GET", "/stream", token, **{f"x{number}": "y" * 100 for number in range(1000)})


def garbage(_: str) -> bytes:
    return bytes(range(256)) * 4


def tls(_: str) -> bytes:
    return bytes.fromhex("16030100c8010000c40303") + bytes(200)


def chunk_of_no_size(token: str) -> bytes:
    return head("POST", "/notifications", token, transfer_encoding="chunked") + b"many\r\n"


def length_of_no_size(token: str) -> bytes:
    return head("POST", "/notifications", token, content_length="-1")


def two_lengths(token: str) -> bytes:
    return head("POST", "/notifications", token, content_length="5").replace(
        b"content-length: 5", b"content-length: 5\r\ncontent-length: 6"
    )


def websocket(token: str) -> bytes:
    upgrade = {"upgrade": "websocket", "connection": "Upgrade", "sec_websocket_version": "13"}
    return head("GET", "/stream", token, sec_websocket_key="x3JJHMbDL1EzLkh9GBhXDw==", **upgrade)


def garbage_of_http_2(_: str) -> bytes:
    return HTTP2 + b"\xff" * 1000


@pytest.mark.parametrize(
    ("say", "status"),
    [
        (head_of_100_kb, 431),
        (head_of_a_thousand_fields, 431),
        (garbage, 400),
        (tls, 400),
        (chunk_of_no_size, 400),
        (length_of_no_size, 400),
        (two_lengths, 400),
        (websocket, 404),
        (garbage_of_http_2, None),
    ],
)
async def test_what_is_no_request_is_refused_and_cut_off(
    impatient: Service, say: Callable[[str], bytes], status: int | None
) -> None:
    async with Client(impatient.url) as client:
        await client.send(say(impatient.token("sender:shop")))
        came = await client.until_closed(SECONDS + SOON_SECONDS)
    if status is not None:
        assert came.startswith(b"HTTP/1.1 %d " % status), came


@pytest.mark.parametrize(
    "last_id", [b"\xff\xfe\xf0\x9f", b"9" * 12_000, b"-1--1", b"9999999999999-9999999", b"0x1-0", b"1-0, 2-0"]
)
async def test_garbage_as_the_last_id_is_a_gap_and_then_what_comes(impatient: Service, me: int, last_id: bytes) -> None:
    async with Client(impatient.url) as client:
        asks = head("GET", "/stream", impatient.customer(me), last_event_id="?")
        await client.send(asks.replace(b"last-event-id: ?", b"last-event-id: " + last_id))
        came = await client.until(b"event: synced")
        assert b"event: gap" in came
        assert b'"reason":"unknown"' in came
        await impatient.send(receiver_id=me)
        await client.until(b"number 0")


async def test_a_body_that_never_ends_does_not_disturb_a_stream(impatient: Service, me: int) -> None:
    """A GET may have one (RFC 9110 § 9.3.1); nobody reads it."""
    async with Client(impatient.url) as client:
        await client.send(head("GET", "/stream", impatient.customer(me), transfer_encoding="chunked"))
        sending = asyncio.create_task(client.trickle(b"1\r\nx\r\n" * 1000, 0))
        await client.until(b"event: synced")
        await impatient.send(receiver_id=me)
        await client.until(b"number 0")
        await end(sending)


async def test_whatever_else_comes_those_who_listen_hear_all(impatient: Service, me: int) -> None:
    token = impatient.token("sender:shop")
    said = [each(token) for each in (head_of_100_kb, garbage, tls, chunk_of_no_size, websocket, garbage_of_http_2)]
    async with browsing(Browser(impatient.url, impatient.customer(me))) as (browser,):
        clients = [await Client(impatient.url).connect() for _ in range(60)]
        sent: list[str] = []
        for number, client in enumerate(clients):
            await client.send(said[number % len(said)])
            sent += await impatient.send(receiver_id=me)
        await browser.until_position(sent[-1])
        assert browser.positions == sent
        assert browser.connections == 1
        for client in clients:
            client.close()
