"""Redis ends, hangs, loses all, or has a clock that is wrong, under steady traffic: promises 2-5."""

from __future__ import annotations

import asyncio
import signal

from app.carry.log import LOG
from tests.conftest import Starter
from tests.faults.table import Table
from tests.faults.traffic import traffic
from tests.support.browser import Browser, browsing
from tests.support.outage import inbox_has
from tests.support.service import Production, RedisServer, eventually

AWAY_SECONDS = 10.0
IN_FLIGHT = 10  # notifications of several requests
HOUR_MS = 3_600_000
WINDOW_ENTRIES = 500  # what comes in 2.5 s: most who come back after that have missed more


async def test_redis_away_for_ten_seconds_loses_nothing(starts: Starter, table: Table) -> None:
    production = await starts(Production())
    async with traffic(production, table, "Redis stopped for 10 s", stays_open=True):
        await asyncio.to_thread(production.redis.terminate)
        await asyncio.sleep(AWAY_SECONDS)
        await asyncio.to_thread(production.redis.start)


async def test_redis_that_hangs_for_ten_seconds_loses_nothing(starts: Starter, table: Table) -> None:
    production = await starts(Production())
    async with traffic(production, table, "Redis hangs for 10 s (SIGSTOP)", stays_open=True):
        production.redis.signal(signal.SIGSTOP)
        await asyncio.sleep(AWAY_SECONDS)
        production.redis.signal(signal.SIGCONT)


async def test_redis_restarted_empty_loses_nothing(starts: Starter, table: Table) -> None:
    production = await starts(Production())
    async with traffic(production, table, "Redis restarted empty", may_repeat=True, stays_open=True):
        await asyncio.to_thread(production.redis.kill)
        await asyncio.to_thread(production.redis.start_empty)


async def test_redis_killed_while_batches_are_in_flight_loses_nothing(starts: Starter, table: Table) -> None:
    """Some it has not looked at yet, some it has appended, and nobody was told."""
    production = await starts(Production())
    fault = "Redis killed 6 times, batches in flight"
    async with traffic(production, table, fault, may_repeat=True, stays_open=True) as flowing:
        for number in range(6):
            if number % 2:
                production.redis.signal(signal.SIGSTOP)
                await flowing.until_in_flight(IN_FLIGHT)
            await asyncio.to_thread(production.redis.kill)
            await asyncio.to_thread(production.redis.start)
            await flowing.goes_on(1)


async def test_a_redis_clock_behind_the_newest_position_loses_nothing(starts: Starter, table: Table) -> None:
    """Redis has moved, with the log, to a machine whose clock is an hour behind."""
    production = await starts(Production(WINDOW_MAX_ENTRIES=str(WINDOW_ENTRIES)))
    async with traffic(production, table, "Redis' clock an hour behind the newest position") as flowing:
        put_ahead(production.redis)
        await flowing.goes_on()
        web = production.webs[0]
        assert await asyncio.to_thread(web.terminate) == 0
        await asyncio.to_thread(web.start_ready)


async def test_an_empty_redis_with_a_clock_behind_the_newest_position_loses_nothing(
    starts: Starter, table: Table
) -> None:
    """It has moved there without the log."""
    production = await starts(Production())
    fault = "Redis restarted empty, its clock an hour behind"
    async with traffic(production, table, fault, may_repeat=True, stays_open=True) as flowing:
        put_ahead(production.redis)
        await flowing.goes_on()
        await asyncio.to_thread(production.redis.kill)
        await asyncio.to_thread(production.redis.start_empty)


async def test_after_a_loss_positions_go_on_above_all_that_was_seen(starts: Starter) -> None:
    """Also above entries that the database knows nothing of, such as receipts, however Redis' clock goes."""
    production = await starts(Production())
    production.may_fail = True
    async with browsing(*(Browser(url, production.customer(1)) for url in production.urls)) as browsers:
        await production.send(receiver_id=2)
        put_ahead(production.redis)
        (told,) = (await production.post({"receiver_id": 1, "title_text": "1"})).json()["notifications"]
        for browser in browsers:
            await browser.until(lambda browser=browser: browser.titles == ["1"])  # type: ignore[misc]
        await production.request("POST", "/receipts", production.customer(1), {"read": [told["uid"]]})
        for browser in browsers:
            await browser.until(lambda browser=browser: browser.events("receipt"))  # type: ignore[misc]
        await eventually(lambda: inbox_has(production, 1), "the row holds its position")
        await asyncio.to_thread(production.redis.kill)
        await asyncio.to_thread(production.redis.start_empty)
        await production.post({"receiver_id": 1, "title_text": "2"})
        for browser in browsers:
            await browser.until(lambda browser=browser: browser.titles == ["1", "2"], 10)  # type: ignore[misc]
            browser.assert_nothing_twice_and_in_order()


def put_ahead(redis: RedisServer) -> None:
    """The newest position is an hour ahead of Redis' clock, as if that had been set back."""
    ((newest, _),) = redis.command("XREVRANGE", LOG, "+", "-", "COUNT", "1")
    milliseconds = int(newest.partition(b"-")[0]) + HOUR_MS
    redis.command("XSETID", LOG, f"{milliseconds}-0")
