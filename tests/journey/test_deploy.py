"""A new release is deployed as operators do: migrated, then one web process after the other ends and starts."""

from __future__ import annotations

import asyncio
from itertools import count

import httpx
import orjson
import pytest
from redis import Redis

from app.carry.log import LOG, RELAY
from tests.conftest import Starter
from tests.support.browser import Browser, browsing
from tests.support.service import POLL_SECONDS, Dev, Production, eventually, run_command

SENDERS = 4
BROWSERS = 20


@pytest.mark.postgres
async def test_a_rolling_restart_under_traffic_loses_nothing_and_refuses_nobody(starts: Starter) -> None:
    production = await starts(Production(webs=2, CONNECTIONS_PER_CUSTOMER="0"))
    browsers = [Browser(production.urls, production.customer(each % 5), topics=["t"]) for each in range(BROWSERS)]
    acknowledged: list[str] = []
    deployed = asyncio.Event()

    async def keep_sending(sender: int) -> None:
        """As a good sender: what was not answered is sent again with the same key, to whichever answers."""
        for number in count():
            draft = {"topic": "t", "title_text": f"{sender}/{number}"}
            headers = {"Idempotency-Key": f"{sender}/{number}"}
            for attempt in count(sender):
                try:
                    response = await production.post(draft, attempt % 2, headers=headers)
                    break
                except httpx.TransportError:
                    await asyncio.sleep(POLL_SECONDS)
            assert response.status_code == 201, response.text
            acknowledged.extend(each["uid"] for each in response.json()["notifications"])
            if deployed.is_set():
                return

    async def some_more() -> None:
        wanted = len(browsers[0].notifications) + 50
        await browsers[0].until(lambda: len(browsers[0].notifications) >= wanted)

    async with browsing(*browsers):
        async with asyncio.TaskGroup() as group:
            for sender in range(SENDERS):
                group.create_task(keep_sending(sender))
            await some_more()
            released = await asyncio.to_thread(run_command, "migrate", DATABASE_URL=production.database.url)
            assert released.stdout == "the schema is up to date\n"
            for web in production.webs:
                assert await asyncio.to_thread(web.terminate) == 0
                await some_more()
                await asyncio.to_thread(web.start_ready)
                await some_more()
            assert await asyncio.to_thread(production.relay.terminate) == 0
            production.relay.start()
            await eventually(lambda: asyncio.to_thread(is_led, production), "the relay is active again")
            deployed.set()
        (last,) = await production.send(topic="t")
        for browser in browsers:
            await browser.until_position(last)
            browser.assert_nothing_twice_and_in_order()
            assert set(acknowledged) <= set(browser.uids)
            assert browser.cut_off == 0, "each connection was told of its end"
        assert len({tuple(browser.uids) for browser in browsers}) == 1
        assert all(len(browser.events("drain")) == browser.connections - 1 for browser in browsers)


async def test_what_only_the_next_release_understands_is_passed_over(dev: Dev, me: int) -> None:
    """While it is deployed, what it tells comes to processes of this one too."""
    async with browsing(Browser(dev.url, dev.customer(me))) as (browser,):
        await dev.send(receiver_id=me)
        head = orjson.dumps([f"customer:{me}", "celebration", "", 0, "", [], "", {"balloons": 3}])
        with Redis.from_url(f"unix://{dev.data_dir / 'redis.sock'}") as redis:
            of_next: bytes = redis.xadd(LOG, {"e": head + b"\nevent: celebration\ndata: {}\n\n"})
        sent = await dev.send(receiver_id=me)
        await browser.until_position(sent[0])
        assert {each.event.event for each in browser.arrivals} == {"synced", "notification"}
    async with browsing(Browser(dev.url, dev.customer(me), last_id=of_next.decode())) as (browser,):
        assert browser.positions == sent


def is_led(production: Production) -> bool:
    return bool(production.redis.command("EXISTS", RELAY))
