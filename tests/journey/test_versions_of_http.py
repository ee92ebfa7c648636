"""Browsers that speak HTTP/1.0 or HTTP/2, as proxies do, are promised the same as those of HTTP/1.1."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from tests.conftest import Starter
from tests.journey.test_sigterm import ALL_SECONDS, SLOW_MACHINE
from tests.support.browser import Browser, browsing
from tests.support.service import Dev, eventually
from tests.support.versions import Http2Browser, Http10Browser, UpgradingBrowser

OTHERS = (Http10Browser, Http2Browser, UpgradingBrowser)
other_versions = pytest.mark.parametrize("version", OTHERS, ids=["1.0", "2", "2 by upgrade"])


async def test_they_see_what_a_browser_of_http_1_1_sees(starts: Starter) -> None:
    dev = await starts(Dev(HEARTBEAT_SECONDS="0.2"))
    async with browsing(*(each(dev.url, dev.customer(1)) for each in (Browser, *OTHERS))) as browsers:
        sent = await dev.send(3, receiver_id=1, body_text="й" * 2000)
        for browser in browsers:
            await browser.until(lambda browser=browser: len(browser.events("heartbeat")) > 1)  # type: ignore[misc]
            assert browser.status == 200
            assert browser.headers["content-type"] == "text/event-stream"
            assert browser.headers["cache-control"] == "no-store"
            assert 1000 <= browser.retries[0] <= 5000
            kinds = [each.event.event for each in browser.arrivals if each.event.event != "heartbeat"]
            assert kinds == ["synced", *["notification"] * 3]
            assert browser.positions == sent
            assert [each.data for each in browser.notifications] == [each.data for each in browsers[0].notifications]
            browser.assert_nothing_twice_and_in_order()
        figures = (await dev.request("GET", "/stats", dev.token("ops:test"))).json()
        assert (figures["connections"], figures["connections_asgi"]) == (4, 3)
        assert figures["wire_slow"] == 0
    assert "wire_slow" not in dev.process.whole_output, "these use the other way by right"


@other_versions
async def test_who_comes_back_gets_what_was_missed(dev: Dev, version: type[Browser], me: int) -> None:
    async with browsing(version(dev.url, dev.customer(me))) as (browser,):
        (seen,) = await dev.send(receiver_id=me)
        await browser.until_position(seen)
    async with browsing(Browser(dev.url, dev.customer(me))) as (other,):
        missed = await dev.send(200, receiver_id=me, body_text="x" * 1000)
        await other.until_position(missed[-1])
    async with browsing(version(dev.url, dev.customer(me), last_id=browser.last_id)) as (again,):
        assert again.positions == missed
        assert again.events("synced")[0].data["replayed"] == 200


@other_versions
async def test_who_reads_slowly_catches_up_on_the_same_connection(
    dev: Dev, version: type[Browser], me: int, topic: str
) -> None:
    slow = version(dev.url, dev.customer(me), topics=[topic], receive_buffer_bytes=8192)
    quick = Browser(dev.url, dev.customer(me), topics=[topic])
    async with browsing(slow, quick):
        slow.stop_reading()
        sent: list[str] = []
        for _ in range(20):
            sent += await dev.send(80, topic=topic, body_text="x" * 4000)
        await quick.until_position(sent[-1])
        slow.read_on()
        await slow.until_position(sent[-1])
        assert slow.positions == sent
        assert slow.connections == 1
        slow.assert_nothing_twice_and_in_order()


@pytest.mark.parametrize("leave", [True, False], ids=["who then leave", "who stay"])
async def test_those_who_take_nothing_are_let_go_and_resume(starts: Starter, leave: bool) -> None:
    dev = await starts(Dev(STALLED_SECONDS="60" if leave else "0.2", DRAIN_SECONDS="0.2"))
    async with stuck(dev) as (browsers, sent):
        if leave:
            await asyncio.gather(*(each.close() for each in browsers))
        await eventually(lambda: none_open(dev), "the connections are let go")
        for browser in browsers:
            browser.read_on()
            if leave:
                browser.start()
            await browser.until_position(sent[-1])
            assert browser.positions == sent
            assert browser.connections >= 2  # one that a busy machine keeps from reading is let go again


async def test_those_who_take_nothing_do_not_hold_up_the_end(starts: Starter) -> None:
    dev = await starts(Dev())
    async with stuck(dev):
        started = time.monotonic()
        assert await asyncio.to_thread(dev.process.terminate) == 0
        assert time.monotonic() - started < ALL_SECONDS * SLOW_MACHINE


@asynccontextmanager
async def stuck(dev: Dev) -> AsyncIterator[tuple[Sequence[Browser], list[str]]]:
    """Browsers that take nothing, one of each version; and what was sent to them."""
    made = [each(dev.url, dev.customer(1), topics=["t"], receive_buffer_bytes=8192) for each in OTHERS]
    async with browsing(*made) as browsers:
        for browser in browsers:
            browser.stop_reading()
        sent: list[str] = []
        for _ in range(20):
            sent += await dev.send(80, topic="t", body_text="x" * 4000)
        yield browsers, sent


async def none_open(dev: Dev) -> bool:
    answer = await dev.request("GET", "/stats", dev.token("ops:test"))
    return bool(answer.json()["connections"] == 0)


async def test_on_sigterm_each_is_told_when_to_come_back(starts: Starter) -> None:
    dev = await starts(Dev())
    async with browsing(*(each(dev.url, dev.customer(1), retry_scale=1000) for each in OTHERS)) as browsers:
        dev.process.signal(signal.SIGTERM)
        for browser in browsers:
            await browser.until(lambda browser=browser: not browser.open)  # type: ignore[misc]
            assert [each.event.event for each in browser.arrivals] == ["synced", "drain"]
            assert len(browser.retries) == 2
        assert await asyncio.to_thread(dev.process.wait) == 0
