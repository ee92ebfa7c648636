"""Promise 7: a slow browser costs bounded memory and delays nobody; it catches up."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.conftest import Starter
from tests.support.browser import Browser, browsing
from tests.support.service import Dev, Production, Service, eventually
from tests.support.shared import Shared

BODY = "x" * 4000
SMALL_BUFFER_BYTES = 8192
MIB = 1024 * 1024


@pytest.mark.parametrize(
    ("shape", "small_window"),
    [(Dev, False), (Dev, True), (Production, True)],
    ids=["from the window", "from SQLite", "from PostgreSQL"],
)
async def test_a_slow_browser_delays_nobody_and_catches_up_completely(
    shared: Shared, shape: Callable[..., Service], small_window: bool, me: int, other: int, topic: str
) -> None:
    """From the window, or, when that has moved on, from the database."""
    async with shared.lend(shape, small_window) as service:
        await check_a_slow_browser(service, me, other, topic)


async def check_a_slow_browser(service: Service, me: int, other: int, topic: str) -> None:
    slow = Browser(service.url, service.customer(me), topics=[topic], receive_buffer_bytes=SMALL_BUFFER_BYTES)
    quick = Browser(service.url, service.customer(other), topics=[topic])
    async with browsing(slow, quick):
        slow.stop_reading()
        sent: list[str] = []
        for _ in range(25):
            sent += await service.send(80, topic=topic, body_text=BODY)
            started = time.monotonic()
            await quick.until_position(sent[-1])
            assert time.monotonic() - started < 5
        assert quick.positions == sent
        assert len(slow.notifications) < len(sent), "the slow browser has not read all"
        slow.read_on()
        await slow.until_position(sent[-1])
        assert slow.positions == sent
        assert slow.connections == 1
        slow.assert_nothing_twice_and_in_order()
        later = await service.send(topic=topic)
        await slow.until_position(later[-1])


async def test_browsers_that_read_nothing_cost_bounded_memory(starts: Starter) -> None:
    """Each is owed 6 MB of history; it costs what is allowed to be unsent and a write, not what it is owed."""
    dev = await starts(Dev(WINDOW_MAX_ENTRIES="200", CONNECTIONS_PER_CUSTOMER="0"))
    large: dict[str, Any] = {"body_text": BODY, "data": {"k": "y" * 16_000}}
    for _ in range(8):
        await dev.send(40, receiver_id=1, **large)
    slow = [
        Browser(dev.url, dev.customer(1), last_id="earliest", receive_buffer_bytes=SMALL_BUFFER_BYTES)
        for _ in range(40)
    ]
    before = dev.process.status.memory_info().rss
    for browser in slow:
        browser.stop_reading()
        browser.start()
    try:
        for browser in slow:
            await browser.until(lambda browser=browser: browser.open)  # type: ignore[misc]
        for _ in range(10):
            await dev.send(40, receiver_id=1, **large)
        grown = dev.process.status.memory_info().rss - before
        assert grown < 40 * MIB + len(slow) * MIB // 2, f"grown by {grown / MIB:.0f} MB"
    finally:
        await asyncio.gather(*(browser.close() for browser in slow))


async def test_a_browser_that_takes_nothing_for_too_long_is_cut_off_and_resumes(starts: Starter) -> None:
    dev = await starts(Dev(STALLED_SECONDS="0.5"))
    browser = Browser(dev.url, dev.customer(1), topics=["t"], receive_buffer_bytes=SMALL_BUFFER_BYTES)
    async with browsing(browser):
        browser.stop_reading()
        sent: list[str] = []
        for _ in range(25):
            sent += await dev.send(60, topic="t", body_text=BODY)

        async def gone() -> bool:
            answer = await dev.request("GET", "/stats", dev.token("ops:test"))
            return bool(answer.json()["connections"] == 0)

        await eventually(gone, "the connection is cut off")
        browser.read_on()
        await browser.until_position(sent[-1])
        assert browser.positions == sent
        assert browser.connections == 2
