"""Promise 9: on SIGTERM connections end at once, each with its own time to come back, and nothing is left behind."""

from __future__ import annotations

import asyncio
import signal
import time

import httpx
import pytest

from tests.conftest import Starter
from tests.support.browser import Browser, browsing
from tests.support.service import Dev

END_SECONDS = 1.0  # as promised
ALL_SECONDS = 2.0  # until every process has ended
SLOW_MACHINE = 3.0  # times as long, at the most


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_connections_are_drained_each_with_its_own_retry_and_no_process_is_left(
    starts: Starter, number: signal.Signals
) -> None:
    dev = await starts(Dev(CONNECTIONS_PER_CUSTOMER="0"))
    browsers = [Browser(dev.url, dev.customer(each % 5), retry_scale=1000) for each in range(30)]
    async with browsing(*browsers):
        started = time.monotonic()
        dev.process.signal(number)
        for browser in browsers:
            await browser.until(lambda browser=browser: not browser.open)  # type: ignore[misc]
        ended = time.monotonic() - started
        assert await asyncio.to_thread(dev.process.wait) == 0
        gone = time.monotonic() - started
        assert ended < END_SECONDS * SLOW_MACHINE
        assert gone < ALL_SECONDS * SLOW_MACHINE
        assert dev.left() == [], "no process is left, redis-server neither"
        for browser in browsers:
            assert [each.event.event for each in browser.arrivals] == ["synced", "drain"]
            drain = browser.arrivals[-1]
            assert drain.event.id is None
            assert drain.data == {"reason": "shutdown"}
            assert 1000 <= browser.retry_ms <= 5000
        assert len({browser.retry_ms for browser in browsers}) > len(browsers) // 2


async def test_in_the_middle_of_a_flood_nothing_is_half_written_and_nothing_is_lost(starts: Starter) -> None:
    dev = await starts(Dev())
    browsers = [Browser(dev.url, dev.customer(each), topics=["t"], retry_scale=1000) for each in range(20)]
    answered: list[str] = []

    async def keep_sending() -> None:
        batch = [{"topic": "t", "title_text": str(each), "body_text": "x" * 1000} for each in range(20)]
        while True:
            try:
                response = await dev.post({"notifications": batch})
            except httpx.TransportError:  # a half of an answer is one too
                return
            assert response.status_code == 201
            answered.extend(each["uid"] for each in response.json()["notifications"])

    async with browsing(*browsers):
        sending = [asyncio.create_task(keep_sending()) for _ in range(4)]
        await browsers[0].until(lambda: len(browsers[0].notifications) > 200)
        assert await asyncio.to_thread(dev.process.terminate) == 0
        await asyncio.gather(*sending)
        for browser in browsers:
            await browser.until(lambda browser=browser: not browser.open)  # type: ignore[misc]
            assert browser.cut_off == 0, "the answer had its end"
            assert browser.arrivals[-1].event.event == "drain"
        await dev.disconnect()
    await asyncio.to_thread(dev.process.start_ready)
    for browser in browsers:
        browser.closed = False
    async with browsing(*browsers):
        (last,) = await dev.send(topic="t")
        for browser in browsers:
            await browser.until_position(last)
            browser.assert_nothing_twice_and_in_order()
            assert set(answered) <= set(browser.uids)


async def test_a_browser_that_reads_nothing_does_not_hold_up_the_end(starts: Starter) -> None:
    dev = await starts(Dev())
    slow = Browser(dev.url, dev.customer(1), topics=["t"], receive_buffer_bytes=8192, retry_scale=1000)
    async with browsing(slow):
        slow.stop_reading()
        for _ in range(25):
            await dev.send(60, topic="t", body_text="x" * 4000)
        started = time.monotonic()
        assert await asyncio.to_thread(dev.process.terminate) == 0
        assert time.monotonic() - started < ALL_SECONDS * SLOW_MACHINE
        assert dev.left() == []


async def test_after_the_drain_a_browser_finds_its_place_at_the_next_run(starts: Starter) -> None:
    service = await starts(Dev())
    async with browsing(Browser(service.url, service.customer(1))) as (browser,):
        sent = await service.send(3, receiver_id=1)
        await service.disconnect()
        assert await asyncio.to_thread(service.webs[0].terminate) == 0
        await asyncio.to_thread(service.webs[0].start_ready)
        sent += await service.send(3, receiver_id=1)
        await browser.until_position(sent[-1])
        assert browser.positions == sent
        assert len(browser.events("drain")) == 1
