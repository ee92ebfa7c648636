"""Promise 5: Redis may be away, or lose everything."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Iterator, Sequence

import asyncpg
import pytest

from tests.support.browser import Browser, browsing
from tests.support.outage import Breakable, redis_is_known_to_be, until_used
from tests.support.service import Production, eventually
from tests.support.shared import Shared

ANSWER_SECONDS = 8.0  # of a POST while Redis does not answer; the log's own time-out is 5 s


@pytest.fixture
async def production(shared: Shared, customers: Iterator[int]) -> AsyncIterator[Production]:
    async with shared.lend(Breakable) as service:
        await until_used(service, customers)
        yield service


async def carried(production: Production, customer: int, count: int) -> bool:
    answer = await production.request("GET", "/inbox", production.customer(customer))
    return len(answer.json()["notifications"]) == count


async def test_without_redis_posts_are_accepted_connections_stay_and_all_is_carried_when_it_is_back(
    production: Production, me: int, customers: Iterator[int]
) -> None:
    async with browsing(*(Browser(url, production.customer(me)) for url in production.urls)) as browsers:
        before = await production.send(3, receiver_id=me)
        for browser in browsers:
            await browser.until_position(before[-1])
        await asyncio.to_thread(production.redis.terminate)
        uids: list[str] = []
        for web in (0, 1, 0):
            response = await production.post({"receiver_id": me, "title_text": "without Redis"}, web)
            assert response.status_code == 202
            (shown,) = response.json()["notifications"]
            assert shown["position"] is None
            uids.append(shown["uid"])
        assert all(browser.open for browser in browsers)
        await asyncio.to_thread(production.redis.start)
        for browser in browsers:
            await browser.until(lambda browser=browser: len(browser.notifications) == 6)  # type: ignore[misc]
        await until_used(production, customers)
        (last,) = await production.send(receiver_id=me)
        for browser in browsers:
            await browser.until_position(last)
            browser.assert_nothing_twice_and_in_order()
            assert browser.positions[:3] == before
            assert set(browser.uids[3:6]) == set(uids)
            assert browser.attempts == 1, "the connection stayed open"
        assert browsers[0].positions == browsers[1].positions


async def check_that_nothing_was_lost(
    production: Production, me: int, browsers: Sequence[Browser], before: list[str]
) -> None:
    after = await production.send(5, receiver_id=me)
    for browser in browsers:
        await browser.until_position(after[-1])
        assert browser.positions == before + after
        browser.assert_nothing_twice_and_in_order()
        assert browser.attempts == 1, "the connection stayed open"
    anew = [
        Browser(url, production.customer(me), last_id=last_id)
        for url in production.urls
        for last_id in ("earliest", before[1])
    ]
    async with browsing(*anew):
        for number, browser in enumerate(anew):
            assert browser.positions == (before + after)[2 * (number % 2) :]
            assert browser.events("gap") == []
    await production.disconnect()
    await asyncio.to_thread(production.webs[1].terminate)
    await asyncio.to_thread(production.webs[1].start_ready)
    async with browsing(Browser(production.urls[1], production.customer(me), last_id=before[0])) as (browser,):
        assert browser.positions == (before + after)[1:]


async def test_a_wiped_log_is_rebuilt_with_the_same_positions(production: Production, me: int) -> None:
    before = await production.send(20, receiver_id=me)
    await eventually(lambda: carried(production, me, 20), "the rows hold their positions")
    browsers = [Browser(url, production.customer(me), last_id="earliest") for url in production.urls]
    async with browsing(*browsers):
        production.redis.command("FLUSHALL")
        await check_that_nothing_was_lost(production, me, browsers, before)
        ids = [each[0].decode() for each in production.redis.command("XRANGE", "{getnotified}:log", "-", "+")]
        assert [each for each in ids if each in before] == before


async def test_a_redis_that_restarts_empty_gets_the_same_positions_again(
    production: Production, me: int, customers: Iterator[int]
) -> None:
    before = await production.send(20, receiver_id=me)
    await eventually(lambda: carried(production, me, 20), "the rows hold their positions")
    browsers = [Browser(url, production.customer(me), last_id="earliest") for url in production.urls]
    async with browsing(*browsers):
        await asyncio.to_thread(production.redis.kill)
        await asyncio.to_thread(production.redis.start_empty)
        await until_used(production, customers)
        await check_that_nothing_was_lost(production, me, browsers, before)


async def test_what_was_sent_while_redis_was_wiped_and_away_comes_once(production: Production, me: int) -> None:
    async with browsing(*(Browser(url, production.customer(me)) for url in production.urls)) as browsers:
        before = await production.send(3, receiver_id=me)
        await eventually(lambda: carried(production, me, 3), "the rows hold their positions")
        await asyncio.to_thread(production.redis.kill)
        response = await production.post(
            {"notifications": [{"receiver_id": me, "title_text": str(each)} for each in range(10)]}
        )
        assert response.status_code == 202
        await asyncio.to_thread(production.redis.start_empty)
        for browser in browsers:
            await browser.until(lambda browser=browser: len(browser.notifications) == 13)  # type: ignore[misc]
            assert browser.positions[:3] == before
            assert browser.titles[3:] == [str(each) for each in range(10)]
            browser.assert_nothing_twice_and_in_order()


async def test_a_redis_that_hangs_holds_no_sender_up_for_long(production: Production, me: int) -> None:
    """It takes connections and answers none, as behind a network that has gone silent."""
    async with browsing(Browser(production.urls[0], production.customer(me))) as (browser,):
        production.redis.signal(signal.SIGSTOP)
        try:

            async def timed_post() -> float:
                started = time.monotonic()
                response = await production.post({"receiver_id": me, "title_text": "meanwhile"})
                assert response.status_code == 202
                return time.monotonic() - started

            # One after the other is committed: each is a batch of its own.
            posting: list[asyncio.Task[float]] = []
            for number in range(1, 7):
                posting.append(asyncio.create_task(timed_post()))
                await eventually(lambda number=number: stored(production, me, number), f"{number} are committed")  # type: ignore[misc]
            times = await asyncio.gather(*posting)
        finally:
            production.redis.signal(signal.SIGCONT)
        await browser.until(lambda: len(browser.notifications) == 6)
        browser.assert_nothing_twice_and_in_order()
        assert max(times) < ANSWER_SECONDS, times


async def stored(production: Production, customer: int, count: int) -> bool:
    connection = await asyncpg.connect(production.database.url)
    try:
        return bool(
            await connection.fetchval("SELECT COUNT(*) FROM notification WHERE receiver_id = $1", customer) >= count
        )
    finally:
        await connection.close()


async def test_a_subscription_made_without_redis_holds_on_all_web_processes_once_it_is_back(
    production: Production, me: int, topic: str, customers: Iterator[int]
) -> None:
    async with browsing(*(Browser(url, production.customer(me)) for url in production.urls)) as browsers:
        await production.send(receiver_id=me)
        for browser in browsers:
            await browser.until(lambda browser=browser: browser.notifications)  # type: ignore[misc]
        await asyncio.to_thread(production.redis.terminate)
        await eventually(redis_is_known_to_be(production, False), "its absence is noticed")
        answer = await production.request("PUT", f"/subscriptions/{topic}", production.customer(me), web=0)
        assert answer.status_code == 201
        response = await production.post({"topic": topic, "title_text": "after the subscription"})
        assert response.status_code == 202
        await asyncio.to_thread(production.redis.start)
        await eventually(lambda: carried(production, me, 2), "what was sent is carried")
        await until_used(production, customers)
        (last,) = await production.send(receiver_id=me)
        for browser in browsers:
            await browser.until_position(last)
            assert "after the subscription" in browser.titles
