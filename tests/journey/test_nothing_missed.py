"""Promise 3: who comes back with its last id gets all that its channels carried since, or is told of a gap."""

from __future__ import annotations

import asyncio
import random
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from typing import Any

import asyncpg
import pytest

from app import position as positions
from tests.conftest import Starter
from tests.support.browser import Browser, browsing
from tests.support.service import Dev, Production, Service, eventually
from tests.support.shared import SMALL_WINDOW, Shared


@pytest.mark.parametrize("small_window", [True, False], ids=["from the database", "from the window"])
async def test_browsers_that_come_and_go_at_any_moment_of_a_flood_see_all_of_it_once(
    shared: Shared, shape: Callable[..., Service], small_window: bool, me: int, topic: str
) -> None:
    async with shared.lend(shape, small_window) as service:
        await check_a_flood(service, me, topic)


async def check_a_flood(service: Service, me: int, topic: str) -> None:
    sent: list[str] = []
    over = asyncio.Event()

    async def send(sender: int) -> None:
        for number in range(40):
            address: dict[str, Any] = {"topic": topic} if number % 3 else {"receiver_id": me}
            sent.extend(await service.send(1 + number % 9, web=sender % len(service.urls), **address))

    async def visit(seen: Browser, server: int, patience: int) -> None:
        """Stays until so many have come, or, after the flood, until it is up to date."""
        stays = over.is_set()
        browser = Browser(service.urls, service.customer(me), topics=[topic], last_id=seen.last_id)
        browser.attempts = server
        async with browser:
            if stays:
                await browser.until_synced()
            else:
                await browser.until(
                    lambda: (browser.connections and len(browser.notifications) >= patience) or over.is_set()
                )
        seen.notifications += browser.notifications
        seen.last_id = browser.last_id

    async def come_and_go(seed: int) -> Browser:
        moment = random.Random(seed)
        seen = Browser(service.urls, service.customer(me), last_id="earliest")
        while not over.is_set():
            await visit(seen, moment.randrange(2), moment.choice((0, 1, 5, 20)))
        return seen

    browsers = [asyncio.create_task(come_and_go(seed)) for seed in range(4)]
    await asyncio.gather(*(send(sender) for sender in range(3)))
    over.set()
    sent += await service.send(topic=topic)  # which wakes those that wait for more
    for browser in await asyncio.gather(*browsers):
        await visit(browser, 0, 0)
        missing = set(sent) - set(browser.positions)
        assert not missing, f"{len(missing)} of {len(sent)} are missing"
        assert not set(browser.positions) - set(sent)
        browser.assert_nothing_twice_and_in_order()


async def test_replay_from_the_database_waits_for_positions_that_are_still_being_written(
    small_production: Production, me: int
) -> None:
    """What was carried, and has left the window before its row says where, must not be passed over."""
    (first,) = await small_production.send(receiver_id=me)
    await eventually(lambda: inbox_has(small_production, me, [first]), "the row holds its position")
    connection = await asyncpg.connect(small_production.database.url)
    try:
        async with connection.transaction():
            await connection.execute("LOCK TABLE marks IN EXCLUSIVE MODE")  # which is looked at to write positions
            sent = await small_production.send(30, receiver_id=me)
            browsers = [Browser(url, small_production.customer(me), last_id=first) for url in small_production.urls]
            for browser in browsers:
                browser.start()
                await browser.until(lambda browser=browser: browser.open)  # type: ignore[misc]
            for _ in range(10):
                await small_production.request("GET", "/subscriptions", small_production.customer(me), web=1)
        for browser in browsers:
            await browser.until_synced()
            assert browser.positions == sent
    finally:
        await connection.close()
        for browser in browsers:
            await browser.close()


@pytest.mark.parametrize("way", ["header", "query"])
async def test_the_last_id_is_taken_from_the_header_and_from_the_query(dev: Dev, way: str, me: int) -> None:
    sent = await dev.send(5, receiver_id=me)
    last_id, query = (sent[1], {}) if way == "header" else ("", {"last_event_id": sent[1]})
    async with browsing(Browser(dev.url, dev.customer(me), last_id=last_id, query=query)) as (browser,):
        assert browser.positions == sent[2:]
        assert browser.events("synced")[0].data["replayed"] == 3


async def test_the_header_counts_when_the_query_says_otherwise(dev: Dev, me: int) -> None:
    """An EventSource reconnects to the URL that it was made with, and says in the header what it saw since."""
    sent = await dev.send(5, receiver_id=me)
    browser = Browser(dev.url, dev.customer(me), last_id=sent[3], query={"last_event_id": sent[0]})
    async with browsing(browser):
        assert browser.positions == sent[4:]


async def test_without_a_last_id_a_stream_begins_with_what_comes_next(service: Service, me: int) -> None:
    await service.send(3, receiver_id=me)
    async with browsing(Browser(service.url, service.customer(me))) as (browser,):
        sent = await service.send(2, receiver_id=me)
        await browser.until_position(sent[-1])
        assert browser.positions == sent
        assert browser.events("synced")[0].data["replayed"] == 0


async def test_many_pages_of_several_channels_come_from_the_database_in_order(
    small_service: Service, me: int, other: int, topic: str
) -> None:
    subscribed, asked = f"{topic}.subscribed", f"{topic}.asked"
    await small_service.request("PUT", f"/subscriptions/{subscribed}", small_service.customer(me))
    sent: list[str] = []
    for number in range(9):
        address: dict[str, Any] = ({"receiver_id": me}, {"topic": subscribed}, {"topic": asked})[number % 3]
        sent += await small_service.send(70 + number, **address)
        await small_service.send(30, receiver_id=other)
    browsers = [
        Browser(url, small_service.customer(me), topics=[asked], last_id=last_id)
        for url in small_service.urls
        for last_id in ("earliest", sent[0], sent[350])
    ]
    async with browsing(*browsers):
        for number, browser in enumerate(browsers):
            assert browser.positions == sent[(0, 1, 351)[number % 3] :]
            browser.assert_nothing_twice_and_in_order()
        (last,) = await small_service.send(topic=asked)
        for browser in browsers:
            await browser.until_position(last)
            assert browser.connections == 1


async def test_replay_brings_the_topics_that_the_customer_is_subscribed_to(dev: Dev, me: int, topic: str) -> None:
    before = await dev.send(topic=topic)
    await dev.request("PUT", f"/subscriptions/{topic}", dev.customer(me))
    sent = await dev.send(2, topic=topic) + await dev.send(receiver_id=me)
    async with browsing(Browser(dev.url, dev.customer(me), last_id=before[0])) as (browser,):
        assert browser.positions == sent


@pytest.mark.parametrize(
    "last_id",
    ["banana", "9999999999999-0", "-1-0", "1700000000000", "1-1048576", "9" * 5000, "1-0'; DROP TABLE notification"],
)
async def test_an_id_that_is_not_ours_is_answered_with_a_gap_and_then_with_what_comes(
    dev: Dev, last_id: str, me: int
) -> None:
    await dev.send(receiver_id=me)
    async with browsing(Browser(dev.url, dev.customer(me), last_id=last_id)) as (browser,):
        (gap,) = browser.events("gap")
        assert gap.data == {"reason": "unknown", "oldest": gap.id, "inbox": "/inbox"}
        (sent,) = await dev.send(receiver_id=me)
        await browser.until_position(sent)
        assert browser.positions == [sent]


async def test_history_that_was_pruned_is_a_gap_and_all_that_is_left_follows(starts: Starter) -> None:
    dev = await starts(Dev(**SMALL_WINDOW))
    sent = await dev.send(60, receiver_id=1)
    await eventually(lambda: inbox_has(dev, 1, sent), "the rows hold their positions")
    prune(dev, sent[19])
    for last_id, gap in ((sent[0], True), (sent[18], True), (sent[19], False), (sent[30], False)):
        async with browsing(Browser(dev.url, dev.customer(1), last_id=last_id)) as (browser,):
            told = [each.data for each in browser.events("gap")]
            assert told == ([{"reason": "pruned", "oldest": sent[19], "inbox": "/inbox"}] if gap else [])
            assert browser.positions == sent[(20 if gap else sent.index(last_id) + 1) :]
    async with browsing(Browser(dev.url, dev.customer(1), last_id="earliest")) as (browser,):
        assert browser.positions == sent[20:]
        assert browser.events("gap") == []


async def test_an_id_from_before_all_history_is_a_gap(service: Service, me: int) -> None:
    sent = await service.send(3, receiver_id=me)
    async with browsing(Browser(service.url, service.customer(me), last_id="1-0")) as (browser,):
        assert browser.events("gap")[0].data["reason"] == "pruned"
        assert browser.positions == sent


async def test_a_position_that_the_other_web_process_showed_first_is_no_gap(
    production: Service, me: int, other: int
) -> None:
    """A browser may ask a process whose tail is a moment behind for what it saw at the other."""
    async with browsing(Browser(production.urls[0], production.customer(me))) as (first,):
        for _ in range(15):
            (sent,) = await production.send(receiver_id=me)
            await first.until_position(sent)
            async with browsing(Browser(production.urls[1], production.customer(me), last_id=sent)) as (second,):
                assert [each.event.event for each in second.arrivals] == ["synced"]


async def test_a_restart_forgets_nothing(starts: Starter, one_web: Callable[..., Service]) -> None:
    service = await starts(one_web())
    await service.request("PUT", "/subscriptions/t", service.customer(1))
    sent = await service.send(5, receiver_id=1) + await service.send(5, topic="t")
    await service.disconnect()
    for web in service.webs:
        assert await asyncio.to_thread(web.terminate) == 0
        await asyncio.to_thread(web.start_ready)
    async with browsing(*(Browser(url, service.customer(1), last_id=sent[0]) for url in service.urls)) as browsers:
        later = await service.send(2, topic="t")
        for browser in browsers:
            await browser.until_position(later[-1])
            assert browser.positions == sent[1:] + later


async def test_what_expired_or_was_replaced_is_not_replayed(small_service: Service, me: int, other: int) -> None:
    """From the window and from the database alike: of a collapse key, the newest."""
    filler: Mapping[str, Any] = {"receiver_id": me}
    first = await small_service.send(receiver_id=me)
    await small_service.send(5, receiver_id=me, collapse_key="k")
    newest = await small_service.send(receiver_id=me, collapse_key="k")
    await small_service.send(receiver_id=other, collapse_key="k")
    for more in (0, 30):
        filling = await small_service.send(more, **filler) if more else []
        async with browsing(Browser(small_service.url, small_service.customer(me), last_id=first[0])) as (browser,):
            assert browser.positions == newest + filling


def prune(dev: Dev, position: str) -> None:
    """As pruning will do it: the mark first, then the rows."""
    up_to = positions.parse(position)
    with closing(sqlite3.connect(dev.data_dir / "getnotified.sqlite3")) as database, database:
        database.execute("UPDATE marks SET pruned_to = ?", [up_to])
        database.execute("DELETE FROM notification WHERE position <= ?", [up_to])


async def inbox_has(service: Service, customer: int, sent: list[str]) -> bool:
    """Which is when the rows hold their positions."""
    answer = await service.request("GET", "/inbox?limit=1", service.customer(customer))
    return [each["position"] for each in answer.json()["notifications"]] == sent[-1:]
