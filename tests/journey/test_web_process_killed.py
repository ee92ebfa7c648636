"""Promise 8: a web process is killed, its browsers go to another and miss nothing."""

from __future__ import annotations

import asyncio

import asyncpg
import httpx
import pytest

from tests.conftest import Starter
from tests.support.browser import Browser, browsing
from tests.support.service import Production, eventually

pytestmark = pytest.mark.postgres


async def test_the_browsers_of_a_killed_web_process_go_on_at_another_and_miss_nothing(starts: Starter) -> None:
    production = await starts(Production(RELAY_GRACE_SECONDS="0.2"))
    production.may_fail = True
    browsers = [Browser(production.urls, production.customer(each), topics=["t"]) for each in range(4)]
    answered: set[str] = set()
    enough = asyncio.Event()

    async def send(web: int) -> None:
        for number in range(300):
            try:
                response = await production.post({"topic": "t", "title_text": f"{web}/{number}"}, web)
            except httpx.TransportError:
                assert web == 0
                return
            assert response.status_code == 201
            answered.update(each["uid"] for each in response.json()["notifications"])
            if len(answered) > 60:
                enough.set()
            if enough.is_set() and not production.webs[0].runs:
                return

    async with browsing(*browsers):
        sending = [asyncio.create_task(send(each % 2)) for each in range(6)]
        await enough.wait()
        await asyncio.to_thread(production.webs[0].kill)
        await asyncio.gather(*sending)
        await eventually(lambda: all_carried(production), "all that was accepted is carried")
        (last,) = await production.send(web=1, topic="t")
        for browser in browsers:
            await browser.until_position(last)
            browser.assert_nothing_twice_and_in_order()
            assert answered <= set(browser.uids)
            assert browser.connections == 2
        assert len({tuple(browser.uids) for browser in browsers}) == 1


async def all_carried(production: Production) -> bool:
    connection = await asyncpg.connect(production.database.url)
    try:
        left: int = await connection.fetchval("SELECT COUNT(*) FROM notification WHERE position IS NULL")
    finally:
        await connection.close()
    return not left


async def test_a_relay_that_was_killed_is_followed_by_another(starts: Starter) -> None:
    """And what it had not carried is carried: no sender waits for it."""
    production = await starts(Production(webs=1, RELAY_LEASE_SECONDS="1", RELAY_GRACE_SECONDS="0"))
    production.may_fail = True
    await eventually(lambda: asyncio.to_thread(has_lease, production), "the relay is active")
    await asyncio.to_thread(production.relay.kill)
    async with browsing(Browser(production.url, production.customer(1))) as (browser,):
        await asyncio.to_thread(production.redis.terminate)
        response = await production.post({"receiver_id": 1, "title_text": "left over"})
        assert response.status_code == 202
        await asyncio.to_thread(production.redis.start)
        await asyncio.to_thread(production.relay.start)
        await browser.until(lambda: browser.titles == ["left over"])


def has_lease(production: Production) -> bool:
    return bool(production.redis.command("EXISTS", "{getnotified}:relay"))
