"""Promise 4: nothing comes twice on one connection, nor to a browser that comes back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from tests.conftest import Starter
from tests.support.browser import Browser, browsing
from tests.support.service import Dev, Service


async def test_each_id_as_the_last_one_brings_exactly_what_follows_it(small_dev: Dev, me: int) -> None:
    sent = await small_dev.send(30, receiver_id=me)
    browsers = [Browser(small_dev.url, small_dev.customer(me), last_id=each) for each in sent]
    async with browsing(*browsers):
        for number, browser in enumerate(browsers):
            assert browser.positions == sent[number + 1 :]


async def test_a_topic_that_is_subscribed_to_and_asked_for_comes_once(service: Service, me: int, topic: str) -> None:
    await service.request("PUT", f"/subscriptions/{topic}", service.customer(me))
    async with browsing(Browser(service.url, service.customer(me), topics=[topic, topic])) as (browser,):
        sent = await service.send(3, topic=topic)
        await browser.until_position(sent[-1])
        assert browser.positions == sent
    async with browsing(Browser(service.url, service.customer(me), topics=[topic], last_id=sent[0])) as (browser,):
        assert browser.positions == sent[1:]


async def test_a_receiver_who_is_named_twice_is_told_once(dev: Dev, me: int, other: int) -> None:
    async with browsing(Browser(dev.url, dev.customer(me))) as (browser,):
        response = await dev.post({"receiver_ids": [me, other, me, me], "title_text": "once"})
        assert [each["receiver_id"] for each in response.json()["notifications"]] == [me, other]
        (last,) = await dev.send(receiver_id=me)
        await browser.until_position(last)
        assert browser.titles == ["once", "number 0"]


async def test_a_relay_that_does_not_wait_carries_nothing_a_second_time(
    starts: Starter, one_web: Callable[..., Service]
) -> None:
    """It takes what the accepting process is just carrying: the log carries a uid once."""
    service = await starts(one_web(RELAY_GRACE_SECONDS="0", RELAY_INTERVAL_SECONDS="0.001"))
    sent: list[str] = []

    async def send(sender: int) -> None:
        for number in range(30):
            sent.extend(await service.send(1 + number % 5, web=sender % len(service.urls), receiver_id=1))

    async with browsing(*(Browser(url, service.customer(1)) for url in service.urls)) as browsers:
        await asyncio.gather(*(send(sender) for sender in range(4)))
        (last,) = await service.send(receiver_id=1)
        sent.append(last)
        for browser in browsers:
            await browser.until_position(last)
            browser.assert_nothing_twice_and_in_order()
            assert set(browser.positions) == set(sent)
