"""Streams that are opened to do harm: none keeps a place that it does not use, none takes another's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes

from tests.support.browser import READ_BYTES, Browser, browsing
from tests.support.hostile import Client, Counts, head
from tests.support.service import ChangedDev, Dev, Service, eventually
from tests.support.shared import Shared
from tests.support.tasks import end

SHARE = 10


class OftenBeatingDev(Dev):
    """Those who have gone without a word are found by heartbeats."""

    def __init__(self, **settings: str) -> None:
        super().__init__(**(settings | {"HEARTBEAT_SECONDS": "0.3", "CONNECTIONS_PER_CUSTOMER": str(SHARE)}))


class OftenBeatingChangedDev(OftenBeatingDev):
    program = ChangedDev.program


@pytest.fixture(params=[OftenBeatingDev, OftenBeatingChangedDev], ids=["past the server", "through ASGI"])
async def beating(shared: Shared, request: pytest.FixtureRequest) -> AsyncIterator[Service]:
    """A service that writes its streams in either way, and has open after a test what it had open before."""
    async with shared.lend(request.param) as service:
        before = await Counts.before(service)
        yield service
        await before.back(service)


async def open_streams(service: Service) -> int:
    return (await Counts.of(service)).connections


async def test_who_asks_for_a_stream_and_more_and_leaves_gives_the_place_back(beating: Service, me: int) -> None:
    """A second request waits behind the stream, which never ends; while it does, the server does not look further."""
    before = await Counts.before(beating)
    token = beating.customer(me)
    for behind in (head("GET", "/healthz", token), b"garbage" * 100, b"x" * 300_000):
        clients = [await Client(beating.url).connect() for _ in range(SHARE)]
        for client in clients:
            await client.send(head("GET", "/stream", token))
            await client.until(b"event: synced")
            pushing = asyncio.create_task(client.send(behind))
            await asyncio.wait([pushing], timeout=0.02)
            await end(pushing)
        assert await open_streams(beating) == SHARE
        for client in clients:
            client.close()
        await before.back(beating)
    async with browsing(*(Browser(beating.url, token) for _ in range(SHARE))) as browsers:
        sent = await beating.send(receiver_id=me)
        for browser in browsers:
            await browser.until_position(sent[-1])


async def test_who_opens_more_than_their_share_at_once_gets_their_share(beating: Service, me: int, other: int) -> None:
    before = await Counts.before(beating)
    token = beating.customer(me)
    clients = [await Client(beating.url).connect() for _ in range(5 * SHARE)]
    await asyncio.gather(*(client.send(head("GET", "/stream", token)) for client in clients))
    heard = [await client.until(b"}") for client in clients]
    assert all(came.startswith(b"HTTP/1.1 200 ") for came in heard)
    assert sum(b"event: synced" in came for came in heard) == SHARE
    assert sum(b'{"reason":"connections_per_customer","limit":10}' in came for came in heard) == 4 * SHARE
    async with browsing(Browser(beating.url, beating.customer(other))) as (browser,):
        sent = await beating.send(receiver_id=other)
        await browser.until_position(sent[-1])
    for client in clients:
        client.close()
    await before.back(beating)


@pytest.mark.parametrize("waits_for", ["", "HTTP/1.1 200", "event: synced"], ids=["nothing", "the head", "all"])
async def test_streams_that_are_opened_and_reset_at_once_leave_nothing(
    beating: Service, waits_for: str, me: int
) -> None:
    """Each takes the whole share of the customer: the next could not be opened if one place were kept."""
    before = await Counts.before(beating)
    token = beating.customer(me)
    for _ in range(10):
        clients = [await Client(beating.url).connect() for _ in range(SHARE)]
        for client in clients:
            await client.send(head("GET", "/stream", token))
        for client in clients:
            if waits_for:
                await client.until(waits_for.encode())
            client.reset()
        if waits_for:
            await eventually(lambda: none_open(beating), "no stream is open")
    await before.back(beating)
    async with browsing(*(Browser(beating.url, token) for _ in range(SHARE))):
        pass


async def none_open(service: Service) -> bool:
    return await open_streams(service) == 0


async def test_a_thousand_streams_that_are_reset_on_one_connection_of_http_2_leave_nothing(
    beating: Service, me: int, other: int
) -> None:
    """HTTP/2 Rapid Reset, CVE-2023-44487."""
    before = await Counts.before(beating)
    async with browsing(Browser(beating.url, beating.customer(other))) as (browser,):
        http2 = H2Connection(H2Configuration(header_encoding="latin-1"))
        http2.initiate_connection()
        async with Client(beating.url) as client:
            reading = asyncio.create_task(read_on(client))
            names = {":method": "GET", ":path": "/stream", ":scheme": "http", ":authority": "here"}
            fields = [*names.items(), ("authorization", f"Bearer {beating.customer(me)}")]
            sent: list[str] = []
            for number in range(1000):
                stream = http2.get_next_available_stream_id()
                http2.send_headers(stream, fields, end_stream=True)
                http2.reset_stream(stream, ErrorCodes.CANCEL)
                await client.send(http2.data_to_send())
                if number % 100 == 0:
                    sent += await beating.send(receiver_id=other)
            await browser.until_position(sent[-1])
            await end(reading)
        assert browser.positions == sent
        assert browser.connections == 1
    await before.back(beating)


async def read_on(client: Client) -> None:
    while await client.receive(READ_BYTES):
        pass
