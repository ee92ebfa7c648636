"""Promise 2: on every connection positions only rise, and all connections agree on the order."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from tests.support.browser import Browser, browsing
from tests.support.service import Service

SENDERS = 6
REQUESTS = 25


async def test_all_connections_see_the_notifications_of_concurrent_senders_in_one_order(
    service: Service, customers: Iterator[int], topic: str
) -> None:
    browsers = [
        Browser(service.urls[each % len(service.urls)], service.customer(next(customers)), topics=[topic])
        for each in range(6)
    ]
    positions: list[str] = []

    async def send(sender: int) -> None:
        for number in range(REQUESTS):
            mine = await service.send(1 + (sender + number) % 4, web=sender % len(service.urls), topic=topic)
            assert mine == sorted(mine, key=as_number), "the notifications of one request keep their order"
            positions.extend(mine)

    async with browsing(*browsers):
        await asyncio.gather(*(send(sender) for sender in range(SENDERS)))
        positions.sort(key=as_number)
        for browser in browsers:
            await browser.until_position(positions[-1])
            assert browser.positions == positions
            browser.assert_nothing_twice_and_in_order()
        assert len({tuple(browser.uids) for browser in browsers}) == 1


async def test_a_connection_sees_its_own_channel_and_its_topics_in_the_order_of_the_log(
    service: Service, me: int, other: int, topic: str
) -> None:
    a, b = f"{topic}.a", f"{topic}.b"
    browsers = [Browser(url, service.customer(me), topics=[a, b]) for url in service.urls]
    addresses: list[dict[str, object]] = [{"receiver_id": me}, {"topic": a}, {"topic": b}, {"receiver_id": other}]

    async def send(sender: int) -> list[str]:
        mine: list[str] = []
        for number in range(20):
            mixed = [
                {"title_text": "t"} | addresses[(sender + number + each) % len(addresses)]
                for each in range(number % 7 + 1)
            ]
            response = await service.post({"notifications": mixed}, web=sender % len(service.urls))
            mine += [each["position"] for each in response.json()["notifications"] if each.get("receiver_id") != other]
        return mine

    async with browsing(*browsers):
        sent = await asyncio.gather(*(send(sender) for sender in range(4)))
        positions = sorted((each for some in sent for each in some), key=as_number)
        for browser in browsers:
            await browser.until_position(positions[-1])
            assert browser.positions == positions


def as_number(position: str) -> tuple[int, int]:
    milliseconds, _, sequence = position.partition("-")
    return int(milliseconds), int(sequence)
