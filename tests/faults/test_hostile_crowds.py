"""Hostile clients by the hundred: what each may take is bounded, and so is what all of them take together."""

from __future__ import annotations

import asyncio
import resource

import pytest

from tests.conftest import Starter
from tests.support.browser import Browser, browsing
from tests.support.hostile import Client, Counts, ImpatientDev, head
from tests.support.impatient import SECONDS
from tests.support.proxy import Proxy
from tests.support.service import Dev, Production, Service, eventually

MB = 1_000_000
SMALL_BUFFER_BYTES = 8192
SOON_SECONDS = 10.0


async def test_a_thousand_who_open_and_reset_at_once_leave_nothing(starts: Starter) -> None:
    service = await starts(Dev(CONNECTIONS_PER_CUSTOMER="0"))
    before = await Counts.before(service)
    token = service.customer(1)
    asked = head("GET", "/stream?topic=t", token)
    async with browsing(Browser(service.url, service.customer(2))) as (browser,):
        for said in (b"", asked[:20], asked, asked + asked, head("POST", "/notifications", token, content_length="9")):
            clients = [await Client(service.url).connect() for _ in range(1000)]
            for client in clients:
                await client.send(said)
            for client in clients:
                client.reset()
        sent = await service.send(receiver_id=2)
        await browser.until_position(sent[-1])
        assert browser.connections == 1
    await before.back(service)


async def test_bodies_that_never_end_cost_bounded_memory_and_no_sender_their_answer(starts: Starter) -> None:
    """900 MB are sent, each client's share below what a request may be; 64 MB of them are kept, and buffers."""
    service = await starts(Dev())
    before = await Counts.before(service)
    resident_before = service.process.status.memory_info().rss
    said = head("POST", "/notifications", "nobody", content_length="1048576") + b" " * MB
    clients: list[Client] = []
    for _ in range(3):
        comers = [await Client(service.url).connect() for _ in range(300)]
        clients += comers
        sending = asyncio.gather(*(client.send(said) for client in comers), return_exceptions=True)
        while not sending.done():
            await service.send(receiver_id=1)
        await sending
    grown = service.process.status.memory_info().rss - resident_before
    assert grown < 350 * MB, f"grown by {grown / MB:.0f} MB"
    await service.send(receiver_id=1)
    for client in clients:
        client.close()
    await before.back(service)


async def test_a_body_that_nobody_reads_yet_costs_bounded_memory(starts: Starter, proxy: Proxy) -> None:
    """What answers waits for a database that hangs; the client goes on sending meanwhile."""
    service = await starts(Production(webs=1, database_url=proxy.through))
    service.may_fail = True
    resident_before = service.webs[0].status.memory_info().rss
    asked = head("GET", "/inbox", service.customer(1), transfer_encoding="chunked")
    proxy.freeze()
    try:
        async with Client(service.url) as client:
            await client.send(asked)
            await asyncio.sleep(0)
            for _ in range(300):
                await client.send(b"f4240\r\n%b\r\n" % (b" " * MB))
            grown = service.webs[0].status.memory_info().rss - resident_before
    finally:
        proxy.mend()
    assert grown < 60 * MB, f"grown by {grown / MB:.0f} MB"


@pytest.mark.parametrize("path", ["/openapi.json", "/healthz", "/stream"])
async def test_who_does_not_read_what_they_asked_for_is_cut_off(starts: Starter, path: str) -> None:
    """Also if they ask for more again and again, and also when nothing more is to be said to them."""
    service = await starts(Dev(STALLED_SECONDS="1"))
    before = await Counts.before(service)
    asks = head("GET", path, service.token("customer:1", days=2 / 86_400))
    clients = [await Client(service.url, SMALL_BUFFER_BYTES).connect() for _ in range(3)]
    pushing = [asyncio.create_task(push(client, asks)) for client in clients]
    for _ in range(10):
        await service.send(20, receiver_id=1, body_text="x" * 4000)
    await before.back(service)
    for each in pushing:
        each.cancel()
    await asyncio.wait(pushing)
    for client in clients:
        client.close()


async def push(client: Client, asks: bytes) -> None:
    try:
        while True:
            await client.send(asks * 20)
    except ConnectionError:
        return


async def test_those_who_are_connected_are_served_when_others_have_taken_every_descriptor(starts: Starter) -> None:
    service = await starts(ImpatientDev())
    service.may_fail = True  # it says that it can't accept any more
    async with browsing(Browser(service.url, service.customer(1))) as (browser,):
        sent = await service.send(receiver_id=1)
        used = (await Counts.of(service)).descriptors
        service.process.status.rlimit(resource.RLIMIT_NOFILE, (used + 30, used + 30))
        clients = [await Client(service.url).connect() for _ in range(200)]
        await eventually(lambda: refuses(service), "it can't accept any more")
        for _ in range(20):
            sent += await service.send(receiver_id=1)
        await browser.until_position(sent[-1])
        assert browser.positions == sent
        assert browser.connections == 1
        for client in clients:
            await client.until_closed(len(clients) / 30 * (SECONDS + 1) + SOON_SECONDS)
            client.close()
        async with browsing(Browser(service.url, service.customer(1))) as (newcomer,):
            sent += await service.send(receiver_id=1)
            await newcomer.until_position(sent[-1])


async def refuses(service: Service) -> bool:
    return "out of system resource" in service.webs[0].output
