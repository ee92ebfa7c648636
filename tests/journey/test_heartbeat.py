"""A heartbeat moves the cursor of a connection that hears nothing: it asks for seconds of history, not for days."""

from __future__ import annotations

from tests.conftest import Starter
from tests.support.browser import Browser, browsing
from tests.support.service import Dev


async def test_a_page_sees_heartbeats_of_a_service_without_a_single_notification(starts: Starter) -> None:
    """Also the first id is one that can be come back with."""
    dev = await starts(Dev(HEARTBEAT_SECONDS="0.1"))
    async with browsing(Browser(dev.url, dev.customer(1))) as (browser,):
        await browser.until(lambda: browser.events("heartbeat"))
    (sent,) = await dev.send(receiver_id=1)
    async with browsing(Browser(dev.url, dev.customer(1), last_id=browser.last_id)) as (again,):
        assert again.positions == [sent]
        assert again.events("gap") == []


async def test_heartbeats_go_on_with_the_newest_position_and_coming_back_with_it_replays_nothing(
    starts: Starter,
) -> None:
    dev = await starts(Dev(HEARTBEAT_SECONDS="0.2"))
    async with browsing(*(Browser(dev.url, dev.customer(each)) for each in range(3))) as browsers:
        (first,) = await dev.send(receiver_id=1)
        await browsers[1].until_position(first)
        (newest,) = await dev.send(receiver_id=9)  # which these browsers do not hear of
        for browser in browsers:
            await browser.until(lambda browser=browser: browser.last_id == newest)  # type: ignore[misc]
            heartbeat = browser.arrivals[-1].event
            assert (heartbeat.event, heartbeat.id, heartbeat.data) == ("heartbeat", newest, "")
        for browser in browsers:
            await browser.until(lambda browser=browser: len(browser.events("heartbeat")) >= 5)  # type: ignore[misc]
            browser.assert_nothing_twice_and_in_order()
    async with browsing(Browser(dev.url, dev.customer(1), last_id=browsers[1].last_id)) as (again,):
        assert again.notifications == []
        assert again.events("synced")[0].data["replayed"] == 0
        assert again.events("gap") == []
